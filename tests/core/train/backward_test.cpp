#include "core/train/backward.h"

#include "core/base/random.h"
#include "core/train/backward_ops.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <string>

namespace decodescope {
namespace {

struct Case {
  std::string name;
  ModelConfig config;
};

ModelConfig smallLlama() {
  ModelConfig config;
  config.vocabSize = 19;
  config.hiddenSize = 16;
  config.intermediateSize = 24;
  config.numHiddenLayers = 2;
  config.numAttentionHeads = 4;
  config.numKeyValueHeads = 2;
  config.headDim = 4;
  config.maxPositionEmbeddings = 128;
  return config;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({"Gqa", smallLlama()});
  ModelConfig c = smallLlama();
  c.numKeyValueHeads = 4;
  c.rotaryLayout = RotaryLayout::interleaved;
  c.tieWordEmbeddings = false;
  all.push_back({"MhaInterleavedUntied", c});
  c = smallLlama();
  c.numKeyValueHeads = 1;
  c.headDim = 6;
  c.qkvBias = true;
  all.push_back({"MqaExplicitHeadDimQkvBias", c});
  c = smallLlama();
  c.norm = NormKind::layerNorm;
  c.position = PositionKind::learned;
  c.numKeyValueHeads = 4;
  c.gatedMlp = false;
  c.activation = Activation::geluTanh;
  c.qkvBias = c.oProjBias = c.mlpBias = c.lmHeadBias = true;
  all.push_back({"PreLayerNormLearnedGelu", c});
  c.activation = Activation::gelu;
  c.tieWordEmbeddings = false;
  all.push_back({"PreLayerNormUntiedExactGelu", c});
  c.activation = Activation::silu;
  c.normPlacement = NormPlacement::postNorm;
  c.finalNorm = false;
  c.positionOffset = 2;
  c.lmHeadBias = false;
  c.tieWordEmbeddings = true;
  all.push_back({"PostLayerNormOffsetPositions", c});
  c.position = PositionKind::sinusoidal;
  c.positionOffset = 0;
  c.norm = NormKind::rmsNorm;
  c.finalNorm = true;
  all.push_back({"PostRmsNormSinusoidal", c});
  c = smallLlama();
  c.position = PositionKind::none;
  c.mlpBias = true;
  c.activation = Activation::gelu;
  all.push_back({"NoPositionsGatedGeluMlpBias", c});
  c = smallLlama();
  c.slidingWindow = 9;
  all.push_back({"SlidingWindow", c});
  c = smallLlama();
  c.attention = AttentionKind::latent;
  c.rotaryLayout = RotaryLayout::interleaved;
  c.numKeyValueHeads = 4;
  c.qkNopeHeadDim = 3;
  c.qkRopeHeadDim = 4;
  c.headDim = 7;
  c.vHeadDim = 5;
  c.kvLoraRank = 6;
  all.push_back({"Mla", c});
  c.qLoraRank = 8;
  all.push_back({"MlaQueryRank", c});
  c = smallLlama();
  c.attention = AttentionKind::linear;
  c.position = PositionKind::learned;
  all.push_back({"LinearAttention", c});
  return all;
}

void fillWithNormals(Model& model, std::uint64_t seed) {
  Random random(seed);
  for (const Parameter& p : model.layout().parameters()) {
    const MatrixSpan matrix = model.parameter(p);
    const bool gamma =
        p.role == ParameterRole::inputNormWeight || p.role == ParameterRole::postAttentionNormWeight ||
        p.role == ParameterRole::postFeedforwardNormWeight || p.role == ParameterRole::finalNormWeight ||
        p.role == ParameterRole::qANormWeight || p.role == ParameterRole::kvANormWeight;
    for (int r = 0; r < p.rows; ++r) {
      for (int col = 0; col < p.cols; ++col)
        matrix(r, col) = static_cast<float>(0.3 * random.normal()) + (gamma ? 1.0f : 0.0f);
    }
  }
}

struct Text {
  std::vector<TokenId> tokens, targets;
};

Text randomText(const ModelConfig& config, int length, std::uint64_t seed) {
  Random random(seed);
  Text text;
  for (int i = 0; i < length; ++i) {
    const auto vocabulary = static_cast<std::uint64_t>(config.vocabSize);
    text.tokens.emplace_back(static_cast<int>(random.below(vocabulary)));
    text.targets.emplace_back(static_cast<int>(random.below(vocabulary)));
  }
  text.targets[1] = kNoTarget;
  return text;
}

class BackwardTest : public testing::TestWithParam<Case> {};

/// The directional derivative along random ±1 directions within one parameter, by central differences.
TEST_P(BackwardTest, AgreesWithFiniteDifferencesForEveryParameter) {
  const ModelConfig& config = GetParam().config;
  ASSERT_TRUE(config.validate().ok());
  Model model(config);
  fillWithNormals(model, 3);
  const int length = 70;  // two blocks of query rows
  const Text text = randomText(config, length, 4);
  SequenceGradient gradient(config, length);
  AlignedBuffer arena(model.arena().size());
  const double sum = gradient.add(model, text.tokens, text.targets, 1.0f, arena.span());
  EXPECT_NEAR(sum, gradient.loss(model, text.tokens, text.targets), 1e-4 * sum);

  Random random(5);
  for (const Parameter& p : model.layout().parameters()) {
    const std::span<float> weights = model.arena().subspan(p.offset, p.size());
    const std::vector<float> kept(weights.begin(), weights.end());
    for (int repeat = 0; repeat < 3; ++repeat) {
      // A few entries at a time, so that no sum of many hides one that is wrong.
      std::vector<float> direction(p.size());
      double expected = 0;
      for (std::size_t i = 0; i < direction.size(); ++i) {
        if (random.below(p.size()) >= 12) continue;
        direction[i] = random.below(2) == 0 ? 1.0f : -1.0f;
        expected += static_cast<double>(direction[i] * arena.data()[p.offset + i]);
      }
      const auto lossAt = [&](float h) {
        for (std::size_t i = 0; i < direction.size(); ++i) weights[i] = kept[i] + h * direction[i];
        return gradient.loss(model, text.tokens, text.targets);
      };
      // Richardson: the error of the central difference falls from h² to h⁴.
      const float h = 4e-3f;
      const double coarse = (lossAt(2 * h) - lossAt(-2 * h)) / (4.0 * static_cast<double>(h));
      const double fine = (lossAt(h) - lossAt(-h)) / (2.0 * static_cast<double>(h));
      const double measured = (4.0 * fine - coarse) / 3.0;
      std::copy(kept.begin(), kept.end(), weights.begin());
      EXPECT_NEAR(measured, expected, 0.03 + 0.01 * std::abs(expected))
          << "role " << static_cast<int>(p.role) << " layer " << p.layer.value;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, BackwardTest, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& it) { return it.param.name; });

}  // namespace
}  // namespace decodescope
