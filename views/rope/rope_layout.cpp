#include "views/rope/rope_layout.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

QPointF DialGrid::centre(int dial) const {
  const QRectF& cell = cells[static_cast<std::size_t>(dial)];
  return {cell.center().x(), cell.top() + radius};
}

QRectF DialGrid::textLine(int dial, int line) const {
  const QRectF& cell = cells[static_cast<std::size_t>(dial)];
  return {cell.left(), cell.top() + 2 * radius + lineHeight * (0.25 + line), cell.width(), lineHeight};
}

DialGrid layoutDials(const QRectF& area, int count, double lineHeight, double scale) {
  DialGrid best;
  best.lineHeight = lineHeight;
  // Text where the dial stays large enough beside it.
  struct Tier {
    int lines;
    double diameter, width;
  };
  const double gap = 8 * scale;
  for (const Tier tier : {Tier{4, 96, 148}, Tier{1, 48, 40}, Tier{0, 0, 0}}) {
    const double textHeight = tier.lines > 0 ? lineHeight * (0.5 + tier.lines) : 0;
    int unused = count;
    for (int columns = 1; columns <= count; ++columns) {
      const int rows = (count + columns - 1) / columns;
      const double width = area.width() / columns, height = area.height() / rows;
      const double diameter = std::min({width - gap, height - gap - textHeight, 560 * scale});
      if (diameter < tier.diameter * scale || width - gap < tier.width * scale) continue;
      // Of dials as large, those whose last row is full.
      const bool fuller = rows * columns - count < unused && diameter / 2 >= best.radius * 0.999;
      if (diameter / 2 <= best.radius * 1.001 && !fuller) continue;
      unused = rows * columns - count;
      best.radius = diameter / 2;
      best.columns = columns;
      best.lines = tier.lines;
    }
    if (best.radius > 0) break;
  }
  best.radius = std::max(best.radius, 1.0);
  const int rows = (count + best.columns - 1) / best.columns;
  const double textHeight = best.lines > 0 ? lineHeight * (0.5 + best.lines) : 0;
  const double width = area.width() / best.columns;
  const double height = std::min(area.height() / rows, 2 * best.radius + textHeight + 28 * scale);
  const double top = area.top() + std::max(0.0, area.height() - rows * height) / 2;
  for (int i = 0; i < count; ++i) {
    best.cells.emplace_back(area.left() + (i % best.columns) * width + gap / 2,
                            top + (i / best.columns) * height, width - gap, height);
  }
  return best;
}

RopeMatrixLayout layoutRopeMatrix(const QRectF& area, int headDim, double lineHeight, double labelWidth,
                                  double scale) {
  RopeMatrixLayout layout;
  layout.labelWidth = labelWidth;
  const bool beside = area.width() > 1.25 * area.height();
  QRectF left = area, right = area;
  const double gap = 26 * scale;
  if (beside) {
    const double wanted = area.height() - 4.2 * lineHeight + 60 * scale;
    left.setWidth(std::min((area.width() - gap) * 0.56, wanted));
    right.setLeft(left.right() + gap);
  } else {
    left.setHeight((area.height() - gap) * 0.58);
    right.setTop(left.bottom() + gap);
  }
  const bool texts = area.width() > 180 * scale && left.height() > 90 * scale;
  const double title = texts ? lineHeight * 1.4 : 0, count = texts ? lineHeight * 2.4 : 0;
  const double cheapCount = texts ? lineHeight * 3.4 : 0;

  // Square cells: the matrix, then the row before and after as columns at its right.
  const double room =
      std::min(left.height() - title - count, (left.width() - 30 * scale) * headDim / (headDim + 2.0));
  double cell = std::max(0.5, std::min(room / headDim, 120 * scale));
  if (cell > 2) cell = std::floor(cell);
  const double side = cell * headDim, columnWidth = std::max(cell, 6 * scale);
  layout.matrixTitle = QRectF(left.left(), left.top(), left.width(), texts ? lineHeight : 0);
  layout.matrix = QRectF(left.left(), left.top() + title, side, side);
  layout.input = QRectF(layout.matrix.right() + 10 * scale, layout.matrix.top(), columnWidth, side);
  layout.output = QRectF(layout.input.right() + 20 * scale, layout.matrix.top(), columnWidth, side);
  layout.matrixCount = QRectF(left.left(), layout.matrix.bottom() + lineHeight * 0.4, left.width(),
                              texts ? lineHeight * 2 : 0);
  if (!beside && right.height() < 5 * 12 * scale + title + cheapCount) return layout;
  layout.cheapTitle = QRectF(right.left(), right.top(), right.width(), texts ? lineHeight : 0);
  const double gapY = 4 * scale;
  const double height = std::clamp((right.height() - title - cheapCount) / 5 - gapY, 4 * scale,
                                   std::clamp(cell, 40 * scale, 60 * scale));
  for (int i = 0; i < 5; ++i) {
    layout.strips.emplace_back(right.left() + labelWidth, right.top() + title + i * (height + gapY),
                               std::min(right.width() - labelWidth, headDim * 120 * scale), height);
  }
  layout.cheapCount = QRectF(right.left(), layout.strips.back().bottom() + lineHeight * 0.4, right.width(),
                             texts ? lineHeight * 2 : 0);
  return layout;
}

}  // namespace decodescope
