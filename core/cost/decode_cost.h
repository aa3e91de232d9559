#pragma once

#include "core/model/model.h"
#include "core/trace/counters.h"

namespace decodescope {

/// What a forward call of n new rows on m cached ones counts, in closed form: equal to the kernels' counters
/// to the last digit (tested).
///   projections   n · L · (D·H·d + 2·D·G·d + H·d·D + [3 or 2]·D·F)
///   attention     L · 2·H·d · (n·m + n(n+1)/2), under a window no more than W cells a row
///   logits        V · D
/// MLA: projections with D·H·(n+r) (or Q·(D + H·(n+r))) + D·(C+r) + C·H·(n+v) + H·v·D; rebuilding m · L ·
/// C·H·(n+v); attention with H·(n+r+v) a cell. Linear: attention n · L · (G·d² + H·(d² + d)).
/// Needs n ≥ 1, m ≥ 0.
/// The weights' bytes are those of float32, or those of the model as it is stored.
Counters forwardCost(const ModelConfig& config, int newRows, int cachedRows);
Counters forwardCost(const Model& model, int newRows, int cachedRows);

/// What the cache holds for T tokens, in float32: 2 · L · G · d · T · 4 bytes; under a window min(T, W)
/// tokens; MLA L · (C + r) · T · 4; linear L · G · d · (d+1) · 4 once T ≥ 1.
std::uint64_t kvCacheBytes(const ModelConfig& config, int tokens);

}  // namespace decodescope
