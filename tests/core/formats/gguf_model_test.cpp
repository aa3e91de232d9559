#include "core/formats/gguf_model.h"

#include "core/decode/forward.h"
#include "core/formats/hf_folder.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/gguf_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <numbers>

namespace decodescope {
namespace {

using test::GgmlType;
using test::GgufBuilder;
using test::ggufOf;

/// Of each architecture, with rows of whole blocks: V 40, D 64, F 96, L 2, H 4, S 32.
ModelConfig configOf(const std::string& architecture, bool tied) {
  ModelConfig config = architecture == "gpt2" ? smallGpt2() : smallLlama();
  config.modelType = architecture;
  config.vocabSize = 40;
  config.hiddenSize = 64;
  config.intermediateSize = 96;
  config.numAttentionHeads = 4;
  config.numKeyValueHeads = architecture == "gpt2" ? 4 : 2;
  config.headDim = 16;
  config.qkvBias = architecture != "llama";
  config.rotaryLayout = architecture == "llama" ? RotaryLayout::interleaved : RotaryLayout::rotateHalf;
  config.ropeTheta = 5000.0;
  config.tieWordEmbeddings = tied;
  config.bosTokenId.reset();
  config.eosTokenIds.clear();
  return config;
}

/// What loading says, the folder's name cut off; "ok" when it loads.
std::string failure(const std::string& bytes) {
  const test::TemporaryDir folder;
  const auto loaded = loadModel(folder.write("m.gguf", bytes));
  if (loaded.ok()) return "ok";
  return loaded.error().message().substr(folder.path().string().size() + 1);
}

/// Without the place, which moves with every change of the metadata.
std::string failure(const GgufBuilder& file) {
  const std::string message = failure(file.bytes());
  return message.substr(0, message.rfind(" (at byte "));
}

TEST(GgufModel, EveryArchitectureAndTypeCarriesTheWeights) {
  for (const char* architecture : {"llama", "qwen2", "gpt2"}) {
    for (const bool tied : {true, false}) {
      for (const GgmlType type : {test::kF32, test::kF16, test::kBf16, test::kQ8_0, test::kQ4_0}) {
        SCOPED_TRACE(std::string(architecture) + " type " + std::to_string(type));
        Model model = test::randomModel(configOf(architecture, tied), 21);
        // What the file can hold of it, by the tests' own reading.
        for (const Parameter& parameter : model.layout().parameters()) {
          if (parameter.rows == 1) continue;
          const std::span<float> numbers(model.parameter(parameter).data, parameter.size());
          const std::vector<float> kept = test::fromGgmlBytes(test::ggmlBytes(numbers, type), type);
          std::copy(kept.begin(), kept.end(), numbers.begin());
        }
        const test::TemporaryDir folder;
        const Model written = test::randomModel(configOf(architecture, tied), 21);
        const auto loaded = loadModel(folder.write("m.gguf", ggufOf(written, type).bytes()));
        ASSERT_TRUE(loaded.ok()) << loaded.error().message();
        const Model& read = *loaded.value()->model;
        EXPECT_TRUE(test::widenedNumbers(read) == test::widenedNumbers(model));
        EXPECT_EQ(read.config().tieWordEmbeddings, tied);
        EXPECT_EQ(read.config().rotaryLayout, model.config().rotaryLayout);
        EXPECT_EQ(read.config().norm, model.config().norm);
        EXPECT_EQ(read.config().activation, model.config().activation);
        EXPECT_EQ(read.config().normEps, model.config().normEps);
        EXPECT_EQ(loaded.value()->name, "m.gguf");
        EXPECT_EQ(loaded.value()->format, "GGUF version 3");
        EXPECT_EQ(loaded.value()->warnings, std::vector<std::string>{});
      }
    }
  }
}

std::vector<float> logitsOf(const Model& model) {
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  ForwardOptions options;
  options.logitsOfAllRows = true;
  const ForwardResult result =
      forward(model, test::randomTokens(model.config(), 9, 5), cache, workspace, options);
  return {result.logits.data, result.logits.data + result.logits.rows * result.logits.cols};
}

TEST(GgufModel, DecodesAsTheHuggingFaceFolderOfTheSameModel) {
  for (const char* architecture : {"llama", "qwen2"}) {
    const Model model = test::randomModel(configOf(architecture, false), 4);
    const test::TemporaryDir folder;
    const Model inHalves = withPairsInHalves(model);
    ASSERT_TRUE(saveHfFolder(folder.file("hf"), inHalves, {}, {}, StoredFloat::f32).ok());
    const auto reference = loadModel(folder.file("hf"));
    ASSERT_TRUE(reference.ok()) << reference.error().message();
    const auto loaded = loadModel(folder.write("m.gguf", ggufOf(model, test::kF32).bytes()));
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    const std::vector<float> expected = logitsOf(*reference.value()->model);
    const std::vector<float> logits = logitsOf(*loaded.value()->model);
    ASSERT_EQ(logits.size(), expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 2e-5f);
  }
}

Result<ModelConfig> configIn(const GgufBuilder& file) {
  const test::TemporaryDir folder;
  const auto opened = GgufFile::open(folder.write("m.gguf", file.bytes()));
  if (!opened.ok()) return opened.error();
  return readGgufConfig(opened.value());
}

TEST(GgufModel, ReadsWhatIsOptional) {
  ModelConfig config = configOf("llama", true);
  config.headDim = 32;
  config.qkvBias = config.oProjBias = config.mlpBias = true;
  GgufBuilder file = ggufOf(numberedModel(config), test::kF32);
  file.u32("tokenizer.ggml.bos_token_id", 3).u32("tokenizer.ggml.eos_token_id", 4);
  file.u32("tokenizer.ggml.eot_token_id", 5).u32("llama.expert_count", 0);
  auto read = configIn(file);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value().headDim, 32);
  EXPECT_TRUE(read.value().qkvBias && read.value().oProjBias && read.value().mlpBias);
  EXPECT_EQ(read.value().ropeTheta, 5000.0);
  EXPECT_EQ(read.value().bosTokenId, TokenId{3});
  EXPECT_EQ(read.value().eosTokenIds, (std::vector{TokenId{4}, TokenId{5}}));
  EXPECT_EQ(read.value().maxPositionEmbeddings, 32);

  file = ggufOf(numberedModel(configOf("llama", true)), test::kF32);
  file.remove("llama.attention.head_count_kv")
      .remove("llama.rope.freq_base")
      .remove("llama.rope.dimension_count");
  file.u32("tokenizer.ggml.bos_token_id", 0xffffffff).text("llama.rope.scaling.type", "none");
  read = configIn(file);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value().numKeyValueHeads, 4) << "as many as heads";
  EXPECT_EQ(read.value().ropeTheta, 10000.0);
  EXPECT_EQ(read.value().bosTokenId, std::nullopt);
}

TEST(GgufModel, ARepeatedEmbeddingIsTied) {
  const Model model = numberedModel(configOf("llama", true));
  GgufBuilder file = ggufOf(model, test::kF32);
  GgufBuilder::Tensor output = file.tensor("token_embd.weight");
  output.name = "output.weight";
  file.tensors.push_back(output);
  const test::TemporaryDir folder;
  auto loaded = loadModel(folder.write("m.gguf", file.bytes()));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_TRUE(loaded.value()->config().tieWordEmbeddings);
  file.tensors.back().data.back() = 'x';
  loaded = loadModel(folder.write("m.gguf", file.bytes()));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_FALSE(loaded.value()->config().tieWordEmbeddings);
}

GgufBuilder withFrequencies(const std::vector<float>& divisors) {
  GgufBuilder file = ggufOf(numberedModel(configOf("llama", true)), test::kF32);
  file.tensors.push_back(
      {"rope_freqs.weight", {divisors.size()}, test::kF32, test::ggmlBytes(divisors, test::kF32)});
  return file;
}

TEST(GgufModel, RotaryDivisors) {
  EXPECT_EQ(failure(withFrequencies(std::vector<float>(8, 1.0f))), "ok");
  EXPECT_EQ(failure(withFrequencies(std::vector<float>(7, 1.0f))),
            "m.gguf: rope_freqs.weight: shape does not fit the metadata: found [7], allowed [8]");
  EXPECT_EQ(failure(withFrequencies({1, 1, 1, 0, 4, 8, 8, 8})),
            "m.gguf: rope_freqs.weight: out of range: found 0.000000, allowed finite numbers above 0");
  EXPECT_EQ(failure(withFrequencies({1, 1, 1, 2, 4, 8, 8, std::numeric_limits<float>::infinity()})),
            "m.gguf: rope_freqs.weight: out of range: found inf, allowed finite numbers above 0");
  EXPECT_EQ(configIn(withFrequencies(std::vector<float>(8, 1.0f))).value().ropeScaling.kind,
            RopeScaling::Kind::none);
  GgufBuilder file = withFrequencies({1, 1, 1, 2, 4, 8, 8, 8});
  auto read = configIn(file);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value().ropeScaling.kind, RopeScaling::Kind::divisors);
  EXPECT_EQ(read.value().ropeScaling.divisors, (std::vector<float>{1, 1, 1, 2, 4, 8, 8, 8}));
  file.f32("llama.rope.scaling.factor", 2.0f);
  read = configIn(file);
  EXPECT_EQ(read.value().ropeScaling.divisors, (std::vector<float>{2, 2, 2, 4, 8, 16, 16, 16}));
}

TEST(GgufModel, RotaryFactor) {
  const auto scaling = [](auto change) {
    GgufBuilder file = ggufOf(numberedModel(configOf("llama", true)), test::kF32);
    change(file);
    const auto read = configIn(file);
    EXPECT_TRUE(read.ok()) << read.error().message();
    return read.ok() ? read.value().ropeScaling : RopeScaling{};
  };
  const auto linear = [&](auto change) {
    const RopeScaling found = scaling(change);
    EXPECT_EQ(found.kind, RopeScaling::Kind::linear);
    return found.factor;
  };
  EXPECT_EQ(linear([](GgufBuilder& f) {
              f.text("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", 4.0f);
            }),
            4.0);
  EXPECT_EQ(linear([](GgufBuilder& f) { f.f32("llama.rope.scaling.factor", 4.0f); }), 4.0);
  EXPECT_EQ(linear([](GgufBuilder& f) { f.f32("llama.rope.scale_linear", 2.0f); }), 2.0) << "older files";
  const auto none = [&](auto change) { return scaling(change).kind == RopeScaling::Kind::none; };
  EXPECT_TRUE(none([](GgufBuilder& f) { f.text("llama.rope.scaling.type", "linear"); }));
  EXPECT_TRUE(none([](GgufBuilder& f) { f.f32("llama.rope.scaling.factor", 0.0f); }));
  EXPECT_TRUE(none([](GgufBuilder& f) {
    f.text("llama.rope.scaling.type", "none").f32("llama.rope.scaling.factor", 4.0f);
  }));
}

/// The same model with llama3 scaling in a Hugging Face folder, and with the divisors that llama.cpp's
/// converter makes of it.
TEST(GgufModel, DivisorsDecodeAsLlama3Scaling) {
  ModelConfig config = configOf("llama", false);
  config.ropeTheta = 500.0;
  config.ropeScaling = {.kind = RopeScaling::Kind::llama3, .factor = 8, .originalMaxPositionEmbeddings = 96};
  const Model model = test::randomModel(config, 4);
  std::vector<float> divisors;
  for (int i = 0; i < 8; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(500.0, i / 8.0);
    const double smooth = (96 / wavelength - 1) / 3;
    const double blended = 1 / ((1 - smooth) / 8 + smooth);
    divisors.push_back(static_cast<float>(wavelength < 24 ? 1 : wavelength > 96 ? 8 : blended));
  }
  GgufBuilder file = ggufOf(model, test::kF32);
  file.tensors.push_back({"rope_freqs.weight", {8}, test::kF32, test::ggmlBytes(divisors, test::kF32)});
  const test::TemporaryDir folder;
  const auto loaded = loadModel(folder.write("m.gguf", file.bytes()));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const std::vector<float> expected = logitsOf(withPairsInHalves(model));
  const std::vector<float> logits = logitsOf(*loaded.value()->model);
  ASSERT_EQ(logits.size(), expected.size());
  for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 2e-5f);
}

TEST(GgufModel, MetadataThatCannotBeComputedIsRefused) {
  const GgufBuilder good = ggufOf(numberedModel(configOf("llama", false)), test::kF32);
  const auto with = [&](auto change) {
    GgufBuilder file = good;
    change(file);
    return failure(file);
  };
  const auto number = [&](const std::string& key, std::uint32_t value) {
    return with([&](GgufBuilder& file) { file.u32(key, value); });
  };
  const auto without = [&](const std::string& key) {
    return with([&](GgufBuilder& file) { file.remove(key); });
  };
  EXPECT_EQ(failure(good), "ok");
  EXPECT_EQ(without("general.architecture"), "m.gguf: general.architecture: missing");
  EXPECT_EQ(with([](GgufBuilder& f) { f.text("general.architecture", "gemma2"); }),
            "m.gguf: general.architecture: architecture is not supported: found \"gemma2\", allowed llama, "
            "qwen2, gpt2");
  EXPECT_EQ(with([](GgufBuilder& f) { f.u32("general.architecture", 1); }),
            "m.gguf: general.architecture: wrong type: found 1, allowed a string");
  EXPECT_EQ(number("llama.expert_count", 8),
            "m.gguf: llama.expert_count: mixture of experts is not supported: found 8, allowed 0");
  EXPECT_EQ(number("llama.attention.sliding_window", 31), "ok");
  EXPECT_EQ(number("llama.attention.sliding_window", 32), "ok");
  EXPECT_EQ(number("llama.attention.sliding_window", 0), "ok");
  EXPECT_EQ(with([](GgufBuilder& f) { f.f32("llama.logit_scale", 0.5f); }),
            "m.gguf: llama.logit_scale: scaled logits are not supported: found 0.500000, allowed 1");
  for (const char* key : {"context_length", "embedding_length", "feed_forward_length", "block_count",
                          "attention.head_count", "attention.layer_norm_rms_epsilon"}) {
    const std::string full = std::string("llama.") + key;
    EXPECT_EQ(without(full), "m.gguf: " + full + ": missing");
  }
  EXPECT_EQ(number("llama.embedding_length", 0),
            "m.gguf: llama.embedding_length: out of range: found 0, allowed an integer from 1 to 131072");
  EXPECT_EQ(number("llama.block_count", 1025),
            "m.gguf: llama.block_count: out of range: found 1025, allowed an integer from 1 to 1024");
  EXPECT_EQ(number("llama.attention.head_count", 0),
            "m.gguf: llama.attention.head_count: out of range: found 0, allowed an integer from 1 to 4096");
  EXPECT_EQ(number("llama.attention.head_count", 5),
            "m.gguf: llama.embedding_length: not a multiple of attention.head_count: found 64, allowed a "
            "multiple of 5");
  EXPECT_EQ(number("llama.attention.head_count_kv", 8),
            "m.gguf: num_key_value_heads: out of range: found 8, allowed 1 to 4");
  EXPECT_EQ(
      number("llama.attention.head_count_kv", 3),
      "m.gguf: num_key_value_heads: does not divide num_attention_heads: found 3, allowed a divisor of 4");
  EXPECT_EQ(
      with([](GgufBuilder& f) {
        f.i32s("llama.attention.head_count_kv", {2, 2});
      }),
      "m.gguf: llama.attention.head_count_kv: wrong type: found an array of 2 int32, allowed an integer "
      "from 1 to 4096");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.u32("llama.attention.key_length", 15).u32("llama.rope.dimension_count", 15);
            }),
            "m.gguf: head_dim: odd under rotary positions: found 15, allowed an even number");
  EXPECT_EQ(
      number("llama.attention.value_length", 8),
      "m.gguf: llama.attention.value_length: values of another width than keys are not supported: found "
      "8, allowed 16");
  EXPECT_EQ(
      number("llama.rope.dimension_count", 8),
      "m.gguf: llama.rope.dimension_count: positions that turn a part of a head only are not supported: "
      "found 8, allowed 16");
  const auto real = [&](const std::string& key, float value) {
    return with([&](GgufBuilder& file) { file.f32(key, value); });
  };
  EXPECT_EQ(real("llama.attention.layer_norm_rms_epsilon", 0.0f),
            "m.gguf: llama.attention.layer_norm_rms_epsilon: out of range: found 0.000000, allowed a number "
            "above 0");
  EXPECT_EQ(real("llama.attention.layer_norm_rms_epsilon", 2.0f),
            "m.gguf: llama.attention.layer_norm_rms_epsilon: out of range: found 2.000000, allowed a number "
            "above 0, at most 1");
  EXPECT_EQ(real("llama.rope.freq_base", -1.0f),
            "m.gguf: llama.rope.freq_base: out of range: found -1.000000, allowed a number above 0");
  EXPECT_EQ(real("llama.rope.freq_base", std::numeric_limits<float>::quiet_NaN()),
            "m.gguf: llama.rope.freq_base: not a finite number: found nan");
  for (const std::string type : {"yarn", "longrope"}) {
    EXPECT_EQ(with([&](GgufBuilder& f) { f.text("llama.rope.scaling.type", type); }),
              "m.gguf: llama.rope.scaling.type: rotary scaling is not supported: found \"" + type +
                  "\", allowed \"none\", \"linear\"");
  }
  EXPECT_EQ(
      real("llama.rope.scaling.factor", -2.0f),
      "m.gguf: llama.rope.scaling.factor: out of range: found -2.000000, allowed a number above 0, or 0 "
      "for none");
  EXPECT_EQ(number("tokenizer.ggml.bos_token_id", 40),
            "m.gguf: tokenizer.ggml.bos_token_id: out of range: found 40, allowed an integer from 0 to 39");
  EXPECT_EQ(number("tokenizer.ggml.eos_token_id", 40),
            "m.gguf: tokenizer.ggml.eos_token_id: out of range: found 40, allowed an integer from 0 to 39");
  GgufBuilder gpt2 = ggufOf(numberedModel(configOf("gpt2", true)), test::kF32);
  EXPECT_EQ(failure(gpt2), "ok");
  gpt2.u32("gpt2.attention.head_count_kv", 2);
  EXPECT_EQ(failure(gpt2),
            "m.gguf: gpt2.attention.head_count_kv: shared key and value heads are not supported "
            "for gpt2: found 2, allowed 4");
}

TEST(GgufModel, TensorsThatDoNotFitAreRefused) {
  const GgufBuilder good = ggufOf(numberedModel(configOf("llama", false)), test::kF32);
  const auto with = [&](auto change) {
    GgufBuilder file = good;
    change(file);
    return failure(file);
  };
  const auto without = [&](const std::string& name) {
    return with([&](GgufBuilder& f) {
      std::erase_if(f.tensors, [&](const GgufBuilder::Tensor& t) { return t.name == name; });
    });
  };
  for (const char* name :
       {"token_embd.weight", "blk.1.attn_k.weight", "blk.0.ffn_norm.weight", "output_norm.weight"})
    EXPECT_EQ(without(name), "m.gguf: " + std::string(name) + ": tensor is missing");
  EXPECT_EQ(without("output.weight"), "ok") << "tied";
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensor("blk.0.attn_k.weight").name = "blk.0.attn_kk.weight"; }),
            "m.gguf: blk.0.attn_k.weight: tensor is missing");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensors.push_back({"blk.2.attn_k.weight", {1}, test::kF32, "1234"});
            }),
            "m.gguf: blk.2.attn_k.weight: tensor does not belong to architecture llama with this metadata");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensor("blk.0.attn_k.weight").dims = {32, 64};
            }),
            "m.gguf: blk.0.attn_k.weight: shape does not fit the metadata: found [64, 32], allowed [32, 64]");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensor("output_norm.weight").dims = {32, 2};
            }),
            "m.gguf: output_norm.weight: shape does not fit the metadata: found [2, 32], allowed [64]");
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensor("output_norm.weight").dims = {64, 1}; }), "ok");
  EXPECT_EQ(
      with([](GgufBuilder& f) { f.tensor("token_embd.weight").dims = {64 * 40}; }),
      "m.gguf: token_embd.weight: shape does not fit the metadata: found [2560], allowed [vocabulary, 64]");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensor("output.weight").dims = {40, 64};
            }),
            "m.gguf: output.weight: shape does not fit the metadata: found [64, 40], allowed [40, 64]");
  EXPECT_EQ(
      with([](GgufBuilder& f) { f.u32("llama.feed_forward_length", 97); }),
      "m.gguf: blk.0.ffn_gate.weight: shape does not fit the metadata: found [96, 64], allowed [97, 64]");
}

TEST(GgufModel, WeightsThatAreNotFiniteAreWarnedOf) {
  GgufBuilder file = ggufOf(numberedModel(configOf("gpt2", true)), test::kF32);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(file.tensor("blk.1.attn_qkv.weight").data.data() + 400, &nan, 4);
  const test::TemporaryDir folder;
  const auto loaded = loadModel(folder.write("m.gguf", file.bytes()));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_EQ(loaded.value()->warnings,
            std::vector<std::string>{"blk.1.attn_qkv.weight: 1 weight is NaN or infinite"});
}

TEST(GgufModel, ReportsProgressAndStopsWhenAsked) {
  const test::TemporaryDir folder;
  const std::string path =
      folder.write("any name", ggufOf(numberedModel(configOf("qwen2", false)), test::kF16).bytes());
  std::vector<double> reported;
  std::stop_source stop;
  LoadProgress progress;
  progress.report = [&](double fraction) { reported.push_back(fraction); };
  progress.stop = stop.get_token();
  ASSERT_TRUE(loadModel(path, progress).ok()) << "found by its magic";
  EXPECT_TRUE(std::is_sorted(reported.begin(), reported.end()));
  EXPECT_EQ(reported.back(), 1.0);
  stop.request_stop();
  EXPECT_EQ(loadModel(path, progress).error().message(), path + ": cancelled");
}

}  // namespace
}  // namespace decodescope
