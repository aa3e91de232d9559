#include "core/decode/sampler.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

namespace decodescope {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<int> keptIds(std::span<const float> logits, const SamplingSettings& settings) {
  std::vector<int> ids;
  for (const Candidate& candidate : keptCandidates(logits, settings)) ids.push_back(candidate.token.value);
  return ids;
}

SamplingSettings at(double temperature, int topK = 0, double topP = 1.0) {
  SamplingSettings settings;
  settings.temperature = temperature;
  settings.topK = topK;
  settings.topP = topP;
  return settings;
}

TEST(Sampler, GreedyTakesTheLargestAndTheLowestIdAmongEquals) {
  const std::vector<float> logits{1.0f, 3.0f, 3.0f, -2.0f};
  EXPECT_EQ(sampleToken(logits, at(0), 1), TokenId{1});
  EXPECT_EQ(keptIds(logits, at(0)), std::vector<int>{1});
}

TEST(Sampler, TopKKeepsTheKLargest) {
  const std::vector<float> logits{1.0f, 3.0f, 2.0f, -2.0f};
  EXPECT_EQ(keptIds(logits, at(1, 2)), (std::vector<int>{1, 2}));
  EXPECT_EQ(keptIds(logits, at(1, 99)), (std::vector<int>{1, 2, 0, 3}));
}

TEST(Sampler, TopPKeepsTheSmallestSetThatReachesP) {
  // Probabilities 0.5, 0.25, 0.125, 0.125.
  const std::vector<float> logits{std::log(4.0f), std::log(2.0f), 0.0f, 0.0f};
  EXPECT_EQ(keptIds(logits, at(1, 0, 0.4)), (std::vector<int>{0}));
  EXPECT_EQ(keptIds(logits, at(1, 0, 0.74)), (std::vector<int>{0, 1}));
  EXPECT_EQ(keptIds(logits, at(1, 0, 0.76)), (std::vector<int>{0, 1, 2}));
  const std::vector<Candidate> candidates = keptCandidates(logits, at(1, 0, 0.74));
  EXPECT_NEAR(candidates[0].probability, 2.0 / 3, 1e-6);
  EXPECT_NEAR(candidates[1].probability, 1.0 / 3, 1e-6);
}

TEST(Sampler, TemperatureDividesTheLogits) {
  const std::vector<float> logits{2.0f, 0.0f};
  EXPECT_NEAR(keptCandidates(logits, at(2))[0].probability, 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_NEAR(keptCandidates(logits, at(0.5))[0].probability, 1 / (1 + std::exp(-4.0)), 1e-6);
}

TEST(Sampler, DrawsFollowTheProbabilitiesAndDependOnSeedAndDrawAlone) {
  const std::vector<float> logits{std::log(6.0f), std::log(3.0f), 0.0f};
  std::map<int, int> counts;
  SamplingSettings settings = at(1);
  settings.seed = 42;
  for (int draw = 1; draw <= 20000; ++draw) {
    const TokenId token = sampleToken(logits, settings, draw);
    EXPECT_EQ(sampleToken(logits, settings, draw), token);
    ++counts[token.value];
  }
  EXPECT_NEAR(counts[0] / 20000.0, 0.6, 0.015);
  EXPECT_NEAR(counts[1] / 20000.0, 0.3, 0.015);
  EXPECT_NEAR(counts[2] / 20000.0, 0.1, 0.015);
}

TEST(Sampler, RecordedDrawsAreTheSameOnEveryMachine) {
  std::vector<float> logits(10);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 3);
  SamplingSettings settings = at(1);
  settings.seed = 7;
  std::vector<int> drawn;
  for (int draw = 1; draw <= 8; ++draw) drawn.push_back(sampleToken(logits, settings, draw).value);
  EXPECT_EQ(drawn, (std::vector<int>{2, 5, 8, 5, 4, 2, 5, 4}));
}

TEST(Sampler, HoldsItsGroundOnNumbersThatAreNone) {
  const std::vector<float> withNan{std::nanf(""), 1.0f, -kInf};
  EXPECT_EQ(sampleToken(withNan, at(0), 1), TokenId{1});
  EXPECT_EQ(keptIds(withNan, at(1)), std::vector<int>{1});
  const std::vector<float> nothing{std::nanf(""), -kInf};
  EXPECT_EQ(sampleToken(nothing, at(1), 1), TokenId{0});
  const std::vector<float> infinite{0.0f, kInf};
  EXPECT_EQ(sampleToken(infinite, at(1), 3), TokenId{1});
  EXPECT_EQ(tokenProbability(infinite, TokenId{1}), 1.0);
  EXPECT_EQ(tokenProbability(withNan, TokenId{0}), 0.0);
}

}  // namespace
}  // namespace decodescope
