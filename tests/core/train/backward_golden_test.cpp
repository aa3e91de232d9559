#include "core/train/backward.h"
#include "tests/support/paths.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace decodescope {
namespace {

constexpr int kTokens = 11;

/// The shape that make_goldens.py gives all its cases.
ModelConfig base() {
  ModelConfig config;
  config.vocabSize = 13;
  config.hiddenSize = 8;
  config.intermediateSize = 12;
  config.numHiddenLayers = 2;
  config.maxPositionEmbeddings = 16;
  return config;
}

ModelConfig withHeads(ModelConfig config, int heads, int keyValueHeads, int headDim) {
  config.numAttentionHeads = heads;
  config.numKeyValueHeads = keyValueHeads;
  config.headDim = headDim;
  return config;
}

ModelConfig configOf(const std::string& name) {
  if (name == "llama_gqa") return withHeads(base(), 4, 2, 2);
  if (name == "llama_mqa_interleaved") {
    ModelConfig config = withHeads(base(), 2, 1, 6);
    config.rotaryLayout = RotaryLayout::interleaved;
    config.tieWordEmbeddings = false;
    config.qkvBias = true;
    return config;
  }
  ModelConfig config = withHeads(base(), 2, 2, 4);
  config.norm = NormKind::layerNorm;
  config.position = PositionKind::learned;
  config.gatedMlp = false;
  config.qkvBias = config.oProjBias = config.mlpBias = true;
  config.activation = Activation::geluTanh;
  if (name == "opt_post_norm") {
    config.activation = Activation::relu;
    config.normPlacement = NormPlacement::postNorm;
    config.finalNorm = false;
    config.positionOffset = 2;
  }
  return config;
}

bool isNormWeight(ParameterRole role) {
  return role == ParameterRole::inputNormWeight || role == ParameterRole::postAttentionNormWeight ||
         role == ParameterRole::postFeedforwardNormWeight || role == ParameterRole::finalNormWeight;
}

/// The script's formula.
void fill(Model& model) {
  const std::vector<Parameter>& parameters = model.layout().parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    float* const values = model.parameter(parameters[p]).data;
    for (std::size_t i = 0; i < parameters[p].size(); ++i) {
      const auto x = static_cast<double>(i);
      const auto number = static_cast<double>(p);
      const double wave = 0.35 * std::sin(1.3 * x + 0.9 * number + 0.01 * number * x);
      values[i] = static_cast<float>(isNormWeight(parameters[p].role) ? wave + 1.0 : wave);
    }
  }
}

class BackwardGoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(BackwardGoldenTest, GradientsAgreeWithPyTorch) {
  const ModelConfig config = configOf(GetParam());
  Model model(config);
  fill(model);
  std::vector<TokenId> tokens;
  std::vector<TokenId> targets;
  for (int t = 0; t < kTokens; ++t) {
    tokens.emplace_back((5 * t + 3) % config.vocabSize);
    targets.emplace_back((7 * t + 1) % config.vocabSize);
  }
  SequenceGradient pass(config, kTokens);
  AlignedBuffer gradient(model.arena().size());
  const double loss = pass.add(model, tokens, targets, 1.0f, gradient.span());

  std::ifstream golden(test::testPath(std::string("golden/backward/") + GetParam() + ".txt"));
  std::string word;
  double expectedLoss = 0;
  golden >> word >> expectedLoss;
  ASSERT_EQ(word, "loss");
  EXPECT_NEAR(loss, expectedLoss, 1e-5 * expectedLoss);
  for (const Parameter& p : model.layout().parameters()) {
    std::size_t count = 0;
    golden >> word >> count;
    ASSERT_EQ(count, p.size()) << word;
    double squares = 0;
    double largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      double expected = 0;
      golden >> expected;
      squares += expected * expected;
      largest = std::max(largest, std::abs(expected - static_cast<double>(gradient.data()[p.offset + i])));
    }
    // A key's bias shifts all scores of a query alike: its gradient is 0 but for rounding.
    EXPECT_LE(largest, 2e-5 * std::sqrt(squares / static_cast<double>(count)) + 2e-6) << word;
  }
  EXPECT_FALSE(golden.fail());
}

INSTANTIATE_TEST_SUITE_P(Architectures, BackwardGoldenTest,
                         testing::Values("llama_gqa", "llama_mqa_interleaved", "opt_post_norm", "gpt2"),
                         [](const testing::TestParamInfo<const char*>& it) { return std::string(it.param); });

}  // namespace
}  // namespace decodescope
