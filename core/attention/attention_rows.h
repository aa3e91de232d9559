#pragma once

#include "core/base/ids.h"
#include "core/model/model_config.h"
#include "core/trace/position_trace.h"

#include <vector>

namespace decodescope {

/// What one head's attention looks like from stored q and k rows.
enum class ScoreStage {
  raw,     ///< q'·k'
  scaled,  ///< q'·k' / √d
  weight,  ///< softmax of the scaled scores
};

/// One query's row over its visible keys 0 … query (in a run without a mask, whose rows carry that rule, over
/// all of `positions`), made by the decoder's own kernel from the stored q and k rows (after RoPE where there
/// is one): the same bits as in the run for a cached step, within tolerance for a prefill. Empty when a
/// needed trace is missing.
std::vector<float> attentionRow(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                LayerIndex layer, HeadIndex head, Position query, ScoreStage stage);

/// Keys that a stored query row saw among `tokens` tokens: position + 1, or all of them in a run without a
/// mask.
int visibleKeysOf(const PositionTrace& query, int tokens);

/// Rows 0 … tokens−1 stacked: (tokens, tokens) row-major; cells above the diagonal, and rows whose traces are
/// missing, hold NaN.
std::vector<float> attentionMatrix(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                   LayerIndex layer, HeadIndex head, int tokens, ScoreStage stage);

/// The q (after RoPE) and k (after RoPE) rows that attention uses.
std::span<const float> attentionQuery(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                      HeadIndex head);
std::span<const float> attentionKey(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                    KvHeadIndex head);

}  // namespace decodescope
