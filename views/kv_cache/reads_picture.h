#pragma once

#include "views/kv_cache/reads_model.h"
#include "views/legend.h"

#include <QRectF>

#include <array>
#include <optional>
#include <vector>

namespace decodescope {

/// Two panels beside each other, for K and V and for q: which step read which position's row, and how often
/// each row was read in all.
class KvReadsPicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const KvReadsModel& model);
  void clear() { m_panels = {}; }
  /// The position under the point; −1 where there is none.
  int positionAt(QPointF point) const;
  /// Whether the point is in the panel of Q.
  bool isOfQuery(QPointF point) const;
  static std::vector<LegendItem> legend(const Theme& theme, const KvReadsModel& model);

 private:
  struct Panel {
    QRectF grid;  ///< positions across, steps down
    QRectF bars;  ///< reads a position
  };
  void paintPanel(QPainter& painter, const Theme& theme, const KvReadsModel& model, const Panel& panel,
                  bool isQuery) const;
  void paintGrid(QPainter& painter, const QRectF& grid, const Theme& theme, const KvReadsModel& model,
                 bool isQuery) const;
  void paintBars(QPainter& painter, const QRectF& bars, const Theme& theme, const KvReadsModel& model,
                 bool isQuery) const;

  std::array<Panel, 2> m_panels;
  int m_tokens = 0;
};

}  // namespace decodescope
