#include "app/cli/run_options.h"

#include "core/base/thread_pool.h"
#include "core/decode/lane.h"
#include "core/formats/loaded_model.h"

#include <limits>

namespace decodescope {
namespace {

constexpr int kMaxThreads = 256;

constexpr OptionInfo kRunOptions[] = {
    {"--model", "M", "a Hugging Face folder or a model file"},
    {"--prompt", "TEXT", "what to begin with; the start token is added as the tokenizer says"},
    {"--tokens", "1,5,9", "the same as ids, fed as they are"},
    {"--steps", "N", "forward calls, each followed by the pick of one token"},
    {"--kv-cache", "on|off", "keep keys and values between steps (default on)"},
    {"--temperature", "X", "0 takes the likeliest token (default 0)"},
    {"--top-k", "K", "pick among the K likeliest; 0 is off (default 0)"},
    {"--top-p", "P", "pick among the likeliest that together reach P (default 1)"},
    {"--seed", "S", "of the picks when the temperature is above 0 (default 0)"},
    {"--ignore-eos", "", "go on after an end-of-text token"},
    {"--threads", "N", "threads of the kernels (default: the number of cores)"},
    {"--no-trace", "", "record no tensors; times are then the model's own"},
};

}  // namespace

std::span<const OptionInfo> runOptionTable() {
  return kRunOptions;
}

Result<RunOptions> parseRunOptions(const Arguments& arguments) {
  RunOptions options;
  const auto model = arguments.value("--model");
  if (!model || model->empty()) return Error{.field = "--model", .what = "is missing"};
  options.model = *model;
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
    DECODESCOPE_TRY(options.settings.kvCache, parseOnOff("--kv-cache", *cache));
  }
  SamplingSettings& sampling = options.settings.sampling;
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
  options.settings.ignoreEos = arguments.has("--ignore-eos");
  if (const auto threads = arguments.value("--threads")) {
    DECODESCOPE_TRY(const long long number, parseWhole("--threads", *threads, 1, kMaxThreads));
    options.threads = static_cast<int>(number);
  }
  options.trace = !arguments.has("--no-trace");
  return options;
}

Result<RunSnapshotPtr> decodeRun(const RunOptions& options, KeepTraces keep) {
  DECODESCOPE_REQUIRE(options.hasPrompt());
  DECODESCOPE_TRY(const LoadedModelPtr model, loadModel(options.model));
  std::vector<TokenId> prompt;
  if (options.tokens) {
    for (const int id : *options.tokens) prompt.push_back(TokenId{id});
  } else {
    DECODESCOPE_TRY(prompt, promptTokens(*model, *options.prompt));
  }
  ThreadPool pool(options.threads > 0 ? options.threads : availableCores());
  Lane::Options laneOptions;
  laneOptions.trace = options.trace;
  laneOptions.pool = &pool;
  if (keep == KeepTraces::all) laneOptions.traceBudget = std::numeric_limits<std::uint64_t>::max();
  DECODESCOPE_TRY(Lane lane, Lane::start(model, options.settings, std::move(prompt), laneOptions));
  const bool feedOnly = options.steps == 0 && keep == KeepTraces::all;
  for (int step = 0; (step < options.steps || (feedOnly && step < 1)) && lane.canStep(); ++step) lane.step();

  auto run = std::make_shared<RunSnapshot>(*lane.snapshot());
  if (feedOnly) {  // its one pick was not asked for
    run->tokens.resize(static_cast<std::size_t>(run->promptLength));
    run->steps.clear();
    run->stopReason = StopReason::none;
  }
  if (run->stopReason == StopReason::none) run->stopReason = StopReason::steps;
  run->state = RunState::finished;
  return RunSnapshotPtr(std::move(run));
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
