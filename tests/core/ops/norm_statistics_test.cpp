#include "core/ops/norm_statistics.h"

#include "core/base/random.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

/// Seeded normals with the lecture's mean of 5 and variance of 36.
std::vector<float> lectureNormals(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> x;
  for (int i = 0; i < count; ++i) x.push_back(static_cast<float>(5 + 6 * random.normal()));
  return x;
}

TEST(NormStatistics, OfARow) {
  const std::vector<float> x{1, 2, 3, 6};
  const RowStatistics s = rowStatistics(x);
  EXPECT_DOUBLE_EQ(s.mean, 3);
  EXPECT_DOUBLE_EQ(s.variance, 3.5);
  EXPECT_DOUBLE_EQ(s.meanSquare, 12.5);
  EXPECT_DOUBLE_EQ(s.rms() * s.rms(), s.variance + s.mean * s.mean);
  EXPECT_DOUBLE_EQ(s.deviation(), std::sqrt(3.5));
}

TEST(NormStatistics, LayerNormGivesMeanZeroAndVarianceOne) {
  const std::vector<float> x = lectureNormals(400, 1);
  const RowStatistics after = rowStatistics(normOf(NormKind::layerNorm, x, nullptr, nullptr, 1e-6f));
  EXPECT_NEAR(after.mean, 0, 1e-6);
  EXPECT_NEAR(after.variance, 1, 1e-5);
  const RowStatistics rms = rowStatistics(normOf(NormKind::rmsNorm, x, nullptr, nullptr, 1e-6f));
  EXPECT_NEAR(rms.rms(), 1, 1e-5);
  EXPECT_GT(rms.mean, 0.4) << "RMSNorm leaves the mean";
}

TEST(NormStatistics, NormalisingDoesNotMakeItGaussian) {
  // Two values: still two values afterwards.
  std::vector<float> x(100, -1.0f);
  std::fill(x.begin() + 70, x.end(), 9.0f);
  std::vector<float> y = normOf(NormKind::layerNorm, x, nullptr, nullptr, 1e-6f);
  std::sort(y.begin(), y.end());
  y.erase(std::unique(y.begin(), y.end()), y.end());
  EXPECT_EQ(y.size(), 2u);
}

TEST(NormStatistics, OfColumns) {
  const std::vector<float> x{1, 10, 100, 3, 10, 300};
  const ColumnStatistics s = columnStatistics({x.data(), 2, 3});
  EXPECT_EQ(s.mean, (std::vector<double>{2, 10, 200}));
  EXPECT_EQ(s.variance, (std::vector<double>{1, 0, 10000}));
}

TEST(NormStatistics, CountsTheArithmetic) {
  const NormCost layer = normCost(NormKind::layerNorm, 512), rms = normCost(NormKind::rmsNorm, 512);
  EXPECT_EQ(layer.statistics, 2);
  EXPECT_EQ(rms.statistics, 1);
  EXPECT_EQ(layer.additions, 2047);
  EXPECT_EQ(rms.additions, 512);
  EXPECT_EQ(layer.products, rms.products);
  EXPECT_EQ(layer.divisions, 3);
  EXPECT_EQ(rms.divisions, 2);
}

TEST(NormStatistics, LayerNormIgnoresAConstantAndAFactor) {
  const std::vector<float> x = lectureNormals(64, 2), gamma = lectureNormals(64, 3),
                           beta = lectureNormals(64, 4);
  for (const double addend : {-20.0, -1.0, 0.5, 30.0})
    EXPECT_NEAR(normChange(NormKind::layerNorm, x, gamma.data(), beta.data(), 1e-5f, 1, addend), 0, 2e-4);
  for (const double factor : {0.1, 2.0, 10.0})
    EXPECT_NEAR(normChange(NormKind::layerNorm, x, gamma.data(), beta.data(), 1e-5f, factor, 0), 0, 2e-3);
}

TEST(NormStatistics, RmsNormIgnoresAFactorButNotAConstant) {
  const std::vector<float> x = lectureNormals(64, 2), gamma = lectureNormals(64, 3);
  for (const double factor : {0.1, 2.0, 10.0})
    EXPECT_NEAR(normChange(NormKind::rmsNorm, x, gamma.data(), nullptr, 1e-5f, factor, 0), 0, 2e-3);
  // As the formula says: γ (x + c) / √(mean x² + 2cμ + c² + ε).
  const RowStatistics s = rowStatistics(x);
  const double addend = 4, eps = 1e-5;
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = static_cast<double>(x[i]);
    const double after = (v + addend) / std::sqrt(s.meanSquare + 2 * addend * s.mean + addend * addend + eps);
    const double before = v / std::sqrt(s.meanSquare + eps);
    largest = std::max(largest, std::abs(static_cast<double>(gamma[i]) * (after - before)));
  }
  EXPECT_GT(largest, 0.1);
  EXPECT_NEAR(normChange(NormKind::rmsNorm, x, gamma.data(), nullptr, 1e-5f, 1, addend), largest, 1e-4);
}

}  // namespace
}  // namespace decodescope
