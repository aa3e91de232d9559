#include "core/formats/gguf_tokenizer.h"

#include "core/formats/gguf_model.h"
#include "core/tokenizer/byte_level.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/gguf_file.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

using test::GgufBuilder;
using Ids = std::vector<int>;

/// A model file with a vocabulary of `count`, to which the tokenizer is added.
GgufBuilder fileFor(std::size_t count) {
  ModelConfig config = smallLlama();
  config.vocabSize = static_cast<int>(count);
  config.hiddenSize = 4;
  config.intermediateSize = 3;
  config.numHiddenLayers = 1;
  config.numAttentionHeads = config.numKeyValueHeads = 1;
  config.headDim = 4;
  config.rotaryLayout = RotaryLayout::interleaved;
  config.tieWordEmbeddings = true;
  return test::ggufOf(numberedModel(config), test::kF32);
}

GgufBuilder sentencePiece(const std::vector<std::string>& more) {
  GgufBuilder file = fileFor(259 + more.size());
  test::addSentencePiece(file, more);
  return file;
}

/// Every byte's character, then `more`; the last token is <|endoftext|>, a control token, both start and end.
GgufBuilder byteLevel(const std::vector<std::string>& more, const std::vector<std::string>& merges) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte)
    tokens.push_back(bytesToVisible(std::string(1, static_cast<char>(byte))));
  tokens.insert(tokens.end(), more.begin(), more.end());
  tokens.push_back("<|endoftext|>");
  std::vector<std::int32_t> types(tokens.size(), 1);
  types.back() = 3;
  GgufBuilder file = fileFor(tokens.size());
  file.text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", tokens);
  file.i32s("tokenizer.ggml.token_type", types).texts("tokenizer.ggml.merges", merges);
  const auto last = static_cast<std::uint32_t>(tokens.size() - 1);
  return file.u32("tokenizer.ggml.bos_token_id", last).u32("tokenizer.ggml.eos_token_id", last);
}

LoadedModelPtr load(const GgufBuilder& file) {
  const test::TemporaryDir folder;
  const auto loaded = loadModel(folder.write("m.gguf", file.bytes()));
  if (!loaded.ok()) ADD_FAILURE() << loaded.error().message();
  return loaded.ok() ? loaded.value() : nullptr;
}

std::shared_ptr<const Tokenizer> tokenizerOf(const GgufBuilder& file) {
  const LoadedModelPtr loaded = load(file);
  return loaded ? loaded->tokenizer : nullptr;
}

Ids encoded(const Tokenizer& tokenizer, const std::string& text) {
  Ids out;
  const auto ids = tokenizer.encode(text);
  if (!ids.ok()) return {-1};
  for (const TokenId id : ids.value()) out.push_back(id.value);
  return out;
}

std::string decoded(const Tokenizer& tokenizer, const Ids& ids) {
  std::vector<TokenId> tokens;
  for (const int id : ids) tokens.push_back(TokenId{id});
  return tokenizer.decode(tokens);
}

TEST(GgufTokenizer, SentencePieceEncodesByScoresAndDecodes) {
  const auto tokenizer = tokenizerOf(sentencePiece(
      {"\xe2\x96\x81t", "he", "\xe2\x96\x81the", "th", "\xe2\x96\x81", "t", "h", "e", "\xc3\xa9"}));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocabSize(), 268);
  EXPECT_EQ(encoded(*tokenizer, "the"), (Ids{1, 261})) << "BOS and a space in front";
  EXPECT_EQ(encoded(*tokenizer, ""), Ids{1});
  EXPECT_EQ(encoded(*tokenizer, "the the"), (Ids{1, 261, 261}));
  EXPECT_EQ(encoded(*tokenizer, "\xc3\xa9\xc3\xa8"), (Ids{1, 263, 267, 0xc3 + 3, 0xa8 + 3}));
  EXPECT_EQ(encoded(*tokenizer, "th</s>e"), (Ids{1, 259, 265, 2, 263, 266})) << "control tokens are found";
  EXPECT_EQ(decoded(*tokenizer, {1, 261, 261, 0xc3 + 3, 0xa8 + 3, 2}), "the the\xc3\xa8");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{261}), "␣the");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{1}), "<s>");
  EXPECT_TRUE(tokenizer->isSpecial(TokenId{0}));
  EXPECT_TRUE(tokenizer->isSpecial(TokenId{2}));
  EXPECT_FALSE(tokenizer->isSpecial(TokenId{3}));
  for (const std::string& text :
       {std::string("the"), std::string("  the\n\t"), std::string("\xf0\x9f\x99\x82 e")})
    EXPECT_EQ(decoded(*tokenizer, encoded(*tokenizer, text)), text);
}

TEST(GgufTokenizer, SentencePieceSettings) {
  GgufBuilder file = sentencePiece({"\xe2\x96\x81", "a"});
  file.flag("tokenizer.ggml.add_space_prefix", false).flag("tokenizer.ggml.add_bos_token", false);
  auto tokenizer = tokenizerOf(file);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encoded(*tokenizer, "a a"), (Ids{260, 259, 260}));
  EXPECT_EQ(decoded(*tokenizer, {259, 260}), " a") << "no space is taken off";
  file.flag("tokenizer.ggml.add_bos_token", true).flag("tokenizer.ggml.add_eos_token", true);
  file.u32("tokenizer.ggml.bos_token_id", 2).u32("tokenizer.ggml.eos_token_id", 0);
  EXPECT_EQ(encoded(*tokenizerOf(file), "a"), (Ids{2, 260, 0}));
  file.u32("tokenizer.ggml.bos_token_id", 0xffffffff).remove("tokenizer.ggml.add_bos_token");
  EXPECT_EQ(encoded(*tokenizerOf(file), "a"), (Ids{260, 0})) << "without a start token none is added";
}

TEST(GgufTokenizer, ByteLevelEncodesByMergesAndDecodes) {
  const GgufBuilder file =
      byteLevel({"\xc4\xa0t", "he", "\xc4\xa0the"}, {"h e", "\xc4\xa0 t", "\xc4\xa0t he"});
  const auto loaded = load(file);
  ASSERT_TRUE(loaded);
  const Tokenizer& tokenizer = *loaded->tokenizer;
  EXPECT_EQ(loaded->config().bosTokenId, TokenId{259});
  EXPECT_EQ(encoded(tokenizer, "the the"), (Ids{'t', 257, 258})) << "no BOS, no space in front";
  EXPECT_EQ(encoded(tokenizer, "he<|endoftext|>"), (Ids{257, 259}));
  EXPECT_EQ(tokenizer.shownPiece(TokenId{258}), "␣the");
  for (const std::string& text : {std::string("the the"), std::string("caf\xc3\xa9 \xf0\x9f\x99\x82\n\n  x")})
    EXPECT_EQ(decoded(tokenizer, encoded(tokenizer, text)), text);
  for (const char* pre : {"gpt-2", "default"}) {
    GgufBuilder named = file;
    named.text("tokenizer.ggml.pre", pre);
    EXPECT_EQ(encoded(*tokenizerOf(named), "the"), (Ids{'t', 257}));
  }
}

TEST(GgufTokenizer, PreTokenizersOfOtherFamilies) {
  GgufBuilder file = byteLevel({"12", "123", "1234", "he", "the"}, {"1 2", "12 3", "123 4", "h e"});
  const auto ids = [&](const char* pre, const std::string& text) {
    file.text("tokenizer.ggml.pre", pre);
    return encoded(*tokenizerOf(file), text);
  };
  EXPECT_EQ(ids("gpt-2", "x1234"), (Ids{'x', 258}));
  EXPECT_EQ(ids("gpt-2", "the"), (Ids{'t', 259})) << "no merge makes it";
  EXPECT_EQ(ids("llama-bpe", "x1234"), (Ids{261, 'x', 257, '4'})) << "BOS in front";
  EXPECT_EQ(ids("llama-bpe", "the"), (Ids{261, 260})) << "a piece of the vocabulary, whatever the merges";
  EXPECT_EQ(ids("qwen2", "x12e\u0301"), (Ids{'x', '1', '2', 0xc3, 0xa9})) << "NFC";
  EXPECT_EQ(ids("smollm", "x12"), (Ids{'x', '1', '2'}));
  file.flag("tokenizer.ggml.add_bos_token", false);
  EXPECT_EQ(ids("llama-bpe", "the"), (Ids{260}));
}

TEST(GgufTokenizer, AnUnknownPatternOfALlamaIsWarnedOf) {
  GgufBuilder file = byteLevel({"he"}, {"h e"});
  EXPECT_EQ(
      load(file)->warnings,
      std::vector<std::string>{"tokenizer.ggml.pre: missing; text is cut by GPT-2's, which may not be this "
                               "model's"});
  file.text("tokenizer.ggml.pre", "default");
  EXPECT_EQ(load(file)->warnings.size(), 1u);
  file.text("tokenizer.ggml.pre", "gpt-2");
  EXPECT_EQ(load(file)->warnings.size(), 0u);
}

TEST(GgufTokenizer, AFileWithoutVocabularyTakesIds) {
  for (const bool said : {false, true}) {
    GgufBuilder file = fileFor(9);
    if (said) file.text("tokenizer.ggml.model", "none");
    const auto tokenizer = tokenizerOf(file);
    ASSERT_TRUE(tokenizer);
    EXPECT_EQ(tokenizer->shownPiece(TokenId{5}), "#5");
  }
}

TEST(GgufTokenizer, BrokenVocabulariesAreRefused) {
  const auto of = [](GgufBuilder file) {
    const test::TemporaryDir folder;
    const auto loaded = loadModel(folder.write("m.gguf", file.bytes()));
    if (loaded.ok()) return std::string("ok");
    const std::string message = loaded.error().message().substr(folder.path().string().size() + 1);
    return message.substr(0, message.rfind(" (at byte "));
  };
  const GgufBuilder pieces = sentencePiece({"a"});
  const GgufBuilder bytes = byteLevel({"he"}, {"h e"});
  const auto with = [&](const GgufBuilder& good, auto change) {
    GgufBuilder file = good;
    change(file);
    return of(file);
  };
  const std::string key = "m.gguf: tokenizer.ggml.";
  EXPECT_EQ(of(pieces), "ok");
  EXPECT_EQ(of(bytes), "ok");
  EXPECT_EQ(with(pieces, [](GgufBuilder& f) { f.text("tokenizer.ggml.model", "t5"); }),
            key + "model: tokenizer is not supported: found \"t5\", allowed \"llama\", \"gpt2\"");
  EXPECT_EQ(with(pieces, [](GgufBuilder& f) { f.remove("tokenizer.ggml.model"); }), key + "model: missing");
  EXPECT_EQ(with(pieces, [](GgufBuilder& f) { f.remove("tokenizer.ggml.tokens"); }), key + "tokens: missing");
  EXPECT_EQ(with(pieces, [](GgufBuilder& f) { f.remove("tokenizer.ggml.scores"); }), key + "scores: missing");
  EXPECT_EQ(with(bytes, [](GgufBuilder& f) { f.remove("tokenizer.ggml.merges"); }), key + "merges: missing");
  EXPECT_EQ(with(pieces,
                 [](GgufBuilder& f) {
                   f.texts("tokenizer.ggml.tokens", {"a", "b"});
                 }),
            key +
                "tokens: number of tokens is not that of the embedding's rows: found an array of 2 string, "
                "allowed 260");
  EXPECT_EQ(with(pieces,
                 [](GgufBuilder& f) {
                   f.f32s("tokenizer.ggml.scores", {1, 2});
                 }),
            key + "scores: not one for every token: found an array of 2 float32, allowed 260");
  EXPECT_EQ(with(pieces,
                 [](GgufBuilder& f) {
                   f.i32s("tokenizer.ggml.token_type", {1, 2});
                 }),
            key + "token_type: not one for every token: found an array of 2 int32, allowed 260");
  EXPECT_EQ(
      with(pieces,
           [](GgufBuilder& f) { f.i32s("tokenizer.ggml.token_type", std::vector<std::int32_t>(260, 7)); }),
      key + "token_type[0]: out of range: found 7, allowed an integer from 0 to 6");
  EXPECT_EQ(with(pieces,
                 [](GgufBuilder& f) {
                   f.f32s("tokenizer.ggml.scores",
                          std::vector<float>(260, std::numeric_limits<float>::quiet_NaN()));
                 }),
            key + "scores[0]: not a finite number: found nan");
  EXPECT_EQ(of(sentencePiece({"a", "b", "a"})),
            key + "tokens: \"a\": token stands twice: found 261, allowed one id a token");
  EXPECT_EQ(with(pieces, [](GgufBuilder& f) { f.u32("tokenizer.ggml.unknown_token_id", 260); }),
            key + "unknown_token_id: out of range: found 260, allowed an integer from 0 to 259");
  EXPECT_EQ(with(pieces, [](GgufBuilder& f) { f.u32("tokenizer.ggml.add_bos_token", 1); }),
            key + "add_bos_token: wrong type: found 1, allowed a bool");
  EXPECT_EQ(
      with(bytes,
           [](GgufBuilder& f) {
             f.u32("tokenizer.ggml.bos_token_id", 0xffffffff).flag("tokenizer.ggml.add_bos_token", true);
           }),
      key + "add_bos_token: there is no bos_token_id: found true, allowed false");
  EXPECT_EQ(with(bytes,
                 [](GgufBuilder& f) {
                   f.remove("tokenizer.ggml.eos_token_id").flag("tokenizer.ggml.add_eos_token", true);
                 }),
            key + "add_eos_token: there is no eos_token_id: found true, allowed false");
  EXPECT_EQ(with(bytes, [](GgufBuilder& f) { f.text("tokenizer.ggml.pre", "tekken"); }),
            key +
                "pre: pre-tokenizer is not supported: found \"tekken\", allowed \"gpt-2\", "
                "\"llama-bpe\", \"qwen2\", \"smollm\", \"default\"");
  const auto merges = [&](const std::string& line) {
    return with(bytes, [&](GgufBuilder& f) { f.texts("tokenizer.ggml.merges", {"h e", line}); });
  };
  EXPECT_EQ(merges("he"), key + "merges[1]: merge does not have two halves: found \"he\"");
  EXPECT_EQ(merges("h e e"), key + "merges[1]: merge does not have two halves: found \"h e e\"");
  EXPECT_EQ(merges("he h"),
            key + "merges[1]: merge needs \"heh\", which is not in the vocabulary: found \"he h\"");
  EXPECT_EQ(merges("xyz h"),
            key + "merges[1]: merge needs \"xyz\", which is not in the vocabulary: found \"xyz h\"");
}

}  // namespace
}  // namespace decodescope
