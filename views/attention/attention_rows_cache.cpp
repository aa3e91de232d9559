#include "views/attention/attention_rows_cache.h"

#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

/// Whole rows are kept up to this many bytes, and of the heads used last whatever they take.
constexpr std::size_t kRowBytes = std::size_t{160} << 20;
constexpr std::size_t kLatestKept = 8;
constexpr std::size_t kThumbnailFloats = std::size_t{32} << 20;

std::size_t bytesOf(const AttentionRowsCache::HeadRows& head) {
  std::size_t floats = 0;
  for (const std::vector<float>& row : head.rows) floats += row.capacity();
  return floats * sizeof(float);
}

float largestOf(std::span<const float> values) {
  float largest = 0;
  for (const float v : values) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return largest;
}

}  // namespace

bool hasCausalMask(std::span<const PositionTracePtr> positions) {
  for (const PositionTracePtr& trace : positions) {
    if (trace) return !trace->rules() || trace->rules()->causalMask;
  }
  return true;
}

void AttentionRowsCache::forget() {
  m_rows.clear();
  m_keys.clear();
  m_extents.clear();
  m_thumbnails.clear();
  m_thumbnailFloats = 0;
}

void AttentionRowsCache::follow(const RunSnapshotPtr& run, std::span<const PositionTracePtr> positions) {
  if (!m_run || run->runId != m_run->runId || run->model != m_run->model) forget();
  m_run = run;
  m_positions = positions;
  m_causal = hasCausalMask(positions);
  const PositionTracePtr first = m_causal || positions.empty() ? nullptr : positions.front();
  if (m_firstUnmasked.lock() != first || (!m_causal && m_unmaskedTokens != tokens())) forget();
  m_firstUnmasked = first;
  m_unmaskedTokens = tokens();
}

const GatheredKeys& AttentionRowsCache::keys(LayerIndex layer, HeadIndex head) {
  if (m_keysLayer != layer) m_keys.clear();
  m_keysLayer = layer;
  const KvHeadIndex kvHead = m_run->model->config().keyValueHeadOf(head);
  GatheredKeys& keys = m_keys[kvHead.value];
  if (keys.count() < tokens() || keys.unbroken() < keys.count())
    keys.gather(m_run->model->config(), m_positions, layer, kvHead);
  return keys;
}

void AttentionRowsCache::hideStruck(LayerIndex layer, HeadIndex head, int query, std::span<float> row) const {
  const AttentionRules* rules = trace(query)->rules();
  if (!rules || rules->struckRows.empty()) return;
  const KvHeadIndex kvHead = m_run->model->config().keyValueHeadOf(head);
  for (std::size_t k = 0; k < row.size(); ++k) {
    if (rules->hides(layer, kvHead, Position{static_cast<int>(k)}, Position{query}))
      row[k] = std::numeric_limits<float>::quiet_NaN();
  }
}

void AttentionRowsCache::extendRow(const GatheredKeys& keys, LayerIndex layer, HeadIndex head, int query,
                                   float scale, std::vector<float>& row) const {
  const auto first = static_cast<int>(row.size());
  if (first >= tokens()) return;
  row.resize(static_cast<std::size_t>(tokens()));
  scoresWith(m_run->model->config(), keys, *trace(query), layer, head, first, scale,
             std::span<float>(row).subspan(static_cast<std::size_t>(first)));
  hideStruck(layer, head, query, row);
}

const AttentionRowsCache::HeadRows& AttentionRowsCache::rows(LayerIndex layer, HeadIndex head,
                                                             ScoreStage stage) {
  const RowsKey key{layer.value, head.value, stage};
  const auto found =
      std::find_if(m_rows.begin(), m_rows.end(), [&](const KeptRows& k) { return k.key == key; });
  if (found != m_rows.end()) {
    std::rotate(found, found + 1, m_rows.end());
  } else {
    m_rows.push_back({key, std::make_unique<HeadRows>()});
  }
  HeadRows& kept = *m_rows.back().rows;
  const auto count = static_cast<std::size_t>(tokens());
  if (kept.rows.size() < count) {
    kept.rows.resize(count);
    kept.max.resize(count);
  }
  const ModelConfig& config = m_run->model->config();
  const GatheredKeys& all = keys(layer, head);
  const float scale = stage == ScoreStage::raw ? 1.0f : scoreScale(config);
  for (int q = 0; q < tokens(); ++q) {
    std::vector<float>& row = kept.rows[static_cast<std::size_t>(q)];
    const bool fresh = row.empty();
    if (stage != ScoreStage::weight && row.size() < count && trace(q) && visible(q) <= all.unbroken())
      extendRow(all, layer, head, q, scale, row);
    if (!fresh || !trace(q)) continue;
    if (stage == ScoreStage::weight) {
      row = attentionRow(config, all, *trace(q), layer, head, stage);
      hideStruck(layer, head, q, row);
    }
    if (row.empty()) continue;
    ++m_derivedRows;
    kept.max[static_cast<std::size_t>(q)] =
        largestOf(std::span<const float>(row).first(static_cast<std::size_t>(visible(q))));
  }
  std::size_t bytes = 0;
  for (std::size_t i = m_rows.size(); i-- > 0;) {
    bytes += bytesOf(*m_rows[i].rows);
    if (bytes > kRowBytes && m_rows.size() - i > kLatestKept) {
      m_rows.erase(m_rows.begin(), m_rows.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      break;
    }
  }
  return *m_rows.back().rows;
}

std::optional<float> AttentionRowsCache::value(LayerIndex layer, HeadIndex head, ScoreStage stage, int query,
                                               int key) {
  const auto k = static_cast<std::size_t>(key);
  const RowsKey wanted{layer.value, head.value, stage};
  for (const KeptRows& kept : m_rows) {
    if (kept.key != wanted || query >= static_cast<int>(kept.rows->rows.size())) continue;
    const std::vector<float>& row = kept.rows->rows[static_cast<std::size_t>(query)];
    if (k < row.size()) return row[k];
  }
  const GatheredKeys& gathered = keys(layer, head);
  if (!trace(query) || visible(query) > gathered.unbroken()) return std::nullopt;
  const ModelConfig& config = m_run->model->config();
  if (stage != ScoreStage::weight) {
    float score = 0;
    scoresWith(config, gathered, *trace(query), layer, head, key,
               stage == ScoreStage::raw ? 1.0f : scoreScale(config), {&score, 1});
    const AttentionRules* rules = trace(query)->rules();
    if (rules && rules->hides(layer, config.keyValueHeadOf(head), Position{key}, Position{query}))
      return std::numeric_limits<float>::quiet_NaN();
    return score;
  }
  const std::vector<float> all = row(layer, head, stage, query);
  return k < all.size() ? std::optional<float>(all[k]) : std::nullopt;
}

std::vector<float> AttentionRowsCache::row(LayerIndex layer, HeadIndex head, ScoreStage stage, int query) {
  if (!trace(query)) return {};
  std::vector<float> row =
      attentionRow(m_run->model->config(), keys(layer, head), *trace(query), layer, head, stage);
  hideStruck(layer, head, query, row);
  return row;
}

AttentionRowsCache::Extent AttentionRowsCache::extent(LayerIndex layer, HeadIndex head) {
  if (tokens() == 0) return {};
  std::vector<Extent>& extents = m_extents[{layer.value, head.value}];
  const ModelConfig& config = m_run->model->config();
  if (static_cast<int>(extents.size()) >= tokens()) return extents[static_cast<std::size_t>(tokens()) - 1];
  const GatheredKeys& all = keys(layer, head);
  for (int q = static_cast<int>(extents.size()); q < tokens(); ++q) {
    Extent e = extents.empty() ? Extent() : extents.back();
    if (trace(q) && visible(q) <= all.unbroken()) {
      std::vector<float> row = attentionRow(config, all, *trace(q), layer, head, ScoreStage::scaled);
      e.score = std::max(e.score, largestOf(row));
      e.scoreRest = std::max(e.scoreRest, largestOf(std::span<const float>(row).subspan(1)));
      kernels().softmax(row.data(), static_cast<int>(row.size()));
      if (q > 0) e.weight = std::max(e.weight, largestOf(row));
      e.weightRest = std::max(e.weightRest, largestOf(std::span<const float>(row).subspan(1)));
    }
    extents.push_back(e);
  }
  return extents.back();
}

int AttentionRowsCache::thumbnailFactor(int maxBins) const {
  int factor = 1;
  while ((tokens() + factor - 1) / factor > maxBins) factor *= 2;
  return factor;
}

std::vector<float> AttentionRowsCache::pooledRow(LayerIndex layer, HeadIndex head, int query,
                                                 ScoreStage stage, int factor, bool withoutFirst) {
  std::vector<float> row = this->row(layer, head, stage, query);
  if (row.empty()) return row;
  ++m_derivedRows;
  if (withoutFirst) row[0] = std::numeric_limits<float>::quiet_NaN();
  if (factor == 1) return row;
  const auto f = static_cast<std::size_t>(factor);
  std::vector<float> pooled((row.size() + f - 1) / f, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t k = 0; k < row.size(); ++k) {
    float& bin = pooled[k / f];
    if (std::isfinite(row[k]) && !(std::abs(row[k]) <= std::abs(bin))) bin = row[k];
  }
  return pooled;
}

HeatmapRows AttentionRowsCache::thumbnail(LayerIndex layer, HeadIndex head, ScoreStage stage, int maxBins,
                                          bool withoutFirst) {
  const int factor = thumbnailFactor(maxBins);
  if (m_thumbnailFloats > kThumbnailFloats) {
    m_thumbnails.clear();
    m_thumbnailFloats = 0;
  }
  Thumbnail& kept = m_thumbnails[{layer.value, head.value, stage, factor, withoutFirst}];
  const int bins = (tokens() + factor - 1) / factor, whole = tokens() / factor;
  if (static_cast<int>(kept.rows.size()) < whole) {
    kept.rows.resize(static_cast<std::size_t>(whole));
    kept.max.resize(static_cast<std::size_t>(whole));
  }
  HeatmapRows matrix;
  matrix.columns = bins;
  for (int i = 0; i < whole; ++i) {
    std::vector<float>& row = kept.rows[static_cast<std::size_t>(i)];
    if (row.empty()) {
      row = pooledRow(layer, head, i * factor + factor - 1, stage, factor, withoutFirst);
      kept.max[static_cast<std::size_t>(i)] = largestOf(row);
      m_thumbnailFloats += row.size();
    }
    matrix.rows.emplace_back(row);
    matrix.rowMax.push_back(kept.max[static_cast<std::size_t>(i)]);
  }
  if (whole < bins) {
    if (kept.tailTokens != tokens() || kept.tail.empty()) {
      kept.tail = pooledRow(layer, head, tokens() - 1, stage, factor, withoutFirst);
      kept.tailMax = largestOf(kept.tail);
      kept.tailTokens = tokens();
    }
    matrix.rows.emplace_back(kept.tail);
    matrix.rowMax.push_back(kept.tailMax);
  }
  return matrix;
}

}  // namespace decodescope
