#include "core/attention/attention_rows.h"

#include "core/attention/attend.h"
#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {

std::span<const float> numbersAt(const PositionTrace& trace, LayerIndex layer, TracePlace place, int count) {
  const std::span<const float> row = trace.row(place.site, layer);
  if (row.size() < static_cast<std::size_t>(place.index + count)) return {};
  return row.subspan(static_cast<std::size_t>(place.index), static_cast<std::size_t>(count));
}

TracePlace attentionQueryPlace(const ModelConfig& config, HeadIndex head) {
  const Site site = siteExists(Site::queryStates, config) ? Site::queryStates
                    : siteExists(Site::qFeatures, config) ? Site::qFeatures
                    : siteExists(Site::qRot, config)      ? Site::qRot
                                                          : Site::qProj;
  return {site, head.value * config.headDim};
}

TracePlace attentionKeyPlace(const ModelConfig& config, KvHeadIndex head) {
  const Site site = siteExists(Site::keyStates, config)   ? Site::keyStates
                    : siteExists(Site::kFeatures, config) ? Site::kFeatures
                    : siteExists(Site::kRot, config)      ? Site::kRot
                                                          : Site::kProj;
  return {site, head.value * config.headDim};
}

TracePlace attentionValuePlace(const ModelConfig& config, KvHeadIndex head) {
  if (config.attention != AttentionKind::latent) return {Site::vProj, head.value * config.headDim};
  return {Site::kvBProj, head.value * siteHeads(Site::kvBProj, config).width + config.qkNopeHeadDim};
}

TracePlace rotaryQueryPlace(const ModelConfig& config, HeadIndex head, bool turned) {
  if (turned) return {Site::qRot, head.value * config.rotaryDim()};
  // Under MLA the rotary part stands last in a head.
  return {queryProjectionSite(config), (head.value + 1) * config.headDim - config.rotaryDim()};
}

TracePlace rotaryKeyPlace(const ModelConfig& config, KvHeadIndex head, bool turned) {
  const bool latent = config.attention == AttentionKind::latent;
  if (turned) return {Site::kRot, latent ? 0 : head.value * config.headDim};
  return latent ? TracePlace{Site::kvAProj, config.kvLoraRank}
                : TracePlace{Site::kProj, head.value * config.headDim};
}

std::span<const float> attentionQuery(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                      HeadIndex head) {
  return numbersAt(trace, layer, attentionQueryPlace(config, head), config.headDim);
}

std::span<const float> attentionKey(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                    KvHeadIndex head) {
  return numbersAt(trace, layer, attentionKeyPlace(config, head), config.headDim);
}

std::span<const float> attentionValue(const ModelConfig& config, const PositionTrace& trace, LayerIndex layer,
                                      KvHeadIndex head) {
  return numbersAt(trace, layer, attentionValuePlace(config, head), config.valueHeadDim());
}

int visibleKeysOf(const PositionTrace& query, int tokens) {
  return query.rules() && !query.rules()->causalMask ? tokens : query.position().value + 1;
}

std::vector<float> attentionRow(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                LayerIndex layer, HeadIndex head, Position query, ScoreStage stage) {
  if (config.attention == AttentionKind::linear) return {};
  if (query.value < 0 || query.value >= static_cast<int>(positions.size())) return {};
  const PositionTrace* queryTrace = positions[static_cast<std::size_t>(query.value)].get();
  if (!queryTrace) return {};
  const AttentionRules* rules = queryTrace->rules();
  const auto visible =
      static_cast<std::size_t>(visibleKeysOf(*queryTrace, static_cast<int>(positions.size())));
  const auto first =
      static_cast<std::size_t>(rules && !rules->causalMask ? 0 : config.firstVisible(query.value));
  for (const PositionTracePtr& trace : positions.subspan(first, visible - first)) {
    if (!trace) return {};
  }
  const std::span<const float> q = attentionQuery(config, *queryTrace, layer, head);
  const KvHeadIndex kvHead = config.keyValueHeadOf(head);
  const float scale = stage == ScoreStage::raw ? 1.0f : 1.0f / std::sqrt(static_cast<float>(config.headDim));
  const bool weights = stage == ScoreStage::weight;
  std::vector<float> row(visible, weights ? 0.0f : -std::numeric_limits<float>::infinity());
  for (std::size_t j = first; j < visible; ++j) {
    // One key at a time, in the kernel's own order of additions.
    const std::span<const float> k = attentionKey(config, *positions[j], layer, kvHead);
    kernels().attentionScores(q.data(), {k.data(), 1, config.headDim}, 1, scale, &row[j]);
  }
  const std::span<float> seen = std::span(row).subspan(first);
  if (rules && stage != ScoreStage::raw)
    hideStruckKeys(*rules, layer, kvHead, query, static_cast<int>(first), seen);
  if (weights) kernels().softmax(seen.data(), static_cast<int>(seen.size()));
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
