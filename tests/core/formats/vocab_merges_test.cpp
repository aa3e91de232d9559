#include "core/formats/vocab_merges.h"

#include "core/formats/hf_folder.h"
#include "core/formats/json_writer.h"
#include "core/formats/loaded_model.h"
#include "core/tokenizer/byte_level.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using Ids = std::vector<int>;

/// Every byte's character by its value, then `more`.
std::string vocabJson(const std::vector<std::string>& more) {
  JsonWriter json;
  json.beginObject();
  int id = 0;
  for (; id < 256; ++id) json.key(bytesToVisible(std::string(1, static_cast<char>(id)))).value(id);
  for (const std::string& piece : more) json.key(piece).value(id++);
  return json.endObject().take();
}

/// 256 he, 257 Ġt, 258 Ġthe, 259 <|endoftext|>
class VocabAndMerges : public testing::Test {
 protected:
  VocabAndMerges() {
    m_folder.write("vocab.json", vocabJson({"he", "Ġt", "Ġthe", "<|endoftext|>"}));
    m_folder.write("merges.txt", "#version: 0.2\nh e\r\nĠ t\nĠt he\n\n");
  }

  std::string failure() const {
    const auto tokenizer = readVocabAndMerges(m_folder.path().string());
    if (tokenizer.ok()) return "ok";
    return tokenizer.error().message().substr(m_folder.path().string().size() + 1);
  }

  Ids encoded(const std::string& text) const {
    const auto tokenizer = readVocabAndMerges(m_folder.path().string());
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    if (!tokenizer.ok()) return {};
    const auto ids = tokenizer.value()->encode(text);
    EXPECT_TRUE(ids.ok()) << ids.error().message();
    Ids out;
    for (const TokenId id : ids.value()) out.push_back(id.value);
    return out;
  }

  test::TemporaryDir m_folder;
};

TEST_F(VocabAndMerges, EncodesAndDecodesAsGpt2) {
  const auto read = readVocabAndMerges(m_folder.path().string());
  ASSERT_TRUE(read.ok()) << read.error().message();
  const Tokenizer& tokenizer = *read.value();
  EXPECT_EQ(encoded("the the<|endoftext|>"), (Ids{'t', 256, 258, 259}));
  EXPECT_TRUE(tokenizer.isSpecial(TokenId{259}));
  EXPECT_EQ(tokenizer.shownPiece(TokenId{258}), "␣the");
  const std::string text = "caf\u00e9 \U0001f642\n\n  the x's";
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text).value()), text);
}

TEST_F(VocabAndMerges, SettingsAreTaken) {
  m_folder.write(
      "tokenizer_config.json",
      R"({"tokenizer_class":"GPT2Tokenizer","add_bos_token":true,"add_prefix_space":true,)"
      R"("bos_token":{"content":"<|endoftext|>","lstrip":false},"pad_token":"[PAD]","unk_token":null})");
  EXPECT_EQ(encoded("the"), (Ids{259, 258})) << "BOS, and a space in front";
  m_folder.write(
      "tokenizer_config.json",
      R"({"tokenizer_class":"Qwen2TokenizerFast","added_tokens_decoder":)"
      R"({"260":{"content":"<|im_start|>","special":true},"261":{"content":"<x>","rstrip":true}}})");
  EXPECT_EQ(encoded("e\u0301"), (Ids{0xc3, 0xa9})) << "NFC";
  EXPECT_EQ(encoded("<|im_start|>the<x>  1"), (Ids{260, 't', 256, 261, '1'}));
}

TEST_F(VocabAndMerges, OlderFilesForSpecialTokensAreRead) {
  m_folder.write("special_tokens_map.json", R"({"eos_token":"<|endoftext|>","bos_token":"he"})");
  m_folder.write("added_tokens.json", R"({"<pad>":260})");
  const auto read = readVocabAndMerges(m_folder.path().string());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(read.value()->isSpecial(TokenId{259}));
  EXPECT_TRUE(read.value()->isSpecial(TokenId{256}));
  EXPECT_FALSE(read.value()->isSpecial(TokenId{260}));
  EXPECT_EQ(encoded("a<pad>"), (Ids{'a', 260}));
}

TEST_F(VocabAndMerges, BadFilesAreNamed) {
  EXPECT_EQ(failure(), "ok");
  m_folder.write("merges.txt", "#version: 0.2\nh e\nh  e\n");
  EXPECT_EQ(
      failure(),
      "merges.txt: line 3: merge does not have two halves: found \"h  e\", allowed \"a b\" (at byte 18)");
  m_folder.write("merges.txt", "h e\n#version x\n");
  EXPECT_EQ(failure(),
            "merges.txt: line 2: merge needs \"#version\", which is not in the vocabulary (at byte 4)");
  m_folder.write("merges.txt", "h x\n");
  EXPECT_EQ(failure(), "merges.txt: line 1: merge needs \"hx\", which is not in the vocabulary (at byte 0)");
  m_folder.write("merges.txt", "h e\n");
  const auto settings = [&](const std::string& json) {
    m_folder.write("tokenizer_config.json", json);
    return failure();
  };
  EXPECT_EQ(
      settings(R"({"tokenizer_class":"BertTokenizer"})"),
      "tokenizer_config.json: tokenizer_class: tokenizer is not supported: found \"BertTokenizer\", allowed "
      "GPT2Tokenizer, Qwen2Tokenizer, or a tokenizer.json");
  EXPECT_EQ(settings(R"({"add_bos_token":true,"bos_token":"<bos>"})"),
            "tokenizer_config.json: add_bos_token: there is no bos_token with an id: allowed false");
  EXPECT_EQ(settings(R"({"add_bos_token":"yes"})"),
            "tokenizer_config.json: add_bos_token: wrong type: found \"yes\", allowed true or false");
  EXPECT_EQ(settings(R"({"bos_token":{"id":3}})"), "tokenizer_config.json: bos_token.content: missing");
  EXPECT_EQ(
      settings(R"({"added_tokens_decoder":{"x":{"content":"<x>"}}})"),
      "tokenizer_config.json: added_tokens_decoder.x: not an id: found an object, allowed 0 to 16777215");
  EXPECT_EQ(
      settings(R"({"added_tokens_decoder":{"3":{"content":"<x>"}}})"),
      "vocab.json: \"<x>\": added token's id is taken: found 3, allowed an id other than that of \"ă\"");
  EXPECT_EQ(
      settings(R"({"added_tokens_decoder":{"300":{"content":"<x>","single_word":true}}})"),
      "tokenizer_config.json: added_tokens_decoder.300.single_word: setting is not supported: found true, "
      "allowed false");
  EXPECT_EQ(settings("[]"), "tokenizer_config.json: wrong type: found an array, allowed an object");
  settings("{}");
  m_folder.write("vocab.json", "{}");
  EXPECT_EQ(failure(), "vocab.json: vocabulary is empty: found an object");
  m_folder.write("vocab.json", R"({"a":0,"b":0})");
  EXPECT_EQ(failure(),
            "vocab.json: \"b\": token id is taken: found 0, allowed an id other than that of \"a\"");
  m_folder.write("vocab.json", R"({"a":-1})");
  EXPECT_EQ(failure(), "vocab.json: a: out of range: found -1, allowed an integer from 0 to 16777215");
  std::filesystem::remove(m_folder.file("merges.txt"));
  m_folder.write("vocab.json", vocabJson({"he"}));
  EXPECT_THAT(failure(), testing::StartsWith("merges.txt: "));
}

TEST(HfFolder, TakesVocabAndMergesWhereThereIsNoTokenizerJson) {
  const test::TemporaryDir folder;
  ModelConfig config = smallLlama();
  config.vocabSize = 260;
  ASSERT_TRUE(saveHfFolder(folder.file("m"), numberedModel(config), {}, {}, StoredFloat::f32).ok());
  folder.write("m/vocab.json", vocabJson({"he", "Ġt", "Ġthe", "<|endoftext|>"}));
  folder.write("m/merges.txt", "#version: 0.2\nh e\nĠ t\nĠt he\n");
  const auto loaded = loadModel(folder.file("m"));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_EQ(loaded.value()->tokenizer->encode(" the").value(), std::vector<TokenId>{TokenId{258}});
  folder.write("m/vocab.json", vocabJson({"he", "Ġt", "Ġthe", "<|endoftext|>", "xyz"}));
  EXPECT_EQ(loadModel(folder.file("m")).error().message(),
            folder.file("m/vocab.json") +
                ": vocabulary is larger than the embedding: found 261 tokens, allowed at "
                "most vocab_size of config.json (260)");
  std::filesystem::rename(folder.file("m/vocab.json"), folder.file("m/tokenizer.model"));
  const auto idsOnly = loadModel(folder.file("m"));
  ASSERT_TRUE(idsOnly.ok()) << idsOnly.error().message();
  EXPECT_THAT(idsOnly.value()->warnings, testing::ElementsAre(testing::HasSubstr("tokenizer.model")));
}

}  // namespace
}  // namespace decodescope
