#pragma once

#include <QPointF>
#include <QRectF>

#include <vector>

namespace decodescope {

/// Where the dials stand: as large as they can be, each with its lines of text below.
struct DialGrid {
  int columns = 1;
  int lines = 0;  ///< of text below each dial: 0, 1 or 4
  double radius = 0;
  double lineHeight = 0;
  std::vector<QRectF> cells;

  QPointF centre(int dial) const;
  QRectF textLine(int dial, int line) const;
};
DialGrid layoutDials(const QRectF& area, int count, double lineHeight, double scale);

/// The matrix with the row before and after it, and the cheap form.
struct RopeMatrixLayout {
  QRectF matrixTitle, matrix, input, output, matrixCount;
  QRectF cheapTitle, cheapCount;
  std::vector<QRectF> strips;  ///< x, cos, x̃, sin, x′; none when there is no room
  double labelWidth = 0;       ///< left of each strip
};
RopeMatrixLayout layoutRopeMatrix(const QRectF& area, int headDim, double lineHeight, double labelWidth,
                                  double scale);

}  // namespace decodescope
