#include "core/ops/rope.h"

#include "core/base/random.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>
#include <vector>

namespace decodescope {
namespace {

std::vector<float> normals(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

ModelConfig headOf(int headDim, RotaryLayout layout = RotaryLayout::rotateHalf) {
  ModelConfig config;
  config.headDim = headDim;
  config.rotaryLayout = layout;
  return config;
}

std::vector<float> rotated(const ModelConfig& config, std::vector<float> row, int position) {
  const int pairs = config.headDim / 2;
  std::vector<float> cosines(static_cast<std::size_t>(pairs)), sines(static_cast<std::size_t>(pairs));
  ropeTable(config, Position{position}, {cosines.data(), 1, pairs}, {sines.data(), 1, pairs});
  applyRope(config.rotaryLayout, config.headDim, cosines.data(), sines.data(), row);
  return row;
}

double score(const std::vector<float>& q, const std::vector<float>& k) {
  double sum = 0;
  for (std::size_t i = 0; i < q.size(); ++i) sum += static_cast<double>(q[i]) * static_cast<double>(k[i]);
  return sum;
}

TEST(Rope, AScoreDependsOnTheDifferenceOfThePositionsAlone) {
  for (const RotaryLayout layout : {RotaryLayout::rotateHalf, RotaryLayout::interleaved}) {
    const ModelConfig config = headOf(32, layout);
    const std::vector<float> q = normals(32, 1), k = normals(32, 2);
    const double expected = score(rotated(config, q, 17), rotated(config, k, 5));
    for (const int shift : {1, 100, 1983}) {
      EXPECT_NEAR(score(rotated(config, q, 17 + shift), rotated(config, k, 5 + shift)), expected, 1e-5);
    }
    EXPECT_GT(std::abs(score(rotated(config, q, 18), rotated(config, k, 5)) - expected), 1e-3);
  }
}

TEST(Rope, BothLayoutsAgreeAfterTheirPermutation) {
  const std::vector<float> x = normals(16, 3);
  std::vector<float> permuted(16);
  for (std::size_t i = 0; i < 8; ++i) permuted[2 * i] = x[i], permuted[2 * i + 1] = x[i + 8];
  for (const int position : {0, 1, 7, 2000}) {
    const std::vector<float> a = rotated(headOf(16), x, position);
    const std::vector<float> b = rotated(headOf(16, RotaryLayout::interleaved), permuted, position);
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(a[i], b[2 * i]);
      EXPECT_EQ(a[i + 8], b[2 * i + 1]);
    }
  }
}

TEST(Rope, PositionZeroChangesNothingAndLengthsStay) {
  const std::vector<float> x = normals(24, 4);
  EXPECT_EQ(rotated(headOf(8), x, 0), x);
  EXPECT_NEAR(score(rotated(headOf(8), x, 999), rotated(headOf(8), x, 999)), score(x, x), 1e-5);
}

TEST(Rope, TheFirstPairTurnsByOneRadianAPosition) {
  EXPECT_DOUBLE_EQ(ropeFrequency(headOf(4), 0), 1.0);
  EXPECT_DOUBLE_EQ(ropeFrequency(headOf(4), 1), 0.01);
  const std::vector<float> turned = rotated(headOf(4), {1, 0, 0, 0}, 1);
  EXPECT_NEAR(turned[0], std::cos(1.0), 1e-7);
  EXPECT_NEAR(turned[2], std::sin(1.0), 1e-7);
}

TEST(Rope, ScalingDividesTheFrequencies) {
  ModelConfig config = headOf(8);
  config.ropeScaling = {.kind = RopeScaling::Kind::linear, .factor = 4};
  for (int i = 0; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(ropeFrequency(config, i), ropeUnscaledFrequency(config, i) / 4);
    EXPECT_DOUBLE_EQ(ropeUnscaledFrequency(config, i), ropeFrequency(headOf(8), i));
  }
  // Four times as far along is the same angle.
  const std::vector<float> x = normals(8, 5);
  EXPECT_EQ(rotated(config, x, 400), rotated(headOf(8), x, 100));
  config.ropeScaling = {.kind = RopeScaling::Kind::divisors, .divisors = {1, 2, 3, 4}};
  for (int i = 0; i < 4; ++i)
    EXPECT_DOUBLE_EQ(ropeFrequency(config, i), ropeUnscaledFrequency(config, i) / (i + 1));
}

/// Llama 3.1's own settings: θ 500000, d 128, ÷ 8 for pairs of more than 8192 positions a turn, 1 under 2048.
TEST(Rope, Llama3ScalingStretchesTheSlowPairsAlone) {
  ModelConfig config = headOf(128);
  config.ropeTheta = 500000;
  config.ropeScaling = {.kind = RopeScaling::Kind::llama3, .factor = 8};
  int kept = 0, blended = 0, slow = 0;
  double previous = 2;
  for (int i = 0; i < 64; ++i) {
    const double plain = ropeUnscaledFrequency(config, i), scaled = ropeFrequency(config, i);
    const double wavelength = 2 * std::numbers::pi / plain;
    EXPECT_LT(scaled, previous) << i;
    previous = scaled;
    if (wavelength < 2048) {
      EXPECT_DOUBLE_EQ(scaled, plain);
      ++kept;
    } else if (wavelength > 8192) {
      EXPECT_DOUBLE_EQ(scaled, plain / 8);
      ++slow;
    } else {
      EXPECT_GT(scaled, plain / 8);
      EXPECT_LT(scaled, plain);
      ++blended;
    }
  }
  EXPECT_EQ(kept, 29);
  EXPECT_EQ(blended, 6);
  EXPECT_EQ(slow, 29);
}

TEST(Sinusoidal, FirstRowsOfThePapersTable) {
  std::vector<float> row(6);
  sinusoidalPosition(Position{0}, row);
  EXPECT_EQ(row, (std::vector<float>{0, 1, 0, 1, 0, 1}));
  sinusoidalPosition(Position{3}, row);
  EXPECT_NEAR(row[0], std::sin(3.0), 1e-7);
  EXPECT_NEAR(row[1], std::cos(3.0), 1e-7);
  EXPECT_NEAR(row[2], std::sin(3.0 / std::pow(10000.0, 2.0 / 6)), 1e-7);
}

}  // namespace
}  // namespace decodescope
