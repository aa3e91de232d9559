#pragma once

#include "core/decode/forward.h"
#include "core/decode/run_snapshot.h"

#include <cstdint>
#include <memory>
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
  };

  /// A run on these prompt tokens, no step made yet. Refuses an empty prompt, ids outside the vocabulary and
  /// prompts longer than the context.
  static Result<Lane> start(LoadedModelPtr model, const RunSettings& settings, std::vector<TokenId> prompt,
                            const Options& options);

  bool canStep() const { return m_run->state == RunState::ready; }
  /// One forward call and one pick. Needs canStep(). False when the stop token ended it first: nothing has
  /// changed then.
  bool step(std::stop_token stop = {});
  /// Takes effect with the next step. Switching the cache on makes the next step fill it.
  void setSettings(const RunSettings& settings);
  /// The run so far; later steps do not change it.
  RunSnapshotPtr snapshot() const;

 private:
  Lane(std::shared_ptr<RunSnapshot> run, const Options& options);

  std::shared_ptr<RunSnapshot> m_run;  ///< owned; copied out by snapshot()
  Options m_options;
  std::shared_ptr<KvCache> m_cache;
  std::shared_ptr<ForwardWorkspace> m_workspace;
};

/// The prompt's tokens as the model's tokenizer says; an empty result is refused with a one-line reason.
Result<std::vector<TokenId>> promptTokens(const LoadedModel& model, const std::string& prompt);

}  // namespace decodescope
