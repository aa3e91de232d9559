#include "core/decode/trace_compare.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

/// The largest |a_i − b_i| of two rows, over the entries that both have.
double largestDifference(std::span<const float> a, std::span<const float> b) {
  double largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

}  // namespace

RecomputeSink::RecomputeSink(const ModelConfig& config, std::span<const PositionTracePtr> first,
                             TraceSink* next)
    : m_config(config), m_first(first), m_next(next) {}

bool RecomputeSink::wants(Site site, LayerIndex layer) const {
  // The logits of all rows would be computed for the comparison alone, one vocabulary a row: only where the
  // capture stores them anyway.
  if (site == Site::logits) return m_next && m_next->wants(site, layer);
  return PositionTrace::stores(site, m_config);
}

void RecomputeSink::record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) {
  const int known = std::clamp(static_cast<int>(m_first.size()) - first.value, 0, rows.rows);
  for (int r = 0; r < known; ++r) {
    const PositionTrace* trace = m_first[static_cast<std::size_t>(first.value + r)].get();
    if (!trace) continue;
    const std::span<const float> before = trace->row(site, layer);
    m_maxAbsDiff = std::max(m_maxAbsDiff, largestDifference(before, rows.rowSpan(r)));
  }
  if (m_next && known < rows.rows && m_next->wants(site, layer)) {
    m_next->record(site, layer, Position{first.value + known}, rows.middleRows(known, rows.rows - known));
  }
}

double largestDifference(const ModelConfig& config, const PositionTrace& a, const PositionTrace& b) {
  double largest = 0;
  for (const SiteInfo& info : siteTable()) {
    if (!info.perLayer) largest = std::max(largest, largestDifference(a.row(info.site), b.row(info.site)));
    for (int l = 0; info.perLayer && l < config.numHiddenLayers; ++l)
      largest = std::max(largest,
                         largestDifference(a.row(info.site, LayerIndex{l}), b.row(info.site, LayerIndex{l})));
  }
  return largest;
}

}  // namespace decodescope
