#include "app/cli/compare_command.h"

#include "app/cli/arguments.h"
#include "app/cli/compare_report.h"
#include "app/cli/subcommand.h"
#include "app/cli/train_command.h"
#include "core/attention/derive.h"
#include "core/base/assets.h"
#include "core/base/atomic_file.h"
#include "core/base/thread_pool.h"
#include "core/decode/pace.h"
#include "core/formats/model_card.h"
#include "core/train/presets.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>

namespace decodescope {
namespace {

constexpr OptionInfo kOptions[] = {
    {"--kv-heads", "LIST", "each model also with its key/value heads averaged down to so many: 2,1"},
    {"--window", "LIST", "each model also under a sliding window of so many keys: 32,8"},
    {"--seeds", "LIST",
     "train bundled models again with these seeds of the first weights: 3,4,5 (minutes each)"},
    {"--work", "DIR", "where --seeds keeps what it trains; a second call goes on there"},
    {"--write-cards", "", "write the losses of all seeds into the models' card.json"},
    {"--tales", "N", "held-out tales to read (default: 200, fewer for models above 4 M parameters)"},
    {"--context", "N", "cached tokens before the step whose MACs are told (default 100)"},
    {"--time", "", "measure the untraced time a token too, on one thread"},
    {"--threads", "N", "of --seeds (default: the cores of this machine)"},
    {"--json", "", "as JSON"},
    {"--help", "", "this text"},
    {"--version", "", "the version"},
};
constexpr const char* kMatched[] = {"tales-mha", "tales-gqa", "tales-mqa", "tales-mla"};

struct CompareCall {
  std::vector<std::string> models;
  std::vector<int> kvHeads, windows, seeds;
  std::string work;
  std::optional<int> tales;
  int context = 100;
  int threads = 1;
  bool time = false, json = false, writeCards = false;
};

std::string bundledFolder(const std::string& name) {
  const Result<std::string> assets = assetsDir();
  return assets.ok() ? assets.value() + "/models/" + name : name;
}

/// A path as it is, else the name of a bundled model.
std::string modelPath(const std::string& word) {
  std::error_code ignored;
  if (std::filesystem::exists(word, ignored)) return word;
  const std::string bundled = bundledFolder(word);
  return std::filesystem::exists(bundled, ignored) ? bundled : word;
}

Result<CompareCall> readCall(const Arguments& arguments) {
  CompareCall call;
  for (const std::string& word : arguments.words()) call.models.push_back(modelPath(word));
  if (call.models.empty()) {
    for (const char* name : kMatched) call.models.push_back(bundledFolder(name));
  }
  const auto list = [&](const char* option, std::vector<int>& into) -> Result<void> {
    if (const auto text = arguments.value(option)) {
      DECODESCOPE_TRY(into, parseList(option, *text));
    }
    return {};
  };
  DECODESCOPE_CHECK(list("--kv-heads", call.kvHeads));
  DECODESCOPE_CHECK(list("--window", call.windows));
  DECODESCOPE_CHECK(list("--seeds", call.seeds));
  call.work = arguments.value("--work").value_or("");
  if (!call.seeds.empty() && call.work.empty())
    return Error{.field = "--work", .what = "is missing", .allowed = "a folder for what --seeds trains"};
  if (const auto text = arguments.value("--tales")) {
    DECODESCOPE_TRY(const long long tales, parseWhole("--tales", *text, 1, 100'000));
    call.tales = static_cast<int>(tales);
  }
  if (const auto text = arguments.value("--context")) {
    DECODESCOPE_TRY(const long long context, parseWhole("--context", *text, 0, 10'000'000));
    call.context = static_cast<int>(context);
  }
  call.threads = availableCores();
  if (const auto text = arguments.value("--threads")) {
    DECODESCOPE_TRY(const long long threads, parseWhole("--threads", *text, 1, 256));
    call.threads = static_cast<int>(threads);
  }
  call.time = arguments.has("--time");
  call.json = arguments.has("--json");
  call.writeCards = arguments.has("--write-cards");
  if (call.writeCards && call.tales)
    return Error{.field = "--tales", .what = "cannot be used together with --write-cards"};
  return call;
}

void progressLine(const std::string& name, const char* what) {
  std::fprintf(stderr, "%s: %s\n", name.c_str(), what);
}

Result<CompareRow> measured(const LoadedModelPtr& model, const CompareCall& call) {
  CompareRow row;
  row.model = model;
  progressLine(model->name, "reading the held-out tales");
  const int tales = call.tales.value_or(heldOutTalesFor(model->config()));
  DECODESCOPE_TRY(row.heldOut, measureHeldOut(*model, tales));
  if (call.time) {
    progressLine(model->name, "measuring the time");
    const std::string prompt = model->card.prompts.empty() ? "" : model->card.prompts.front();
    DECODESCOPE_TRY(std::vector<TokenId> tokens, promptTokens(*model, prompt));
    DECODESCOPE_TRY(row.pace, measurePace(model, {}, std::move(tokens), {}, {}));
  }
  return row;
}

/// The losses of trainings that differ in the seed alone, the file's own first; without --seeds the card's.
Result<bool> addSeeds(CompareRow& row, const CompareCall& call) {
  const TrainingPreset* preset = findTrainingPreset(row.model->name);
  if (!preset || row.model->derivedFrom) return true;
  row.seeds = {{preset->settings.seed, row.heldOut.loss.lossPerToken}};
  const ModelCard& card = row.model->card;
  // What other seeds once gave, where it was measured on the same text.
  if (call.seeds.empty() && card.heldOutText == heldOutTextName(row.heldOut.tales)) {
    std::copy_if(card.seedLosses.begin(), card.seedLosses.end(), std::back_inserter(row.seeds),
                 [&](const SeedLoss& other) { return other.seed != preset->settings.seed; });
  }
  for (const int seed : call.seeds) {
    if (static_cast<std::uint64_t>(seed) == preset->settings.seed) continue;
    const std::string out = call.work + "/seed-" + std::to_string(seed);
    DECODESCOPE_TRY(const bool finished,
                    trainWithSeed(*preset, static_cast<std::uint64_t>(seed), out, call.threads));
    if (!finished) return false;
    DECODESCOPE_TRY(const LoadedModelPtr other, loadModel(out + "/" + preset->name));
    progressLine(other->name, ("seed " + std::to_string(seed) + ", reading the held-out tales").c_str());
    DECODESCOPE_TRY(const HeldOutMeasurement loss, measureHeldOut(*other, row.heldOut.tales));
    row.seeds.push_back({static_cast<std::uint64_t>(seed), loss.loss.lossPerToken});
  }
  return true;
}

Result<void> writeCard(const CompareRow& row) {
  ModelCard card = row.model->card;
  card.heldOutLoss = row.heldOut.loss.lossPerToken;
  card.heldOutText = heldOutTextName(row.heldOut.tales);
  card.seedLosses = row.seeds;
  return writeFileAtomically(row.model->path + "/card.json", writeModelCard(card));
}

/// The model and what is derived from it; false when a training was interrupted.
Result<bool> addModel(const std::string& path, const CompareCall& call, std::vector<CompareRow>& rows) {
  DECODESCOPE_TRY(const LoadedModelPtr model, loadModel(path));
  DECODESCOPE_TRY(CompareRow own, measured(model, call));
  DECODESCOPE_TRY(const bool finished, addSeeds(own, call));
  if (!finished) return false;
  if (call.writeCards && !own.seeds.empty()) DECODESCOPE_CHECK(writeCard(own));
  rows.push_back(std::move(own));
  const auto add = [&](std::optional<int> kvHeads, std::optional<int> window) -> Result<void> {
    DECODESCOPE_TRY(const LoadedModelPtr derived, derive(model, kvHeads, window));
    DECODESCOPE_TRY(CompareRow row, measured(derived, call));
    std::vector<std::string> folders;
    for (const TrainingPreset& preset : trainingPresets()) folders.push_back(bundledFolder(preset.name));
    row.alike = trainedAlike(*derived, folders);
    rows.push_back(std::move(row));
    return {};
  };
  for (const int heads : call.kvHeads) {
    // What a model has already there is nothing to average for.
    const ModelConfig& config = model->config();
    const bool fits = config.attention == AttentionKind::softmax && heads >= 1 &&
                      heads < config.numKeyValueHeads && config.numKeyValueHeads % heads == 0;
    if (fits || call.models.size() == 1) DECODESCOPE_CHECK(add(heads, std::nullopt));
  }
  for (const int window : call.windows) {
    if (model->config().attention == AttentionKind::softmax || call.models.size() == 1)
      DECODESCOPE_CHECK(add(std::nullopt, window));
  }
  return true;
}

}  // namespace

int runCompareCommand(std::span<const std::string> words) {
  const auto parsed = Arguments::parse(words, kOptions);
  if (!parsed.ok()) return reportError(parsed.error(), kExitCallAtFault);
  const Arguments& arguments = parsed.value();
  if (arguments.has("--help")) {
    return printResult(
        "decodescope compare [MODEL…]\nShapes, cost and held-out losses of models side by side, measured "
        "from "
        "their files: folders, files, or\nnames of bundled models (default: tales-mha tales-gqa tales-mqa "
        "tales-mla).\n\n" +
        optionsHelp(kOptions));
  }
  if (arguments.has("--version")) return printResult(versionLine() + "\n");
  const auto call = readCall(arguments);
  if (!call.ok()) return reportError(call.error(), kExitCallAtFault);
  std::vector<CompareRow> rows;
  for (const std::string& path : call.value().models) {
    const auto added = addModel(path, call.value(), rows);
    if (!added.ok()) return reportError(added.error(), kExitInputAtFault);
    if (!added.value()) return kExitInterrupted;
  }
  return printResult(call.value().json ? compareJson(rows, call.value().context)
                                       : compareText(rows, call.value().context));
}

}  // namespace decodescope
