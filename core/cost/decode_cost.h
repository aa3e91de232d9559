#pragma once

#include "core/model/model_config.h"
#include "core/trace/counters.h"

namespace decodescope {

/// What a forward call of n new rows on m cached ones counts, in closed form: equal to the kernels' counters
/// to the last digit (tested).
///   projections   n · L · (D·H·d + 2·D·G·d + H·d·D + [3 or 2]·D·F)
///   attention     L · 2·H·d · (n·m + n(n+1)/2)
///   logits        V · D
/// Needs n ≥ 1, m ≥ 0.
Counters forwardCost(const ModelConfig& config, int newRows, int cachedRows);

/// What the cache holds for T tokens: 2 · L · G · d · T · 4 bytes (float32).
std::uint64_t kvCacheBytes(const ModelConfig& config, int tokens);

}  // namespace decodescope
