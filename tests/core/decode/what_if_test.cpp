#include "core/attention/attention_rows.h"
#include "core/decode/lane.h"
#include "core/explain/explanation.h"
#include "tests/support/random_model.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

Lane startLane(const LoadedModelPtr& model, const RunSettings& settings, int promptLength = 5) {
  return std::move(Lane::start(model, settings, test::randomTokens(model->config(), promptLength, 1), {}))
      .value();
}

LoadedModelPtr groupedModel() {
  ModelConfig config = test::smallConfig();
  config.numKeyValueHeads = 2;
  return test::randomLoadedModel(config, 9);
}

TEST(WhatIf, RulesThatNameNothingReachableChangeNothing) {
  const LoadedModelPtr model = groupedModel();
  RunSettings never;
  never.rules.struckHeads = {{LayerIndex{1}, HeadIndex{0}, Position{1000}}};
  never.rules.struckRows = {{LayerIndex{0}, KvHeadIndex{1}, Position{900}, Position{0}}};
  Lane plain = startLane(model, {}), ruled = startLane(model, never);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(plain.step());
    ASSERT_TRUE(ruled.step());
  }
  EXPECT_EQ(plain.snapshot()->tokens, ruled.snapshot()->tokens);
  const RunSnapshotPtr a = plain.snapshot(), b = ruled.snapshot();
  const std::span<const float> x = a->positions.back()->row(Site::logits),
                               y = b->positions.back()->row(Site::logits);
  EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
}

TEST(WhatIf, AStruckHeadGivesNothingFromItsPositionOn) {
  const LoadedModelPtr model = groupedModel();
  for (const bool kvCache : {true, false}) {
    RunSettings settings;
    settings.kvCache = kvCache;
    settings.rules.struckHeads = {{LayerIndex{0}, HeadIndex{2}, Position{3}}};
    Lane lane = startLane(model, settings);
    ASSERT_TRUE(lane.step());
    const RunSnapshotPtr run = lane.snapshot();
    for (int p = 0; p < 5; ++p) {
      const std::span<const float> context = run->trace(Position{p})->row(Site::context, LayerIndex{0});
      double struck = 0, other = 0;
      for (std::size_t i = 0; i < 6; ++i)
        struck += std::abs(static_cast<double>(context[12 + i])),
            other += std::abs(static_cast<double>(context[i]));
      EXPECT_EQ(struck == 0, p >= 3) << p;
      EXPECT_GT(other, 0);
    }
    const std::optional<Explanation> e = explain(*run, {Site::context, LayerIndex{0}, Position{4}, 13}, 5);
    ASSERT_TRUE(e);
    EXPECT_EQ(e->traced, 0.0f);
    EXPECT_EQ(e->recomputed, 0.0);
  }
}

TEST(WhatIf, AStruckRowHasWeightZeroForItsGroupAndTheSameWithAndWithoutTheCache) {
  const LoadedModelPtr model = groupedModel();
  std::vector<std::vector<TokenId>> texts;
  for (const bool kvCache : {true, false}) {
    RunSettings settings;
    settings.kvCache = kvCache;
    settings.rules.struckRows = {{LayerIndex{1}, KvHeadIndex{1}, Position{2}, Position{4}}};
    Lane lane = startLane(model, settings);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(lane.step());
    const RunSnapshotPtr run = lane.snapshot();
    texts.push_back(run->tokens);
    EXPECT_LT(run->steps.back().maxAbsDiff, 1e-4);
    for (int h = 0; h < 4; ++h) {
      for (const int query : {2, 3, 4, 9}) {
        const std::vector<float> row = attentionRow(model->config(), run->positions, LayerIndex{1},
                                                    HeadIndex{h}, Position{query}, ScoreStage::weight);
        EXPECT_EQ(row[2] == 0.0f, h >= 2 && query >= 4) << h << " " << query;
        double sum = 0;
        for (const float a : row) sum += static_cast<double>(a);
        EXPECT_NEAR(sum, 1, 1e-6);
      }
    }
    const std::optional<Explanation> e =
        explain(*run, {Site::scores, LayerIndex{1}, Position{9}, 3 * 10 + 2}, 10);
    ASSERT_TRUE(e);
    EXPECT_TRUE(std::isinf(e->traced) && e->traced < 0);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(WhatIf, WithoutAMaskEveryQuerySeesAllTokensAndEveryStepIsKept) {
  const LoadedModelPtr model = groupedModel();
  RunSettings settings;
  settings.rules.causalMask = false;
  Lane lane = startLane(model, settings);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(lane.step());
  const RunSnapshotPtr run = lane.snapshot();
  for (int s = 1; s <= 4; ++s) {
    const std::span<const PositionTracePtr> traces = run->tracesAt(StepIndex{s});
    ASSERT_EQ(traces.size(), static_cast<std::size_t>(4 + s));
    EXPECT_EQ(run->steps[static_cast<std::size_t>(s - 1)].rowsComputed, 4 + s);
    EXPECT_FALSE(run->steps[static_cast<std::size_t>(s - 1)].kvCache);
    const std::vector<float> first =
        attentionRow(model->config(), traces, LayerIndex{1}, HeadIndex{0}, Position{0}, ScoreStage::weight);
    ASSERT_EQ(first.size(), traces.size());
    EXPECT_GT(first.back(), 0.0f);  // the first token looks at the last: the leak
  }
  // Rows change from step to step.
  EXPECT_NE(run->tracesAt(StepIndex{1})[0]->row(Site::output, LayerIndex{0})[0],
            run->tracesAt(StepIndex{4})[0]->row(Site::output, LayerIndex{0})[0]);
  for (int index : {0, 7, 15, 31}) {
    const std::optional<Explanation> e = explain(*run, {Site::weights, LayerIndex{0}, Position{2}, index}, 8);
    ASSERT_TRUE(e);
    EXPECT_NEAR(e->recomputed, e->traced, 1e-6);
  }
  EXPECT_EQ(cellCount(*run, Site::weights, Position{2}, 8), 4 * 8);
}

TEST(Branch, SharesThePrefixAndGoesOnWithAnotherToken) {
  const LoadedModelPtr model = groupedModel();
  for (const bool kvCache : {true, false}) {
    RunSettings settings;
    settings.kvCache = kvCache;
    Lane source = startLane(model, settings);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(source.step());
    const RunSnapshotPtr original = source.snapshot();
    const TokenId other{(original->tokens[7].value + 1) % 50};
    Lane branch = Lane::branch(*original, StepIndex{3}, other, settings, {});
    EXPECT_EQ(branch.stepCount(), 3);
    ASSERT_TRUE(branch.step());
    ASSERT_TRUE(branch.step());
    const RunSnapshotPtr run = branch.snapshot();
    EXPECT_EQ(run->tokens[7], other);
    EXPECT_EQ(run->positions[5], original->positions[5]);
    EXPECT_EQ(run->steps[3].rowsComputed, kvCache ? 1 : 8);
    // The same as a run that was given this text from the start.
    std::vector<TokenId> text(run->tokens.begin(), run->tokens.begin() + 8);
    Lane fresh = std::move(Lane::start(model, settings, text, {})).value();
    ASSERT_TRUE(fresh.step());
    ASSERT_TRUE(fresh.step());
    EXPECT_EQ(fresh.snapshot()->tokens, run->tokens);
    EXPECT_EQ(original->tokens[7], source.snapshot()->tokens[7]);
  }
}

TEST(Branch, WithTheSameTokenAndRulesItIsTheSameRun) {
  const LoadedModelPtr model = groupedModel();
  Lane source = startLane(model, {});
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(source.step());
  for (int kept = 0; kept <= 8; ++kept) {
    Lane branch = Lane::branch(*source.snapshot(), StepIndex{kept}, std::nullopt, {}, {});
    while (branch.stepCount() < 8) ASSERT_TRUE(branch.step());
    EXPECT_EQ(branch.snapshot()->tokens, source.snapshot()->tokens) << kept;
    EXPECT_EQ(branch.snapshot()->steps.back().kvBytes, source.snapshot()->steps.back().kvBytes);
  }
}

}  // namespace
}  // namespace decodescope
