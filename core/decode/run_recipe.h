#pragma once

#include "core/decode/lane.h"
#include "core/decode/settings_change.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace decodescope {

/// What a run went through, so that it can be made again from its prompt.
struct RunRecipe {
  RunSettings settings;  ///< of the first step; `ignoreEos` and the mask for all of them
  /// Ascending, each from step 2 up. One may lie beyond the last step: what the next one would use.
  std::vector<SettingsChange> changes;
  /// After this step, this token was put in place of the pick. Ascending.
  std::vector<std::pair<StepIndex, TokenId>> choices;

  /// What the step is made under.
  RunSettings settingsAt(StepIndex step) const;

  friend bool operator==(const RunRecipe&, const RunRecipe&) = default;
};

/// Read off a run. Where a step's traces are gone, what it struck out is taken to be what the run strikes out
/// now.
RunRecipe recipeOf(const RunSnapshot& run);

/// A run on these tokens by the recipe: `steps` steps or until it ends.
Result<Lane> runByRecipe(const LoadedModelPtr& model, std::vector<TokenId> prompt, const RunRecipe& recipe,
                         int steps, const Lane::Options& options);

/// How a lane beside a first one differs from it: SessionWorker::LaneSpec without a label.
struct LaneRecipe {
  std::string path = {};                          ///< another model; "": the first lane's
  std::string tokenizer = {};                     ///< that was chosen for it; "": its own
  std::optional<int> derivedKvHeads = {};         ///< key/value heads averaged down to so many
  std::optional<int> derivedWindow = {};          ///< under a sliding window of so many keys
  bool derivedLinear = false;                     ///< the model with linear attention
  std::optional<RotaryLayout> rotaryLayout = {};  ///< where it is not the first lane's, or the file's own
  std::optional<bool> kvCache = {};
  /// What is masked and struck out instead of what the first lane does.
  std::optional<AttentionRules> rules = {};
  std::optional<StepIndex> branchStep = {};
  std::optional<TokenId> branchToken = {};
  bool sameTokens = false;  ///< the first lane's tokens in place of its own picks

  friend bool operator==(const LaneRecipe&, const LaneRecipe&) = default;
};

/// The lane's own recipe: the first lane's settings, step by step, but for what differs.
RunRecipe recipeBeside(const RunRecipe& first, const LaneRecipe& lane);

/// Read off two runs: a branch is told by the traces that it shares with the first one.
LaneRecipe laneRecipeOf(const RunSnapshot& first, const RunSnapshot& lane);

/// A lane beside the first one: `prompt` on `model`, or, for a branch, the first run's own steps and traces
/// as far as they are shared. `steps` in all, or until it ends. Refuses a branch at a step that the first run
/// lacks, and a token outside the vocabulary.
Result<Lane> laneByRecipe(const RunSnapshot& first, const RunRecipe& firstRecipe, const LaneRecipe& recipe,
                          const LoadedModelPtr& model, std::vector<TokenId> prompt, int steps,
                          const Lane::Options& options);

/// Whether a run by these recipes goes through what the lane went through.
bool tellsAllOf(const RunRecipe& first, const LaneRecipe& recipe, const RunSnapshot& lane);

}  // namespace decodescope
