#include "core/tokenizer/byte_level.h"

#include "core/tokenizer/unicode_classes.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

using Pieces = std::vector<std::string>;

Pieces cut(const std::string& text) {
  Pieces pieces;
  std::size_t at = 0;
  for (const std::size_t length : gpt2PieceLengths(text)) {
    pieces.push_back(text.substr(at, length));
    at += length;
  }
  EXPECT_EQ(at, text.size());
  return pieces;
}

TEST(ByteLevel, CutsAsGpt2sPattern) {
  EXPECT_EQ(cut("Hello world"), (Pieces{"Hello", " world"}));
  EXPECT_EQ(cut("it's we'll I'd"), (Pieces{"it", "'s", " we", "'ll", " I", "'d"}));
  EXPECT_EQ(cut("a  b"), (Pieces{"a", " ", " b"})) << "the last space belongs to the word";
  EXPECT_EQ(cut("a\n\nb"), (Pieces{"a", "\n", "\n", "b"})) << "only a space joins a word";
  EXPECT_EQ(cut("a   "), (Pieces{"a", "   "}));
  EXPECT_EQ(cut("x12 34!?"), (Pieces{"x", "12", " 34", "!?"}));
  EXPECT_EQ(cut(" \xC2\xA0 y"), (Pieces{" \xC2\xA0", " y"}));
  EXPECT_EQ(cut("中文 é½"), (Pieces{"中文", " é", "½"}));
  EXPECT_EQ(cut("'x ''s"), (Pieces{"'", "x", " ''", "s"}));
  EXPECT_EQ(cut(""), Pieces{});
}

TEST(ByteLevel, BytesThereAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(visibleToBytes({bytesToVisible(all)}), all);
  EXPECT_EQ(bytesToVisible(" a\n"), "ĠaĊ");
  EXPECT_EQ(bytesToVisible("中"), "ä¸Ń");
  EXPECT_EQ(visibleToBytes({"中", "Ġ"}), "中 ") << "outside the table: its own bytes";
}

TEST(UnicodeClasses, KnownCharacters) {
  for (const char32_t code : {U'a', U'é', U'中', char32_t{0x1e900}}) EXPECT_TRUE(isUnicodeLetter(code));
  for (const char32_t code : {U'1', U'_', char32_t{0x301}, char32_t{0x10ffff}})
    EXPECT_FALSE(isUnicodeLetter(code));
  for (const char32_t code : {U'7', U'½', U'Ⅷ'}) EXPECT_TRUE(isUnicodeNumber(code));
  for (const char32_t code : {U'_', U'a', U'7', char32_t{0x301}, U'Ⅷ', char32_t{0x200d}})
    EXPECT_TRUE(isUnicodeWord(code));
  for (const char32_t code : {U'½', U'-', U' ', char32_t{0}}) EXPECT_FALSE(isUnicodeWord(code));
  for (const char32_t code : {U' ', U'\n', char32_t{0xa0}, char32_t{0x3000}})
    EXPECT_TRUE(isUnicodeSpace(code));
  for (const char32_t code : {U'a', char32_t{0x200b}}) EXPECT_FALSE(isUnicodeSpace(code));
}

}  // namespace
}  // namespace decodescope
