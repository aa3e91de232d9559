#include "core/train/bpe_trainer.h"

#include "core/train/tales.h"

#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace decodescope {
namespace {

using Merge = std::pair<std::string, std::string>;

TEST(BpeTrainer, MergesTheMostFrequentNeighboursFirst) {
  BpeTrainer trainer;
  trainer.add("low low low lower newest newest");
  const BpeVocabulary vocabulary = trainer.train(259 + 9 + 4);
  ASSERT_EQ(vocabulary.pieces.size(), 259u + 9u + 4u);
  EXPECT_EQ(vocabulary.pieces[0], "<unk>");
  EXPECT_EQ(vocabulary.pieces[1], "<s>");
  EXPECT_EQ(vocabulary.pieces[2], "</s>");
  EXPECT_EQ(vocabulary.pieces[3], "<0x00>");
  EXPECT_EQ(vocabulary.pieces[258], "<0xFF>");
  // "lo", "ow" and "▁l" stand four times each: the first by bytes wins.
  EXPECT_EQ(vocabulary.merges[0], Merge("l", "o"));
  EXPECT_EQ(vocabulary.merges[1], Merge("lo", "w"));
  EXPECT_EQ(vocabulary.merges[2], Merge("\xE2\x96\x81", "low"));
}

TEST(BpeTrainer, StopsWhenEveryUnitIsOnePiece) {
  BpeTrainer trainer;
  trainer.add("a bc");
  const BpeVocabulary vocabulary = trainer.train(1000);
  EXPECT_EQ(vocabulary.pieces.size(), 259u + 4u + 3u);
}

TEST(BpeTrainer, NeverMergesAWordWithItsPunctuation) {
  BpeTrainer trainer;
  for (int i = 0; i < 50; ++i) trainer.add("\"Thank you, Lily!\" said Tom's friend.");
  const BpeVocabulary vocabulary = trainer.train(1000);
  const std::set<std::string> pieces(vocabulary.pieces.begin(), vocabulary.pieces.end());
  EXPECT_TRUE(pieces.contains("\xE2\x96\x81Lily"));
  EXPECT_TRUE(pieces.contains("\xE2\x96\x81\""));
  EXPECT_TRUE(pieces.contains("Thank"));
  EXPECT_TRUE(pieces.contains("!\""));
  EXPECT_TRUE(pieces.contains("'s"));
  EXPECT_FALSE(pieces.contains("\xE2\x96\x81\"Thank"));
  EXPECT_FALSE(pieces.contains("\xE2\x96\x81Lily!"));
}

TEST(BpeTrainer, GivesAlmostEveryWordOfFreshTalesOneToken) {
  BpeTrainer trainer;
  for (std::uint64_t i = 0; i < 5000; ++i) trainer.add(makeTale(1, i).text);
  const BpeVocabulary vocabulary = trainer.train(1280);
  const std::set<std::string> pieces(vocabulary.pieces.begin(), vocabulary.pieces.end());
  int words = 0;
  int whole = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    std::istringstream in(makeTale(77, i).text);
    for (std::string word; in >> word;) {
      std::string piece = word[0] == '"' ? "" : kSpacePiece;
      for (const char c : word) {
        if (c == '\'') break;
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) piece += c;
      }
      ++words;
      whole += pieces.contains(piece) ? 1 : 0;
    }
  }
  EXPECT_GE(whole, words * 98 / 100);
  for (const std::string& name : taleNames()) EXPECT_TRUE(pieces.contains(kSpacePiece + name)) << name;
}

}  // namespace
}  // namespace decodescope
