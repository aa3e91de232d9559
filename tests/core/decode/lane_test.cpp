#include "core/decode/lane.h"

#include "core/attention/attention_rows.h"
#include "core/cost/decode_cost.h"
#include "core/decode/sampler.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

Lane startLane(const LoadedModelPtr& model, bool kvCache, int promptLength, Lane::Options options = {}) {
  RunSettings settings;
  settings.kvCache = kvCache;
  Result<Lane> lane =
      Lane::start(model, settings, test::randomTokens(model->config(), promptLength, 1), options);
  EXPECT_TRUE(lane.ok());
  return std::move(lane).value();
}

double rms(std::span<const float> row) {
  double sum = 0;
  for (const float v : row) sum += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(sum / static_cast<double>(row.size()));
}

class LaneFamily : public testing::TestWithParam<test::NamedConfig> {};

TEST_P(LaneFamily, DecodesTheSameWithAndWithoutTheCache) {
  const LoadedModelPtr model = test::randomLoadedModel(GetParam().config, 9);
  Lane on = startLane(model, true, 5), off = startLane(model, false, 5);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(on.step());
    ASSERT_TRUE(off.step());
  }
  const RunSnapshotPtr a = on.snapshot(), b = off.snapshot();
  EXPECT_EQ(a->tokens, b->tokens);
  for (int step = 1; step <= 12; ++step) {
    const StepRecord& x = a->steps[static_cast<std::size_t>(step - 1)];
    const StepRecord& y = b->steps[static_cast<std::size_t>(step - 1)];
    // Rows computed with a prompt of P: P, 1, 1 … with the cache, P, P+1, P+2 … without.
    EXPECT_EQ(x.rowsComputed, step == 1 ? 5 : 1);
    EXPECT_EQ(y.rowsComputed, 4 + step);
    EXPECT_EQ(x.counters, forwardCost(model->config(), x.rowsComputed, x.firstRow));
    EXPECT_EQ(y.counters, forwardCost(model->config(), y.rowsComputed, 0));
    EXPECT_EQ(x.kvBytes, kvCacheBytes(model->config(), x.tokensSeen));
    EXPECT_EQ(y.kvBytes, 0u);
    EXPECT_EQ(x.maxAbsDiff, 0.0);
    const std::span<const float> logits = a->trace(Position{x.tokensSeen - 1})->row(Site::logits);
    const std::span<const float> others = b->trace(Position{x.tokensSeen - 1})->row(Site::logits);
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], others[i], 1e-5 * rms(logits));
    EXPECT_LT(y.maxAbsDiff, 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Decoders, LaneFamily, testing::ValuesIn(test::decoderFamily()),
                         [](const auto& named) { return named.param.name; });

TEST(Lane, SwitchingTheCacheKeepsTheTextAndFillsItAnew) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  Lane lane = startLane(model, true, 4), plain = startLane(model, true, 4);
  for (int i = 0; i < 9; ++i) {
    RunSettings settings;
    settings.kvCache = i < 3 || i >= 6;
    lane.setSettings(settings);
    ASSERT_TRUE(lane.step());
    ASSERT_TRUE(plain.step());
  }
  const RunSnapshotPtr run = lane.snapshot();
  EXPECT_EQ(run->tokens, plain.snapshot()->tokens);
  std::vector<int> rows;
  for (const StepRecord& step : run->steps) rows.push_back(step.rowsComputed);
  EXPECT_EQ(rows, (std::vector<int>{4, 1, 1, 7, 8, 9, 10, 1, 1}));
}

TEST(Lane, ReportsADifferenceBetweenRecomputedRowsAndTheFirstOnes) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  Lane lane = startLane(model, false, 6);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(lane.step());
  const RunSnapshotPtr run = lane.snapshot();
  EXPECT_EQ(run->steps[0].maxAbsDiff, 0.0);
  double largest = 0;
  for (const StepRecord& step : run->steps) largest = std::max(largest, step.maxAbsDiff);
  // A product of another shape rounds differently somewhere among some 50 000 numbers.
  EXPECT_GT(largest, 0.0);
  EXPECT_LT(largest, 1e-4);
}

TEST(Lane, MayTakeAnotherLanesTokens) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 3);
  const LoadedModelPtr other = test::randomLoadedModel(test::smallConfig(), 4);
  ASSERT_TRUE(sameVocabulary(*model, *other));
  RunSettings settings;
  settings.ignoreEos = true;
  const std::vector<TokenId> prompt = test::randomTokens(model->config(), 4, 3);
  Lane first = std::move(Lane::start(model, settings, prompt, {})).value();
  Lane own = std::move(Lane::start(other, settings, prompt, {})).value();
  Lane::Options options;
  options.sameTokens = true;
  Lane told = std::move(Lane::start(other, settings, prompt, options)).value();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(first.step());
    ASSERT_TRUE(own.step());
    ASSERT_TRUE(told.stepAs(first.current()));
  }
  const RunSnapshotPtr run = told.snapshot();
  EXPECT_EQ(run->tokens, first.snapshot()->tokens);
  EXPECT_NE(own.snapshot()->tokens, run->tokens);
  EXPECT_TRUE(run->sameTokens);
  // Its probability of a token that it would not have picked, from its own logits.
  bool differed = false;
  for (const StepRecord& step : run->steps) {
    const auto logits = run->trace(Position{step.tokensSeen - 1})->row(Site::logits);
    EXPECT_NEAR(step.sampledProbability, tokenProbability(logits, step.sampled), 1e-12);
    const auto likeliest = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(step.chosen, likeliest != step.sampled.value);
    differed = differed || step.chosen;
  }
  EXPECT_TRUE(differed);
}

TEST(Lane, ThatTakesAnothersTokensEndsWithIt) {
  ModelConfig config = test::smallConfig();
  config.maxPositionEmbeddings = 6;
  const LoadedModelPtr narrow = test::randomLoadedModel(config, 3);
  const LoadedModelPtr wide = test::randomLoadedModel(test::smallConfig(), 4);
  RunSettings settings;
  settings.ignoreEos = true;
  const std::vector<TokenId> prompt = test::randomTokens(config, 4, 3);
  Lane first = std::move(Lane::start(narrow, settings, prompt, {})).value();
  Lane::Options options;
  options.sameTokens = true;
  Lane told = std::move(Lane::start(wide, settings, prompt, options)).value();
  while (first.canStep()) {
    ASSERT_TRUE(first.step());
    ASSERT_TRUE(told.canStep());
    ASSERT_TRUE(told.stepAs(first.current()));
  }
  EXPECT_FALSE(told.canStep());
  EXPECT_EQ(told.snapshot()->stopReason, StopReason::context);
  told.setSettings(settings);
  EXPECT_FALSE(told.canStep());
}

TEST(Lane, StopsWhenTheContextIsFull) {
  ModelConfig config = test::smallConfig();
  config.maxPositionEmbeddings = 8;
  const LoadedModelPtr model = test::randomLoadedModel(config, 9);
  Lane lane = startLane(model, true, 6);
  while (lane.canStep()) ASSERT_TRUE(lane.step());
  const RunSnapshotPtr run = lane.snapshot();
  EXPECT_EQ(run->stopReason, StopReason::context);
  EXPECT_EQ(run->tokens.size(), 9u);  // the last one was sampled from a full context
  EXPECT_EQ(run->steps.back().tokensSeen, 8);
}

TEST(Lane, StopsAtAnEndOfTextTokenUnlessItIsToBeIgnored) {
  ModelConfig config = test::smallConfig();
  const TokenId first = [&] {
    Lane probe = startLane(test::randomLoadedModel(config, 9), true, 6);
    EXPECT_TRUE(probe.step());
    return probe.snapshot()->tokens.back();
  }();
  config.eosTokenIds = {first};
  const LoadedModelPtr model = test::randomLoadedModel(config, 9);
  Lane lane = startLane(model, true, 6);
  ASSERT_TRUE(lane.step());
  EXPECT_EQ(lane.snapshot()->stopReason, StopReason::endOfText);
  EXPECT_FALSE(lane.canStep());
  RunSettings settings;
  settings.ignoreEos = true;
  lane.setSettings(settings);
  EXPECT_TRUE(lane.canStep());
}

TEST(Lane, RefusesPromptsThatCannotBeFed) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  const auto message = [&](std::vector<TokenId> prompt) {
    const Result<Lane> lane = Lane::start(model, {}, std::move(prompt), {});
    return lane.ok() ? std::string("accepted") : lane.error().message();
  };
  EXPECT_EQ(message({}), "prompt: holds no token: found 0 tokens, allowed 1 to 64");
  EXPECT_EQ(message(test::randomTokens(model->config(), 65, 1)),
            "prompt: is longer than the context: found 65 tokens, allowed 1 to 64");
  EXPECT_EQ(message({TokenId{50}}),
            "prompt: holds a token outside the vocabulary: found 50, allowed 0 to 49");
  EXPECT_EQ(message({TokenId{-1}}),
            "prompt: holds a token outside the vocabulary: found -1, allowed 0 to 49");
}

TEST(Lane, SnapshotsDoNotChangeWhenTheRunGoesOn) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  Lane lane = startLane(model, true, 3);
  ASSERT_TRUE(lane.step());
  const RunSnapshotPtr before = lane.snapshot();
  const std::vector<TokenId> tokens = before->tokens;
  const PositionTrace* trace = before->trace(Position{2});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(lane.step());
  EXPECT_EQ(before->tokens, tokens);
  EXPECT_EQ(lane.snapshot()->trace(Position{2}), trace);  // shared, not copied
}

TEST(Lane, DropsTheOldestTracesWhenTheBudgetIsUsedUp) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  Lane::Options options;
  options.traceBudget = 60'000;
  Lane lane = startLane(model, true, 4, options);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(lane.step());
  const RunSnapshotPtr run = lane.snapshot();
  EXPECT_LE(run->traceBytes, options.traceBudget);
  EXPECT_EQ(run->trace(Position{0}), nullptr);
  EXPECT_NE(run->trace(Position{22}), nullptr);
}

TEST(Lane, TracingChangesNeitherTokensNorCounters) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  for (const bool kvCache : {true, false}) {
    Lane::Options untraced;
    untraced.trace = false;
    Lane a = startLane(model, kvCache, 4), b = startLane(model, kvCache, 4, untraced);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(a.step());
      ASSERT_TRUE(b.step());
    }
    EXPECT_EQ(a.snapshot()->tokens, b.snapshot()->tokens);
    for (std::size_t i = 0; i < 10; ++i)
      EXPECT_EQ(a.snapshot()->steps[i].counters, b.snapshot()->steps[i].counters);
    EXPECT_EQ(b.snapshot()->traceBytes, 0u);
  }
}

TEST(Lane, DerivedAttentionRowsGiveTheContextOfTheRun) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 9);
  Lane lane = startLane(model, true, 4);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(lane.step());
  const RunSnapshotPtr run = lane.snapshot();
  const ModelConfig& config = model->config();
  const int tokens = run->steps.back().tokensSeen;
  const std::vector<float> matrix =
      attentionMatrix(config, run->positions, LayerIndex{1}, HeadIndex{2}, tokens, ScoreStage::weight);
  for (int i = 0; i < tokens; ++i) {
    const std::vector<float> row =
        attentionRow(config, run->positions, LayerIndex{1}, HeadIndex{2}, Position{i}, ScoreStage::weight);
    ASSERT_EQ(row.size(), static_cast<std::size_t>(i) + 1);
    for (int c = 0; c < config.headDim; ++c) {
      double context = 0;
      for (int j = 0; j <= i; ++j) {
        EXPECT_EQ(row[static_cast<std::size_t>(j)], matrix[static_cast<std::size_t>(i * tokens + j)]);
        const std::span<const float> v = run->trace(Position{j})->row(Site::vProj, LayerIndex{1});
        context += static_cast<double>(row[static_cast<std::size_t>(j)]) *
                   static_cast<double>(v[static_cast<std::size_t>(2 * config.headDim + c)]);
      }
      const std::span<const float> stored = run->trace(Position{i})->row(Site::context, LayerIndex{1});
      EXPECT_NEAR(stored[static_cast<std::size_t>(2 * config.headDim + c)], context, 1e-6);
    }
  }
  EXPECT_TRUE(std::isnan(matrix[1]));  // above the diagonal
}

}  // namespace
}  // namespace decodescope
