#include "core/tokenizer/byte_level.h"

#include "core/tokenizer/unicode_classes.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

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
