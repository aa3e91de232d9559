#include "core/ops/norm.h"

#include "core/base/random.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace decodescope {
namespace {

constexpr int kWidth = 48;
using Row = std::vector<float>;

Row normals(std::uint64_t seed, double factor = 1.0, double constant = 0.0) {
  Random random(seed);
  Row values(kWidth);
  for (float& value : values) value = static_cast<float>(factor * random.normal() + constant);
  return values;
}

Row layerNormed(const Row& x, const Row& gamma, const Row& beta) {
  Row y(kWidth);
  layerNorm(x.data(), gamma.data(), beta.data(), 1e-12f, kWidth, y.data());
  return y;
}

Row rmsNormed(const Row& x, const Row& gamma) {
  Row y(kWidth);
  rmsNorm(x.data(), gamma.data(), 1e-12f, kWidth, y.data());
  return y;
}

float largestDifference(const Row& a, const Row& b) {
  float difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = std::max(difference, std::abs(a[i] - b[i]));
  return difference;
}

TEST(Norm, LayerNormTurnsMean5AndVariance36Into0And1) {
  double mean = 0, power = 0;
  for (const float v : layerNormed(normals(5, 6, 5), Row(kWidth, 1.0f), Row(kWidth, 0.0f))) {
    mean += static_cast<double>(v) / kWidth;
    power += static_cast<double>(v) * static_cast<double>(v) / kWidth;
  }
  EXPECT_NEAR(mean, 0, 1e-6);
  EXPECT_NEAR(power, 1, 1e-6);
}

TEST(Norm, RmsNormMakesTheMeanSquareOne) {
  double power = 0;
  for (const float v : rmsNormed(normals(5, 6, 5), Row(kWidth, 1.0f)))
    power += static_cast<double>(v) * static_cast<double>(v) / kWidth;
  EXPECT_NEAR(power, 1, 1e-6);
}

TEST(Norm, AddingAConstantLeavesLayerNormOnly) {
  const Row gamma = normals(7), beta = normals(8);
  EXPECT_LT(
      largestDifference(layerNormed(normals(6), gamma, beta), layerNormed(normals(6, 1, 3), gamma, beta)),
      1e-5f);
  EXPECT_GT(largestDifference(rmsNormed(normals(6), gamma), rmsNormed(normals(6, 1, 3), gamma)), 0.1f);
}

TEST(Norm, MultiplyingLeavesBoth) {
  const Row gamma = normals(7), beta = normals(8);
  EXPECT_LT(largestDifference(layerNormed(normals(6), gamma, beta), layerNormed(normals(6, 4), gamma, beta)),
            1e-5f);
  EXPECT_LT(largestDifference(rmsNormed(normals(6), gamma), rmsNormed(normals(6, 4), gamma)), 1e-5f);
}

}  // namespace
}  // namespace decodescope
