#pragma once

#include "core/decode/run_snapshot.h"

#include <vector>

namespace decodescope {

/// The logits (V) that the step picked from: as traced, or, where the trace left them out, made again by the
/// decoder's own kernel from the last row that enters the output layer. Empty when that row is not stored.
std::vector<float> stepLogits(const RunSnapshot& run, StepIndex step);

}  // namespace decodescope
