#include "core/tokenizer/unicode_nfc.h"

#include "core/base/utf8.h"
#include "tests/support/property.h"

#include <gtest/gtest.h>
#include <string>

namespace decodescope {
namespace {

// Of Unicode's NormalizationTest.txt: columns 1 and 2.
TEST(UnicodeNfc, KnownCharacters) {
  EXPECT_EQ(toNfc(""), "");
  EXPECT_EQ(toNfc("plain text\n"), "plain text\n");
  EXPECT_EQ(toNfc("\u00e9\u00ff"), "\u00e9\u00ff");
  EXPECT_EQ(toNfc("e\u0301"), "\u00e9");
  EXPECT_EQ(toNfc("\u212b \u2126"), "\u00c5 \u03a9") << "one character for another";
  EXPECT_EQ(toNfc("\u1e0a\u0323"), "\u1e0c\u0307") << "marks are ordered first";
  EXPECT_EQ(toNfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(toNfc("\u0344"), "\u0308\u0301") << "never put together";
  EXPECT_EQ(toNfc("\u0958"), "\u0915\u093c") << "excluded from composition";
  EXPECT_EQ(toNfc("\ufb1d"), "\u05d9\u05b4");
  EXPECT_EQ(toNfc("a\u0301\u0301"), "\u00e1\u0301")
      << "the second accent is blocked by none, but has no character";
  EXPECT_EQ(toNfc("a\u0315\u0300"), "\u00e0\u0315");
  EXPECT_EQ(toNfc("\u0300e"), "\u0300e") << "a mark with nothing before it";
  EXPECT_EQ(toNfc("\u1e9b\u0323"), "\u1e9b\u0323");
  EXPECT_EQ(toNfc("\ufb01\u00bd"), "\ufb01\u00bd") << "compatibility characters stay";
  EXPECT_EQ(toNfc("\U0001d15e"), "\U0001d157\U0001d165");
  EXPECT_EQ(toNfc("\U0002f800"), "\u4e3d");
  EXPECT_EQ(toNfc("\U000110a5\U000110ba"), "\U000110ab");
}

TEST(UnicodeNfc, Hangul) {
  EXPECT_EQ(toNfc("\u1100\u1161"), "\uac00");
  EXPECT_EQ(toNfc("\u1100\u1161\u11a8"), "\uac01");
  EXPECT_EQ(toNfc("\uac00\u11a8"), "\uac01");
  EXPECT_EQ(toNfc("\uac01\u11a8"), "\uac01\u11a8");
  EXPECT_EQ(toNfc("\uac00\u11a7"), "\uac00\u11a7") << "one below the first tail";
  EXPECT_EQ(toNfc("\ud7a3\u1112\u1175\u11c2"), "\ud7a3\ud7a3");
}

RC_GTEST_PROP(UnicodeNfc, ANormalTextStaysAsItIs, ()) {
  const auto codes = *rc::gen::container<std::vector<int>>(rc::gen::oneOf(
      rc::gen::inRange(0x20, 0x250), rc::gen::inRange(0x300, 0x370), rc::gen::inRange(0x1100, 0x1200),
      rc::gen::inRange(0x900, 0xa00), rc::gen::inRange(0x1e00, 0x2000), rc::gen::inRange(0xe000, 0x110000)));
  std::string text;
  for (const int code : codes) appendUtf8(text, static_cast<char32_t>(code));
  const std::string once = toNfc(text);
  RC_ASSERT(!firstInvalidUtf8(once));
  RC_ASSERT(toNfc(once) == once);
}

}  // namespace
}  // namespace decodescope
