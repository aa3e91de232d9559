#include "views/attention/attention_rows_cache.h"

#include <algorithm>
#include <cmath>
#include <limits>

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
    m_layers.push_back({layer, stage, {}, 0, {}});
  }
  return m_layers.back();
}

bool hasCausalMask(const RunSnapshot& run, int tokens) {
  for (int p = 0; p < std::min(tokens, static_cast<int>(run.positions.size())); ++p) {
    const PositionTracePtr& trace = run.positions[static_cast<std::size_t>(p)];
    if (trace) return !trace->rules() || trace->rules()->causalMask;
  }
  return true;
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
  if (!hasCausalMask(run, tokens)) {
    const PositionTracePtr& first = run.positions.front();
    if (kept.unmaskedTokens != count || kept.unmaskedTrace.lock() != first) {
      kept.heads.assign(kept.heads.size(), Head());
      kept.unmaskedTokens = count;
      kept.unmaskedTrace = first;
    }
  }
  const std::span<const PositionTracePtr> positions(run.positions.data(), static_cast<std::size_t>(count));
  for (int h = 0; h < config.numAttentionHeads; ++h) {
    Head& head = kept.heads[static_cast<std::size_t>(h)];
    if (static_cast<int>(head.rows.size()) < count) {
      head.rows.resize(static_cast<std::size_t>(count));
      head.max.resize(static_cast<std::size_t>(count));
    }
    for (int q = 0; q < count; ++q) {
      std::vector<float>& row = head.rows[static_cast<std::size_t>(q)];
      if (!row.empty() || run.positions[static_cast<std::size_t>(q)] == nullptr) continue;
      row = attentionRow(config, positions, layer, HeadIndex{h}, Position{q}, stage);
      ++m_derivedRows;
      // A key that a what-if strikes out is no zero: it is not there.
      if (const AttentionRules* rules = run.positions[static_cast<std::size_t>(q)]->rules()) {
        const KvHeadIndex kvHead = config.keyValueHeadOf(HeadIndex{h});
        for (std::size_t k = 0; k < row.size(); ++k) {
          if (rules->hides(layer, kvHead, Position{static_cast<int>(k)}, Position{q}))
            row[k] = std::numeric_limits<float>::quiet_NaN();
        }
      }
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
