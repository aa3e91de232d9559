#include "core/attention/score_scaling.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace decodescope {
namespace {

TEST(ScoreScaling, TheLecturesSoftmaxSaturates) {
  const std::vector<float> scores{10, 1, 2};
  const SoftmaxShape shape = dividedSoftmax(scores, 1);
  EXPECT_NEAR(shape.weights[0], 0.9995, 5e-5);
  EXPECT_NEAR(shape.weights[1], 0.0001, 5e-5);
  EXPECT_NEAR(shape.weights[2], 0.0003, 5e-5);
  EXPECT_EQ(shape.largest, static_cast<double>(shape.weights[0]));
  EXPECT_LT(shape.entropy, 0.01);
}

TEST(ScoreScaling, LargerDivisorsMakeItFlatter) {
  const std::vector<float> scores{10, 1, 2, -3};
  double before = -1;
  for (int i = 0; i < kScoreDivisors; ++i) {
    const SoftmaxShape shape = dividedSoftmax(scores, divisorOf(static_cast<ScoreDivisor>(i), 64));
    EXPECT_NEAR(std::accumulate(shape.weights.begin(), shape.weights.end(), 0.0), 1, 1e-6);
    EXPECT_GT(shape.entropy, before);
    before = shape.entropy;
  }
  EXPECT_NEAR(before, 2, 1e-3) << "log₂ of four keys";
}

TEST(ScoreScaling, StruckKeysWeighNothing) {
  const std::vector<float> scores{1, -std::numeric_limits<float>::infinity(), 1};
  const SoftmaxShape shape = dividedSoftmax(scores, 4);
  EXPECT_EQ(shape.weights[1], 0.0f);
  EXPECT_NEAR(shape.entropy, 1, 1e-6);
  EXPECT_EQ(varianceOf(scores), 0);
}

TEST(ScoreScaling, TheLecturesExperimentComesOutAsExpected) {
  // 10 × 64 normals, 1000 draws: about 64, 1, 1/64 and 1/64³.
  const NormalScoresExperiment experiment = normalScoresExperiment({64, 8}, 10, 1000, 1);
  ASSERT_EQ(experiment.dims, (std::vector<int>{8, 64}));
  EXPECT_NEAR(experiment.variance[0], 8, 0.8);
  EXPECT_NEAR(experiment.variance[1], 64, 3);
  const auto divided = [&](ScoreDivisor by) {
    const double c = divisorOf(by, 64);
    return experiment.variance[1] / (c * c);
  };
  EXPECT_NEAR(divided(ScoreDivisor::rootD), 1, 0.05);
  EXPECT_NEAR(divided(ScoreDivisor::d), 1.0 / 64, 1e-3);
  EXPECT_NEAR(divided(ScoreDivisor::dSquared), 1.0 / (64.0 * 64 * 64), 3e-7);
  EXPECT_EQ(normalScoresExperiment({64, 8}, 10, 1000, 1).variance, experiment.variance) << "seeded";
}

TEST(ScoreScaling, OneRowOfNormalScores) {
  const std::vector<float> row = normalScores(16, 20000, 3);
  EXPECT_EQ(row, normalScores(16, 20000, 3));
  // The variance over keys of one query is |q|², near d.
  EXPECT_NEAR(varianceOf(row), 16, 12);
}

}  // namespace
}  // namespace decodescope
