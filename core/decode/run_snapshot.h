#pragma once

#include "core/decode/run_settings.h"
#include "core/formats/loaded_model.h"
#include "core/trace/counters.h"
#include "core/trace/position_trace.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace decodescope {

struct LaneMeasures;

enum class RunState {
  ready,     ///< more steps can be made
  finished,  ///< see stopReason
  failed,    ///< see failure
};

enum class StopReason { none, endOfText, context, steps };
/// "eos", "context", "steps" or "".
const char* stopReasonName(StopReason reason);

/// One forward call and the pick that followed it. Immutable.
struct StepRecord {
  StepIndex index;   ///< from 1
  int firstRow = 0;  ///< position of the first row computed: 0 without a cache
  int rowsComputed = 0;
  int firstNewPosition =
      0;  ///< tokens that were fed for the first time: positions firstNewPosition … tokensSeen−1
  int tokensSeen = 0;              ///< T after the step
  TokenId sampled;                 ///< stands at position tokensSeen, not yet fed
  double sampledProbability = 0;   ///< softmax at temperature 1
  SamplingSettings sampling = {};  ///< that the pick was made with
  bool chosen = false;             ///< the user, or the first lane, put `sampled` in place of the pick
  bool kvCache = true;
  Counters counters;
  std::uint64_t kvBytes = 0;      ///< held by the cache after the step; 0 without one
  std::uint64_t nanoseconds = 0;  ///< forward call and pick; includes tracing when traced
  bool traced = true;
  double maxAbsDiff =
      0;  ///< recomputed rows against their first computation, over every stored site; 0 with the cache on
};

/// A run so far, as a value. Copying shares the traces and the model.
struct RunSnapshot {
  std::uint64_t runId = 0;  ///< new for every restart, so that stale results can be told
  LoadedModelPtr model;
  RunSettings settings;     ///< what the next step will use
  bool sameTokens = false;  ///< takes the first lane's tokens in place of its own picks
  RunState state = RunState::ready;
  StopReason stopReason = StopReason::none;
  std::string failure;

  std::vector<TokenId> tokens;    ///< prompt, then generated; the last generated one has not been fed
  int promptLength = 0;           ///< P
  std::vector<StepRecord> steps;  ///< steps[s−1] is step s
  /// One per fed position, nullptr where the trace was dropped (budget) or never captured.
  std::vector<PositionTracePtr> positions;
  /// Without a causal mask every step computes every row anew, and rows change: all of step s stand in
  /// unmaskedSteps[s−1] (nullptr where they were dropped). Empty in every other run.
  std::vector<std::shared_ptr<const std::vector<PositionTracePtr>>> unmaskedSteps;
  std::uint64_t traceBytes = 0;
  std::uint64_t traceBudget = 0;

  int stepCount() const { return static_cast<int>(steps.size()); }
  int generatedCount() const { return static_cast<int>(tokens.size()) - promptLength; }
  /// Tokens fed after `step` steps: T of that moment; 0 for step 0.
  int tokensSeenAt(StepIndex step) const {
    return step.value <= 0 ? 0 : steps[static_cast<std::size_t>(step.value - 1)].tokensSeen;
  }
  /// The traces of the tokens that had been fed after `step`, as that step saw them: positions 0 … T−1. Empty
  /// for step 0 and where an unmasked step was dropped.
  std::span<const PositionTracePtr> tracesAt(StepIndex step) const;
  /// nullptr when out of range or not stored.
  const PositionTrace* trace(Position p) const {
    return p.value >= 0 && p.value < static_cast<int>(positions.size())
               ? positions[static_cast<std::size_t>(p.value)].get()
               : nullptr;
  }
};
using RunSnapshotPtr = std::shared_ptr<const RunSnapshot>;

/// One lane as the views see it.
struct LaneSnapshot {
  int laneId = 0;      ///< stable while the lane lives
  std::string label;   ///< "tales-gqa", "cache off" …
  RunSnapshotPtr run;  ///< never nullptr
};

/// One runner of a race as far as it has come.
struct RaceRunner {
  bool kvCache = true;
  int tokens = 0;                 ///< generated so far
  std::uint64_t nanoseconds = 0;  ///< wall clock from its start, prefill included
  std::uint64_t macs = 0;         ///< counted so far
  bool finished = false;          ///< all tokens, or the context was full
};

struct RaceProgress {
  int target = 0;  ///< tokens each has to generate
  bool running = false;
  std::vector<RaceRunner> runners;  ///< with the cache, without it
  std::string prompt;
};

/// All lanes at the same step: what the worker publishes and the views present. At least one lane once a
/// model is loaded.
struct SessionSnapshot {
  std::uint64_t sequence = 0;  ///< rises with every publication
  std::vector<LaneSnapshot> lanes;
  bool busy = false;     ///< a decode or a load is under way
  std::string activity;  ///< "Loading tales-mha …", "" when idle
  double progress = -1;  ///< 0 … 1 of the activity, −1 unknown
  /// Of the model that is being loaded, once its headers are read; also of one that was not loaded because
  /// its weights need more memory than there is, till the next command.
  std::shared_ptr<const ModelOutline> outline = {};
  std::string error;            ///< the last command's failure, for the banner; "" when it went well
  std::string errorFile = {};   ///< the file that it is about; "" when it is about none
  std::uint64_t laneEdits = 0;  ///< calls of SessionWorker::setLanes() that were carried out, failed ones too
  std::shared_ptr<const LaneMeasures> measures =
      {};                                    ///< as far as they are known; nullptr: nothing was asked
  std::shared_ptr<const RaceProgress> race;  ///< the newest race of this model, nullptr when there was none
};
using SessionSnapshotPtr = std::shared_ptr<const SessionSnapshot>;

}  // namespace decodescope
