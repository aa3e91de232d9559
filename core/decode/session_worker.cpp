#include "core/decode/session_worker.h"

#include "core/attention/derive.h"
#include "core/base/available_memory.h"
#include "core/decode/lane.h"
#include "core/decode/race.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <limits>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

namespace decodescope {
namespace {

/// What a run begins with when nobody gave a prompt: the card's, else what stands before every text, else a
/// few words, else the start token's id or the vocabulary's first. So every model that can be read opens.
std::vector<TokenId> openingTokens(const LoadedModel& model) {
  std::vector<std::string> texts = {"", "Once upon a time"};
  if (!model.card.prompts.empty()) texts.insert(texts.begin(), model.card.prompts.front());
  for (const std::string& text : texts) {
    if (Result<std::vector<TokenId>> tokens = promptTokens(model, text); tokens.ok())
      return std::move(tokens).value();
  }
  return {model.config().bosTokenId.value_or(TokenId{0})};
}

struct LaneEntry {
  int id;
  SessionWorker::LaneSpec spec;
  Lane lane;
};

RunSettings settingsFor(const SessionWorker::LaneSpec& spec, RunSettings settings) {
  if (spec.kvCache) settings.kvCache = *spec.kvCache;
  if (spec.rules) settings.rules = *spec.rules;
  return settings;
}

}  // namespace

class SessionWorker::Impl {
 public:
  explicit Impl(std::function<void()> wake)
      : m_wake(std::move(wake)), m_published(std::make_shared<SessionSnapshot>()) {
    m_thread = std::jthread([this](std::stop_token stop) { work(stop); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(m_mutex);
      m_queue.clear();
      m_current.request_stop();
    }
    m_thread.request_stop();  // wakes the wait; the jthread joins before the members it uses go
  }

  SessionSnapshotPtr latest() const {
    const std::lock_guard lock(m_mutex);
    return m_published;
  }

  using Action = std::function<void(std::stop_token)>;

  void post(Action action, bool survivesInterrupts = false) {
    {
      const std::lock_guard lock(m_mutex);
      m_queue.push_back({std::move(action), survivesInterrupts});
    }
    m_available.notify_one();
  }

  void setSettings(RunSettings settings) {
    {
      const std::lock_guard lock(m_mutex);
      m_pendingSettings = settings;
    }
    m_available.notify_one();
  }

  void interrupt() {
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_queue, [](const Command& command) { return !command.survivesInterrupts; });
    m_current.request_stop();
  }

  // Commands: on the worker's thread from here on.

  void open(const OpenRequest& request, std::stop_token stop) {
    Result<LoadedModelPtr> loaded = load(request.path, request.tokenizer, request.evenIfTooLarge, stop);
    if (loaded.ok() && loaded.value()->config().position == PositionKind::rotary)
      loaded = derive(loaded.value(), {}, {}, false, request.rotaryLayout);
    if (!loaded.ok()) return fail(loaded.error(), stop);
    const LoadedModelPtr model = std::move(loaded).value();
    Result<std::vector<TokenId>> prompt =
        request.useDefaultPrompt ? openingTokens(*model) : promptTokens(*model, request.prompt);
    if (!prompt.ok()) return fail(prompt.error(), stop);
    Result<Lane> lane =
        Lane::start(model, settingsFor({}, m_settings), std::move(prompt).value(), laneOptions(*model, {}));
    if (!lane.ok()) return fail(lane.error(), stop);
    m_lanes.clear();
    m_race.reset();
    m_lanes.push_back({newLaneId(), {}, std::move(lane).value()});
    step(request.stepsAfterwards, stop);
  }

  void restart(const std::string& prompt, int stepsAfterwards, std::stop_token stop) {
    std::vector<LaneEntry> fresh;
    for (const LaneEntry& entry : m_lanes) {
      if (entry.spec.branchStep) continue;  // a branch is one of the text that now goes
      Result<Lane> lane = startLane(entry.lane.snapshot()->model, prompt, entry.spec);
      if (!lane.ok()) return fail(lane.error(), stop);
      fresh.push_back({entry.id, entry.spec, std::move(lane).value()});
    }
    m_lanes = std::move(fresh);
    step(stepsAfterwards, stop);
  }

  void setRotaryLayout(RotaryLayout layout, std::stop_token stop) {
    if (m_lanes.empty()) return publish(false);
    const RunSnapshotPtr first = m_lanes.front().lane.snapshot();
    const Result<LoadedModelPtr> turned = deriveRotaryLayout(first->model, layout);
    if (!turned.ok()) return fail(turned.error(), stop);
    std::vector<LaneEntry> fresh;
    int steps = 0;
    for (const LaneEntry& entry : m_lanes) {
      const RunSnapshotPtr run = entry.lane.snapshot();
      steps = std::max(steps, run->stepCount());
      if (entry.spec.branchStep) continue;
      const LaneSpec& spec = entry.spec;
      Result<LoadedModelPtr> model = !spec.path.empty()
                                         ? run->model
                                         : derive(turned.value(), spec.derivedKvHeads, spec.derivedWindow,
                                                  spec.derivedLinear, spec.rotaryLayout);
      if (!model.ok()) return fail(model.error(), stop);
      std::vector<TokenId> prompt(run->tokens.begin(), run->tokens.begin() + run->promptLength);
      Result<Lane> lane = Lane::start(model.value(), settingsFor(spec, m_settings), std::move(prompt),
                                      laneOptions(*model.value(), spec));
      if (!lane.ok()) return fail(lane.error(), stop);
      fresh.push_back({entry.id, spec, std::move(lane).value()});
    }
    m_lanes = std::move(fresh);
    step(steps, stop);
  }

  void step(int count, std::stop_token stop) {
    for (int i = 0; i < count && stepAll(stop); ++i) publish(i + 1 < count);
    publish(false);
  }

  void addLane(const LaneSpec& spec, std::stop_token stop) {
    if (m_lanes.empty()) return publish(false);
    Result<std::optional<LaneEntry>> made = makeLane(spec, {}, stop);
    if (!made.ok()) return fail(made.error(), stop);
    if (!made.value()) return publish(false);
    m_lanes.push_back(std::move(*made.value()));
    publish(false);
  }

  void setLanes(const std::vector<LaneSpec>& specs, std::stop_token stop) {
    ++m_laneEdits;
    if (m_lanes.empty()) return publish(false);
    // All that is new first: what the others branch from is still there, and a failure changes nothing.
    std::vector<LaneEntry> made;
    for (const LaneSpec& spec : specs) {
      if (findLane(spec.laneId)) continue;
      Result<std::optional<LaneEntry>> lane = makeLane(spec, made, stop);
      if (!lane.ok()) return fail(lane.error(), stop);
      if (!lane.value()) return publish(false);
      made.push_back(std::move(*lane.value()));
    }
    std::vector<LaneEntry> next;
    next.push_back(std::move(m_lanes.front()));
    m_lanes.erase(m_lanes.begin());
    for (const LaneSpec& spec : specs) {
      for (std::vector<LaneEntry>* from : {&m_lanes, &made}) {
        const auto entry = std::find_if(from->begin(), from->end(),
                                        [&](const LaneEntry& lane) { return lane.id == spec.laneId; });
        if (entry == from->end()) continue;
        next.push_back(std::move(*entry));
        from->erase(entry);
        break;
      }
    }
    m_lanes = std::move(next);
    publish(false);
  }

  void removeLane(int laneId) {
    for (std::size_t i = 1; i < m_lanes.size(); ++i) {
      if (m_lanes[i].id != laneId) continue;
      m_lanes.erase(m_lanes.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    publish(false);
  }

  void race(int tokens, std::stop_token stop) {
    if (m_lanes.empty()) return publish(false);
    const RunSnapshotPtr first = m_lanes.front().lane.snapshot();
    const std::vector<TokenId> prompt(first->tokens.begin(), first->tokens.begin() + first->promptLength);
    runRace(
        first->model, prompt, m_settings, tokens,
        [this](const RaceProgress& progress) {
          m_race = std::make_shared<const RaceProgress>(progress);
          publish(progress.running);
        },
        stop);
  }

 private:
  void work(std::stop_token stop) {
    for (;;) {
      Action command;
      std::stop_token interrupted;
      {
        std::unique_lock lock(m_mutex);
        if (!m_available.wait(lock, stop, [this] { return !m_queue.empty() || m_pendingSettings; })) return;
        if (!m_queue.empty()) {
          command = std::move(m_queue.front().action);
          m_queue.pop_front();
          m_current = std::stop_source();
          interrupted = m_current.get_token();
        }
      }
      if (command) {
        runGuarded(command, interrupted);
      } else {
        applySettings();
        publish(false);
      }
      if (stop.stop_requested()) return;
    }
  }

  /// No exception may leave the thread: what a command throws (memory, in practice) becomes the session's
  /// error.
  void runGuarded(const Action& command, std::stop_token stop) {
    try {
      m_outline.reset();
      // Not to be told again while this command runs.
      m_error.clear();
      m_errorFile.clear();
      applySettings();
      command(stop);
    } catch (const std::bad_alloc&) {
      m_error = "not enough memory";
      publish(false);
    } catch (const std::exception& exception) {
      m_error = exception.what();
      publish(false);
    }
  }

  void applySettings() {
    std::optional<RunSettings> settings;
    {
      const std::lock_guard lock(m_mutex);
      settings.swap(m_pendingSettings);
    }
    if (!settings) return;
    m_settings = *settings;
    for (LaneEntry& entry : m_lanes) entry.lane.setSettings(settingsFor(entry.spec, m_settings));
  }

  /// One step of every lane that can; false when none could or the stop token ended it. Lanes that an
  /// interrupted call left behind catch up first.
  bool stepAll(std::stop_token stop) {
    applySettings();
    int target = std::numeric_limits<int>::max();
    for (const LaneEntry& entry : m_lanes) {
      const bool waits =
          entry.spec.sameTokens && !m_lanes.front().lane.canStep() && !firstIsBeyond(entry.lane);
      if (entry.lane.canStep() && !waits) target = std::min(target, entry.lane.stepCount() + 1);
    }
    bool stepped = false;
    for (LaneEntry& entry : m_lanes) {
      bool due = entry.lane.canStep() && entry.lane.stepCount() < target;
      // The first lane has gone before.
      due = due && (!entry.spec.sameTokens || firstIsBeyond(entry.lane));
      const bool ended = due && !stepLane(entry.lane, entry.spec, stop);
      if (const auto outcome = entry.lane.outcome(); !outcome.ok()) {
        m_error = outcome.error().message();
        return false;
      }
      if (ended) return false;
      stepped = stepped || due;
    }
    return stepped && !stop.stop_requested();
  }

  bool firstIsBeyond(const Lane& lane) const { return m_lanes.front().lane.stepCount() > lane.stepCount(); }

  /// Needs canStep(), and for the same tokens firstIsBeyond().
  bool stepLane(Lane& lane, const LaneSpec& spec, std::stop_token stop) {
    return spec.sameTokens ? lane.stepAs(m_lanes.front().lane.current(), stop) : lane.step(stop);
  }

  Lane::Options laneOptions(const LoadedModel& model, const LaneSpec& spec) {
    Lane::Options options;
    options.sameTokens = spec.sameTokens;
    if (const int threads = fastestThreads(*model.model); threads > 1) {
      if (!m_pool) m_pool = std::make_unique<ThreadPool>(threads);
      options.pool = m_pool.get();
    }
    return options;
  }

  Result<Lane> startLane(const LoadedModelPtr& model, const std::string& prompt, const LaneSpec& spec) {
    DECODESCOPE_TRY(std::vector<TokenId> tokens, promptTokens(*model, prompt));
    return Lane::start(model, settingsFor(spec, m_settings), std::move(tokens), laneOptions(*model, spec));
  }

  const LaneEntry* findLane(int laneId) const {
    const auto entry = std::find_if(m_lanes.begin(), m_lanes.end(),
                                    [&](const LaneEntry& lane) { return lane.id == laneId; });
    return entry == m_lanes.end() ? nullptr : &*entry;
  }

  /// A model that a lane runs already is not read again.
  Result<LoadedModelPtr> laneModel(const LaneSpec& wanted, std::stop_token stop) {
    for (const LaneEntry& entry : m_lanes) {
      const LaneSpec& spec = entry.spec;
      if (spec.path == wanted.path && spec.tokenizer == wanted.tokenizer && !spec.derivedKvHeads &&
          !spec.derivedWindow && !spec.derivedLinear && !spec.rotaryLayout)
        return entry.lane.snapshot()->model;
    }
    return load(wanted.path, wanted.tokenizer, wanted.evenIfTooLarge, stop);
  }

  /// A lane that stands where the first one does. Nothing when the stop token ended it. Needs a first lane.
  /// `made`: lanes that are about to stand beside the others.
  Result<std::optional<LaneEntry>> makeLane(const LaneSpec& spec, const std::vector<LaneEntry>& made,
                                            std::stop_token stop) {
    const RunSnapshotPtr first = m_lanes.front().lane.snapshot();
    LoadedModelPtr model = first->model;
    std::vector<TokenId> prompt(first->tokens.begin(), first->tokens.begin() + first->promptLength);
    if (!spec.path.empty()) {
      DECODESCOPE_TRY(LoadedModelPtr other, laneModel(spec, stop));
      // The text, not the ids: another model may have another vocabulary.
      DECODESCOPE_TRY(prompt, promptTokens(*other, model->tokenizer->decode(prompt)));
      if (spec.sameTokens && !sameVocabulary(*other, *model)) {
        return Error{.field = other->name,
                     .what = "has another vocabulary, so it cannot be given the same tokens",
                     .found = std::to_string(other->config().vocabSize) + " tokens",
                     .allowed = "the " + std::to_string(model->config().vocabSize) + " of " + model->name};
      }
      model = std::move(other);
    }
    const LoadedModelPtr whole = model;
    DECODESCOPE_TRY(
        model, derive(whole, spec.derivedKvHeads, spec.derivedWindow, spec.derivedLinear, spec.rotaryLayout));
    Result<Lane> lane =
        spec.branchStep && spec.path.empty() && model == whole
            ? branchLane(spec, made)
            : Lane::start(model, settingsFor(spec, m_settings), std::move(prompt), laneOptions(*model, spec));
    if (!lane.ok()) return lane.error();
    int steps = 0;
    for (const LaneEntry& entry : m_lanes) steps = std::max(steps, entry.lane.stepCount());
    while (lane.value().stepCount() < steps && lane.value().canStep()) {
      if (spec.sameTokens && !firstIsBeyond(lane.value())) break;
      if (stepLane(lane.value(), spec, stop)) continue;
      DECODESCOPE_CHECK(lane.value().outcome());
      return std::optional<LaneEntry>();
    }
    return std::optional<LaneEntry>(
        LaneEntry{spec.laneId < 0 ? newLaneId() : spec.laneId, spec, std::move(lane).value()});
  }

  Result<Lane> branchLane(const LaneSpec& spec, const std::vector<LaneEntry>& made) {
    Error error;
    error.field = "branch";
    const LaneEntry* from = &m_lanes.front();
    if (spec.branchLane) from = findLane(*spec.branchLane);
    for (const LaneEntry& entry : made) {
      if (spec.branchLane && entry.id == *spec.branchLane) from = &entry;
    }
    if (!from) {
      error.what = "the lane that it branches from is closed";
      return error;
    }
    const RunSnapshotPtr snapshot = from->lane.snapshot();
    const RunSnapshot& source = *snapshot;
    error.what = "out of range";
    const int step = spec.branchStep->value;
    if (step < 0 || step > source.stepCount()) {
      error.found = "step " + std::to_string(step);
      error.allowed = "0 to " + std::to_string(source.stepCount());
      return error;
    }
    const int vocabulary = source.model->config().vocabSize;
    if (spec.branchToken && (spec.branchToken->value < 0 || spec.branchToken->value >= vocabulary)) {
      error.found = "token " + std::to_string(spec.branchToken->value);
      error.allowed = "0 to " + std::to_string(vocabulary - 1);
      return error;
    }
    return Lane::branch(source, *spec.branchStep, spec.branchToken, settingsFor(spec, m_settings),
                        laneOptions(*source.model, spec));
  }

  Result<LoadedModelPtr> load(const std::string& path, const std::string& tokenizer, bool evenIfTooLarge,
                              std::stop_token stop) {
    m_outline.reset();
    m_activity = "Loading " + path;
    m_progress = 0;
    publish(true);
    LoadProgress progress;
    progress.stop = stop;
    progress.report = [this](double fraction) {
      if (fraction < m_progress + 0.01) return;
      m_progress = fraction;
      publish(true);
    };
    bool isTooLarge = false;
    progress.outlined = [&](const ModelOutline& outline) -> Result<void> {
      m_outline = std::make_shared<const ModelOutline>(outline);
      publish(true);
      const std::optional<std::uint64_t> available = availableMemory();
      isTooLarge = !evenIfTooLarge && available && outline.weightBytes() > *available;
      if (!isTooLarge) return {};
      return Error{.file = path,
                   .what = "needs more memory than there is",
                   .found = std::to_string(outline.weightBytes()) + " bytes",
                   .allowed = std::to_string(*available)};
    };
    Result<LoadedModelPtr> loaded = loadModel(path, progress, tokenizer);
    if (!isTooLarge) m_outline.reset();
    m_activity.clear();
    m_progress = -1;
    return loaded;
  }

  /// Publishes the failure; one that was asked for (an interrupted load) is none.
  void fail(const Error& error, std::stop_token stop) {
    m_error = stop.stop_requested() ? std::string() : error.message();
    m_errorFile = error.file;
    publish(false);
  }

  void publish(bool busy) {
    auto snapshot = std::make_shared<SessionSnapshot>();
    for (const LaneEntry& entry : m_lanes) {
      LaneSnapshot lane;
      lane.laneId = entry.id;
      lane.run = entry.lane.snapshot();
      lane.label = entry.spec.label.empty() ? lane.run->model->name : entry.spec.label;
      snapshot->lanes.push_back(std::move(lane));
    }
    snapshot->busy = busy;
    snapshot->activity = m_activity;
    snapshot->progress = m_progress;
    snapshot->error = m_error;
    if (!m_error.empty()) snapshot->errorFile = m_errorFile;
    snapshot->outline = m_outline;
    // An edit is done when it has nothing more to say: loading a model for it tells its progress.
    if (!busy) m_laneEditsDone = m_laneEdits;
    snapshot->laneEdits = m_laneEditsDone;
    snapshot->race = m_race;
    {
      const std::lock_guard lock(m_mutex);
      snapshot->sequence = m_published->sequence + 1;
      m_published = std::move(snapshot);
    }
    if (m_wake) m_wake();
  }

  const std::function<void()> m_wake;

  mutable std::mutex m_mutex;
  std::condition_variable_any m_available;
  struct Command {
    Action action;
    bool survivesInterrupts;
  };
  std::deque<Command> m_queue;
  std::optional<RunSettings> m_pendingSettings;
  std::stop_source m_current;
  SessionSnapshotPtr m_published;

  // The worker thread's own.
  std::unique_ptr<ThreadPool> m_pool;
  std::vector<LaneEntry> m_lanes;
  RunSettings m_settings;
  std::uint64_t m_laneEdits = 0;      ///< begun
  std::uint64_t m_laneEditsDone = 0;  ///< published as carried out
  std::string m_activity;
  double m_progress = -1;
  std::shared_ptr<const ModelOutline> m_outline;  ///< SessionSnapshot::outline
  std::string m_error;
  std::string m_errorFile;
  std::shared_ptr<const RaceProgress> m_race;
  std::jthread m_thread;  ///< last: joined before anything it uses goes
};

SessionWorker::SessionWorker(std::function<void()> wake) : m_impl(std::make_unique<Impl>(std::move(wake))) {}

SessionWorker::~SessionWorker() = default;

SessionSnapshotPtr SessionWorker::latest() const {
  return m_impl->latest();
}

void SessionWorker::open(OpenRequest request) {
  m_impl->post([impl = m_impl.get(), request = std::move(request)](std::stop_token stop) {
    impl->open(request, stop);
  });
}

void SessionWorker::restart(std::string prompt, int stepsAfterwards) {
  m_impl->post([impl = m_impl.get(), prompt = std::move(prompt), stepsAfterwards](std::stop_token stop) {
    impl->restart(prompt, stepsAfterwards, stop);
  });
}

void SessionWorker::setRotaryLayout(RotaryLayout layout) {
  m_impl->post([impl = m_impl.get(), layout](std::stop_token stop) { impl->setRotaryLayout(layout, stop); });
}

void SessionWorker::step(int count) {
  m_impl->post([impl = m_impl.get(), count](std::stop_token stop) { impl->step(count, stop); });
}

void SessionWorker::setSettings(RunSettings settings) {
  m_impl->setSettings(settings);
}

void SessionWorker::addLane(LaneSpec spec) {
  m_impl->post(
      [impl = m_impl.get(), spec = std::move(spec)](std::stop_token stop) { impl->addLane(spec, stop); });
}

void SessionWorker::removeLane(int laneId) {
  m_impl->post([impl = m_impl.get(), laneId](std::stop_token) { impl->removeLane(laneId); });
}

int SessionWorker::newLaneId() {
  static std::atomic<int> counter{0};
  return counter++;
}

void SessionWorker::setLanes(std::vector<LaneSpec> specs) {
  m_impl->post(
      [impl = m_impl.get(), specs = std::move(specs)](std::stop_token stop) { impl->setLanes(specs, stop); },
      true);
}

void SessionWorker::race(int tokens) {
  m_impl->post([impl = m_impl.get(), tokens](std::stop_token stop) { impl->race(tokens, stop); });
}

void SessionWorker::interrupt() {
  m_impl->interrupt();
}

}  // namespace decodescope
