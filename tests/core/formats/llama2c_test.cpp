#include "core/formats/llama2c.h"

#include "core/decode/forward.h"
#include "core/formats/hf_folder.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/byte_writer.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace decodescope {
namespace {

using test::llama2cBytes;
using test::patched;

/// V 24, D 24, F 20, L 2, H 4, G 2, d 6, S 32.
ModelConfig smallConfig(bool tied) {
  ModelConfig config = smallLlama();
  config.hiddenSize = 24;
  config.numAttentionHeads = 4;
  config.numKeyValueHeads = 2;
  config.rotaryLayout = RotaryLayout::interleaved;
  config.tieWordEmbeddings = tied;
  return config;
}

std::vector<float> logitsOf(const Model& model) {
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  const std::vector<TokenId> tokens = test::randomTokens(model.config(), 9, 5);
  ForwardOptions options;
  options.logitsOfAllRows = true;
  const ForwardResult result = forward(model, tokens, cache, workspace, options);
  return {result.logits.data, result.logits.data + result.logits.rows * result.logits.cols};
}

/// What loading these bytes says, the folder's name cut off; "ok" when it loads.
std::string failure(const std::string& bytes, const std::string& name = "m.bin") {
  const test::TemporaryDir folder;
  const auto loaded = loadModel(folder.write(name, bytes));
  if (loaded.ok()) return "ok";
  return loaded.error().message().substr(folder.path().string().size() + 1);
}

TEST(Llama2c, BothVersionsCarryTheWeightsOfTheModel) {
  for (const bool tied : {true, false}) {
    const Model model = test::randomModel(smallConfig(tied), 11);
    const Model halves = withPairsInHalves(model);
    const test::TemporaryDir folder;
    ASSERT_TRUE(saveHfFolder(folder.file("hf"), halves, {}, {}, StoredFloat::f32).ok());
    const auto reference = loadModel(folder.file("hf"));
    ASSERT_TRUE(reference.ok()) << reference.error().message();
    const std::vector<float> expected = logitsOf(*reference.value()->model);
    for (const int version : {0, 1}) {
      std::vector<double> reported;
      LoadProgress progress;
      progress.report = [&](double fraction) { reported.push_back(fraction); };
      const auto loaded = loadModel(folder.write("m.bin", llama2cBytes(model, version)), progress);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message();
      const ModelConfig& config = loaded.value()->config();
      EXPECT_EQ(loaded.value()->name, "m.bin");
      EXPECT_EQ(loaded.value()->format, "llama2.c version " + std::to_string(version));
      EXPECT_EQ(config.tieWordEmbeddings, tied);
      EXPECT_EQ(config.rotaryLayout, RotaryLayout::interleaved);
      EXPECT_EQ(config.normEps, 1e-5f);
      EXPECT_EQ(config.ropeTheta, 10000.0);
      EXPECT_EQ(config.maxPositionEmbeddings, 32);
      EXPECT_EQ(config.bosTokenId, TokenId{1});
      EXPECT_EQ(config.eosTokenIds, (std::vector{TokenId{2}, TokenId{1}}));
      const Model& read = *loaded.value()->model;
      EXPECT_TRUE(test::widenedNumbers(read) == test::widenedNumbers(model));
      EXPECT_EQ(reported.back(), 1.0);
      EXPECT_TRUE(std::is_sorted(reported.begin(), reported.end()));
      const std::vector<float> logits = logitsOf(read);
      ASSERT_EQ(logits.size(), expected.size());
      for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 2e-5f);
    }
  }
}

TEST(Llama2c, BrokenCheckpointsAreRefused) {
  const Model model = numberedModel(smallConfig(true));
  const std::string zero = llama2cBytes(model, 0);
  const std::string one = llama2cBytes(model, 1);
  EXPECT_EQ(failure(zero), "ok");
  EXPECT_EQ(failure(one, "any name"), "ok") << "version 1 has a magic";
  EXPECT_EQ(failure(zero, "m.dat"),
            "m.dat: unknown kind of model file: allowed a Hugging Face folder (or its config.json or "
            "a .safetensors); a GGUF file (.gguf); a llama2.c checkpoint (.bin)");
  EXPECT_EQ(failure(std::string(27, '\1')),
            "m.bin: too short for a llama2.c checkpoint: found 27 bytes, allowed at least 28");
  EXPECT_EQ(failure(""), "m.bin: file is empty");
  EXPECT_EQ(
      failure(one.substr(0, 255)),
      "m.bin: too short for a llama2.c checkpoint with a header: found 255 bytes, allowed at least 256");
  const std::string field = " out of range for a llama2.c checkpoint: found ";
  const auto number = [&](std::size_t place, std::int32_t value) {
    return failure(patched(zero, 4 * place, value));
  };
  EXPECT_EQ(number(0, 0), "m.bin: dim:" + field + "0, allowed 1 to 131072 (at byte 0)");
  EXPECT_EQ(number(0, -24), "m.bin: dim:" + field + "-24, allowed 1 to 131072 (at byte 0)");
  EXPECT_EQ(number(0, 131073), "m.bin: dim:" + field + "131073, allowed 1 to 131072 (at byte 0)");
  EXPECT_EQ(number(1, 0), "m.bin: hidden_dim:" + field + "0, allowed 1 to 1048576 (at byte 4)");
  EXPECT_EQ(number(2, 1025), "m.bin: n_layers:" + field + "1025, allowed 1 to 1024 (at byte 8)");
  EXPECT_EQ(number(3, 0), "m.bin: n_heads:" + field + "0, allowed 1 to 4096 (at byte 12)");
  EXPECT_EQ(number(4, 0), "m.bin: n_kv_heads:" + field + "0, allowed 1 to 4096 (at byte 16)");
  EXPECT_EQ(number(5, 0),
            "m.bin: vocab_size:" + field + "0, allowed 1 to 16777216, or its negative (at byte 20)");
  EXPECT_EQ(
      number(5, std::numeric_limits<std::int32_t>::min()),
      "m.bin: vocab_size:" + field + "-2147483648, allowed 1 to 16777216, or its negative (at byte 20)");
  EXPECT_EQ(number(6, -1), "m.bin: max_seq_len:" + field + "-1, allowed 1 to 16777216 (at byte 24)");
  EXPECT_EQ(number(4, 8),
            "m.bin: n_kv_heads: does not divide n_heads: found 8, allowed a divisor of 4 (at byte 16)");
  EXPECT_EQ(number(4, 3),
            "m.bin: n_kv_heads: does not divide n_heads: found 3, allowed a divisor of 4 (at byte 16)");
  EXPECT_EQ(number(0, 25),
            "m.bin: dim: does not give heads of an even size: found 25 for 4 heads, allowed a "
            "multiple of 8 (at byte 0)");
  EXPECT_EQ(number(0, 28),
            "m.bin: dim: does not give heads of an even size: found 28 for 4 heads, allowed a "
            "multiple of 8 (at byte 0)");
  const std::string size = "m.bin: size does not fit the header of a llama2.c checkpoint: found ";
  EXPECT_EQ(failure(zero + "x"), size + "28925 bytes, allowed 28924");
  EXPECT_EQ(number(5, -24), size + "28924 bytes, allowed 31228");
  EXPECT_EQ(number(6, 33), size + "28924 bytes, allowed 28948");
  const std::string large = patched<std::int32_t>(patched<std::int32_t>(zero, 0, 131072), 8, 1024);
  EXPECT_EQ(failure(large), "m.bin: head_dim: out of range: found 32768, allowed 1 to 16384");
  EXPECT_NE(failure(patched<std::int32_t>(large, 12, 4096)).find("describes a model that is too large"),
            std::string::npos);
  EXPECT_EQ(failure(patched<std::int32_t>(one, 4, 2)),
            "m.bin: version: weights quantised to 8 bits (Q8_0) are not supported: found 2, allowed 1 "
            "(float32) (at byte 4)");
  EXPECT_EQ(failure(patched<std::int32_t>(one, 4, 3)),
            "m.bin: version: version is not supported: found 3, allowed 1 (at byte 4)");
  EXPECT_EQ(failure(patched<std::int32_t>(one, 28, -24)),
            "m.bin: vocab_size:" + field + "-24, allowed 1 to 16777216 (at byte 28)");
  EXPECT_EQ(failure(patched<std::uint8_t>(one, 36, 2)),
            "m.bin: shared_classifier: not a truth value: found 2, allowed 0 or 1 (at byte 36)");
  EXPECT_EQ(failure(patched<std::uint8_t>(one, 36, 0)), size + "28384 bytes, allowed 30688");
}

TEST(Llama2c, OtherKindsOfFilesAreNamed) {
  const auto other = [](std::string start) { return failure(start.append(600, '\x7f')); };
  EXPECT_EQ(other("PK\x03\x04"), "m.bin: not a llama2.c checkpoint: found a zip archive, as PyTorch writes");
  EXPECT_EQ(other("\x80\x02}"), "m.bin: not a llama2.c checkpoint: found a Python pickle");
  EXPECT_EQ(other("<!DOCTYPE html>"), "m.bin: not a llama2.c checkpoint: found an HTML page");
  EXPECT_EQ(failure("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n"),
            "m.bin: not a llama2.c checkpoint: found a Git LFS pointer, not the file it stands for");
  EXPECT_EQ(failure("Once upon a time there was a text that somebody called a model.\n"),
            "m.bin: not a llama2.c checkpoint: found text");
  EXPECT_EQ(other(std::string("\x40\0\0\0\0\0\0\0{\"a\"", 12)),
            "m.bin: not a llama2.c checkpoint: found a safetensors file");
  EXPECT_EQ(other("lmgg"), "m.bin: not a llama2.c checkpoint: found a ggml file from before GGUF");
}

TEST(Llama2c, EveryTruncationIsAnError) {
  ModelConfig config = smallConfig(false);
  config.vocabSize = 5;
  config.hiddenSize = 2;
  config.intermediateSize = 3;
  config.numHiddenLayers = 1;
  config.numAttentionHeads = config.numKeyValueHeads = 1;
  config.headDim = 2;
  config.maxPositionEmbeddings = 4;
  const Model model = numberedModel(config);
  const test::TemporaryDir folder;
  for (const int version : {0, 1}) {
    const std::string bytes = llama2cBytes(model, version);
    ASSERT_TRUE(loadModel(folder.write("m.bin", bytes)).ok());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(loadModel(folder.write("m.bin", std::string_view(bytes).substr(0, size))).ok()) << size;
    }
  }
}

TEST(Llama2c, EveryFlippedBitOfTheHeaderIsReadOrRefused) {
  const test::TemporaryDir folder;
  for (const int version : {0, 1}) {
    const std::string bytes = llama2cBytes(numberedModel(smallConfig(false)), version);
    for (std::size_t bit = 0; bit < 8 * 40; ++bit) {
      std::string changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      static_cast<void>(loadModel(folder.write("m.bin", changed)).ok());
    }
  }
}

TEST(Llama2c, WeightsThatAreNotFiniteAreWarnedOf) {
  const test::TemporaryDir folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::string bytes = patched(llama2cBytes(numberedModel(smallConfig(true)), 1), 256 + 4 * 24, nan);
  const auto loaded = loadModel(folder.write("m.bin", bytes));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(
      loaded.value()->warnings,
      (std::vector<std::string>{"no tokenizer.bin with 24 tokens beside it: the model takes token ids only",
                                "model.layers.1.input_layernorm.weight: 1 weight is NaN or infinite"}));
}

TEST(Llama2c, StopsWhenAsked) {
  const test::TemporaryDir folder;
  std::stop_source stop;
  stop.request_stop();
  LoadProgress progress;
  progress.stop = stop.get_token();
  const auto loaded =
      loadModel(folder.write("m.bin", llama2cBytes(numberedModel(smallConfig(true)), 0)), progress);
  EXPECT_EQ(loaded.error().message(), folder.file("m.bin") + ": cancelled");
}

}  // namespace
}  // namespace decodescope
