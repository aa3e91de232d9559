#include "core/attention/attention_rows.h"

#include "core/attention/attend.h"
#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {

std::span<const float> attentionQuery(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                      HeadIndex head) {
  const Site site = siteExists(Site::qRot, config) ? Site::qRot : Site::qProj;
  const auto d = static_cast<std::size_t>(config.headDim);
  return trace.row(site, layer).subspan(static_cast<std::size_t>(head.value) * d, d);
}

std::span<const float> attentionKey(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                    KvHeadIndex head) {
  const Site site = siteExists(Site::kRot, config) ? Site::kRot : Site::kProj;
  const auto d = static_cast<std::size_t>(config.headDim);
  return trace.row(site, layer).subspan(static_cast<std::size_t>(head.value) * d, d);
}

int visibleKeysOf(const PositionTrace& query, int tokens) {
  return query.rules() && !query.rules()->causalMask ? tokens : query.position().value + 1;
}

std::vector<float> attentionRow(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                LayerIndex layer, HeadIndex head, Position query, ScoreStage stage) {
  if (query.value < 0 || query.value >= static_cast<int>(positions.size())) return {};
  const PositionTrace* queryTrace = positions[static_cast<std::size_t>(query.value)].get();
  if (!queryTrace) return {};
  const auto visible =
      static_cast<std::size_t>(visibleKeysOf(*queryTrace, static_cast<int>(positions.size())));
  for (const PositionTracePtr& trace : positions.first(visible)) {
    if (!trace) return {};
  }
  const std::span<const float> q = attentionQuery(config, *queryTrace, layer, head);
  const KvHeadIndex kvHead = config.keyValueHeadOf(head);
  const float scale = stage == ScoreStage::raw ? 1.0f : 1.0f / std::sqrt(static_cast<float>(config.headDim));
  std::vector<float> row(visible);
  for (std::size_t j = 0; j < visible; ++j) {
    // One key at a time, in the kernel's own order of additions.
    const std::span<const float> k = attentionKey(config, *positions[j], layer, kvHead);
    kernels().attentionScores(q.data(), {k.data(), 1, config.headDim}, 1, scale, &row[j]);
  }
  if (queryTrace->rules() && stage != ScoreStage::raw)
    hideStruckKeys(*queryTrace->rules(), layer, kvHead, query, row);
  if (stage == ScoreStage::weight) kernels().softmax(row.data(), static_cast<int>(visible));
  return row;
}

std::vector<float> attentionMatrix(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                   LayerIndex layer, HeadIndex head, int tokens, ScoreStage stage) {
  const auto size = static_cast<std::size_t>(tokens);
  std::vector<float> matrix(size * size, std::numeric_limits<float>::quiet_NaN());
  positions = positions.first(std::min(size, positions.size()));
  for (int i = 0; i < tokens; ++i) {
    const std::vector<float> row = attentionRow(config, positions, layer, head, Position{i}, stage);
    std::copy(row.begin(), row.end(),
              matrix.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * size));
  }
  return matrix;
}

}  // namespace decodescope
