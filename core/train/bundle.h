#pragma once

#include "core/base/result.h"
#include "core/train/presets.h"

#include <string>

namespace decodescope {

/// What a finished training leaves behind, for its card.
struct TrainingOutcome {
  int steps = 0;
  std::uint64_t tokens = 0;  ///< targets seen
  double lastLoss = 0;       ///< nats a token, mean over the last steps
};

/// Writes a trained model as a bundled one: a Hugging Face folder in BF16, then, measured on the weights as
/// they were stored, card.json for the program and card.md for people: data, steps, seed, loss, command,
/// heads worth seeing.
Result<void> saveBundledModel(const std::string& folder, const TrainingPreset& preset,
                              const PreparedTraining& prepared, const Model& model,
                              const TrainingOutcome& outcome);

}  // namespace decodescope
