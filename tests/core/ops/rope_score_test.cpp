#include "core/ops/rope_score.h"

#include "core/base/random.h"
#include "core/ops/rope.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

constexpr RotaryLayout kLayouts[] = {RotaryLayout::rotateHalf, RotaryLayout::interleaved};

std::vector<float> normals(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

ModelConfig headOf(int headDim) {
  ModelConfig config;
  config.headDim = headDim;
  return config;
}

TEST(RopeScore, TheMatrixTurnsLikeTheCheapForm) {
  const ModelConfig config = headOf(12);
  for (const RotaryLayout layout : kLayouts) {
    std::vector<float> cosines(6), sines(6), matrix(144), x = normals(12, 1), y = x;
    ropeTable(config, Position{1234}, {cosines.data(), 1, 6}, {sines.data(), 1, 6});
    ropeMatrix(layout, cosines, sines, {matrix.data(), 12, 12});
    applyRope(layout, 12, cosines.data(), sines.data(), y);
    int zeros = 0;
    for (std::size_t r = 0; r < 12; ++r) {
      double sum = 0;
      for (std::size_t c = 0; c < 12; ++c) {
        sum += static_cast<double>(matrix[r * 12 + c]) * static_cast<double>(x[c]);
        zeros += matrix[r * 12 + c] == 0.0f ? 1 : 0;
      }
      EXPECT_NEAR(sum, static_cast<double>(y[r]), 1e-6);
    }
    EXPECT_EQ(zeros, ropeCost(12).zeroProducts);
  }
}

TEST(RopeScore, InterleavedPairsMakeTheMatrixBlockDiagonal) {
  const ModelConfig config = headOf(8);
  std::vector<float> cosines(4), sines(4), matrix(64);
  ropeTable(config, Position{3}, {cosines.data(), 1, 4}, {sines.data(), 1, 4});
  ropeMatrix(RotaryLayout::interleaved, cosines, sines, {matrix.data(), 8, 8});
  for (std::size_t r = 0; r < 8; ++r) {
    for (std::size_t c = 0; c < 8; ++c) EXPECT_EQ(matrix[r * 8 + c] != 0.0f, r / 2 == c / 2);
  }
}

TEST(RopeScore, CountsTheProducts) {
  const RopeCost cost = ropeCost(64);
  EXPECT_EQ(cost.matrixProducts, 4096);
  EXPECT_EQ(cost.zeroProducts, 3968);
  EXPECT_EQ(cost.products, 128);
  EXPECT_EQ(cost.additions, 64);
}

TEST(RopeScore, LayoutsAgreeAfterThePermutation) {
  const ModelConfig config = headOf(64);
  const std::vector<float> q = normals(64, 2), k = normals(64, 3);
  const auto moved = [](const std::vector<float>& x) {
    return withPairLayout(RotaryLayout::rotateHalf, RotaryLayout::interleaved, x);
  };
  for (const int n : {0, 17, 1999}) {
    const float own = ropeScore(config, RotaryLayout::rotateHalf, q, k, Position{2000}, Position{n});
    const float other =
        ropeScore(config, RotaryLayout::interleaved, moved(q), moved(k), Position{2000}, Position{n});
    EXPECT_NEAR(static_cast<double>(own), static_cast<double>(other), 1e-5);
  }
  EXPECT_EQ(withPairLayout(RotaryLayout::interleaved, RotaryLayout::rotateHalf, moved(q)), q);
}

TEST(RopeScore, ShiftingBothPositionsLeavesTheScore) {
  const ModelConfig config = headOf(64);
  const std::vector<float> q = normals(64, 4), k = normals(64, 5);
  for (const RotaryLayout layout : kLayouts) {
    const float at = ropeScore(config, layout, q, k, Position{37}, Position{12});
    for (const int shift : {1, 100, 1963, 2000}) {
      const float there = ropeScore(config, layout, q, k, Position{37 + shift}, Position{12 + shift});
      EXPECT_NEAR(static_cast<double>(at), static_cast<double>(there), 1e-5) << shift;
    }
  }
}

TEST(RopeScore, DependsOnTheDistanceAsTheFormulaSays) {
  const ModelConfig config = headOf(32);
  const std::vector<float> q = normals(32, 6), k = normals(32, 7);
  for (const RotaryLayout layout : kLayouts) {
    const std::vector<double> scores = ropeScoresByDistance(config, layout, q, k, 2001);
    for (const int r : {0, 1, 250, 2000})
      EXPECT_NEAR(scores[static_cast<std::size_t>(r)],
                  static_cast<double>(ropeScore(config, layout, q, k, Position{r + 5}, Position{5})), 1e-5);
  }
}

TEST(RopeScore, StaysUnderItsBound) {
  for (const int d : {4, 8, 64, 128}) {
    const ModelConfig config = headOf(d);
    const std::vector<double> decay = ropeDecay(config, 1000);
    EXPECT_NEAR(decay[0], (d / 2 + 1) / 2.0, 1e-9) << "at distance 0 S_i = i";
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
      const std::vector<float> q = normals(d, seed), k = normals(d, 100 + seed);
      const double factor = ropeBoundFactor(config, RotaryLayout::rotateHalf, q, k);
      const std::vector<double> scores = ropeScoresByDistance(config, RotaryLayout::rotateHalf, q, k, 1000);
      for (std::size_t r = 0; r < scores.size(); ++r)
        ASSERT_LE(std::abs(scores[r]), factor * decay[r] + 1e-9);
    }
  }
}

TEST(RopeScore, TheBoundFallsOverLongDistances) {
  // RoFormer's figure 2: d 128, up to a distance of 250.
  const std::vector<double> decay = ropeDecay(headOf(128), 256);
  EXPECT_LT(decay[250], decay[50]);
  EXPECT_LT(decay[50], decay[5]);
  EXPECT_LT(decay[250], decay[0] / 3);
}

}  // namespace
}  // namespace decodescope
