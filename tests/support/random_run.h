#pragma once

#include "core/decode/lane.h"

#include <cstdint>

namespace decodescope::test {

/// A decoder with seeded random weights and a tokenizer of short English-looking words. What it decodes is
/// nonsense, but every number is a real forward pass's.
struct RandomModelShape {
  int layers = 2;
  int heads = 4;
  int kvHeads = 4;
  int headDim = 8;
  int context = 1024;
  bool rotary = true;
};
LoadedModelPtr wordyModel(const RandomModelShape& shape, std::uint64_t seed = 1);

/// A prompt of `promptLength` random words, then `steps` steps.
RunSnapshotPtr randomRun(const LoadedModelPtr& model, int promptLength, int steps, bool kvCache = true);

/// A session of one lane with this run; of none when run is nullptr.
SessionSnapshot sessionOf(const RunSnapshotPtr& run);

}  // namespace decodescope::test
