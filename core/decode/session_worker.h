#pragma once

#include "core/decode/run_snapshot.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// Decodes on a thread of its own. Any thread may call the members; they return at once. Commands are carried
/// out in order, each one ends in a publication. Never calls Qt: `wake` tells the owner that a newer snapshot
/// waits (called on the worker's thread, at least once after the last publication; it should only post an
/// event).
class SessionWorker {
 public:
  explicit SessionWorker(std::function<void()> wake);
  /// Stops whatever runs (looked at every layer) and joins.
  ~SessionWorker();
  SessionWorker(const SessionWorker&) = delete;
  SessionWorker& operator=(const SessionWorker&) = delete;

  /// The newest publication; never nullptr.
  SessionSnapshotPtr latest() const;

  /// Loads a model and starts a run on the prompt in a single lane. When it cannot be loaded the old lanes
  /// stay and `error` says why.
  struct OpenRequest {
    std::string path;
    std::string prompt;
    bool useDefaultPrompt = false;  ///< what suits the model instead of `prompt`
    int stepsAfterwards = 0;        ///< made at once, each published
    /// Which elements form a rotary pair, whatever the file's format says; not for models without them.
    std::optional<RotaryLayout> rotaryLayout = {};
    std::string tokenizer = {};  ///< loadModel()'s
    /// Else a model whose weights need more memory than there is fails with SessionSnapshot::outline set.
    bool evenIfTooLarge = false;
  };
  void open(OpenRequest request);

  /// New runs of all lanes on this prompt; branches of the old text are dropped. A prompt that cannot be used
  /// leaves the old runs and sets `error`.
  void restart(std::string prompt, int stepsAfterwards = 0);

  /// Takes the rotary pairs of the first lane's model, and of all lanes that share it, from other elements:
  /// new runs of all lanes on their prompt up to where they were; branches are dropped.
  void setRotaryLayout(RotaryLayout layout);

  /// `count` more steps in all lanes that can, each published; stops early when no lane can step or
  /// interrupt() is called.
  void step(int count);

  /// For lane 0 and every lane without a setting of its own, from the next step on, also in the middle of
  /// step(count).
  void setSettings(RunSettings settings);

  /// A second run in lockstep: the first lane's prompt, with what differs; brought up to the others'
  /// step at once.
  struct LaneSpec {
    std::string label;
    std::string path;                     ///< another model; "": the first lane's
    std::string tokenizer = {};           ///< that model's, see OpenRequest
    bool evenIfTooLarge = false;          ///< see OpenRequest
    std::optional<bool> kvCache;          ///< held against setSettings()
    std::optional<AttentionRules> rules;  ///< a what-if, held against setSettings()
    /// The model with its key/value heads averaged down to so many (core/attention/derive.h); softmax
    /// attention.
    std::optional<int> derivedKvHeads;
    std::optional<int>
        derivedWindow;           ///< the model under a sliding window of so many keys; softmax attention
    bool derivedLinear = false;  ///< linear attention in place of the softmax
    std::optional<RotaryLayout> rotaryLayout;  ///< the model with its rotary pairs laid out so
    /// Shares the steps 1 … branchStep of `branchLane` (the first lane unless told) instead of starting from
    /// the prompt. Not with `path`. There is a causal mask when that lane has one, whatever `rules` say.
    std::optional<StepIndex> branchStep;
    std::optional<TokenId> branchToken;  ///< instead of what step branchStep picked
    std::optional<int> branchLane;       ///< LaneSnapshot::laneId
    /// Takes the first lane's tokens in place of its own picks, behind a branch from there on. Needs the same
    /// vocabulary. Not with `branchToken`.
    bool sameTokens = false;
    int laneId = -1;  ///< the lane's id, from newLaneId(); −1: the worker takes a new one
  };
  void addLane(LaneSpec spec);
  /// Lane 0 stays. An unknown id is ignored.
  void removeLane(int laneId);
  /// An id that no lane has had.
  static int newLaneId();
  /// Exactly these lanes behind the first one, in this order. Every spec needs an id; lanes that have one of
  /// them already go on, the others are made as by addLane(). When one cannot be made, or interrupt() is
  /// called, nothing changes. Not dropped by interrupt() while it is queued; SessionSnapshot::laneEdits
  /// counts the calls.
  void setLanes(std::vector<LaneSpec> specs);

  /// Lets the first lane's prompt run with and without the cache, untraced, for `tokens` tokens
  /// (core/decode/race.h); progress is published in SessionSnapshot::race. The lanes stay as they are.
  void race(int tokens);

  /// Ends the running command (steps, load, lanes or race) and drops the queued ones, settings and lanes
  /// excepted.
  void interrupt();

 private:
  class Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace decodescope
