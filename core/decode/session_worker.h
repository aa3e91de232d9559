#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/decode/run_snapshot.h"

namespace decodescope {

/// Decodes on a thread of its own. Any thread may call the members; they return at once. Commands are carried out in order;
/// each one ends in a publication. Never calls Qt: `wake` tells the owner that a newer snapshot waits (called on the worker's
/// thread, at least once after the last publication; it should only post an event).
class SessionWorker {
 public:
  explicit SessionWorker(std::function<void()> wake);
  /// Stops whatever runs (looked at every layer) and joins: ≤ 50 ms with the bundled models.
  ~SessionWorker();
  SessionWorker(const SessionWorker&) = delete;
  SessionWorker& operator=(const SessionWorker&) = delete;

  /// The newest publication; never nullptr.
  SessionSnapshotPtr latest() const;

  /// Loads a model into the first lane and starts a run on the prompt. When it cannot be loaded the old run stays and `error` says why.
  /// An empty `prompt` with `useDefaultPrompt` takes the card's first prompt.
  struct OpenRequest {
    std::string path;
    std::string prompt;
    bool useDefaultPrompt = false;
    int stepsAfterwards = 0;  ///< made at once, each published
  };
  void open(OpenRequest request);
  /// A new run of the loaded model on this prompt. A prompt that cannot be used leaves the old run and sets `error`.
  void restart(std::string prompt, int stepsAfterwards = 0);
  /// `count` more steps in all lanes, each published; stops early when the run ends or interrupt() is called.
  void step(int count);
  void setSettings(RunSettings settings);
  /// Ends the running command (steps or load) and drops the queued ones, settings excepted.
  void interrupt();

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace decodescope
