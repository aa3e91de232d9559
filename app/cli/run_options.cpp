#include "app/cli/run_options.h"

#include "core/attention/derive.h"
#include "core/base/thread_pool.h"
#include "core/formats/loaded_model.h"

#include <algorithm>
#include <limits>

namespace decodescope {
namespace {

constexpr int kMaxThreads = 256;

constexpr OptionInfo kRunOptions[] = {
    {"--model", "M", "a Hugging Face folder or a model file"},
    kTokenizerOption,
    kRotaryLayoutOption,
    {"--prompt", "TEXT", "what to begin with; the start token is added as the tokenizer says"},
    {"--tokens", "1,5,9", "the same as ids, fed as they are"},
    {"--steps", "N", "forward calls, each followed by the pick of one token"},
    {"--kv-cache", "on|off", "keep keys and values between steps (default on)"},
    {"--temperature", "X", "0 takes the likeliest token (default 0)"},
    {"--top-k", "K", "pick among the K likeliest; 0 is off (default 0)"},
    {"--top-p", "P", "pick among the likeliest that together reach P (default 1)"},
    {"--seed", "S", "of the picks when the temperature is above 0 (default 0)"},
    {"--ignore-eos", "", "go on after an end-of-text token"},
    {"--change", "STEP:KEY=VALUE,…",
     "other settings from this step on (repeatable): kv_cache, temperature, top_k, top_p, seed, strike"},
    {"--choose", "STEP:ID", "after this step, go on with this token instead of its pick (repeatable)"},
    {"--mask", "on|off", "what if: without the causal mask, every step computes all rows (default on)"},
    {"--strike", "LIST",
     "what if: heads (L0H3) and key/value rows (L0G1P4) taken out, from position @7 on, joined by +"},
    {"--threads", "N",
     "threads of the kernels (default: as many as are fastest, at most the number of cores)"},
    {"--no-trace", "", "record no tensors; times are then the model's own"},
};

/// The error of a value, told with its option.
template <class T>
Result<T> named(const char* option, Result<T> result) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.field = error.field.empty() ? option : std::string(option) + " " + error.field;
  return error;
}

Result<void> parseRecipe(const Arguments& arguments, RunRecipe& recipe) {
  for (const std::string& text : arguments.values("--change")) {
    DECODESCOPE_TRY(SettingsChange change, named("--change", parseChange(text)));
    recipe.changes.push_back(std::move(change));
  }
  const auto earlier = [](const auto& a, const auto& b) { return a.from < b.from; };
  std::stable_sort(recipe.changes.begin(), recipe.changes.end(), earlier);
  for (const std::string& text : arguments.values("--choose")) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    constexpr long long kMost = std::numeric_limits<int>::max();
    DECODESCOPE_TRY(const long long step, parseWhole("--choose STEP", text.substr(0, colon), 1, kMost));
    DECODESCOPE_TRY(const long long token,
                    parseWhole("--choose ID", text.substr(std::min(colon + 1, text.size())), 0, kMost));
    recipe.choices.emplace_back(StepIndex{static_cast<int>(step)}, TokenId{static_cast<int>(token)});
  }
  std::stable_sort(recipe.choices.begin(), recipe.choices.end());
  if (const auto strike = arguments.value("--strike")) {
    DECODESCOPE_TRY(recipe.settings.rules, named("--strike", parseStrikes(*strike)));
  }
  if (const auto mask = arguments.value("--mask")) {
    DECODESCOPE_TRY(recipe.settings.rules.causalMask, parseOnOff("--mask", *mask));
  }
  return {};
}

Lane::Options laneOptions(const RunOptions& options, KeepTraces keep, ThreadPool& pool) {
  Lane::Options lane;
  lane.trace = options.trace;
  lane.pool = &pool;
  if (keep == KeepTraces::all) lane.traceBudget = std::numeric_limits<std::uint64_t>::max();
  return lane;
}

/// The run as one that is over.
RunSnapshotPtr finished(std::shared_ptr<RunSnapshot> run) {
  if (run->stopReason == StopReason::none) run->stopReason = StopReason::steps;
  run->state = RunState::finished;
  return run;
}

}  // namespace

std::span<const OptionInfo> runOptionTable() {
  return kRunOptions;
}

Result<void> parseModelOptions(const Arguments& arguments, RunOptions& options) {
  if (const auto tokenizer = arguments.value("--tokenizer")) {
    if (tokenizer->empty()) return Error{.field = "--tokenizer", .what = "names no file"};
    options.tokenizer = *tokenizer;
  }
  if (const auto layout = arguments.value("--rotary-layout")) {
    options.rotaryLayout = rotaryLayoutNamed(*layout);
    if (!options.rotaryLayout)
      return Error{.field = "--rotary-layout",
                   .what = "is no layout of rotary pairs",
                   .found = *layout,
                   .allowed = "rotate-half, interleaved"};
  }
  return {};
}

Result<RunOptions> parseRunOptions(const Arguments& arguments) {
  RunOptions options;
  const auto model = arguments.value("--model");
  if (!model || model->empty()) return Error{.field = "--model", .what = "is missing"};
  options.model = *model;
  DECODESCOPE_CHECK(parseModelOptions(arguments, options));
  options.prompt = arguments.value("--prompt");
  if (const auto tokens = arguments.value("--tokens")) {
    if (options.prompt) return Error{.field = "--tokens", .what = "cannot be used together with --prompt"};
    DECODESCOPE_TRY(options.tokens, parseList("--tokens", *tokens));
  }
  if (const auto steps = arguments.value("--steps")) {
    DECODESCOPE_TRY(const long long number,
                    parseWhole("--steps", *steps, 0, std::numeric_limits<int>::max()));
    options.steps = static_cast<int>(number);
  } else if (options.hasPrompt()) {
    return Error{.field = "--steps", .what = "is missing"};
  }
  if (const auto cache = arguments.value("--kv-cache")) {
    DECODESCOPE_TRY(options.recipe.settings.kvCache, parseOnOff("--kv-cache", *cache));
  }
  SamplingSettings& sampling = options.recipe.settings.sampling;
  if (const auto temperature = arguments.value("--temperature")) {
    DECODESCOPE_TRY(sampling.temperature, parseReal("--temperature", *temperature, 0, 1e6));
  }
  if (const auto topK = arguments.value("--top-k")) {
    DECODESCOPE_TRY(const long long number, parseWhole("--top-k", *topK, 0, std::numeric_limits<int>::max()));
    sampling.topK = static_cast<int>(number);
  }
  if (const auto topP = arguments.value("--top-p")) {
    DECODESCOPE_TRY(sampling.topP, parseReal("--top-p", *topP, 0, 1));
    if (sampling.topP == 0)
      return Error{
          .field = "--top-p", .what = "is out of range", .found = *topP, .allowed = "above 0, up to 1"};
  }
  if (const auto seed = arguments.value("--seed")) {
    DECODESCOPE_TRY(const long long number,
                    parseWhole("--seed", *seed, 0, std::numeric_limits<long long>::max()));
    sampling.seed = static_cast<std::uint64_t>(number);
  }
  options.recipe.settings.ignoreEos = arguments.has("--ignore-eos");
  DECODESCOPE_CHECK(parseRecipe(arguments, options.recipe));
  if (const auto threads = arguments.value("--threads")) {
    DECODESCOPE_TRY(const long long number, parseWhole("--threads", *threads, 1, kMaxThreads));
    options.threads = static_cast<int>(number);
  }
  options.trace = !arguments.has("--no-trace");
  return options;
}

Result<LoadedModelPtr> loadedModel(const RunOptions& options, const LoadProgress& progress) {
  DECODESCOPE_TRY(LoadedModelPtr model, loadModel(options.model, progress, options.tokenizer));
  return options.rotaryLayout ? deriveRotaryLayout(model, *options.rotaryLayout) : std::move(model);
}

Result<RunSnapshotPtr> decodeRun(const RunOptions& options, KeepTraces keep) {
  DECODESCOPE_REQUIRE(options.hasPrompt());
  DECODESCOPE_TRY(const LoadedModelPtr model, loadedModel(options));
  std::vector<TokenId> prompt;
  if (options.tokens) {
    for (const int id : *options.tokens) prompt.push_back(TokenId{id});
  } else {
    DECODESCOPE_TRY(prompt, promptTokens(*model, *options.prompt));
  }
  ThreadPool pool(options.threads > 0 ? options.threads : fastestThreads(*model->model));
  const bool feedOnly = options.steps == 0 && keep == KeepTraces::all;
  DECODESCOPE_TRY(const Lane lane,
                  runByRecipe(model, std::move(prompt), options.recipe, feedOnly ? 1 : options.steps,
                              laneOptions(options, keep, pool)));
  auto run = std::make_shared<RunSnapshot>(*lane.snapshot());
  if (feedOnly) {  // its one pick was not asked for
    run->tokens.resize(static_cast<std::size_t>(run->promptLength));
    run->steps.clear();
    run->stopReason = StopReason::none;
  }
  return finished(std::move(run));
}

Result<RunSnapshotPtr> decodeBeside(const RunOptions& options, const RunSnapshotPtr& first,
                                    const LaneRecipe& recipe, KeepTraces keep) {
  LoadedModelPtr model = first->model;
  std::vector<TokenId> prompt(first->tokens.begin(), first->tokens.begin() + first->promptLength);
  if (!recipe.path.empty()) {
    DECODESCOPE_TRY(model, loadModel(recipe.path, {}, recipe.tokenizer));
    // The text, not the ids: another model may have another vocabulary.
    DECODESCOPE_TRY(prompt, promptTokens(*model, options.prompt ? *options.prompt
                                                                : first->model->tokenizer->decode(prompt)));
  }
  DECODESCOPE_TRY(model, derive(model, recipe.derivedKvHeads, recipe.derivedWindow, recipe.derivedLinear,
                                recipe.rotaryLayout));
  ThreadPool pool(options.threads > 0 ? options.threads : fastestThreads(*model->model));
  DECODESCOPE_TRY(const Lane lane, laneByRecipe(*first, options.recipe, recipe, model, std::move(prompt),
                                                options.steps, laneOptions(options, keep, pool)));
  return finished(std::make_shared<RunSnapshot>(*lane.snapshot()));
}

std::string generatedText(const RunSnapshot& run) {
  const std::span<const TokenId> tokens = run.tokens;
  const auto prompt = static_cast<std::size_t>(run.promptLength);
  const std::string whole = run.model->tokenizer->decode(tokens);
  const std::string before = run.model->tokenizer->decode(tokens.first(prompt));
  // Decoding the picks alone would lose the space before the first of them.
  if (whole.starts_with(before)) return whole.substr(before.size());
  return run.model->tokenizer->decode(tokens.subspan(prompt));
}

}  // namespace decodescope
