#include "core/decode/trace_compare.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

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
    for (std::size_t i = 0; i < before.size(); ++i) {
      const double difference =
          std::abs(static_cast<double>(rows(r, static_cast<int>(i))) - static_cast<double>(before[i]));
      if (difference > m_maxAbsDiff) m_maxAbsDiff = difference;
    }
  }
  if (m_next && known < rows.rows && m_next->wants(site, layer)) {
    m_next->record(site, layer, Position{first.value + known}, rows.middleRows(known, rows.rows - known));
  }
}

}  // namespace decodescope
