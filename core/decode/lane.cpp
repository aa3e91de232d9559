#include "core/decode/lane.h"

#include "core/decode/sampler.h"
#include "core/decode/trace_compare.h"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace decodescope {
namespace {

std::uint64_t nextRunId() {
  static std::atomic<std::uint64_t> counter{0};
  return ++counter;
}

Error promptError(const char* what, std::string found, std::string allowed) {
  Error error;
  error.field = "prompt";
  error.what = what;
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  return error;
}

/// Drops the oldest positions (without a mask: the oldest steps) until the traces fit, never the newest.
void keepWithinBudget(RunSnapshot& run) {
  for (std::size_t i = 0; i + 1 < run.unmaskedSteps.size() && run.traceBytes > run.traceBudget; ++i) {
    if (!run.unmaskedSteps[i]) continue;
    for (const PositionTracePtr& trace : *run.unmaskedSteps[i]) run.traceBytes -= trace->bytes();
    run.unmaskedSteps[i].reset();
  }
  if (!run.unmaskedSteps.empty()) return;
  for (std::size_t i = 0; i + 1 < run.positions.size() && run.traceBytes > run.traceBudget; ++i) {
    if (!run.positions[i]) continue;
    run.traceBytes -= run.positions[i]->bytes();
    run.positions[i].reset();
  }
}

/// One position's stored keys and values, or what the architecture keeps instead. Needs reserve(), and the
/// positions in order.
void putIntoCache(const ModelConfig& config, const PositionTrace& trace, KvCache& cache) {
  for (int i = 0; i < config.numHiddenLayers; ++i) {
    const LayerIndex l{i};
    const auto row = [&](Site site) {
      const std::span<const float> numbers = trace.row(site, l);
      return ConstMatrixSpan{numbers.data(), 1, static_cast<int>(numbers.size())};
    };
    switch (config.attention) {
      case AttentionKind::softmax:
        cache.write(l, row(siteExists(Site::kRot, config) ? Site::kRot : Site::kProj), row(Site::vProj));
        break;
      case AttentionKind::latent:
        cache.write(l, row(Site::kvALayernorm), row(Site::kRot));
        break;
      case AttentionKind::linear:
        std::ranges::copy(trace.row(Site::state, l), cache.state(l).data);
        break;
    }
  }
  cache.commit(1);
}

/// A running state cannot forget one row: such a strike is no setting of a run with linear attention.
RunSettings settingsFor(const ModelConfig& config, RunSettings settings) {
  if (config.attention == AttentionKind::linear) settings.rules.struckRows.clear();
  return settings;
}

StopReason stopReasonAfter(const RunSnapshot& run, TokenId sampled) {
  const ModelConfig& config = run.model->config();
  const auto& ends = config.eosTokenIds;
  if (!run.settings.ignoreEos && std::find(ends.begin(), ends.end(), sampled) != ends.end())
    return StopReason::endOfText;
  // The sampled token would be fed at position tokens.size() − 1.
  if (static_cast<int>(run.tokens.size()) > config.maxPositionEmbeddings) return StopReason::context;
  return StopReason::none;
}

}  // namespace

bool sameVocabulary(const LoadedModel& a, const LoadedModel& b) {
  if (a.tokenizer == b.tokenizer) return a.config().vocabSize == b.config().vocabSize;
  if (!a.tokenizer || !b.tokenizer) return false;
  const int size = a.config().vocabSize;
  if (size != b.config().vocabSize || a.tokenizer->vocabSize() != b.tokenizer->vocabSize()) return false;
  for (int id = 0; id < std::min(size, a.tokenizer->vocabSize()); ++id) {
    if (a.tokenizer->shownPiece(TokenId{id}) != b.tokenizer->shownPiece(TokenId{id})) return false;
  }
  return true;
}

Result<std::vector<TokenId>> promptTokens(const LoadedModel& model, const std::string& prompt) {
  DECODESCOPE_TRY(std::vector<TokenId> tokens, model.tokenizer->encode(prompt));
  if (tokens.empty())
    return promptError("gives no tokens, and this model adds no start token", "an empty prompt",
                       "at least one token");
  return tokens;
}

Lane::Lane(std::shared_ptr<RunSnapshot> run, const Options& options)
    : m_run(std::move(run)),
      m_options(options),
      m_cache(std::make_unique<KvCache>(m_run->model->config())),
      m_workspace(std::make_unique<ForwardWorkspace>()) {}

Result<Lane> Lane::start(LoadedModelPtr model, const RunSettings& settings, std::vector<TokenId> prompt,
                         const Options& options) {
  const ModelConfig& config = model->config();
  if (prompt.empty())
    return promptError("holds no token", "0 tokens", "1 to " + std::to_string(config.maxPositionEmbeddings));
  if (static_cast<int>(prompt.size()) > config.maxPositionEmbeddings) {
    return promptError("is longer than the context", std::to_string(prompt.size()) + " tokens",
                       "1 to " + std::to_string(config.maxPositionEmbeddings));
  }
  for (const TokenId id : prompt) {
    if (id.value < 0 || id.value >= config.vocabSize) {
      return promptError("holds a token outside the vocabulary", std::to_string(id.value),
                         "0 to " + std::to_string(config.vocabSize - 1));
    }
  }
  auto run = std::make_shared<RunSnapshot>();
  run->runId = nextRunId();
  run->model = std::move(model);
  run->settings = settingsFor(config, settings);
  run->sameTokens = options.sameTokens;
  run->promptLength = static_cast<int>(prompt.size());
  run->tokens = std::move(prompt);
  run->traceBudget = options.traceBudget;
  return Lane(std::move(run), options);
}

Lane Lane::branch(const RunSnapshot& source, StepIndex kept, std::optional<TokenId> instead,
                  const RunSettings& settings, const Options& options) {
  DECODESCOPE_REQUIRE(kept.value >= 0 && kept.value <= source.stepCount());
  const auto steps = static_cast<std::ptrdiff_t>(kept.value);
  const std::ptrdiff_t seen = source.tokensSeenAt(kept);
  auto run = std::make_shared<RunSnapshot>(source);
  run->runId = nextRunId();
  run->settings = settingsFor(source.model->config(), settings);
  run->settings.rules.causalMask = source.settings.rules.causalMask;
  run->sameTokens = options.sameTokens;
  run->state = RunState::ready;
  run->stopReason = StopReason::none;
  run->failure.clear();
  run->traceBudget = options.traceBudget;
  run->steps.erase(run->steps.begin() + steps, run->steps.end());
  run->tokens.resize(kept.value == 0 ? static_cast<std::size_t>(source.promptLength)
                                     : static_cast<std::size_t>(seen) + 1);
  if (kept.value > 0 && instead) {
    DECODESCOPE_REQUIRE(instead->value >= 0 && instead->value < source.model->config().vocabSize);
    run->tokens.back() = *instead;
    if (*instead != run->steps.back().sampled) run->steps.back().chosen = true;
    run->steps.back().sampled = *instead;
    run->steps.back().sampledProbability = 0;
    if (const PositionTrace* last = source.trace(Position{static_cast<int>(seen) - 1});
        last && !last->row(Site::logits).empty()) {
      run->steps.back().sampledProbability = tokenProbability(last->row(Site::logits), *instead);
    }
  }
  run->positions.resize(static_cast<std::size_t>(seen));
  if (!run->unmaskedSteps.empty()) run->unmaskedSteps.resize(static_cast<std::size_t>(steps));
  run->traceBytes = 0;
  for (const PositionTracePtr& trace : run->positions) run->traceBytes += trace ? trace->bytes() : 0;
  if (kept.value > 0) {
    run->stopReason = stopReasonAfter(*run, run->steps.back().sampled);
    if (run->stopReason != StopReason::none) run->state = RunState::finished;
  }
  Lane lane(std::move(run), options);
  if (settings.kvCache) lane.fillCacheFromTraces();
  return lane;
}

/// Puts the stored keys and values of all fed positions back into an empty cache; leaves it empty when one is
/// missing (the next step then computes all rows again).
void Lane::fillCacheFromTraces() {
  const RunSnapshot& run = *m_run;
  const ModelConfig& config = run.model->config();
  if (!run.settings.rules.causalMask || run.positions.empty()) return;
  if (std::any_of(run.positions.begin(), run.positions.end(), [](const PositionTracePtr& t) { return !t; }))
    return;
  m_cache->reserve(static_cast<int>(run.positions.size()));
  for (const PositionTracePtr& trace : run.positions) putIntoCache(config, *trace, *m_cache);
}

bool Lane::step(std::stop_token stop) {
  return stepTo(std::nullopt, stop);
}

bool Lane::stepAs(const RunSnapshot& first, std::stop_token stop) {
  const int step = stepCount() + 1;
  DECODESCOPE_REQUIRE(step <= first.stepCount());
  if (!stepTo(first.steps[static_cast<std::size_t>(step - 1)].sampled, stop)) return false;
  if (step == first.stepCount() && first.state == RunState::finished && m_run->state == RunState::ready) {
    m_run->state = RunState::finished;
    m_run->stopReason = first.stopReason;
  }
  return true;
}

bool Lane::stepTo(std::optional<TokenId> told, std::stop_token stop) {
  DECODESCOPE_REQUIRE(canStep());
  if (!filesAreGood()) return false;
  RunSnapshot& run = *m_run;
  const bool masked = run.settings.rules.causalMask;
  const bool cacheOn = run.settings.kvCache && masked;
  // Nothing is kept without the cache: switching it on makes the next step fill it.
  if (!cacheOn) m_cache->truncate(0);

  const auto tokens = std::span<const TokenId>(run.tokens);
  StepRecord record;
  record.index = StepIndex{run.stepCount() + 1};
  record.firstRow = m_cache->length();
  record.rowsComputed = static_cast<int>(tokens.size()) - record.firstRow;
  record.firstNewPosition = static_cast<int>(run.positions.size());
  record.tokensSeen = static_cast<int>(tokens.size());
  record.kvCache = cacheOn;
  record.traced = m_options.trace;

  const int firstCaptured = masked ? record.firstNewPosition : 0;
  PositionTraceSink capture(run.model->config(), Position{firstCaptured},
                            tokens.subspan(static_cast<std::size_t>(firstCaptured)), storesLogits(),
                            sharedRules());
  RecomputeSink recompute(run.model->config(), run.positions, &capture);
  if (!forwardAndSample(record,
                        record.firstRow < firstCaptured ? static_cast<TraceSink*>(&recompute) : &capture,
                        told, stop)) {
    return false;
  }
  // What the file was while it was read is known only now.
  if (!filesAreGood()) return false;
  record.maxAbsDiff = recompute.maxAbsDiff();
  if (!cacheOn) m_cache->truncate(0);
  record.kvBytes = m_cache->bytes();

  keepTraces(capture.take(), record.tokensSeen);
  run.tokens.push_back(record.sampled);
  run.steps.push_back(record);
  run.stopReason = stopReasonAfter(run, record.sampled);
  if (run.stopReason != StopReason::none) run.state = RunState::finished;
  return true;
}

bool Lane::filesAreGood() {
  auto files = m_run->model->model->checkFiles();
  if (files.ok()) return true;
  m_failure = std::move(files).error();
  m_run->state = RunState::failed;
  m_run->failure = m_failure->message();
  return false;
}

Result<void> Lane::outcome() const {
  if (m_failure) return *m_failure;
  return {};
}

/// The step's forward call and pick, timed; false when the stop token ended it.
bool Lane::forwardAndSample(StepRecord& record, TraceSink* sink, std::optional<TokenId> told,
                            std::stop_token stop) {
  const RunSnapshot& run = *m_run;
  ForwardOptions options;
  options.counters = &record.counters;
  options.pool = m_options.pool;
  options.stop = stop;
  if (m_options.trace) options.sink = sink;
  if (!run.settings.rules.changesNothing()) options.rules = &run.settings.rules;
  const auto newTokens =
      std::span<const TokenId>(run.tokens).subspan(static_cast<std::size_t>(record.firstRow));

  const auto begin = std::chrono::steady_clock::now();
  const ForwardResult result = forward(*run.model->model, newTokens, *m_cache, *m_workspace, options);
  if (result.stopped) return false;
  const std::span<const float> logits = result.logits.rowSpan(result.logits.rows - 1);
  record.sampling = run.settings.sampling;
  record.sampled = sampleToken(logits, record.sampling, run.generatedCount() + 1);
  record.nanoseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count());
  if (told && *told != record.sampled) {
    record.sampled = *told;
    record.chosen = true;
  }
  record.sampledProbability = tokenProbability(logits, record.sampled);
  return true;
}

void Lane::keepTraces(std::vector<PositionTracePtr> traces, int tokensSeen) {
  RunSnapshot& run = *m_run;
  if (!m_options.trace) {
    run.positions.resize(static_cast<std::size_t>(tokensSeen));
    return;
  }
  if (!run.settings.rules.causalMask) run.positions.clear();
  for (PositionTracePtr& trace : traces) {
    run.traceBytes += trace->bytes();
    run.positions.push_back(std::move(trace));
  }
  if (!run.settings.rules.causalMask) {
    run.unmaskedSteps.push_back(std::make_shared<const std::vector<PositionTracePtr>>(run.positions));
  }
  keepWithinBudget(run);
}

/// One token's logits are a vocabulary wide: kept for every position while that stays small beside the
/// budget.
bool Lane::storesLogits() const {
  const auto bytes = static_cast<std::uint64_t>(m_run->model->config().vocabSize) * sizeof(float);
  return bytes * 2048 <= m_options.traceBudget;
}

/// The rules as the traces hold them: shared by all rows computed under them, nullptr for a plain run.
std::shared_ptr<const AttentionRules> Lane::sharedRules() {
  const AttentionRules& rules = m_run->settings.rules;
  if (rules.changesNothing()) return nullptr;
  if (!m_rules || *m_rules != rules) m_rules = std::make_shared<const AttentionRules>(rules);
  return m_rules;
}

void Lane::setSettings(const RunSettings& settings) {
  const bool causalMask = m_run->settings.rules.causalMask;
  m_run->settings = settingsFor(m_run->model->config(), settings);
  m_run->settings.rules.causalMask = causalMask;
  // An end of text that is now to be ignored, or no longer: only the last pick decides.
  if (m_run->state == RunState::failed || m_run->steps.empty()) return;
  // The first lane's context was full: there is no token to go on with.
  if (m_run->sameTokens && m_run->stopReason == StopReason::context) return;
  m_run->stopReason = stopReasonAfter(*m_run, m_run->steps.back().sampled);
  m_run->state = m_run->stopReason == StopReason::none ? RunState::ready : RunState::finished;
}

RunSnapshotPtr Lane::snapshot() const {
  return std::make_shared<const RunSnapshot>(*m_run);
}

}  // namespace decodescope
