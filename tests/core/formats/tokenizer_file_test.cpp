#include "core/formats/tokenizer_file.h"

#include "core/formats/hf_config.h"
#include "core/formats/loaded_model.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/random_model.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(TokenizerFile, TellsTheKindByTheName) {
  for (const char* name :
       {"tokenizer.bin", "/a/tok512.bin", "b/tokenizer.json", "vocab.json", "x/merges.txt"})
    EXPECT_TRUE(isTokenizerName(name)) << name;
  for (const char* name : {"", "model.bin", "config.json", "/tokenizer.bin/model.gguf"})
    EXPECT_FALSE(isTokenizerName(name)) << name;

  const test::TemporaryDir folder;
  const std::string json = folder.write("other.json", smallTokenizerJson());
  EXPECT_EQ(readTokenizerFile(json, 24).value()->vocabSize(), 6);
  EXPECT_EQ(readTokenizerFile(json, 5).error().message(),
            json + ": vocabulary is larger than the model's: found 6 tokens, allowed at most 5");
  folder.write("vocab.json", R"({"a":0,"b":1,"ab":2})");
  folder.write("merges.txt", "a b\n");
  for (const char* name : {"vocab.json", "merges.txt"}) {
    const auto tokenizer = readTokenizerFile(folder.file(name), 3);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    EXPECT_EQ(tokenizer.value()->encode("ab").value(), std::vector<TokenId>{TokenId{2}});
  }
  const std::string binary = folder.write("my.tok", llama2cTokenizerBytes(test::sentencePieceTokens({"a"})));
  EXPECT_EQ(readTokenizerFile(binary, 260).value()->vocabSize(), 260);
  EXPECT_FALSE(readTokenizerFile(binary, 261).ok());
  EXPECT_EQ(readTokenizerFile(folder.write("page.bin", "<!DOCTYPE html>"), 3).error().message(),
            folder.file("page.bin") + ": not a llama2.c tokenizer: found an HTML page (at byte 0)");
}

TEST(TokenizerFile, EveryFormatTakesAChosenOne) {
  ModelConfig config = smallLlama();
  config.headDim = 4;
  config.rotaryLayout = RotaryLayout::interleaved;
  const Model model = test::randomModel(config, 3);
  const test::TemporaryDir folder;
  folder.write("m.gguf", test::ggufOf(model, test::kF32).bytes());
  folder.write("m.bin", test::llama2cBytes(model, 0));
  folder.write("tokenizer.bin", test::llama2cTokenizerBytes({{"x"}, {"y"}}));  // does not fit
  folder.write("hf/config.json", writeHfConfig(smallLlama(), "float32").value());
  folder.write("hf/model.safetensors", safetensorsBytes(storedTensors(numberedModel(smallLlama()))));
  const std::string chosen = folder.write("elsewhere/tokenizer.json", smallTokenizerJson());
  EXPECT_FALSE(loadModel(folder.file("m.bin")).ok());
  for (const char* name : {"m.gguf", "m.bin", "hf"}) {
    const auto loaded = loadModel(folder.file(name), {}, chosen);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    EXPECT_EQ(loaded.value()->tokenizerPath, chosen);
    EXPECT_EQ(loaded.value()->tokenizer->shownPiece(TokenId{4}), "cat") << name;
    EXPECT_TRUE(loaded.value()->warnings.empty()) << name;
    const auto missing = loadModel(folder.file(name), {}, folder.file("none.bin"));
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().file, folder.file("none.bin"));
  }
}

}  // namespace
}  // namespace decodescope
