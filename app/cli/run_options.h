#pragma once

#include "app/cli/arguments.h"
#include "core/decode/run_recipe.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace decodescope {

/// What to decode and how: the options that `decode` and `render` share.
struct RunOptions {
  std::string model;                         ///< folder or file
  std::string tokenizer;                     ///< --tokenizer; "": the model's own
  std::optional<RotaryLayout> rotaryLayout;  ///< --rotary-layout
  std::optional<std::string> prompt;         ///< --prompt
  std::optional<std::vector<int>> tokens;    ///< --tokens: ids as they are, no BOS is added
  int steps = 0;
  RunRecipe recipe;
  int threads = 0;  ///< 0: one a core
  bool trace = true;

  bool hasPrompt() const { return prompt.has_value() || tokens.has_value(); }
};

/// How a model is read: rows that are shared, and options that `inspect` has, too.
inline constexpr OptionInfo kTokenizerOption = {
    "--tokenizer", "FILE",
    "a tokenizer.bin, tokenizer.json or vocab.json in place of the one in the model or beside it"};
inline constexpr OptionInfo kRotaryLayoutOption = {
    "--rotary-layout", "L",
    "rotate-half or interleaved: the elements of a head that form a rotary pair, for a file that was "
    "exported "
    "with them in another order than its format's (default: the format's)"};
/// Reads them into `options`.
Result<void> parseModelOptions(const Arguments& arguments, RunOptions& options);

/// The shared rows of the options table.
std::span<const OptionInfo> runOptionTable();

/// Reads the shared options. Every failure is the call's fault (exit status 2). A missing prompt is not
/// refused here;
/// --steps is needed as soon as there is one.
Result<RunOptions> parseRunOptions(const Arguments& arguments);

/// The model, with the tokenizer and the rotary pairs that the options say.
Result<LoadedModelPtr> loadedModel(const RunOptions& options, const LoadProgress& progress = {});

/// What of a run is wanted afterwards.
enum class KeepTraces {
  withinBudget,  ///< the oldest positions may be dropped
  all,  ///< every fed position, whatever it takes; with no steps the prompt is fed all the same and nothing
        ///< is picked
};

/// Loads the model, feeds the prompt and makes the steps; the run ends early at an end-of-text token or a
/// full context, and always has a stop reason. Needs options.hasPrompt(). Every failure is the input's fault
/// (exit status 1).
Result<RunSnapshotPtr> decodeRun(const RunOptions& options, KeepTraces keep = KeepTraces::withinBudget);

/// Another run beside that one, with the same number of steps: on the same prompt, read anew by another
/// model.
Result<RunSnapshotPtr> decodeBeside(const RunOptions& options, const RunSnapshotPtr& first,
                                    const LaneRecipe& recipe, KeepTraces keep = KeepTraces::withinBudget);

/// The text that the run's picks add to its prompt, special tokens left out.
std::string generatedText(const RunSnapshot& run);

}  // namespace decodescope
