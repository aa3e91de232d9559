#pragma once

#include "core/train/presets.h"

#include <cstdint>
#include <span>
#include <string>

namespace decodescope {

/// `decodescope train PRESET|all --out DIR`: makes a bundled model, or all of them, into folders of DIR.
/// Progress on stderr. Ctrl-C ends it after the step at hand, with a checkpoint that --resume goes on from,
/// and exit status 130.
int runTrainCommand(std::span<const std::string> words);

/// Trains one preset with another seed of the first weights into a folder of `out`, or goes on where an
/// earlier call stopped; nothing to do when it is there already. False when Ctrl-C ended it, with a
/// checkpoint. Progress on stderr.
Result<bool> trainWithSeed(const TrainingPreset& preset, std::uint64_t seed, const std::string& out,
                           int threads);

}  // namespace decodescope
