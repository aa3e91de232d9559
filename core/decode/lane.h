#pragma once

#include "core/decode/forward.h"
#include "core/decode/run_snapshot.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// A lane that decodes: a model, its settings and the run so far. One thread uses it at a time.
///
///   Result<Lane> lane = Lane::start(model, settings, tokens);
///   while (lane.canStep()) lane.step(stop);
///   RunSnapshotPtr run = lane.snapshot();
class Lane {
 public:
  struct Options {
    bool trace = true;
    std::uint64_t traceBudget = std::uint64_t{512} << 20;  ///< bytes; the oldest positions go first
    ThreadPool* pool = nullptr;
    bool sameTokens = false;  ///< every step is told which token to take: see stepAs()
  };

  /// A run on these prompt tokens, no step made yet. Refuses an empty prompt, ids outside the vocabulary and
  /// prompts longer than the context.
  static Result<Lane> start(LoadedModelPtr model, const RunSettings& settings, std::vector<TokenId> prompt,
                            const Options& options);

  /// A run that shares the first `kept` steps of another, then goes on under its own settings; `instead`
  /// replaces the token that the last kept step picked. Needs kept ≤ the source's steps, and an id inside the
  /// vocabulary. Whether there is a causal mask stays as it was.
  static Lane branch(const RunSnapshot& source, StepIndex kept, std::optional<TokenId> instead,
                     const RunSettings& settings, const Options& options);

  Lane(Lane&&) = default;
  Lane& operator=(Lane&&) = default;

  bool canStep() const { return m_run->state == RunState::ready; }
  /// One forward call and one pick. Needs canStep(). False when the stop token ended it first: nothing has
  /// changed then. False also when the model's file was changed meanwhile: the run has failed, at the step
  /// before.
  bool step(std::stop_token stop = {});
  /// The same, but the token that `first` took in that step is taken in place of the pick, and where it ended
  /// the run ends for the same reason. Needs the same prompt and vocabulary, and a step that `first` has
  /// made.
  bool stepAs(const RunSnapshot& first, std::stop_token stop = {});
  /// As snapshot(), without a copy; valid until the next step.
  const RunSnapshot& current() const { return *m_run; }
  /// Why the run has failed, or nothing.
  Result<void> outcome() const;
  /// Takes effect with the next step. Switching the cache on makes the next step fill it.
  void setSettings(const RunSettings& settings);
  int stepCount() const { return m_run->stepCount(); }
  /// Needs stepCount() ≥ 1; valid until the next step.
  const StepRecord& lastStep() const { return m_run->steps.back(); }
  /// The run so far; later steps do not change it.
  RunSnapshotPtr snapshot() const;

 private:
  Lane(std::shared_ptr<RunSnapshot> run, const Options& options);
  void fillCacheFromTraces();
  bool stepTo(std::optional<TokenId> told, std::stop_token stop);
  bool forwardAndSample(StepRecord& record, TraceSink* sink, std::optional<TokenId> told,
                        std::stop_token stop);
  bool filesAreGood();
  void keepTraces(std::vector<PositionTracePtr> traces, int tokensSeen);
  bool storesLogits() const;
  std::shared_ptr<const AttentionRules> sharedRules();

  std::shared_ptr<RunSnapshot> m_run;  ///< owned; copied out by snapshot()
  Options m_options;
  std::unique_ptr<KvCache> m_cache;
  std::unique_ptr<ForwardWorkspace> m_workspace;
  std::shared_ptr<const AttentionRules> m_rules;  ///< what sharedRules() gave last
  std::optional<Error> m_failure;
};

/// Whether ids mean the same in both.
bool sameVocabulary(const LoadedModel& a, const LoadedModel& b);

/// The prompt's tokens as the model's tokenizer says; an empty result is refused with a one-line reason.
Result<std::vector<TokenId>> promptTokens(const LoadedModel& model, const std::string& prompt);

}  // namespace decodescope
