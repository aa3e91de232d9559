#include "core/base/utf8.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(Utf8, EveryCodePointThereAndBack) {
  for (char32_t code = 0; code <= 0x10ffff; ++code) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    std::string text;
    appendUtf8(text, code);
    const Utf8Unit unit = readUtf8(text, 0);
    ASSERT_TRUE(unit.valid) << static_cast<unsigned>(code);
    ASSERT_EQ(unit.code, code);
    ASSERT_EQ(unit.length, text.size());
  }
}

TEST(Utf8, WhatIsNotUtf8IsFoundAtItsByte) {
  EXPECT_EQ(firstInvalidUtf8("plain 中 🎈"), std::nullopt);
  EXPECT_EQ(firstInvalidUtf8("ab\x80"), 2u);
  EXPECT_EQ(firstInvalidUtf8("\xc0\xaf"), 0u) << "overlong";
  EXPECT_EQ(firstInvalidUtf8("\xe0\x80\xaf"), 0u) << "overlong";
  EXPECT_EQ(firstInvalidUtf8("x\xed\xa0\x80"), 1u) << "surrogate";
  EXPECT_EQ(firstInvalidUtf8("\xf4\x90\x80\x80"), 0u) << "above U+10FFFF";
  EXPECT_EQ(firstInvalidUtf8("é\xe4\xb8"), 2u) << "cut off";
  EXPECT_EQ(firstInvalidUtf8("\xff"), 0u);
}

TEST(Utf8, OneReplacementForEachMaximalPart) {
  // The Unicode Standard, section 3.9, table 3-11 (and what Rust's and Python's decoders do).
  EXPECT_EQ(replaceInvalidUtf8("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"),
            "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  EXPECT_EQ(replaceInvalidUtf8("fine 中"), "fine 中");
}

TEST(Utf8, QuotesTheStartOfAText) {
  EXPECT_EQ(quotedStart(""), "\"\"");
  EXPECT_EQ(quotedStart("a\xff"), "\"a\uFFFD\"");
  std::string sixty;
  for (int i = 0; i < 60; ++i) sixty += "中";
  EXPECT_EQ(quotedStart(sixty), "\"" + sixty + "\"");
  EXPECT_EQ(quotedStart(sixty + "x"), "\"" + sixty + "…\"");
}

}  // namespace
}  // namespace decodescope
