#pragma once

#include "core/model/model.h"
#include "core/trace/position_trace.h"

#include <span>
#include <vector>

namespace decodescope {

/// One query and head of MLA worked out on the cached latents themselves, without rebuilding a key or a
/// value: the up-projection is absorbed into the query and, after the weighting, into the context. The same
/// numbers as the rebuilt form up to rounding. DeepSeek-AI 2024 (arXiv 2405.04434), §2.1.2.
struct AbsorbedHead {
  std::vector<float> query;    ///< (C): W_kᵀ q_n, W_k the head's key rows of kv_b_proj
  std::vector<float> scores;   ///< (T): (query·ĉ_j + q_r'·k_r'_j) / √d over the keys 0 … query
  std::vector<float> weights;  ///< (T): softmax
  std::vector<float> latent;   ///< (C): Σ_j a_j ĉ_j
  std::vector<float> context;  ///< (v): W_v · latent, W_v the head's value rows of kv_b_proj
};

/// From the traced rows; empty when a needed trace is missing or the model has no latent attention. Under the
/// causal mask.
AbsorbedHead absorbedHead(const Model& model, std::span<const PositionTracePtr> positions, LayerIndex layer,
                          HeadIndex head, Position query);

}  // namespace decodescope
