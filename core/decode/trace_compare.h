#pragma once

#include "core/trace/position_trace.h"

#include <span>

namespace decodescope {

/// Compares the rows of a recomputation with what was stored when they were first computed, over every stored
/// site, and keeps nothing. Rows of positions without a first trace go on to `next` (the capture of new
/// positions), which may be nullptr.
class RecomputeSink : public TraceSink {
 public:
  /// `first` are the traces of positions 0 … ; entries may be nullptr.
  RecomputeSink(const ModelConfig& config, std::span<const PositionTracePtr> first, TraceSink* next);

  bool wants(Site site, LayerIndex layer) const override;
  void record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) override;

  /// The largest |recomputed − first| seen; NaN pairs count as equal.
  double maxAbsDiff() const { return m_maxAbsDiff; }

 private:
  const ModelConfig& m_config;
  std::span<const PositionTracePtr> m_first;
  TraceSink* m_next;
  double m_maxAbsDiff = 0;
};

/// The largest |a − b| over every site that both traces of a position store; 0 when they share none. NaN
/// pairs count as equal.
double largestDifference(const ModelConfig& config, const PositionTrace& a, const PositionTrace& b);

}  // namespace decodescope
