#include "core/decode/run_recipe.h"

#include <algorithm>

namespace decodescope {
namespace {

/// The rules without what cannot have mattered to queries before `tokens`.
AttentionRules rulesUpTo(AttentionRules rules, int tokens) {
  const auto later = [tokens](const auto& struck) { return struck.from.value >= tokens; };
  std::erase_if(rules.struckHeads, later);
  std::erase_if(rules.struckRows, later);
  return rules;
}

/// What the newest row of a step was computed under.
AttentionRules rulesOf(const RunSnapshot& run, const StepRecord& step) {
  const std::span<const PositionTracePtr> traces = run.tracesAt(step.index);
  if (traces.empty() || !traces.back()) return run.settings.rules;
  return traces.back()->rules() ? *traces.back()->rules() : AttentionRules();
}

/// Settings of one step as it recorded them.
RunSettings settingsOf(const RunSnapshot& run, const StepRecord& step) {
  RunSettings settings = run.settings;
  // Without a mask there is never a cache, whatever the setting.
  if (run.settings.rules.causalMask) settings.kvCache = step.kvCache;
  settings.sampling = step.sampling;
  // Strikes say from which position on they hold: those of later steps may stand there from the first.
  const AttentionRules then = rulesOf(run, step);
  if (rulesUpTo(then, step.tokensSeen) != rulesUpTo(run.settings.rules, step.tokensSeen)) {
    settings.rules.struckHeads = then.struckHeads;
    settings.rules.struckRows = then.struckRows;
  }
  return settings;
}

Result<void> checkToken(const LoadedModel& model, TokenId token) {
  const int vocabulary = model.config().vocabSize;
  if (token.value >= 0 && token.value < vocabulary) return {};
  return Error{.field = "chosen token",
               .what = "is outside the vocabulary",
               .found = std::to_string(token.value),
               .allowed = "0 to " + std::to_string(vocabulary - 1)};
}

/// Goes on to `steps` steps.
Result<void> follow(Lane& lane, const RunRecipe& recipe, int steps, const Lane::Options& options,
                    const RunSnapshot* tokensOf = nullptr) {
  const auto settle = [&] {
    if (!recipe.changes.empty()) lane.setSettings(recipe.settingsAt(StepIndex{lane.stepCount() + 1}));
  };
  while (lane.stepCount() < steps && lane.canStep()) {
    settle();
    if (tokensOf && lane.stepCount() >= tokensOf->stepCount()) break;
    if (tokensOf) {
      lane.stepAs(*tokensOf);
      continue;
    }
    lane.step();
    DECODESCOPE_CHECK(lane.outcome());
    for (const auto& [step, token] : recipe.choices) {
      if (step.value != lane.stepCount()) continue;
      const RunSnapshotPtr run = lane.snapshot();
      DECODESCOPE_CHECK(checkToken(*run->model, token));
      lane = Lane::branch(*run, step, token, recipe.settingsAt(StepIndex{step.value + 1}), options);
    }
  }
  settle();
  return {};
}

/// Steps whose rows are the same objects in both.
int sharedSteps(const RunSnapshot& first, const RunSnapshot& lane) {
  int shared = 0;
  for (int s = 1; s <= std::min(first.stepCount(), lane.stepCount()); ++s) {
    const auto a = first.tracesAt(StepIndex{s}), b = lane.tracesAt(StepIndex{s});
    if (a.empty() || a.size() != b.size() || !a.back() || a.back() != b.back()) break;
    shared = s;
  }
  return shared;
}

}  // namespace

RunSettings RunRecipe::settingsAt(StepIndex step) const {
  RunSettings now = settings;
  for (const SettingsChange& change : changes) {
    if (change.from <= step) change.patch.applyTo(now);
  }
  return now;
}

RunRecipe recipeOf(const RunSnapshot& run) {
  RunRecipe recipe;
  recipe.settings = run.steps.empty() ? run.settings : settingsOf(run, run.steps.front());
  RunSettings now = recipe.settings;
  const auto change = [&](int step, const RunSettings& to) {
    const SettingsPatch patch = patchBetween(now, to);
    if (!patch.isEmpty()) recipe.changes.push_back({StepIndex{step}, patch});
    now = to;
  };
  for (const StepRecord& step : run.steps) {
    change(step.index.value, settingsOf(run, step));
    if (step.chosen) recipe.choices.emplace_back(step.index, step.sampled);
  }
  change(run.stepCount() + 1, run.settings);
  return recipe;
}

Result<Lane> runByRecipe(const LoadedModelPtr& model, std::vector<TokenId> prompt, const RunRecipe& recipe,
                         int steps, const Lane::Options& options) {
  DECODESCOPE_TRY(Lane lane, Lane::start(model, recipe.settings, std::move(prompt), options));
  DECODESCOPE_CHECK(follow(lane, recipe, steps, options));
  return lane;
}

Result<Lane> laneByRecipe(const RunSnapshot& first, const RunRecipe& firstRecipe, const LaneRecipe& recipe,
                          const LoadedModelPtr& model, std::vector<TokenId> prompt, int steps,
                          const Lane::Options& options) {
  const RunRecipe own = recipeBeside(firstRecipe, recipe);
  Lane::Options laneOptions = options;
  laneOptions.sameTokens = recipe.sameTokens;
  const RunSnapshot* tokensOf = recipe.sameTokens ? &first : nullptr;
  if (recipe.sameTokens && !sameVocabulary(*first.model, *model)) {
    return Error{.field = "tokens",
                 .what = "cannot be the first lane's: another vocabulary",
                 .found = model->name,
                 .allowed = "the vocabulary of " + first.model->name};
  }
  if (!recipe.branchStep) {
    DECODESCOPE_TRY(Lane lane, Lane::start(model, own.settings, std::move(prompt), laneOptions));
    DECODESCOPE_CHECK(follow(lane, own, steps, laneOptions, tokensOf));
    return lane;
  }
  const StepIndex kept = *recipe.branchStep;
  if (kept.value > first.stepCount())
    return Error{.field = "branch",
                 .what = "is at a step that the run has not made",
                 .found = std::to_string(kept.value),
                 .allowed = "0 to " + std::to_string(first.stepCount())};
  if (recipe.branchToken) DECODESCOPE_CHECK(checkToken(*first.model, *recipe.branchToken));
  Lane lane =
      Lane::branch(first, kept, recipe.branchToken, own.settingsAt(StepIndex{kept.value + 1}), laneOptions);
  DECODESCOPE_CHECK(follow(lane, own, steps, laneOptions, tokensOf));
  return lane;
}

RunRecipe recipeBeside(const RunRecipe& first, const LaneRecipe& lane) {
  RunRecipe own;
  const StepIndex kept = lane.branchStep.value_or(StepIndex{0});
  const auto differ = [&](RunSettings settings) {
    if (lane.kvCache) settings.kvCache = *lane.kvCache;
    if (lane.rules) {
      const bool masked = lane.branchStep ? settings.rules.causalMask : lane.rules->causalMask;
      settings.rules = *lane.rules;
      settings.rules.causalMask = masked;
    }
    return settings;
  };
  // Up to its branching a lane is the first one.
  own.settings = kept.value > 0 ? first.settings : differ(first.settings);
  RunSettings now = own.settings;
  const auto change = [&](StepIndex step) {
    const RunSettings to = step > kept ? differ(first.settingsAt(step)) : first.settingsAt(step);
    const SettingsPatch patch = patchBetween(now, to);
    if (!patch.isEmpty()) own.changes.push_back({step, patch});
    now = to;
  };
  std::vector<StepIndex> steps{StepIndex{kept.value + 1}};
  for (const SettingsChange& c : first.changes) steps.push_back(c.from);
  std::sort(steps.begin(), steps.end());
  for (const StepIndex step : steps) change(step);
  for (const auto& choice : first.choices) {
    if (choice.first < kept || (choice.first == kept && !lane.branchToken)) own.choices.push_back(choice);
  }
  if (lane.branchStep && lane.branchToken && kept.value > 0)
    own.choices.emplace_back(kept, *lane.branchToken);
  return own;
}

LaneRecipe laneRecipeOf(const RunSnapshot& first, const RunSnapshot& lane) {
  LaneRecipe recipe;
  recipe.sameTokens = lane.sameTokens;
  if (lane.model->path != first.model->path) {
    recipe.path = lane.model->path;
    recipe.tokenizer = lane.model->tokenizerPath;
  }
  recipe.derivedKvHeads = lane.model->derivedKvHeads;
  recipe.derivedWindow = lane.model->derivedWindow;
  recipe.derivedLinear = lane.model->config().attention == AttentionKind::linear && lane.model->derivedFrom &&
                         lane.model->derivedFrom->config().attention != AttentionKind::linear;
  const RotaryLayout layout = lane.model->config().rotaryLayout;
  if (recipe.path.empty()) {
    if (layout != first.model->config().rotaryLayout) recipe.rotaryLayout = layout;
  } else {
    recipe.rotaryLayout = lane.model->derivedRotary;
  }
  if (recipe.path.empty() && !recipe.derivedKvHeads && !recipe.derivedWindow && !recipe.derivedLinear &&
      !recipe.rotaryLayout) {
    const int shared = sharedSteps(first, lane);
    if (shared > 0) {
      recipe.branchStep = StepIndex{shared};
      const TokenId own = lane.steps[static_cast<std::size_t>(shared - 1)].sampled;
      if (own != first.steps[static_cast<std::size_t>(shared - 1)].sampled) recipe.branchToken = own;
    }
  }
  if (lane.settings.rules != first.settings.rules) recipe.rules = lane.settings.rules;
  // The last that both say of the cache decides; what lies before is tellsAllOf()'s to find.
  if (lane.settings.kvCache != first.settings.kvCache) recipe.kvCache = lane.settings.kvCache;
  return recipe;
}

bool tellsAllOf(const RunRecipe& first, const LaneRecipe& recipe, const RunSnapshot& lane) {
  const RunRecipe told = recipeBeside(first, recipe), real = recipeOf(lane);
  const bool masked = real.settings.rules.causalMask;
  for (int s = 1; s <= lane.stepCount() + 1; ++s) {
    const RunSettings a = told.settingsAt(StepIndex{s}), b = real.settingsAt(StepIndex{s});
    SettingsPatch patch = patchBetween(a, b);
    // Strikes that hold from a later position on may stand there early; without a mask there is no cache.
    const int tokens = lane.tokensSeenAt(StepIndex{std::min(s, lane.stepCount())});
    if (rulesUpTo(a.rules, tokens) == rulesUpTo(b.rules, tokens)) patch.strikes.reset();
    if (!masked) patch.kvCache.reset();
    if (!patch.isEmpty()) return false;
  }
  // Which tokens the first lane took is its own recipe's to say.
  return (recipe.sameTokens || told.choices == real.choices) && told.settings.rules.causalMask == masked &&
         told.settings.ignoreEos == real.settings.ignoreEos;
}

}  // namespace decodescope
