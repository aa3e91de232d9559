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

/// One query's row over the keys 0 … query (in a run without a mask, whose rows carry that rule, over
/// all of `positions`), made by the decoder's own kernel from the stored q and k rows (after RoPE where there
/// is one): the same bits as in the run for a cached step, within tolerance for a prefill and for keys that
/// the run rebuilt (MLA). Keys before a sliding window hold −∞, as weights 0. Empty when a needed trace is
/// missing, and for linear attention, which has no scores.
std::vector<float> attentionRow(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                LayerIndex layer, HeadIndex head, Position query, ScoreStage stage);

/// Keys that a stored query row saw among `tokens` tokens: position + 1, or all of them in a run without a
/// mask.
int visibleKeysOf(const PositionTrace& query, int tokens);

/// Rows 0 … tokens−1 stacked: (tokens, tokens) row-major; cells above the diagonal, and rows whose traces are
/// missing, hold NaN.
std::vector<float> attentionMatrix(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                   LayerIndex layer, HeadIndex head, int tokens, ScoreStage stage);

/// The q (after RoPE) and k (after RoPE) rows that attention uses: of d numbers; φ(q) and φ(k) for linear
/// attention. Empty where the trace does not hold them.
std::span<const float> attentionQuery(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                      HeadIndex head);
std::span<const float> attentionKey(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                    KvHeadIndex head);
/// The value row: config.valueHeadDim() numbers.
std::span<const float> attentionValue(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                      KvHeadIndex head);

/// Where a number of a head's query, key or value row stands in the trace.
struct TracePlace {
  Site site;
  int index;  ///< of its first number in the site's row
};
TracePlace attentionQueryPlace(const ModelConfig& config, HeadIndex head);
TracePlace attentionKeyPlace(const ModelConfig& config, KvHeadIndex head);
TracePlace attentionValuePlace(const ModelConfig& config, KvHeadIndex head);

/// The parts of a head's q and k that rotary positions turn, config.rotaryDim() numbers each, before and
/// after turning: all of it, or under MLA the rotary part of the query and the one rotary key. Needs rotary
/// positions.
TracePlace rotaryQueryPlace(const ModelConfig& config, HeadIndex head, bool turned);
TracePlace rotaryKeyPlace(const ModelConfig& config, KvHeadIndex head, bool turned);

/// `count` numbers from a place on; empty where the trace does not hold them.
std::span<const float> numbersAt(const PositionTrace& trace, LayerIndex layer, TracePlace place, int count);

}  // namespace decodescope
