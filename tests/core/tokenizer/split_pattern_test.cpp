#include "core/tokenizer/split_pattern.h"

#include "core/base/utf8.h"
#include "tests/support/property.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace decodescope {
namespace {

using Pieces = std::vector<std::string>;

Pieces cut(SplitPattern pattern, const std::string& text) {
  Pieces pieces;
  std::size_t at = 0;
  for (const std::size_t length : pieceLengths(pattern, text)) {
    pieces.push_back(text.substr(at, length));
    at += length;
  }
  EXPECT_EQ(at, text.size());
  return pieces;
}

TEST(SplitPattern, CutsAsGpt2s) {
  const auto gpt2 = [](const std::string& text) { return cut(SplitPattern::gpt2, text); };
  EXPECT_EQ(gpt2("Hello world"), (Pieces{"Hello", " world"}));
  EXPECT_EQ(gpt2("it's we'll I'd"), (Pieces{"it", "'s", " we", "'ll", " I", "'d"}));
  EXPECT_EQ(gpt2("IT'S"), (Pieces{"IT", "'", "S"})) << "small letters alone";
  EXPECT_EQ(gpt2("a  b"), (Pieces{"a", " ", " b"})) << "the last space belongs to the word";
  EXPECT_EQ(gpt2("a\n\nb"), (Pieces{"a", "\n", "\n", "b"})) << "only a space joins a word";
  EXPECT_EQ(gpt2("a   "), (Pieces{"a", "   "}));
  EXPECT_EQ(gpt2("x12345 34!?"), (Pieces{"x", "12345", " 34", "!?"}));
  EXPECT_EQ(gpt2(" \xC2\xA0 y"), (Pieces{" \xC2\xA0", " y"}));
  EXPECT_EQ(gpt2("中文 é½"), (Pieces{"中文", " é", "½"}));
  EXPECT_EQ(gpt2("'x ''s"), (Pieces{"'", "x", " ''", "s"}));
  EXPECT_EQ(gpt2(""), Pieces{});
}

TEST(SplitPattern, CutsAsLlama3s) {
  const auto llama3 = [](const std::string& text) { return cut(SplitPattern::llama3, text); };
  EXPECT_EQ(llama3("Hello world"), (Pieces{"Hello", " world"}));
  EXPECT_EQ(llama3("IT'S we'Ll"), (Pieces{"IT", "'S", " we", "'Ll"}));
  EXPECT_EQ(llama3("a'ſb"), (Pieces{"a", "'ſ", "b"})) << "folds to s";
  EXPECT_EQ(llama3("x12345 34!?"), (Pieces{"x", "123", "45", " ", "34", "!?"})) << "three digits at most";
  EXPECT_EQ(llama3("a\n\nb"), (Pieces{"a", "\n\n", "b"}));
  EXPECT_EQ(llama3("end. \r\n  \n x"), (Pieces{"end", ".", " \r\n  \n", " x"}));
  EXPECT_EQ(llama3("};\n\nint"), (Pieces{"};\n\n", "int"})) << "line breaks stay with signs";
  EXPECT_EQ(llama3("(a)_b\tc"), (Pieces{"(a", ")_", "b", "\tc"})) << "any sign may lead a word";
  EXPECT_EQ(llama3("a   b   "), (Pieces{"a", "  ", " b", "   "}));
  EXPECT_EQ(llama3("x\u00a0y"), (Pieces{"x", "\u00a0y"}));
  EXPECT_EQ(llama3("\u0301a"), (Pieces{"\u0301a"}));
  EXPECT_EQ(llama3("…\u2028\n"), (Pieces{"…", "\u2028\n"}));
}

TEST(SplitPattern, CutsAsQwen2s) {
  EXPECT_EQ(cut(SplitPattern::qwen2, "x12 3.5"), (Pieces{"x", "1", "2", " ", "3", ".", "5"}));
  EXPECT_EQ(cut(SplitPattern::qwen2, "I'M (ok)\n"), (Pieces{"I", "'M", " (", "ok", ")\n"}));
}

TEST(SplitPattern, IsFoundByItsExactText) {
  for (const SplitPattern pattern : {SplitPattern::gpt2, SplitPattern::llama3, SplitPattern::qwen2}) {
    const std::string regex(splitRegex(pattern));
    EXPECT_EQ(splitPatternOf(regex), pattern);
    EXPECT_EQ(splitPatternOf(regex + "|x"), std::nullopt);
    EXPECT_EQ(splitPatternOf(regex.substr(1)), std::nullopt);
  }
  EXPECT_EQ(splitPatternOf(""), std::nullopt);
}

RC_GTEST_PROP(SplitPattern, PiecesAreWholeCharactersAndTheWholeText, ()) {
  const auto codes = *rc::gen::container<std::vector<int>>(rc::gen::oneOf(
      rc::gen::elementOf(std::vector<int>{' ', '\n', '\r', '\t', '\'', 's', 'L', '7', '.', 0x301, 0x17f}),
      rc::gen::inRange(0, 0x800), rc::gen::inRange(0xe000, 0x110000)));
  std::string text;
  for (const int code : codes) appendUtf8(text, static_cast<char32_t>(code));
  for (const SplitPattern pattern : {SplitPattern::gpt2, SplitPattern::llama3, SplitPattern::qwen2}) {
    std::size_t at = 0;
    for (const std::size_t length : pieceLengths(pattern, text)) {
      RC_ASSERT(length > 0u);
      RC_ASSERT(!firstInvalidUtf8(text.substr(at, length)));
      at += length;
    }
    RC_ASSERT(at == text.size());
  }
}

}  // namespace
}  // namespace decodescope
