#pragma once

#include "core/attention/attention_rows.h"
#include "core/base/matrix_span.h"

#include <span>
#include <vector>

namespace decodescope {

/// The keys of one key/value head in one block, so that many rows of scores are derived from them quickly.
class GatheredKeys {
 public:
  /// Takes the keys (after RoPE) of all positions. Those gathered before are kept: they must be of the same
  /// run, layer and head.
  void gather(const ModelConfig& config, std::span<const PositionTracePtr> positions, LayerIndex layer,
              KvHeadIndex head);

  int count() const { return static_cast<int>(m_stored.size()); }
  /// Leading positions whose traces are stored: a row that sees more cannot be derived.
  int unbroken() const { return m_unbroken; }
  bool stored(int position) const { return m_stored[static_cast<std::size_t>(position)]; }
  /// (count, d); zeros where a trace is not stored.
  ConstMatrixSpan keys() const { return {m_keys.data(), count(), m_width}; }

 private:
  int m_width = 0;
  int m_unbroken = 0;
  std::vector<float> m_keys;
  std::vector<bool> m_stored;
};

/// attentionRow() from gathered keys, the same bits: the query's visible keys among them; empty when a
/// trace is missing.
std::vector<float> attentionRow(const ModelConfig& config, const GatheredKeys& keys,
                                const PositionTrace& query, LayerIndex layer, HeadIndex head,
                                ScoreStage stage);

/// q·k · scale with keys first … first+scores.size()−1, also with those that the query does not see, which no
/// causal run computes. NaN where a key is not stored.
void scoresWith(const ModelConfig& config, const GatheredKeys& keys, const PositionTrace& query,
                LayerIndex layer, HeadIndex head, int first, float scale, std::span<float> scores);

/// 1/√d, what scores are multiplied by.
float scoreScale(const ModelConfig& config);

}  // namespace decodescope
