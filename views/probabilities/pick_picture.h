#pragma once

#include "views/probabilities/pick_model.h"
#include "views/theme.h"

#include <QRectF>

#include <vector>

class QPainter;

namespace decodescope {

/// Candidates as a table of bars: piece, id, logit, probability at temperature 1, probability after the
/// settings.
class PickPicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const PickModel& model);
  /// Index into model.steps().candidates of what was painted there; −1: none.
  int candidateAt(QPointF point) const;

 private:
  void paintPipeline(QPainter& painter, QRectF& area, const Theme& theme, const PickModel& model) const;

  struct Row {
    QRectF area;
    int candidate;
  };
  std::vector<Row> m_rows;
};

}  // namespace decodescope
