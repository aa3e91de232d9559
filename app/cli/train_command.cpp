#include "app/cli/train_command.h"

#include "app/cli/arguments.h"
#include "app/cli/subcommand.h"
#include "core/base/atomic_file.h"
#include "core/base/thread_pool.h"
#include "core/train/bundle.h"
#include "core/train/presets.h"
#include "core/train/trainer.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

namespace decodescope {
namespace {

constexpr OptionInfo kOptions[] = {
    {"--out", "DIR", "where the model's folder is made, for example assets/models"},
    {"--steps", "N", "steps of the whole training (default: the preset's)"},
    {"--seed", "S", "of the first weights (default: the preset's)"},
    {"--threads", "N", "default: the cores of this machine; the result has the same bits with any number"},
    {"--resume", "", "go on from DIR/PRESET.checkpoint; with all, skip what is finished"},
    {"--checkpoint-every", "N", "steps between checkpoints (default 200)"},
    {"--help", "", "this text"},
    {"--version", "", "the version"},
};

volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void noteInterrupt(int) {
  g_interrupted = 1;
}

struct TrainCall {
  std::string out;
  std::optional<long long> steps;
  std::optional<long long> seed;
  int threads = 1;
  bool resume = false;
  int checkpointEvery = 200;
};

std::string clock(double seconds) {
  const auto whole = static_cast<long long>(seconds + 0.5);
  char text[48];
  std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  return text;
}

/// A line a report, not more than one in two seconds, on stderr.
class Progress {
 public:
  Progress(std::string name, int steps, int stepsDone)
      : m_name(std::move(name)), m_steps(steps), m_firstStep(stepsDone) {}

  void show(const Trainer::Report& report) {
    m_tokens += static_cast<std::uint64_t>(report.tokens);
    m_smoothed = m_smoothed == 0 ? report.loss : 0.95 * m_smoothed + 0.05 * report.loss;
    const auto now = Clock::now();
    const bool last = report.step == m_steps;
    if (!last && now - m_shown < std::chrono::seconds(2)) return;
    m_shown = now;
    const double seconds = std::chrono::duration<double>(now - m_begin).count();
    const double left = seconds / (report.step - m_firstStep) * (m_steps - report.step);
    std::fprintf(stderr, "%s: step %d of %d, loss %.4f, %.0f tokens/s, %s left\n", m_name.c_str(),
                 report.step, m_steps, m_smoothed, static_cast<double>(m_tokens) / seconds,
                 clock(left).c_str());
  }

  double smoothedLoss() const { return m_smoothed; }

 private:
  using Clock = std::chrono::steady_clock;

  std::string m_name;
  int m_steps;
  int m_firstStep;
  Clock::time_point m_begin = Clock::now();
  Clock::time_point m_shown = {};
  std::uint64_t m_tokens = 0;
  double m_smoothed = 0;
};

Result<TrainCall> readCall(const Arguments& arguments) {
  TrainCall call;
  call.out = *arguments.value("--out");
  if (const auto text = arguments.value("--steps")) {
    DECODESCOPE_TRY(call.steps, parseWhole("--steps", *text, 1, 10'000'000));
  }
  if (const auto text = arguments.value("--seed")) {
    DECODESCOPE_TRY(call.seed, parseWhole("--seed", *text, 0, 1'000'000'000'000));
  }
  call.threads = availableCores();
  if (const auto text = arguments.value("--threads")) {
    DECODESCOPE_TRY(const long long threads, parseWhole("--threads", *text, 1, 256));
    call.threads = static_cast<int>(threads);
  }
  if (const auto text = arguments.value("--checkpoint-every")) {
    DECODESCOPE_TRY(const long long every, parseWhole("--checkpoint-every", *text, 1, 10'000'000));
    call.checkpointEvery = static_cast<int>(every);
  }
  call.resume = arguments.has("--resume");
  return call;
}

/// Trains one preset. Returns false when it was interrupted; then a checkpoint has been written.
Result<bool> trainPreset(TrainingPreset preset, const TrainCall& call) {
  const std::string folder = call.out + "/" + preset.name;
  const std::string checkpoint = folder + ".checkpoint";
  const bool hasCheckpoint = std::filesystem::exists(checkpoint);
  if (call.resume && !hasCheckpoint && std::filesystem::exists(folder + "/config.json")) {
    std::fprintf(stderr, "%s: finished already\n", preset.name.c_str());
    return true;
  }
  if (call.steps) {
    OptimizerSettings& optimizer = preset.settings.optimizer;
    optimizer.warmupSteps =
        std::max(1, static_cast<int>(optimizer.warmupSteps * *call.steps / optimizer.steps));
    optimizer.steps = static_cast<int>(*call.steps);
  }
  if (call.seed) preset.settings.seed = static_cast<std::uint64_t>(*call.seed);

  DECODESCOPE_TRY(const PreparedTraining prepared, prepareTraining(preset));
  Trainer trainer(prepared.config, preset.settings, prepared.data, call.threads);
  if (call.resume && hasCheckpoint) DECODESCOPE_CHECK(trainer.restoreCheckpoint(checkpoint));
  const int steps = preset.settings.optimizer.steps;
  Progress progress(preset.name, steps, trainer.stepsDone());
  while (trainer.stepsDone() < steps) {
    const Trainer::Report report = trainer.step();
    progress.show(report);
    const bool stop = g_interrupted != 0;
    if (stop || (report.step % call.checkpointEvery == 0 && report.step < steps)) {
      DECODESCOPE_CHECK(trainer.saveCheckpoint(checkpoint));
    }
    if (stop) {
      std::fprintf(stderr, "%s: stopped after step %d; --resume goes on from %s\n", preset.name.c_str(),
                   report.step, checkpoint.c_str());
      return false;
    }
  }
  DECODESCOPE_CHECK(saveBundledModel(folder, preset, prepared, trainer.model(),
                                     {steps, trainer.tokensSeen(), progress.smoothedLoss()}));
  std::error_code ignored;  // a checkpoint that stays behind does no harm
  std::filesystem::remove(checkpoint, ignored);
  std::fprintf(stderr, "%s: written to %s\n", preset.name.c_str(), folder.c_str());
  return true;
}

Result<bool> trainAll(const std::vector<TrainingPreset>& presets, const TrainCall& call) {
  std::error_code failure;
  std::filesystem::create_directories(call.out, failure);
  if (failure) return Error{.file = call.out, .what = "cannot be made: " + failure.message()};
  for (const TrainingPreset& preset : presets) {
    DECODESCOPE_TRY(const bool finished, trainPreset(preset, call));
    if (!finished) return false;
  }
  if (presets.size() > 1)
    DECODESCOPE_CHECK(writeFileAtomically(call.out + "/default", std::string(kDefaultPreset) + "\n"));
  return true;
}

Result<bool> interruptibly(const std::vector<TrainingPreset>& presets, const TrainCall& call) {
  g_interrupted = 0;
  auto* const before = std::signal(SIGINT, noteInterrupt);
  Result<bool> finished = trainAll(presets, call);
  std::signal(SIGINT, before);
  return finished;
}

std::string presetNames() {
  std::string names;
  for (const TrainingPreset& preset : trainingPresets()) names += preset.name + ", ";
  return names + "all";
}

}  // namespace

Result<bool> trainWithSeed(const TrainingPreset& preset, std::uint64_t seed, const std::string& out,
                           int threads) {
  TrainCall call;
  call.out = out;
  call.seed = static_cast<long long>(seed);
  call.threads = threads;
  call.resume = true;
  return interruptibly({preset}, call);
}

int runTrainCommand(std::span<const std::string> words) {
  const auto parsed = Arguments::parse(words, kOptions);
  if (!parsed.ok()) return reportError(parsed.error(), kExitCallAtFault);
  const Arguments& arguments = parsed.value();
  if (arguments.has("--help")) {
    return printResult(
        "decodescope train PRESET --out DIR\nTrains a bundled model from nothing: " + presetNames() +
        ".\nCtrl-C stops with a checkpoint and exit status 130.\n\n" + optionsHelp(kOptions));
  }
  if (arguments.has("--version")) return printResult(versionLine() + "\n");
  if (arguments.words().size() != 1) {
    return reportError(Error{.field = "train",
                             .what = "needs one preset",
                             .found = std::to_string(arguments.words().size()),
                             .allowed = presetNames()},
                       kExitCallAtFault);
  }
  const std::string& name = arguments.words().front();
  std::vector<TrainingPreset> presets;
  if (name == "all") {
    presets = trainingPresets();
  } else if (const TrainingPreset* const preset = findTrainingPreset(name)) {
    presets = {*preset};
  } else {
    return reportError(
        Error{.field = "train", .what = "unknown preset", .found = name, .allowed = presetNames()},
        kExitCallAtFault);
  }
  if (!arguments.value("--out"))
    return reportError(Error{.field = "--out", .what = "is missing", .allowed = "a folder"},
                       kExitCallAtFault);
  const auto call = readCall(arguments);
  if (!call.ok()) return reportError(call.error(), kExitCallAtFault);

  const auto finished = interruptibly(presets, call.value());
  if (!finished.ok()) return reportError(finished.error(), kExitInputAtFault);
  return finished.value() ? kExitDone : kExitInterrupted;
}

}  // namespace decodescope
