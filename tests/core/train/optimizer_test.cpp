#include "core/train/optimizer.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(LearningRate, WarmsUpAndFallsOnAHalfCosine) {
  OptimizerSettings s;
  s.steps = 101;
  s.warmupSteps = 10;
  s.learningRate = 1.0;
  s.finalLearningRate = 0.1;
  EXPECT_DOUBLE_EQ(learningRateAt(s, 0), 0.1);
  EXPECT_DOUBLE_EQ(learningRateAt(s, 9), 1.0);
  EXPECT_DOUBLE_EQ(learningRateAt(s, 10), 1.0);
  EXPECT_NEAR(learningRateAt(s, 55), 0.55, 1e-12);
  EXPECT_NEAR(learningRateAt(s, 100), 0.1, 1e-12);
}

TEST(GlobalNorm, IsTheRootOfTheSumOfSquares) {
  ThreadPool pool(2);
  const std::vector<float> values(40000, 0.5f);
  EXPECT_DOUBLE_EQ(globalNorm(values, pool), 100.0);
}

/// Two steps by hand in double precision, for a matrix, which decays, and a vector, which does not.
TEST(AdamW, FollowsTheFormula) {
  ModelConfig config;
  config.vocabSize = 2;
  config.hiddenSize = 2;
  config.intermediateSize = 2;
  config.numHiddenLayers = 1;
  config.numAttentionHeads = config.numKeyValueHeads = 1;
  config.headDim = 2;
  config.maxPositionEmbeddings = 4;
  const ParameterLayout layout(config);
  OptimizerSettings s;
  s.steps = 10;
  s.warmupSteps = 1;
  s.learningRate = s.finalLearningRate = 0.1;
  s.weightDecay = 0.5;
  AdamW optimizer(layout, s, true);
  std::vector<float> weights(layout.arenaSize(), 1.0f);
  std::vector<float> gradient(layout.arenaSize(), 0.0f);
  const std::size_t matrix = layout.find(ParameterRole::qProjWeight, LayerIndex{0})->offset;
  const std::size_t vector = layout.find(ParameterRole::finalNormWeight)->offset;
  ThreadPool pool(1);
  double m = 0;
  double v = 0;
  double decayed = 1;
  double plain = 1;
  for (int step = 0; step < 2; ++step) {
    gradient[matrix] = gradient[vector] = step == 0 ? 2.0f : -6.0f;
    optimizer.update(weights, gradient, 0.5, step, pool);
    const double g = step == 0 ? 1.0 : -3.0;
    m = 0.9 * m + 0.1 * g;
    v = 0.95 * v + 0.05 * g * g;
    const double move =
        0.1 * (m / (1 - std::pow(0.9, step + 1))) / (std::sqrt(v / (1 - std::pow(0.95, step + 1))) + 1e-8);
    decayed = decayed * (1 - 0.1 * 0.5) - move;
    plain -= move;
    EXPECT_NEAR(weights[matrix], decayed, 1e-6);
    EXPECT_NEAR(weights[vector], plain, 1e-6);
  }
}

}  // namespace
}  // namespace decodescope
