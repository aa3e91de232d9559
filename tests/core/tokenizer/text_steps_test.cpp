#include "core/tokenizer/text_steps.h"

#include "core/tokenizer/pipeline_tokenizer.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

using Pieces = std::vector<std::string>;
using Pre = PreTokenizerStep;
using Dec = DecoderStep;

Pre pre(Pre::Kind kind, const std::string& replacement = {}, Pre::Prepend prepend = Pre::Prepend::never,
        bool split = true) {
  return {kind, replacement, prepend, split};
}

Dec dec(Dec::Kind kind, const std::string& pattern = {}, const std::string& content = {}, int start = 0,
        int stop = 0) {
  return {kind, pattern, content, start, stop};
}

const std::vector<Dec> kLlamaDecoder = {dec(Dec::Kind::replace, "▁", " "), dec(Dec::Kind::byteFallback),
                                        dec(Dec::Kind::fuse), dec(Dec::Kind::strip, "", " ", 1, 0)};

Pieces cut(const std::vector<PreTokenizerStep>& steps, const std::string& text, bool first = true) {
  Pieces pieces;
  for (const TextPiece& piece : preTokenize(steps, {text, first})) pieces.push_back(piece.text);
  return pieces;
}

TEST(TextSteps, Normalizers) {
  const std::vector<NormalizerStep> llama = {{NormalizerStep::Kind::prepend, "", "▁"},
                                             {NormalizerStep::Kind::replace, " ", "▁"}};
  EXPECT_EQ(normalize(llama, "a  b"), "▁a▁▁b");
  EXPECT_EQ(normalize(llama, ""), "") << "nothing is put in front of nothing";
  EXPECT_EQ(replaceAll("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replaceAll("abc", "x", "y"), "abc");
}

TEST(TextSteps, WhiteSpace) {
  EXPECT_EQ(cut({pre(Pre::Kind::whitespaceSplit)}, " the  next\tday's.\n"),
            (Pieces{"the", "next", "day's."}));
  EXPECT_EQ(cut({pre(Pre::Kind::whitespaceSplit)}, " \n"), Pieces{});
  EXPECT_EQ(cut({pre(Pre::Kind::whitespace)}, "day's... a_1 中文!"),
            (Pieces{"day", "'", "s", "...", "a_1", "中文", "!"}));
  EXPECT_EQ(cut({}, "a b"), Pieces{"a b"});
}

TEST(TextSteps, Metaspace) {
  const auto step = [](Pre::Prepend prepend, bool split) {
    return pre(Pre::Kind::metaspace, "▁", prepend, split);
  };
  EXPECT_EQ(cut({step(Pre::Prepend::always, true)}, "a  bc"), (Pieces{"▁a", "▁", "▁bc"}));
  EXPECT_EQ(cut({step(Pre::Prepend::always, true)}, " a"), Pieces{"▁a"}) << "not a second one";
  EXPECT_EQ(cut({step(Pre::Prepend::always, false)}, "a b"), Pieces{"▁a▁b"});
  EXPECT_EQ(cut({step(Pre::Prepend::first, false)}, "a", true), Pieces{"▁a"});
  EXPECT_EQ(cut({step(Pre::Prepend::first, false)}, "a", false), Pieces{"a"});
  EXPECT_EQ(cut({step(Pre::Prepend::never, false)}, "a b"), Pieces{"a▁b"});
  EXPECT_EQ(cut({pre(Pre::Kind::whitespaceSplit), step(Pre::Prepend::first, true)}, "a b"),
            (Pieces{"▁a", "b"}))
      << "only the text's first piece";
}

TEST(TextSteps, ByteLevel) {
  EXPECT_EQ(cut({pre(Pre::Kind::byteLevel)}, "Hi you"), (Pieces{"Hi", "Ġyou"}));
  EXPECT_EQ(cut({pre(Pre::Kind::byteLevel, "", Pre::Prepend::always)}, "Hi"), Pieces{"ĠHi"});
  EXPECT_EQ(cut({pre(Pre::Kind::byteLevel, "", Pre::Prepend::always)}, " Hi"), Pieces{"ĠHi"});
  EXPECT_EQ(cut({pre(Pre::Kind::byteLevel, "", Pre::Prepend::never, false)}, "a b"), Pieces{"aĠb"});
}

TEST(TextSteps, Decoders) {
  EXPECT_EQ(decodeTokens(kLlamaDecoder, {"▁▁a", "▁b"}), " a b") << "one space comes off, not both";
  EXPECT_EQ(decodeTokens(kLlamaDecoder, {"▁", "<0xE4>", "<0xB8>", "<0xAD>", "x"}), "中x");
  EXPECT_EQ(decodeTokens(kLlamaDecoder, {"▁", "<0xE4>", "<0xB8>", "x"}), "\uFFFD\uFFFDx") << "one a byte";
  EXPECT_EQ(decodeTokens(kLlamaDecoder, {}), "");
  EXPECT_EQ(decodeTokens({dec(Dec::Kind::metaspace, "▁", "", 1)}, {"▁a", "▁b▁"}), "a b ");
  EXPECT_EQ(decodeTokens({dec(Dec::Kind::metaspace, "▁", "", 0)}, {"▁a"}), " a");
  EXPECT_EQ(decodeTokens({dec(Dec::Kind::byteLevel)}, {"Hi", "ĠyouÃ", "©Ċ"}), "Hi youé\n");
  EXPECT_EQ(decodeTokens({dec(Dec::Kind::byteLevel)}, {"Ã"}), "\uFFFD");
  EXPECT_EQ(decodeTokens({dec(Dec::Kind::strip, "", "x", 2, 1)}, {"xxxa", "bxx"}), "xabx");
  EXPECT_EQ(decodeTokens({dec(Dec::Kind::strip, "", "xy", 9, 9)}, {"xyxyaxy", "xyx", "xyxy"}), "ax");
}

TEST(TextSteps, OneTokensBytesKeepTheirSpace) {
  EXPECT_EQ(tokenBytes(kLlamaDecoder, "▁the"), " the");
  EXPECT_EQ(tokenBytes(kLlamaDecoder, "<0x0A>"), "\n");
  EXPECT_EQ(tokenBytes({dec(Dec::Kind::metaspace, "▁", "", 1)}, "▁a"), " a");
  EXPECT_EQ(tokenBytes({dec(Dec::Kind::byteLevel)}, "Ġä"), " \xe4");
}

TEST(TextSteps, ShownTextIsReadable) {
  EXPECT_EQ(showBytes(" the"), "␣the");
  EXPECT_EQ(showBytes("\n"), "↵");
  EXPECT_EQ(showBytes("\t"), "⇥");
  EXPECT_EQ(showBytes("\xe4"), "<0xE4>");
  EXPECT_EQ(showBytes(" \xe4\xb8"), "␣<0xE4><0xB8>");
  EXPECT_EQ(showBytes("中🎈"), "中🎈");
  EXPECT_EQ(showBytes(std::string(1, '\0')), "<U+0000>");
  EXPECT_EQ(showBytes("\r"), "<U+000D>");
  EXPECT_EQ(showBytes("a\u200b\u3000\u202e"), "a<U+200B><U+3000><U+202E>");
  EXPECT_EQ(showBytes(""), "<empty>");
}

}  // namespace
}  // namespace decodescope
