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

/// Drops the oldest positions until the traces fit, never the newest.
void keepWithinBudget(RunSnapshot& run) {
  for (std::size_t i = 0; i + 1 < run.positions.size() && run.traceBytes > run.traceBudget; ++i) {
    if (!run.positions[i]) continue;
    run.traceBytes -= run.positions[i]->bytes();
    run.positions[i].reset();
  }
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
      m_cache(std::make_shared<KvCache>(m_run->model->config())),
      m_workspace(std::make_shared<ForwardWorkspace>()) {}

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
  run->settings = settings;
  run->promptLength = static_cast<int>(prompt.size());
  run->tokens = std::move(prompt);
  run->traceBudget = options.traceBudget;
  return Lane(std::move(run), options);
}

bool Lane::step(std::stop_token stop) {
  DECODESCOPE_REQUIRE(canStep());
  RunSnapshot& run = *m_run;
  const ModelConfig& config = run.model->config();
  const int seen = static_cast<int>(run.positions.size());
  const auto tokens = std::span<const TokenId>(run.tokens);
  if (!run.settings.kvCache) m_cache->truncate(0);
  const int cached = m_cache->length();

  StepRecord record;
  record.index = StepIndex{run.stepCount() + 1};
  record.firstRow = cached;
  record.rowsComputed = static_cast<int>(tokens.size()) - cached;
  record.firstNewPosition = seen;
  record.tokensSeen = static_cast<int>(tokens.size());
  record.kvCache = run.settings.kvCache;
  record.traced = m_options.trace;

  // One token's logits are a vocabulary wide: kept for every position while that stays small beside the
  // budget.
  const bool storesLogits =
      static_cast<std::uint64_t>(config.vocabSize) * sizeof(float) * 2048 <= m_options.traceBudget;
  PositionTraceSink capture(config, Position{seen}, tokens.subspan(static_cast<std::size_t>(seen)),
                            storesLogits);
  RecomputeSink recompute(config, run.positions, &capture);
  ForwardOptions options;
  options.counters = &record.counters;
  options.pool = m_options.pool;
  options.stop = stop;
  if (m_options.trace) options.sink = cached < seen ? static_cast<TraceSink*>(&recompute) : &capture;

  const auto begin = std::chrono::steady_clock::now();
  const ForwardResult result = forward(*run.model->model, tokens.subspan(static_cast<std::size_t>(cached)),
                                       *m_cache, *m_workspace, options);
  if (result.stopped) return false;
  const std::span<const float> logits = result.logits.rowSpan(result.logits.rows - 1);
  record.sampled = sampleToken(logits, run.settings.sampling, run.generatedCount() + 1);
  record.nanoseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count());
  record.sampledProbability = tokenProbability(logits, record.sampled);
  record.maxAbsDiff = recompute.maxAbsDiff();
  if (!run.settings.kvCache)
    m_cache->truncate(0);  // nothing is kept: switching the cache on makes the next step fill it
  record.kvBytes = m_cache->bytes();

  if (m_options.trace) {
    for (PositionTracePtr& trace : capture.take()) {
      run.traceBytes += trace->bytes();
      run.positions.push_back(std::move(trace));
    }
    keepWithinBudget(run);
  } else {
    run.positions.resize(tokens.size());
  }
  run.tokens.push_back(record.sampled);
  run.steps.push_back(record);
  run.stopReason = stopReasonAfter(run, record.sampled);
  if (run.stopReason != StopReason::none) run.state = RunState::finished;
  return true;
}

void Lane::setSettings(const RunSettings& settings) {
  m_run->settings = settings;
  // An end of text that is now to be ignored, or no longer: only the last pick decides.
  if (m_run->state == RunState::failed || m_run->steps.empty()) return;
  m_run->stopReason = stopReasonAfter(*m_run, m_run->steps.back().sampled);
  m_run->state = m_run->stopReason == StopReason::none ? RunState::ready : RunState::finished;
}

RunSnapshotPtr Lane::snapshot() const {
  return std::make_shared<const RunSnapshot>(*m_run);
}

}  // namespace decodescope
