// Explanations of real runs: every bundled model, with and without the cache, at any step.

#include "core/decode/lane.h"
#include "core/explain/explanation.h"
#include "core/formats/loaded_model.h"
#include "tests/support/paths.h"
#include "tests/support/property.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <set>

namespace decodescope {
namespace {

constexpr int kSteps = 12;

std::vector<std::string> bundledModels() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::sourceDir() / "assets/models")) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

RunSnapshotPtr runOf(const LoadedModelPtr& model, bool kvCache) {
  RunSettings settings;
  settings.kvCache = kvCache;
  settings.ignoreEos = true;
  const std::string prompt = model->card.prompts.empty() ? "the" : model->card.prompts.front();
  Lane lane = std::move(Lane::start(model, settings, model->tokenizer->encode(prompt).value(), {})).value();
  for (int i = 0; i < kSteps; ++i) EXPECT_TRUE(lane.step());
  return lane.snapshot();
}

class BundledExplanations : public testing::TestWithParam<std::string> {};

TEST_P(BundledExplanations, RecomputeTheTracedNumberOfEverySite) {
  Result<LoadedModelPtr> loaded = loadModel((test::sourceDir() / "assets/models" / GetParam()).string());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const ModelConfig& config = loaded.value()->config();
  const std::array runs{runOf(loaded.value(), true), runOf(loaded.value(), false)};
  std::set<Site> seen;
  const bool held = rc::check("an explanation gives the traced number", [&] {
    const RunSnapshot& run = *runs[*rc::gen::inRange<std::size_t>(0, 2)];
    const int step = *rc::gen::inRange(1, run.stepCount() + 1);
    const int tokens = run.tokensSeenAt(StepIndex{step});
    const Position position{*rc::gen::inRange(0, tokens)};
    const LayerIndex layer{*rc::gen::inRange(0, config.numHiddenLayers)};
    for (const SiteInfo& info : siteTable()) {
      if (!siteExists(info.site, config)) continue;
      const int cells = cellCount(run, info.site, position, tokens);
      RC_ASSERT(cells > 0);
      const Cell cell{info.site, info.perLayer ? layer : kNoLayer, position, *rc::gen::inRange(0, cells)};
      const std::optional<Explanation> e = explain(run, cell, tokens);
      if (!e) RC_FAIL(std::string(info.dumpName) + " is not explained");
      const double traced = static_cast<double>(e->traced);
      // The table's tolerance is relative to the row's size; these models' rows are of size one to thirty.
      if (!(std::abs(e->recomputed - traced) <= info.tolerance * std::max(1.0, std::abs(traced))))
        RC_FAIL(e->name + ": " + e->filled + ", traced " + std::to_string(traced));
      for (const Operand& operand : e->operands) {
        if (!operand.source || operand.values.size() != 1) continue;
        const std::optional<Explanation> source = explain(run, *operand.source, tokens);
        RC_ASSERT(source.has_value());
        RC_ASSERT(source->traced == operand.values.front());
      }
      seen.insert(info.site);
    }
  });
  EXPECT_TRUE(held);
  for (const SiteInfo& info : siteTable())
    EXPECT_EQ(seen.count(info.site) == 1, siteExists(info.site, config)) << info.dumpName;
}

INSTANTIATE_TEST_SUITE_P(Bundled, BundledExplanations, testing::ValuesIn(bundledModels()),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace decodescope
