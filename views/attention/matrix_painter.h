#pragma once

#include "views/attention/matrix_window.h"
#include "views/cell_grid.h"
#include "views/heatmap.h"

#include <QRectF>
#include <QString>
#include <QStringList>

#include <functional>
#include <utility>
#include <vector>

namespace decodescope {

/// A (T, T) matrix of queries and keys as it is to be drawn.
struct MatrixNumbers {
  HeatmapRows rows;
  ColorScale scale;
  std::function<QString(float)> text;  ///< what stands in a large cell
  /// What stands right of the diagonal. Masked and ghost: hatched.
  BeyondDiagonal beyond = BeyondDiagonal::masked;
  /// The first key that a query sees: those before it lie outside its window and are hatched. Unset: 0.
  std::function<int(int)> firstVisible = {};
};

/// Where the parts of one labelled matrix stand. Rectangles that find no room are null.
struct MatrixFrame {
  enum class Columns { flat, upright, numbersOnly };
  QRectF matrix;        ///< square
  QRectF rowLabels;     ///< left of the matrix
  QRectF columnLabels;  ///< above it
  QRectF newBar;        ///< the strip between row labels and matrix that marks what the step computed
  QRectF colorBar;      ///< right of it, or below; its numbers stand in colorNumbers
  QRectF colorNumbers;
  Columns columns = Columns::flat;
  bool axisNames = true;  ///< "queries", "keys"
  bool lyingBar = false;  ///< the colour bar lies below the matrix
};

/// The tokens along both axes, and what is selected.
struct MatrixAxes {
  const QStringList& labels;
  int query = 0;
  int key = 0;
  int firstComputed =
      0;  ///< rows firstComputed … firstNew−1 were computed again, firstNew … for the first time
  int firstNew = 0;
};

/// Cells, their numbers where they fit, hatching, frame: all that does not follow the pointer.
void drawMatrix(QPainter& painter, const Theme& theme, const QRectF& matrix, const MatrixWindow::Shown& shown,
                const MatrixNumbers& numbers);
/// The selected row, column and cell.
void drawCrossHair(QPainter& painter, const Theme& theme, const QRectF& matrix,
                   const MatrixWindow::Shown& shown, int query, int key);
void drawRowLabels(QPainter& painter, const Theme& theme, const MatrixFrame& frame,
                   const MatrixWindow::Shown& shown, const MatrixAxes& axes);
void drawColumnLabels(QPainter& painter, const Theme& theme, const MatrixFrame& frame,
                      const MatrixWindow::Shown& shown, const MatrixAxes& axes);
/// The bar, its ticks and the first of `titles` that fits.
void drawColorBar(QPainter& painter, const Theme& theme, const MatrixFrame& frame, const ColorScale& scale,
                  const std::vector<std::pair<double, QString>>& ticks, const QStringList& titles);

/// Whole device pixels a cell where cells are that large: the side of a matrix of this many cells.
double sideOfWholeCells(const QPainter& painter, double side, int count);

}  // namespace decodescope
