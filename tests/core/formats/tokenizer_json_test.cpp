#include "core/formats/tokenizer_json.h"

#include "core/base/utf8.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/unicode_nfc.h"
#include "tests/support/paths.h"
#include "tests/support/property.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using TokenizerPtr = std::shared_ptr<const Tokenizer>;
using Ids = std::vector<int>;

TokenizerPtr parsed(const std::string& text) {
  auto tokenizer = parseTokenizerJson(text, "tokenizer.json");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
}

std::string failure(const std::string& text) {
  const auto tokenizer = parseTokenizerJson(text, "t");
  return tokenizer.ok() ? "ok" : tokenizer.error().message();
}

Ids encode(const Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  EXPECT_TRUE(ids.ok()) << ids.error().message();
  Ids out;
  if (ids.ok()) {
    for (const TokenId id : ids.value()) out.push_back(id.value);
  }
  return out;
}

std::string decode(const Tokenizer& tokenizer, const Ids& ids) {
  std::vector<TokenId> tokens;
  for (const int id : ids) tokens.push_back(TokenId{id});
  return tokenizer.decode(tokens);
}

/// 0 <unk>, 1 <s>, 2 </s>, 3 … 258 the bytes, then as listed.
std::string llamaJson(const std::vector<std::string>& pieces,
                      const std::vector<std::pair<std::string, std::string>>& merges) {
  TokenizerSpec spec;
  spec.pieces = {"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) spec.pieces.push_back(byteToken(static_cast<std::uint8_t>(byte)));
  spec.pieces.insert(spec.pieces.end(), pieces.begin(), pieces.end());
  spec.specials = {"<s>", "<unk>", "</s>"};
  spec.unknown = "<unk>";
  spec.before = "<s>";
  return writeBpeTokenizerJson(spec, merges);
}

/// 259 ▁, 260 t, 261 h, 262 e, 263 he, 264 the, 265 ▁the, 266 中
TokenizerPtr llama() {
  return parsed(
      llamaJson({"▁", "t", "h", "e", "he", "the", "▁the", "中"}, {{"h", "e"}, {"t", "he"}, {"▁", "the"}}));
}

int byteId(int byte) {
  return 3 + byte;
}

TEST(TokenizerJson, LlamaStyleByteFallback) {
  const TokenizerPtr tokenizer = llama();
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocabSize(), 267);
  EXPECT_EQ(encode(*tokenizer, "the the"), (Ids{1, 265, 265}));
  EXPECT_EQ(encode(*tokenizer, "thehe"), (Ids{1, 265, 263}));
  EXPECT_EQ(encode(*tokenizer, " the"), (Ids{1, 259, 265}))
      << "the text's own space stands after the one put in front";
  EXPECT_EQ(encode(*tokenizer, "中é\n"), (Ids{1, 259, 266, byteId(0xc3), byteId(0xa9), byteId(0x0a)}));
  EXPECT_EQ(encode(*tokenizer, "🎈"), (Ids{1, 259, byteId(0xf0), byteId(0x9f), byteId(0x8e), byteId(0x88)}));
  EXPECT_EQ(encode(*tokenizer, ""), Ids{1});
  EXPECT_EQ(decode(*tokenizer, {1, 265, 265}), "the the");
  EXPECT_EQ(decode(*tokenizer, {1, 265, 2}), "the") << "special tokens are left out";
  EXPECT_EQ(decode(*tokenizer, {259, byteId(0xe4), byteId(0xb8), 265}), "\uFFFD\uFFFD the");
  EXPECT_EQ(decode(*tokenizer, {}), "");
}

TEST(TokenizerJson, LlamaStylePiecesAreShownReadably) {
  const TokenizerPtr tokenizer = llama();
  ASSERT_TRUE(tokenizer);
  const auto shown = [&](int id) { return tokenizer->shownPiece(TokenId{id}); };
  EXPECT_EQ(shown(1), "<s>");
  EXPECT_EQ(shown(265), "␣the");
  EXPECT_EQ(shown(259), "␣");
  EXPECT_EQ(shown(266), "中");
  EXPECT_EQ(shown(byteId(0x0a)), "↵");
  EXPECT_EQ(shown(byteId(0xe4)), "<0xE4>");
  EXPECT_EQ(shown(byteId('A')), "A");
  EXPECT_EQ(shown(267), "#267");
  EXPECT_EQ(shown(-1), "#-1");
  for (int id = 0; id < tokenizer->vocabSize(); ++id) {
    EXPECT_FALSE(shown(id).empty());
    EXPECT_FALSE(firstInvalidUtf8(shown(id))) << id;
  }
  EXPECT_TRUE(tokenizer->isSpecial(TokenId{1}));
  EXPECT_FALSE(tokenizer->isSpecial(TokenId{265}));
  EXPECT_FALSE(tokenizer->isSpecial(TokenId{9999}));
  EXPECT_EQ(tokenizer->idOf("▁the"), TokenId{265});
  EXPECT_EQ(tokenizer->idOf("</s>"), TokenId{2});
  EXPECT_EQ(tokenizer->idOf(" the"), std::nullopt);
}

TEST(TokenizerJson, SpecialTokensAreFoundInTheTextFirst) {
  const TokenizerPtr tokenizer = llama();
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "the</s>the"), (Ids{1, 265, 2, 265}))
      << "each stretch gets its own space in front";
  EXPECT_EQ(encode(*tokenizer, "<s><s>"), (Ids{1, 1, 1}));
  EXPECT_EQ(encode(*tokenizer, "</s"), (Ids{1, 259, byteId('<'), byteId('/'), byteId('s')}));
}

TEST(TokenizerJson, TextThatIsNotUtf8IsRefusedAtItsByte) {
  const TokenizerPtr tokenizer = llama();
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->encode("the \xff").error().message(), "text is not UTF-8: found <0xFF> (at byte 4)");
  EXPECT_EQ(tokenizer->encode("中\xe4\xb8").error().message(), "text is not UTF-8: found <0xE4> (at byte 3)");
}

RC_GTEST_PROP(TokenizerJson, DecodedTextIsTheTextThatWasEncoded, ()) {
  static const TokenizerPtr kTokenizer = llama();
  const auto codes = *rc::gen::container<std::vector<int>>(rc::gen::oneOf(
      rc::gen::elementOf(std::vector<int>{' ', 't', 'h', 'e', '\n', '<', 's', '>', '/', 0x4e2d}),
      rc::gen::inRange(0, 0x80), rc::gen::inRange(0x80, 0xd800), rc::gen::inRange(0xe000, 0x110000),
      rc::gen::inRange(0x1f300, 0x1f700)));
  std::string text;
  for (const int code : codes) appendUtf8(text, static_cast<char32_t>(code));
  // A text that spells a special token, or has the sign that stands for a space, is not meant to come back.
  RC_PRE(text.find("▁") == std::string::npos && text.find("<s>") == std::string::npos &&
         text.find("</s>") == std::string::npos);
  const auto ids = kTokenizer->encode(text);
  RC_ASSERT(ids.ok());
  RC_ASSERT(kTokenizer->decode(ids.value()) == text);
}

RC_GTEST_PROP(TokenizerJson, EveryKindOfByteLevelTokenizerGivesTheTextBack, ()) {
  static const std::vector<TokenizerPtr> kTokenizers = [] {
    std::vector<TokenizerPtr> read;
    for (const char* name : {"llama3", "gpt2", "gpt2-split", "smollm", "qwen2"}) {
      auto tokenizer =
          readTokenizerJson(test::testPath("golden/tokenizers/" + std::string(name) + "/tokenizer.json"));
      EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
      read.push_back(tokenizer.value());
    }
    return read;
  }();
  const auto codes = *rc::gen::container<std::vector<int>>(rc::gen::oneOf(
      rc::gen::elementOf(std::vector<int>{' ', 't', 'h', 'e', '\n', '\r', '\'', 's', '1', '2', '.', 0x301}),
      rc::gen::inRange(0, 0x80), rc::gen::inRange(0x80, 0xd800), rc::gen::inRange(0xe000, 0x110000)));
  std::string text;
  for (const int code : codes) appendUtf8(text, static_cast<char32_t>(code));
  for (const TokenizerPtr& tokenizer : kTokenizers) {
    const auto ids = tokenizer->encode(text);
    RC_ASSERT(ids.ok());
    RC_ASSERT(tokenizer->decode(ids.value()) == (tokenizer == kTokenizers.back() ? toNfc(text) : text));
  }
}

TEST(TokenizerJson, LongTextsWithoutPreTokenizerAreNoSquare) {
  const TokenizerPtr tokenizer = llama();
  ASSERT_TRUE(tokenizer);
  std::string text;
  for (int i = 0; i < 50000; ++i) text += i % 3 == 0 ? "the 中" : " hethe";
  const auto ids = tokenizer->encode(text);  // a merge loop that looks at every pair again would take minutes
  ASSERT_TRUE(ids.ok());
  EXPECT_EQ(tokenizer->decode(ids.value()), text);
}

TEST(TokenizerJson, WordLevel) {
  TokenizerSpec spec;
  spec.pieces = {"[SOS]", "[EOS]", "The", "next", "day", "is", "bright"};
  spec.specials = {"[SOS]", "[EOS]"};
  spec.before = "[SOS]";
  const TokenizerPtr words = parsed(writeWordLevelTokenizerJson(spec));
  ASSERT_TRUE(words);
  EXPECT_EQ(encode(*words, "The next  day\nis"), (Ids{0, 2, 3, 4, 5}));
  EXPECT_EQ(encode(*words, ""), Ids{0});
  EXPECT_EQ(decode(*words, {0, 2, 3, 4, 5, 6, 1}), "The next day is bright");
  EXPECT_EQ(words->shownPiece(TokenId{6}), "bright");
  EXPECT_EQ(words->shownPiece(TokenId{0}), "[SOS]");
  EXPECT_EQ(words->encode("The rhinoceros is").error().message(),
            "word is not in the vocabulary: found \"rhinoceros\", allowed one of the model's 7 tokens");
  spec.pieces.push_back("[UNK]");
  spec.unknown = "[UNK]";
  spec.before = "";
  const TokenizerPtr withUnknown = parsed(writeWordLevelTokenizerJson(spec));
  ASSERT_TRUE(withUnknown);
  EXPECT_EQ(encode(*withUnknown, "The rhinoceros is"), (Ids{2, 7, 5}));
  EXPECT_EQ(encode(*withUnknown, ""), Ids{});
}

TEST(TokenizerJson, Gpt2StyleBytes) {
  const TokenizerPtr tokenizer = parsed(R"({
    "added_tokens": [{"id": 8, "content": "<|endoftext|>", "special": true, "normalized": false}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
    "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false},
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
              "end_of_word_suffix": "", "fuse_unk": false,
              "vocab": {"H": 0, "i": 1, "Ġ": 2, "Hi": 3, "ĠHi": 4, "Ã": 5, "©": 6, "!": 7},
              "merges": ["H i", "Ġ Hi"]}})");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "Hi Hi!é"), (Ids{3, 4, 7, 5, 6}));
  EXPECT_EQ(encode(*tokenizer, "Hi<|endoftext|>Hi"), (Ids{3, 8, 3}));
  EXPECT_EQ(decode(*tokenizer, {3, 4, 7, 5, 6, 8}), "Hi Hi!é");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{4}), "␣Hi");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{5}), "<0xC3>");
  EXPECT_EQ(tokenizer->vocabSize(), 9);
  EXPECT_EQ(tokenizer->encode("x").error().message(), "character is not in the vocabulary: found \"x\"");
}

TEST(TokenizerJson, MetaspaceInBothSpellings) {
  const std::string model =
      R"("model": {"type": "BPE", "vocab": {"▁": 0, "a": 1, "b": 2, "▁a": 3}, "merges": [["▁", "a"]]}})";
  for (const std::string settings :
       {R"("prepend_scheme": "always", "split": true)", R"("add_prefix_space": true)", ""}) {
    const std::string space =
        R"({"type": "Metaspace", "replacement": "▁")" + (settings.empty() ? "" : ", " + settings) + "}";
    const TokenizerPtr tokenizer =
        parsed("{\"pre_tokenizer\": " + space + ", \"decoder\": " + space + ", " + model);
    ASSERT_TRUE(tokenizer);
    EXPECT_EQ(encode(*tokenizer, "ab a"), (Ids{3, 2, 3}));
    EXPECT_EQ(decode(*tokenizer, {3, 2, 3}), "ab a");
  }
  const std::string never = R"({"type": "Metaspace", "replacement": "▁", "add_prefix_space": false})";
  const TokenizerPtr tokenizer =
      parsed("{\"pre_tokenizer\": " + never + ", \"decoder\": " + never + ", " + model);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "ab a"), (Ids{1, 2, 3}));
  EXPECT_EQ(decode(*tokenizer, {3, 2}), " ab");
}

TEST(TokenizerJson, AddedTokensAsTheirFlagsSay) {
  const TokenizerPtr tokenizer = parsed(R"({
    "added_tokens": [
      {"id": 5, "content": "<a>", "lstrip": true, "rstrip": true, "normalized": false, "special": false},
      {"id": 6, "content": "<a>b", "normalized": false, "special": true},
      {"id": 7, "content": "q r", "normalized": true, "special": false}],
    "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "_"},
    "model": {"type": "BPE", "vocab": {"x": 0, "_": 1, "y": 2, "q": 3, "r": 4}, "merges": []}})");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "x \xE3\x80\x80<a> \ny"), (Ids{0, 5, 2}))
      << "white space on both sides goes with it";
  EXPECT_EQ(encode(*tokenizer, "x<a>by"), (Ids{0, 6, 2})) << "the longest";
  EXPECT_EQ(encode(*tokenizer, "xq ry"), (Ids{0, 7, 2})) << "found in the normalized text";
  EXPECT_EQ(encode(*tokenizer, "xq_ry"), (Ids{0, 7, 2}));
  EXPECT_EQ(decode(*tokenizer, {0, 5, 6, 2}), "x <a> y") << "without a decoder joined by spaces";
}

TEST(TokenizerJson, TemplatesOfASequenceWrapOneAnother) {
  const TokenizerPtr tokenizer = parsed(R"({
    "post_processor": {"type": "Sequence", "processors": [
      {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "b", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                                                {"SpecialToken": {"id": "e", "type_id": 0}}],
       "special_tokens": {"b": {"id": "b", "ids": [1, 2], "tokens": ["b", "c"]}, "e": {"id": "e", "ids": [3], "tokens": ["e"]}}},
      {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "e", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
       "special_tokens": {"e": {"id": "e", "ids": [3], "tokens": ["e"]}}}]},
    "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "c": 2, "e": 3}, "unk_token": "a"}})");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "a"), (Ids{3, 1, 2, 0, 3}));
}

TEST(TokenizerJson, WhatIsNotSupportedIsRefusedByName) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"{}", "t: model: missing"},
      {"[]", "t: wrong type: found an array, allowed an object"},
      {R"({"model":{"vocab":{"a":0}}})", "t: model.type: missing"},
      {R"({"model":{"type":"Unigram","vocab":[]}})",
       "t: model.type: tokenizer is not supported: found \"Unigram\", allowed BPE, WordLevel"},
      {R"({"model":{"type":"WordLevel"}})", "t: model.vocab: missing"},
      {R"({"model":{"type":"WordLevel","vocab":{}}})",
       "t: model.vocab: vocabulary is empty: found an object"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":-1}}})",
       "t: model.vocab.a: out of range: found -1, allowed an integer from 0 to 16777215"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":0.5}}})",
       "t: model.vocab.a: not an integer in range: found 0.5, allowed an integer from 0 to 16777215"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":0,"b":0}}})",
       "t: model.vocab: \"b\": token id is taken: found 0, allowed an id other than that of \"a\""},
      {R"({"model":{"type":"WordLevel","vocab":{"a":0,"a":1}}})",
       "t: model.vocab.a: name stands twice in its object"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":16000000}}})",
       "t: model.vocab: \"a\": token id out of range: found 16000000, allowed 0 to 1028 in a vocabulary of "
       "1"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":3}})",
       "t: model.unk_token: wrong type: found 3, allowed a string"},
      {R"({"model":{"type":"BPE","vocab":{"a":0}}})", "t: model.merges: missing"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}})",
       "t: model.merges[0]: merge does not have two halves: found \"a\", allowed \"a b\""},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b c"]}})",
       "t: model.merges[0]: merge does not have two halves: found \"a b c\", allowed \"a b\""},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}})",
       "t: model.merges[0]: merge does not have two halves: found an array, allowed [\"a\", \"b\"]"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a",1]]}})",
       "t: model.merges[0][1]: wrong type: found 1, allowed a string"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[7]}})",
       "t: model.merges[0]: wrong type: found 7, allowed \"a b\" or [\"a\", \"b\"]"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}})",
       "t: model.merges[0]: merge needs \"aa\", which is not in the vocabulary: found \"a a\""},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"}})",
       "t: model.unk_token: not in the vocabulary: found \"u\", allowed a token of model.vocab or null"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}})",
       "t: model.dropout: setting is not supported: found 0.1, allowed null"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}})",
       "t: model.end_of_word_suffix: setting is not supported: found \"</w>\", allowed null"},
  };
  for (const Case& c : cases) EXPECT_EQ(failure(c.text), c.message);
  const auto with = [](const std::string& member) {
    return failure("{" + member + R"(,"model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}})");
  };
  EXPECT_EQ(with(R"("normalizer":{"type":"NFKC"})"),
            "t: normalizer.type: normalizer is not supported: found \"NFKC\", allowed Prepend, Replace, NFC, "
            "Sequence");
  EXPECT_EQ(
      with(R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Lowercase"}]})"),
      "t: normalizer.normalizers[0].type: normalizer is not supported: found \"Lowercase\", allowed Prepend, "
      "Replace, NFC, Sequence");
  EXPECT_EQ(
      with(R"("normalizer":{"type":"Replace","pattern":{"Regex":"a+"},"content":""})"),
      "t: normalizer.pattern.Regex: regular expressions are not supported: found \"a+\", allowed String");
  EXPECT_EQ(with(R"("normalizer":{"type":"Replace","pattern":{"String":""},"content":""})"),
            "t: normalizer.pattern.String: pattern is empty: found \"\"");
  EXPECT_EQ(with(R"("normalizer":3)"), "t: normalizer: wrong type: found 3, allowed an object");
  EXPECT_EQ(
      with(R"("pre_tokenizer":{"type":"UnicodeScripts"})"),
      "t: pre_tokenizer.type: pre-tokenizer is not supported: found \"UnicodeScripts\", allowed Metaspace, "
      "WhitespaceSplit, Whitespace, Digits, Split, ByteLevel, Sequence");
  EXPECT_EQ(with(R"("pre_tokenizer":{"type":"Split"})"), "t: pre_tokenizer.behavior: missing");
  EXPECT_EQ(with(R"("pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"String":" "}})"),
            "t: pre_tokenizer.pattern.Regex: missing");
  EXPECT_EQ(
      with(R"("pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":"\\p{L}+"}})"),
      "t: pre_tokenizer.pattern.Regex: pattern is not supported: found \"\\p{L}+\", allowed the patterns of "
      "GPT-2, Llama 3 and Qwen2");
  for (const char* behavior : {"MergedWithPrevious", "Removed"}) {
    EXPECT_EQ(with(std::string(R"("pre_tokenizer":{"type":"Split","behavior":")") + behavior +
                   R"(","pattern":{"Regex":"a"}})"),
              std::string("t: pre_tokenizer.behavior: setting is not supported: found \"") + behavior +
                  "\", allowed \"Isolated\", or \"Removed\" with invert");
  }
  EXPECT_EQ(with(R"("pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"often"})"),
            "t: pre_tokenizer.prepend_scheme: unknown scheme: found \"often\", allowed \"always\", "
            "\"first\", \"never\"");
  EXPECT_EQ(with(R"("pre_tokenizer":{"type":"Metaspace","replacement":""})"),
            "t: pre_tokenizer.replacement: is empty: found \"\"");
  EXPECT_EQ(with(R"("decoder":{"type":"WordPiece"})"),
            "t: decoder.type: decoder is not supported: found \"WordPiece\", allowed Replace, ByteFallback, "
            "Fuse, Strip, "
            "Metaspace, ByteLevel, Sequence");
  EXPECT_EQ(with(R"("decoder":{"type":"Strip","content":" ","start":-1,"stop":0})"),
            "t: decoder.start: out of range: found -1, allowed an integer from 0 to 1048576");
  EXPECT_EQ(with(R"("post_processor":{"type":"BertProcessing"})"),
            "t: post_processor.type: post-processor is not supported: found \"BertProcessing\", allowed "
            "TemplateProcessing, ByteLevel, Sequence");
  EXPECT_EQ(with(R"("post_processor":{"type":"TemplateProcessing","single":[],"special_tokens":{}})"),
            "t: post_processor.single: must hold the text exactly once: found an array");
  EXPECT_EQ(
      with(
          R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}})"),
      "t: post_processor.single[0].SpecialToken.id: not among special_tokens: found \"x\"");
  EXPECT_EQ(
      with(
          R"("post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B"}}],"special_tokens":{}})"),
      "t: post_processor.single[0].Sequence.id: a template for one text has no other: found \"B\", allowed "
      "\"A\"");
  EXPECT_EQ(
      with(
          R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}},{"Sequence":{"id":"A"}}],)"
          R"("special_tokens":{"x":{"id":"x","ids":[9]}}})"),
      "t: post_processor: token id out of range: found 9, allowed 0 to 1");
  EXPECT_EQ(with(R"("added_tokens":[{"content":"x"}])"), "t: added_tokens[0].id: missing");
  EXPECT_EQ(with(R"("added_tokens":[{"id":0,"content":"x"}])"),
            "t: \"x\": added token's id is taken: found 0, allowed an id other than that of \"a\"");
  EXPECT_EQ(with(R"("added_tokens":[{"id":5,"content":"a"}])"),
            "t: \"a\": added token has another id in the vocabulary: found 5, allowed 0");
  EXPECT_EQ(with(R"("added_tokens":[{"id":5,"content":"x"},{"id":5,"content":"y"}])"),
            "t: \"y\": added token's id is taken: found 5, allowed an id other than that of \"x\"");
  EXPECT_EQ(with(R"("added_tokens":[{"id":5,"content":"x","single_word":true}])"),
            "t: added_tokens[0].single_word: setting is not supported: found true, allowed false");
}

TEST(TokenizerJson, StepsThatMakeMuchOfLittleAreRefused) {
  const auto with = [](const std::string& member) {
    return failure("{" + member + R"(,"model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}})");
  };
  const auto sequence = [](const std::string& list, const std::string& step, int count) {
    std::string steps = step;
    for (int i = 1; i < count; ++i) steps += "," + step;
    return R"({"type":"Sequence",")" + list + "\":[" + steps + "]}";
  };
  const auto replace = [](int bytes) {
    return R"({"type":"Replace","pattern":{"String":" "},"content":")" + std::string(bytes, 'x') + "\"}";
  };
  const std::string longer =
      "makes texts too much longer: found an object, allowed 16 times, all steps together";
  for (const std::string kind : {"normalizer", "decoder"}) {
    EXPECT_EQ(with("\"" + kind + "\":" + replace(16)), "ok");
    EXPECT_EQ(with("\"" + kind + "\":" + replace(17)), "t: " + kind + ": " + longer);
    EXPECT_EQ(with("\"" + kind + "\":" + sequence(kind + "s", replace(3), 2)), "ok");
    EXPECT_EQ(with("\"" + kind + "\":" + sequence(kind + "s", replace(3), 3)),
              "t: " + kind + "." + kind + "s[2]: " + longer);
  }
  EXPECT_EQ(with(R"("pre_tokenizer":)" + sequence("pretokenizers", R"({"type":"ByteLevel"})", 4)), "ok");
  EXPECT_EQ(with(R"("pre_tokenizer":)" + sequence("pretokenizers", R"({"type":"ByteLevel"})", 5)),
            "t: pre_tokenizer.pretokenizers[4]: " + longer);
  EXPECT_EQ(with(R"("pre_tokenizer":{"type":"Metaspace","replacement":")" + std::string(17, ' ') + "\"}"),
            "t: pre_tokenizer: " + longer);
  const std::string prepend = R"({"type":"Prepend","prepend":")" + std::string(33, 'x') + "\"}";
  EXPECT_EQ(with(R"("normalizer":)" + prepend), "ok");
  EXPECT_EQ(
      with(R"("normalizer":)" + sequence("normalizers", prepend, 2)),
      "t: normalizer.normalizers[1]: adds too much: found an object, allowed 64 bytes, all steps together");
  const std::string four = sequence("normalizers", R"({"type":"NFC"})", 4);
  EXPECT_EQ(with(R"("normalizer":)" + sequence("normalizers", four, 4)), "ok");
  EXPECT_EQ(
      with(R"("normalizer":)" + sequence("normalizers", four, 5)),
      "t: normalizer.normalizers[4].normalizers[0]: too many of them: found an object, allowed at most 16");
  std::string ids = "0";
  for (int i = 0; i < 600; ++i) ids += ",0";
  const std::string once = R"({"SpecialToken":{"id":"x"}},)";
  const auto post = [&](const std::string& specials) {
    return with(R"("post_processor":{"type":"TemplateProcessing","single":[)" + specials +
                R"({"Sequence":{"id":"A"}}],"special_tokens":{"x":{"ids":[)" + ids + "]}}}");
  };
  EXPECT_EQ(post(once), "ok");
  EXPECT_EQ(post(once + once),
            "t: post_processor.special_tokens.x.ids: too many of them: found an array, allowed at most 1024");
  EXPECT_EQ(with(R"("added_tokens":[{"id":5,"content":")" + std::string(4097, 'x') + "\"}]").substr(0, 48),
            "t: added_tokens[0].content: is too long: found \"");
  EXPECT_EQ(failure(R"({"model":{"type":"WordLevel","vocab":{")" + std::string(65537, 'x') + R"(":0}}})")
                .substr(0, 14),
            "t: model.vocab");
}

TEST(TokenizerJson, EveryTruncationIsAnError) {
  std::string text = llamaJson({"▁", "t", "h", "th"}, {{"t", "h"}});
  while (text.back() != '}') text.pop_back();
  EXPECT_EQ(failure(text), "ok");
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_THAT(failure(text.substr(0, size)), testing::StartsWith("t: not valid JSON")) << size;
  }
}

TEST(TokenizerJson, EveryFlippedBitIsReadOrRefused) {
  std::string text = llamaJson({"▁", "t", "h", "th"}, {{"t", "h"}});
  // The byte tokens are all alike: a few of them will do.
  const std::size_t first = text.find(R"("<0x10>")");
  text.erase(first, text.find(R"("▁": )") - first);
  const std::vector<TokenId> ids = {TokenId{0}, TokenId{1}, TokenId{262}, TokenId{9999}};
  ASSERT_EQ(failure(text), "ok");
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto tokenizer = parseTokenizerJson(changed, "t");
    if (!tokenizer.ok()) {
      ASSERT_THAT(tokenizer.error().message(), testing::StartsWith("t: ")) << bit;
      continue;
    }
    static_cast<void>(tokenizer.value()->encode("the <s>中").ok());
    ASSERT_FALSE(firstInvalidUtf8(tokenizer.value()->decode(ids))) << bit;
    for (const TokenId id : ids) ASSERT_FALSE(tokenizer.value()->shownPiece(id).empty()) << bit;
  }
}

}  // namespace
}  // namespace decodescope
