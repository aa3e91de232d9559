#include "core/cost/decode_cost.h"
#include "core/decode/lane.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

std::vector<std::string> bundledModels() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::sourceDir() / "assets/models")) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class BundledModel : public testing::TestWithParam<std::string> {};

TEST_P(BundledModel, DecodesTheSameWithAndWithoutTheCacheAndCountsWhatTheFormulaSays) {
  const Result<LoadedModelPtr> loaded =
      loadModel((test::sourceDir() / "assets/models" / GetParam()).string());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const LoadedModelPtr& model = loaded.value();
  ASSERT_FALSE(model->card.prompts.empty());
  const Result<std::vector<TokenId>> prompt = promptTokens(*model, model->card.prompts.front());
  ASSERT_TRUE(prompt.ok()) << prompt.error().message();

  RunSettings with, without;
  with.ignoreEos = without.ignoreEos = true;
  without.kvCache = false;
  Lane on = std::move(Lane::start(model, with, prompt.value(), {})).value();
  Lane off = std::move(Lane::start(model, without, prompt.value(), {})).value();
  for (int i = 0; i < 40 && on.canStep(); ++i) {
    ASSERT_TRUE(on.step());
    ASSERT_TRUE(off.step());
  }
  const RunSnapshotPtr a = on.snapshot(), b = off.snapshot();
  EXPECT_EQ(a->tokens, b->tokens);
  for (std::size_t i = 0; i < a->steps.size(); ++i) {
    const StepRecord &x = a->steps[i], &y = b->steps[i];
    EXPECT_EQ(x.counters, forwardCost(*model->model, x.rowsComputed, x.firstRow));
    EXPECT_EQ(y.counters, forwardCost(*model->model, y.tokensSeen, 0));
    EXPECT_EQ(x.kvBytes, kvCacheBytes(model->config(), x.tokensSeen));
    const std::span<const float> logits = a->trace(Position{x.tokensSeen - 1})->row(Site::logits);
    const std::span<const float> others = b->trace(Position{x.tokensSeen - 1})->row(Site::logits);
    double squares = 0, largest = 0;
    for (std::size_t v = 0; v < logits.size(); ++v) {
      squares += static_cast<double>(logits[v]) * static_cast<double>(logits[v]);
      largest = std::max(largest, std::abs(static_cast<double>(logits[v]) - static_cast<double>(others[v])));
    }
    EXPECT_LE(largest, 1e-5 * std::sqrt(squares / static_cast<double>(logits.size()))) << "step " << i + 1;
  }
}

TEST_P(BundledModel, CountsWhatTheFormulaSaysFrom1To200Tokens) {
  const Result<LoadedModelPtr> loaded =
      loadModel((test::sourceDir() / "assets/models" / GetParam()).string());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const LoadedModelPtr& model = loaded.value();
  const ModelConfig& config = model->config();
  for (const bool kvCache : {true, false}) {
    SCOPED_TRACE(kvCache ? "cache on" : "cache off");
    RunSettings settings;
    settings.ignoreEos = true;
    settings.kvCache = kvCache;
    Lane::Options untraced;
    untraced.trace = false;
    // A prompt of one token: after step t, t tokens were fed.
    Lane lane = std::move(Lane::start(model, settings, {TokenId{1}}, untraced)).value();
    Counters sum, formulas;
    for (int t = 1; t <= 200; ++t) {
      ASSERT_TRUE(lane.canStep()) << "after " << t - 1 << " tokens";
      ASSERT_TRUE(lane.step());
      const StepRecord& step = lane.lastStep();
      const Counters formula =
          kvCache ? forwardCost(*model->model, 1, t - 1) : forwardCost(*model->model, t, 0);
      ASSERT_EQ(step.tokensSeen, t);
      ASSERT_EQ(step.counters.projectionMacs, formula.projectionMacs) << t << " tokens";
      ASSERT_EQ(step.counters.attentionMacs, formula.attentionMacs) << t << " tokens";
      ASSERT_EQ(step.counters, formula) << t << " tokens";
      ASSERT_EQ(step.kvBytes, kvCache ? kvCacheBytes(config, t) : 0) << t << " tokens";
      sum += step.counters;
      formulas += formula;
    }
    EXPECT_EQ(sum, formulas);
  }
}

INSTANTIATE_TEST_SUITE_P(Assets, BundledModel, testing::ValuesIn(bundledModels()), [](const auto& named) {
  std::string name = named.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace decodescope
