#include "views/attention/attention_rows_cache.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr std::size_t kLayersKept = 6;  // two layers in all three stages

}  // namespace

AttentionRowsCache::Layer& AttentionRowsCache::take(LayerIndex layer, ScoreStage stage) {
  const auto found = std::find_if(m_layers.begin(), m_layers.end(),
                                  [&](const Layer& l) { return l.layer == layer && l.stage == stage; });
  if (found != m_layers.end()) {
    std::rotate(found, found + 1, m_layers.end());
  } else {
    if (m_layers.size() >= kLayersKept) m_layers.erase(m_layers.begin());
    m_layers.push_back({layer, stage, {}});
  }
  return m_layers.back();
}

void AttentionRowsCache::prepare(const RunSnapshot& run, LayerIndex layer, ScoreStage stage, int tokens) {
  if (run.runId != m_runId || run.model.get() != m_model) {
    m_layers.clear();
    m_runId = run.runId;
    m_model = run.model.get();
  }
  const ModelConfig& config = run.model->config();
  Layer& kept = take(layer, stage);
  kept.heads.resize(static_cast<std::size_t>(config.numAttentionHeads));
  const int count = std::min(tokens, static_cast<int>(run.positions.size()));
  for (int h = 0; h < config.numAttentionHeads; ++h) {
    Head& head = kept.heads[static_cast<std::size_t>(h)];
    if (static_cast<int>(head.rows.size()) < count) {
      head.rows.resize(static_cast<std::size_t>(count));
      head.max.resize(static_cast<std::size_t>(count));
    }
    for (int q = 0; q < count; ++q) {
      std::vector<float>& row = head.rows[static_cast<std::size_t>(q)];
      if (!row.empty() || run.positions[static_cast<std::size_t>(q)] == nullptr) continue;
      row = attentionRow(config, run.positions, layer, HeadIndex{h}, Position{q}, stage);
      ++m_derivedRows;
      float largest = 0;
      for (const float v : row) {
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
      }
      head.max[static_cast<std::size_t>(q)] = largest;
    }
  }
}

std::span<const float> AttentionRowsCache::row(HeadIndex head, int query) const {
  const std::vector<std::vector<float>>& rows =
      m_layers.back().heads[static_cast<std::size_t>(head.value)].rows;
  return query < static_cast<int>(rows.size()) ? std::span<const float>(rows[static_cast<std::size_t>(query)])
                                               : std::span<const float>();
}

float AttentionRowsCache::rowMax(HeadIndex head, int query) const {
  const std::vector<float>& max = m_layers.back().heads[static_cast<std::size_t>(head.value)].max;
  return query < static_cast<int>(max.size()) ? max[static_cast<std::size_t>(query)] : 0.0f;
}

}  // namespace decodescope
