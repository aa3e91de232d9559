#include "core/train/tales.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

namespace decodescope {
namespace {

/// Words without their punctuation; a possessive counts as its name.
std::vector<std::string> wordsOf(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    std::string letters;
    for (const char c : word) {
      if (c == '\'') break;
      if (std::isalpha(static_cast<unsigned char>(c)) != 0) letters += c;
    }
    words.push_back(letters);
  }
  return words;
}

TEST(Tales, BelongToTheirSeedAndNumber) {
  EXPECT_EQ(makeTale(1, 5).text, makeTale(1, 5).text);
  EXPECT_NE(makeTale(1, 5).text, makeTale(1, 6).text);
  EXPECT_NE(makeTale(1, 5).text, makeTale(2, 5).text);
}

TEST(Tales, AreOfPlainSignsAndOfAReadableLength) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::string text = makeTale(11, i).text;
    ASSERT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz .,!?\"'"),
              std::string::npos)
        << text;
    ASSERT_EQ(text.find("  "), std::string::npos) << text;
    ASSERT_NE(text.back(), ' ');
    ASSERT_EQ(std::count(text.begin(), text.end(), '"') % 2, 0) << text;
    const std::size_t words = wordsOf(text).size();
    ASSERT_GE(words, 60u);
    ASSERT_LE(words, 300u);
  }
}

TEST(Tales, ArticlesFollowTheNextSound) {
  int an = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::vector<std::string> words = wordsOf(makeTale(12, i).text);
    for (std::size_t w = 0; w + 1 < words.size(); ++w) {
      const bool vowel = std::string("aeiou").find(words[w + 1][0]) != std::string::npos;
      if (words[w] == "a" || words[w] == "A") ASSERT_FALSE(vowel) << words[w] << ' ' << words[w + 1];
      if (words[w] == "an" || words[w] == "An") {
        ASSERT_TRUE(vowel) << words[w] << ' ' << words[w + 1];
        ++an;
      }
    }
  }
  EXPECT_GT(an, 100);
}

TEST(Tales, DrawEveryNameAndRepeatItInItsTale) {
  const std::vector<std::string>& names = taleNames();
  EXPECT_GE(names.size(), 60u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  std::map<std::string, int> seen;
  int mentions = 0;
  int repeats = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Tale tale = makeTale(13, i);
    ASSERT_EQ(std::set<std::string>(tale.names.begin(), tale.names.end()).size(), tale.names.size());
    std::set<std::string> before;
    for (const std::string& word : wordsOf(tale.text)) {
      if (std::find(names.begin(), names.end(), word) == names.end()) continue;
      ASSERT_NE(std::find(tale.names.begin(), tale.names.end(), word), tale.names.end()) << tale.text;
      ++seen[word];
      ++mentions;
      if (!before.insert(word).second) ++repeats;
    }
  }
  EXPECT_EQ(seen.size(), names.size());
  EXPECT_GT(repeats, mentions * 3 / 4);
}

}  // namespace
}  // namespace decodescope
