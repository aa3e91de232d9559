#include "core/tokenizer/bpe.h"

#include "tests/support/property.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace decodescope {
namespace {

using Pieces = std::vector<std::string>;

Vocabulary vocabularyOf(const Pieces& pieces) {
  std::vector<Vocabulary::Entry> entries;
  for (std::size_t i = 0; i < pieces.size(); ++i) entries.push_back({pieces[i], static_cast<int>(i)});
  return std::move(Vocabulary::make(entries)).value();
}

std::vector<BpeModel::Merge> mergesOf(const Vocabulary& vocabulary,
                                      const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<BpeModel::Merge> merges;
  for (const auto& [left, right] : pairs) {
    merges.push_back({*vocabulary.find(left), *vocabulary.find(right), *vocabulary.find(left + right)});
  }
  return merges;
}

Pieces pieces(const BpeModel& model, const std::string& text) {
  std::vector<TokenId> ids;
  const auto encoded = model.encodePiece(text, ids);
  if (!encoded.ok()) return {encoded.error().message()};
  Pieces out;
  for (const TokenId id : ids) out.emplace_back(model.vocabulary().piece(id));
  return out;
}

TEST(Bpe, JoinsTheLowestRankFirstAndLeftmostOfEquals) {
  Vocabulary vocabulary = vocabularyOf({"a", "b", "c", "ab", "bc", "aa", "aab"});
  const auto merges = mergesOf(vocabulary, {{"b", "c"}, {"a", "b"}, {"a", "a"}, {"a", "ab"}});
  const BpeModel model(std::move(vocabulary), merges, {});
  EXPECT_EQ(pieces(model, "abc"), (Pieces{"a", "bc"})) << "b c ranks before a b";
  EXPECT_EQ(pieces(model, "ab"), (Pieces{"ab"}));
  EXPECT_EQ(pieces(model, "aaa"), (Pieces{"aa", "a"})) << "leftmost first";
  EXPECT_EQ(pieces(model, "aab"), (Pieces{"aab"})) << "a b, then a ab";
  EXPECT_EQ(pieces(model, ""), Pieces{});
}

TEST(Bpe, UnknownCharactersBecomeBytesOrTheUnknownTokenOrAnError) {
  const Pieces some = {"<unk>", "a", "<0xC3>", "<0xA9>"};
  BpeOptions options;
  EXPECT_EQ(pieces(BpeModel(vocabularyOf(some), {}, options), "aé"),
            Pieces{"character is not in the vocabulary: found \"é\""});
  options.unknown = TokenId{0};
  EXPECT_EQ(pieces(BpeModel(vocabularyOf(some), {}, options), "éxya"),
            (Pieces{"<unk>", "<unk>", "<unk>", "a"}));
  options.fuseUnknown = true;
  EXPECT_EQ(pieces(BpeModel(vocabularyOf(some), {}, options), "éxyax"), (Pieces{"<unk>", "a", "<unk>"}));
  options.byteFallback = true;
  EXPECT_EQ(pieces(BpeModel(vocabularyOf(some), {}, options), "éxé"),
            (Pieces{"<0xC3>", "<0xA9>", "<unk>", "<0xC3>", "<0xA9>"}))
      << "x has no byte token here";
}

TEST(Bpe, IgnoreMergesTakesWholePieces) {
  BpeOptions options;
  options.ignoreMerges = true;
  const BpeModel model(vocabularyOf({"a", "b", "ab"}), {}, options);
  EXPECT_EQ(pieces(model, "ab"), Pieces{"ab"});
  EXPECT_EQ(pieces(model, "ba"), (Pieces{"b", "a"}));
}

/// The definition: again and again the pair of lowest rank, leftmost first, until none can be joined.
Pieces joinedNaively(Pieces parts, const std::map<std::pair<std::string, std::string>, std::size_t>& ranks) {
  for (;;) {
    std::size_t best = ranks.size();
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find({parts[i], parts[i + 1]});
      if (found != ranks.end() && found->second < best) {
        best = found->second;
        place = i;
      }
    }
    if (best == ranks.size()) return parts;
    parts[place] += parts[place + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

RC_GTEST_PROP(Bpe, AgreesWithTheDefinition, ()) {
  // A random vocabulary over three letters: each merge joins two pieces that exist by then.
  Pieces known = {"a", "b", "c"};
  std::vector<std::pair<std::string, std::string>> pairs;
  std::map<std::pair<std::string, std::string>, std::size_t> ranks;
  const int wanted = *rc::gen::inRange(0, 12);
  for (int i = 0; i < wanted; ++i) {
    const std::string left = *rc::gen::elementOf(known);
    const std::string right = *rc::gen::elementOf(known);
    if (ranks.contains({left, right})) continue;
    ranks[{left, right}] = pairs.size();
    pairs.emplace_back(left, right);
    if (std::find(known.begin(), known.end(), left + right) == known.end()) known.push_back(left + right);
  }
  Vocabulary vocabulary = vocabularyOf(known);
  const auto merges = mergesOf(vocabulary, pairs);
  const BpeModel model(std::move(vocabulary), merges, {});
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
  Pieces letters;
  for (const char c : text) letters.emplace_back(1, c);
  RC_ASSERT(pieces(model, text) == joinedNaively(letters, ranks));
}

TEST(Bpe, ByteTokens) {
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(byteOfToken(byteToken(static_cast<std::uint8_t>(byte))), static_cast<std::uint8_t>(byte));
  }
  EXPECT_EQ(byteToken(0xe4), "<0xE4>");
  EXPECT_EQ(byteOfToken("<0xe4>"), 0xe4);
  for (const char* text : {"<0xG0>", "<0x0>", "<0x000>", "0x00", "<0X00>", "<0x00 "}) {
    EXPECT_FALSE(byteOfToken(text)) << text;
  }
}

Result<Vocabulary> made(const std::vector<Vocabulary::Entry>& entries) {
  return Vocabulary::make(entries);
}

TEST(Vocabulary, FindsEveryPieceAndNoOther) {
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back("p" + std::to_string(i * i));
  const Vocabulary vocabulary = vocabularyOf(names);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(vocabulary.find(names[static_cast<std::size_t>(i)]), TokenId{i});
    EXPECT_EQ(vocabulary.piece(TokenId{i}), names[static_cast<std::size_t>(i)]);
    EXPECT_EQ(vocabulary.find("q" + std::to_string(i)), std::nullopt);
  }
}

TEST(Vocabulary, RefusesWhatIsNotOneToOne) {
  EXPECT_EQ(made({{"a", 0}, {"b", 0}}).error().message(),
            "\"b\": token id is taken: found 0, allowed an id other than that of \"a\"");
  EXPECT_EQ(made({{"a", 0}, {"a", 1}}).error().message(),
            "\"a\": token stands twice: found 1, allowed one id a token");
  EXPECT_EQ(made({{"a", 5000000}}).error().message(),
            "\"a\": token id out of range: found 5000000, allowed 0 to 1028 in a vocabulary of 1");
  EXPECT_EQ(made({{"a", -1}}).error().message(),
            "\"a\": token id out of range: found -1, allowed 0 to 1028 in a vocabulary of 1");
  const auto holes = made({{"a", 3}, {"", 1}});
  ASSERT_TRUE(holes.ok());
  EXPECT_EQ(holes.value().size(), 4);
  EXPECT_TRUE(holes.value().contains(TokenId{1}));
  EXPECT_FALSE(holes.value().contains(TokenId{2}));
  EXPECT_FALSE(holes.value().contains(TokenId{4}));
  EXPECT_FALSE(holes.value().contains(TokenId{-1}));
  EXPECT_EQ(holes.value().piece(TokenId{3}), "a");
}

}  // namespace
}  // namespace decodescope
