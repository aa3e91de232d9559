#include "core/decode/pick_steps.h"

#include "core/base/random.h"
#include "core/decode/sampler.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

std::vector<float> normalLogits(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> logits;
  for (int i = 0; i < count; ++i) logits.push_back(static_cast<float>(3 * random.normal()));
  return logits;
}

TEST(PickSteps, LectureSoftmax) {
  const float logits[] = {10, 1, 2};
  const PickSteps steps = pickSteps(logits, {}, 3);
  ASSERT_EQ(steps.candidates.size(), 3u);
  EXPECT_EQ(steps.candidates[0].token, TokenId{0});
  EXPECT_NEAR(steps.candidates[0].probability, 0.9995, 5e-5);
  EXPECT_NEAR(steps.candidates[1].probability, 0.0003, 5e-5);
  EXPECT_NEAR(steps.candidates[2].probability, 0.0001, 5e-5);
  EXPECT_EQ(steps.keptCount, 1);
  EXPECT_EQ(steps.candidates[0].kept, 1.0);
  EXPECT_EQ(steps.candidates[1].fate, CandidateFate::notLargest);
}

TEST(PickSteps, AgreesWithTheSampler) {
  const std::vector<float> logits = normalLogits(200, 5);
  for (const SamplingSettings& settings :
       {SamplingSettings{}, SamplingSettings{.temperature = 0.7},
        SamplingSettings{.temperature = 1.3, .topK = 7}, SamplingSettings{.temperature = 1, .topP = 0.8},
        SamplingSettings{.temperature = 2, .topK = 30, .topP = 0.6}}) {
    const PickSteps steps = pickSteps(logits, settings, 200);
    const std::vector<Candidate> kept = keptCandidates(logits, settings);
    ASSERT_EQ(steps.keptCount, static_cast<int>(kept.size()));
    double probability = 0, tempered = 0, sum = 0;
    for (std::size_t i = 0; i < steps.candidates.size(); ++i) {
      const CandidateSteps& c = steps.candidates[i];
      probability += c.probability;
      tempered += c.tempered;
      EXPECT_NEAR(c.keptBefore, sum, 1e-12);
      sum += c.kept;
      if (i < kept.size()) {
        EXPECT_EQ(c.token, kept[i].token);
        EXPECT_EQ(c.kept, kept[i].probability);
      }
      EXPECT_EQ(c.fate == CandidateFate::kept, i < kept.size());
      if (i >= kept.size() && settings.topK > 0 && settings.topP == 1)
        EXPECT_EQ(c.fate, CandidateFate::cutByTopK);
      if (i >= kept.size() && settings.topK == 0 && settings.topP < 1)
        EXPECT_EQ(c.fate, CandidateFate::cutByTopP);
      EXPECT_NEAR(c.probability, tokenProbability(logits, c.token), 1e-8);
    }
    EXPECT_NEAR(probability, 1, 1e-12);
    EXPECT_NEAR(tempered, 1, 1e-12);
    EXPECT_NEAR(sum, 1, 1e-12);
    for (int draw = 1; draw < 50; ++draw) {
      const TokenId pick = sampleToken(logits, settings, draw);
      const double u = drawnNumber(settings, draw);
      for (const CandidateSteps& c : steps.candidates) {
        if (c.token != pick) continue;
        EXPECT_LE(c.keptBefore, u + 1e-12);
        EXPECT_GT(c.keptBefore + c.kept, u - 1e-12);
      }
    }
  }
}

TEST(PickSteps, FollowsAnUnlikelyTokenToo) {
  const std::vector<float> logits = normalLogits(100, 9);
  const PickSteps all = pickSteps(logits, {.temperature = 1, .topK = 40}, 100);
  const PickSteps few = pickSteps(logits, {.temperature = 1, .topK = 40}, 3, all.candidates[20].token);
  ASSERT_EQ(few.candidates.size(), 4u);
  EXPECT_EQ(few.candidates[3].rank, 21);
  EXPECT_EQ(few.candidates[3].kept, all.candidates[20].kept);
  EXPECT_NEAR(few.candidates[3].keptBefore, all.candidates[20].keptBefore, 1e-12);
  EXPECT_EQ(pickSteps(logits, {}, 3, all.candidates[1].token).candidates.size(), 3u);
}

TEST(PickSteps, EntropyInBits) {
  const float even[] = {1, 1, 1, 1};
  const PickSteps steps = pickSteps(even, {.temperature = 1, .topK = 2}, 4);
  EXPECT_NEAR(steps.probabilityEntropy, 2, 1e-12);
  EXPECT_NEAR(steps.keptEntropy, 1, 1e-12);
  EXPECT_EQ(steps.candidates[2].token, TokenId{2});
  EXPECT_EQ(pickSteps(even, {}, 4).keptEntropy, 0);
}

TEST(PickSteps, BrokenLogits) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const float logits[] = {std::nanf(""), -kInf, 2, kInf};
  const PickSteps steps = pickSteps(logits, {.temperature = 1}, 4);
  EXPECT_EQ(steps.candidates[0].token, TokenId{3});
  EXPECT_EQ(steps.candidates[0].probability, 1);
  EXPECT_EQ(steps.candidates[1].probability, 0);
  EXPECT_TRUE(pickSteps({}, {}, 4).candidates.empty());
}

}  // namespace
}  // namespace decodescope
