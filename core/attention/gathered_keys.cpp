#include "core/attention/gathered_keys.h"

#include "core/attention/attend.h"
#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {

void GatheredKeys::gather(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                          LayerIndex layer, KvHeadIndex head) {
  m_width = config.headDim;
  const auto width = static_cast<std::size_t>(m_width);
  m_keys.resize(positions.size() * width);
  const std::size_t before = std::min(m_stored.size(), positions.size());
  m_stored.resize(positions.size());
  for (std::size_t p = 0; p < positions.size(); ++p) {
    // A trace that was not stored may have come back.
    if ((p < before && m_stored[p]) || !positions[p]) continue;
    const std::span<const float> key = attentionKey(config, *positions[p], layer, head);
    std::copy(key.begin(), key.end(), m_keys.begin() + static_cast<std::ptrdiff_t>(p * width));
    m_stored[p] = true;
  }
  m_unbroken = static_cast<int>(std::find(m_stored.begin(), m_stored.end(), false) - m_stored.begin());
}

float scoreScale(const ModelConfig& config) {
  return 1.0f / std::sqrt(static_cast<float>(config.headDim));
}

void scoresWith(const ModelConfig& config, const GatheredKeys& keys, const PositionTrace& query,
                LayerIndex layer, HeadIndex head, int first, float scale, std::span<float> scores) {
  const auto count = static_cast<int>(scores.size());
  const std::span<const float> q = attentionQuery(config, query, layer, head);
  kernels().attentionScores(q.data(), keys.keys().middleRows(first, count), count, scale, scores.data());
  if (keys.unbroken() >= first + count) return;
  for (int k = 0; k < count; ++k) {
    if (!keys.stored(first + k))
      scores[static_cast<std::size_t>(k)] = std::numeric_limits<float>::quiet_NaN();
  }
}

std::vector<float> attentionRow(const ModelConfig& config, const GatheredKeys& keys,
                                const PositionTrace& query, LayerIndex layer, HeadIndex head,
                                ScoreStage stage) {
  const int visible = visibleKeysOf(query, keys.count());
  if (visible > keys.unbroken() || config.attention == AttentionKind::linear) return {};
  const bool causal = !query.rules() || query.rules()->causalMask;
  const int first = causal ? config.firstVisible(query.position().value) : 0;
  const bool weights = stage == ScoreStage::weight;
  std::vector<float> row(static_cast<std::size_t>(visible),
                         weights ? 0.0f : -std::numeric_limits<float>::infinity());
  const std::span<float> seen = std::span(row).subspan(static_cast<std::size_t>(first));
  scoresWith(config, keys, query, layer, head, first, stage == ScoreStage::raw ? 1.0f : scoreScale(config),
             seen);
  if (query.rules() && stage != ScoreStage::raw)
    hideStruckKeys(*query.rules(), layer, config.keyValueHeadOf(head), query.position(), first, seen);
  if (weights) kernels().softmax(seen.data(), static_cast<int>(seen.size()));
  return row;
}

}  // namespace decodescope
