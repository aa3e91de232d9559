#pragma once

#include "views/kv_cache/kv_cache_model.h"
#include "views/plot.h"

namespace decodescope {

/// What stands beside the blocks: the bytes held and their formula, what the step did, and two curves.
class KvContentsPanel {
 public:
  /// Nothing is painted into a null area.
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const KvCacheModel& model);

 private:
  /// Returns where the numbers end.
  double paintNumbers(QPainter& painter, const QRectF& area, const Theme& theme) const;
  void paintCurves(QPainter& painter, const QRectF& bytesArea, const QRectF& rowsArea, const Theme& theme);

  const KvCacheModel* m_model = nullptr;  ///< while painting
  Plot m_bytesPlot;
  Plot m_rowsPlot;
};

}  // namespace decodescope
