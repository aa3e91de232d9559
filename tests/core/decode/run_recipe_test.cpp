// A run is told by its recipe: made again by it, it has the same tokens, settings and rows.

#include "core/decode/run_recipe.h"

#include "tests/support/random_model.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

LoadedModelPtr groupedModel() {
  ModelConfig config = test::smallConfig();
  config.numKeyValueHeads = 2;
  return test::randomLoadedModel(config, 5);
}

std::vector<TokenId> promptOf(const RunSnapshot& run) {
  return {run.tokens.begin(), run.tokens.begin() + run.promptLength};
}

Lane started(const LoadedModelPtr& model, const RunSettings& settings) {
  Result<Lane> lane = Lane::start(model, settings, test::randomTokens(model->config(), 4, 3), {});
  EXPECT_TRUE(lane.ok());
  return std::move(lane).value();
}

void step(Lane& lane, int count) {
  for (int i = 0; i < count; ++i) ASSERT_TRUE(lane.step());
}

/// Same tokens, rows computed, cache, settings, and every stored number.
void expectSame(const RunSnapshot& a, const RunSnapshot& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.settings, b.settings);
  ASSERT_EQ(a.stepCount(), b.stepCount());
  for (std::size_t s = 0; s < a.steps.size(); ++s) {
    EXPECT_EQ(a.steps[s].rowsComputed, b.steps[s].rowsComputed) << "step " << s + 1;
    EXPECT_EQ(a.steps[s].kvCache, b.steps[s].kvCache);
    EXPECT_EQ(a.steps[s].sampling, b.steps[s].sampling);
    EXPECT_EQ(a.steps[s].chosen, b.steps[s].chosen);
    const auto x = a.tracesAt(StepIndex{static_cast<int>(s) + 1}),
               y = b.tracesAt(StepIndex{static_cast<int>(s) + 1});
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t t = 0; t < x.size(); ++t) {
      ASSERT_TRUE(x[t] && y[t]);
      const auto p = x[t]->row(Site::output, LayerIndex{1}), q = y[t]->row(Site::output, LayerIndex{1});
      EXPECT_TRUE(std::equal(p.begin(), p.end(), q.begin(), q.end())) << "step " << s + 1 << " token " << t;
    }
  }
}

RunSnapshotPtr again(const RunSnapshot& run) {
  const Result<Lane> lane = runByRecipe(run.model, promptOf(run), recipeOf(run), run.stepCount(), {});
  EXPECT_TRUE(lane.ok());
  return lane.value().snapshot();
}

TEST(RunRecipe, OfAPlainRunIsItsSettings) {
  Lane lane = started(groupedModel(), {});
  step(lane, 5);
  const RunSnapshotPtr run = lane.snapshot();
  const RunRecipe recipe = recipeOf(*run);
  EXPECT_TRUE(recipe.changes.empty());
  EXPECT_TRUE(recipe.choices.empty());
  expectSame(*run, *again(*run));
}

TEST(RunRecipe, TellsSettingsThatChangedInMidRun) {
  Lane lane = started(groupedModel(), {});
  RunSettings settings;
  step(lane, 2);
  settings.kvCache = false;
  lane.setSettings(settings);
  step(lane, 2);
  settings.kvCache = true;
  settings.sampling = {.temperature = 1.5, .topK = 7, .topP = 0.9, .seed = 4};
  lane.setSettings(settings);
  step(lane, 3);
  settings.sampling.seed = 5;  // for a step that was not made yet
  lane.setSettings(settings);
  const RunSnapshotPtr run = lane.snapshot();
  const RunRecipe recipe = recipeOf(*run);
  ASSERT_EQ(recipe.changes.size(), 3u);
  EXPECT_EQ(recipe.changes[0].from, StepIndex{3});
  EXPECT_EQ(recipe.changes[2].from, StepIndex{8});
  expectSame(*run, *again(*run));
}

TEST(RunRecipe, TellsWhatWasStruckOutAndWhen) {
  for (const bool undone : {false, true}) {
    Lane lane = started(groupedModel(), {});
    step(lane, 3);
    RunSettings settings;
    settings.rules.struckHeads = {{LayerIndex{0}, HeadIndex{1}, Position{6}}};
    settings.rules.struckRows = {{LayerIndex{1}, KvHeadIndex{0}, Position{2}, Position{6}}};
    lane.setSettings(settings);
    step(lane, 3);
    if (undone) lane.setSettings({});
    step(lane, 2);
    expectSame(*lane.snapshot(), *again(*lane.snapshot()));
  }
}

TEST(RunRecipe, TellsAMissingMask) {
  RunSettings settings;
  settings.rules.causalMask = false;
  Lane lane = started(groupedModel(), settings);
  step(lane, 4);
  expectSame(*lane.snapshot(), *again(*lane.snapshot()));
}

TEST(RunRecipe, TellsTokensThatWereChosen) {
  Lane source = started(groupedModel(), {});
  step(source, 5);
  Lane branch = Lane::branch(*source.snapshot(), StepIndex{3}, TokenId{11}, {}, {});
  step(branch, 4);
  const RunSnapshotPtr run = branch.snapshot();
  EXPECT_EQ(recipeOf(*run).choices,
            (std::vector<std::pair<StepIndex, TokenId>>{{StepIndex{3}, TokenId{11}}}));
  expectSame(*run, *again(*run));
}

TEST(RunRecipe, RefusesATokenOutsideTheVocabulary) {
  const LoadedModelPtr model = groupedModel();
  RunRecipe recipe;
  recipe.choices = {{StepIndex{1}, TokenId{50}}};
  EXPECT_FALSE(runByRecipe(model, test::randomTokens(model->config(), 3, 1), recipe, 2, {}).ok());
}

class LaneBeside : public testing::TestWithParam<LaneRecipe> {};

TEST_P(LaneBeside, IsToldByWhatDiffers) {
  const LoadedModelPtr model = groupedModel();
  Lane lane = started(model, {});
  step(lane, 3);
  RunSettings settings;
  settings.kvCache = false;
  lane.setSettings(settings);
  step(lane, 2);
  settings.kvCache = true;
  lane.setSettings(settings);
  step(lane, 3);
  const RunSnapshotPtr first = lane.snapshot();
  const RunRecipe recipe = recipeOf(*first);
  const auto beside = [&](const LaneRecipe& how) {
    const Result<Lane> made =
        laneByRecipe(*first, recipe, how, model, promptOf(*first), first->stepCount(), {});
    EXPECT_TRUE(made.ok());
    return made.value().snapshot();
  };
  const RunSnapshotPtr other = beside(GetParam());
  const LaneRecipe told = laneRecipeOf(*first, *other);
  EXPECT_TRUE(tellsAllOf(recipe, told, *other));
  expectSame(*other, *beside(told));
}

LaneRecipe withRules(AttentionRules rules, std::optional<StepIndex> branch = {},
                     std::optional<TokenId> token = {}, bool sameTokens = false) {
  LaneRecipe recipe;
  recipe.sameTokens = sameTokens;
  recipe.rules = std::move(rules);
  recipe.branchStep = branch;
  recipe.branchToken = token;
  return recipe;
}

LaneRecipe branchAt(int step, std::optional<TokenId> token, std::optional<bool> kvCache = {}) {
  LaneRecipe recipe;
  recipe.branchStep = StepIndex{step};
  recipe.branchToken = token;
  recipe.kvCache = kvCache;
  return recipe;
}

INSTANTIATE_TEST_SUITE_P(
    Lanes, LaneBeside,
    testing::Values(
        LaneRecipe{}, LaneRecipe{.path = {}, .kvCache = false},
        withRules({.causalMask = false, .struckHeads = {}, .struckRows = {}}),
        withRules({.causalMask = true, .struckHeads = {{LayerIndex{0}, HeadIndex{2}}}, .struckRows = {}}),
        withRules({.causalMask = true,
                   .struckHeads = {{LayerIndex{0}, HeadIndex{2}, Position{7}}},
                   .struckRows = {{LayerIndex{1}, KvHeadIndex{1}, Position{3}, Position{7}}}},
                  StepIndex{4}),
        LaneRecipe{.path = {}, .kvCache = false, .sameTokens = true},
        withRules({.causalMask = false, .struckHeads = {}, .struckRows = {}}, {}, {}, true),
        withRules({.causalMask = true,
                   .struckHeads = {{LayerIndex{0}, HeadIndex{2}, Position{7}}},
                   .struckRows = {}},
                  StepIndex{4}, {}, true),
        branchAt(3, TokenId{11}), branchAt(8, TokenId{12}), branchAt(4, TokenId{9}, false)));

TEST(LaneBeside, ALaneThatWentThroughSomethingElseIsToldApart) {
  const LoadedModelPtr model = groupedModel();
  Lane lane = started(model, {});
  step(lane, 6);
  Lane other = started(model, {});
  step(other, 2);
  RunSettings settings;
  settings.kvCache = false;
  other.setSettings(settings);
  step(other, 2);
  other.setSettings({});
  step(other, 2);
  const RunSnapshotPtr first = lane.snapshot(), second = other.snapshot();
  EXPECT_FALSE(tellsAllOf(recipeOf(*first), laneRecipeOf(*first, *second), *second));
}

TEST(LaneBeside, RefusesABranchBeyondTheRun) {
  const LoadedModelPtr model = groupedModel();
  Lane lane = started(model, {});
  step(lane, 2);
  const RunSnapshotPtr first = lane.snapshot();
  for (const LaneRecipe& recipe : {branchAt(3, std::nullopt), branchAt(1, TokenId{50})})
    EXPECT_FALSE(laneByRecipe(*first, recipeOf(*first), recipe, model, promptOf(*first), 4, {}).ok());
}

}  // namespace
}  // namespace decodescope
