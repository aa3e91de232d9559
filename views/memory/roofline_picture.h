#pragma once

#include "views/memory/memory_model.h"

#include <QColor>
#include <QRectF>

#include <vector>

class QPainter;

namespace decodescope {

/// The colour of the i-th kind of attention in the memory view's pictures.
QColor memoryColor(std::size_t index, const Theme& theme);

/// Operations a second that memory and arithmetic allow, over operations a byte, both logarithmic, with a
/// numbered dot for each point.
class RooflinePicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const MemoryModel& model,
             const std::vector<MemoryModel::RooflinePoint>& points);
  /// The point under the pointer, −1: none.
  int at(QPointF point) const;

 private:
  std::vector<QRectF> m_dots;
};

}  // namespace decodescope
