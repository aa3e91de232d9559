#pragma once

#include "core/base/matrix_span.h"
#include "core/base/weight_span.h"
#include "views/colormap.h"

#include <QRect>
#include <QRectF>
#include <QString>
#include <QStringList>

#include <functional>
#include <vector>

class QPainter;

namespace decodescope {

/// What stands right of the diagonal.
enum class BeyondDiagonal {
  values,  ///< like everywhere else
  masked,  ///< nothing: hatched
  ghost,   ///< numbers that the run never computed: veiled and hatched
};

/// Query, key and value keep their colours; everything else is plain.
enum class Ink { plain, query, key, value };
QColor inkColor(Ink ink, const Theme& theme);

/// A few cells outlined.
struct GridMark {
  QRect cells;  ///< x: column, y: row
  enum class Kind { accent, known } kind = Kind::accent;
};

/// A small matrix that is shown cell by cell, with its numbers where they fit.
struct CellGrid {
  QString name;     ///< above it: "W", with its shape behind
  QString shape;    ///< "5 × 3"
  QString caption;  ///< below it; may be ""
  Ink ink = Ink::plain;
  int rows = 0;
  int columns = 0;
  std::vector<float> values;  ///< row-major; NaN: no value
  ConstMatrixSpan view;       ///< instead of values: cells that somebody else holds
  ColorScale scale;
  int decimals = 2;  ///< −1: as many as shortNumber() gives
  BeyondDiagonal beyond = BeyondDiagonal::values;
  QStringList rowLabels;     ///< one a row, or none
  QStringList columnLabels;  ///< one a column, or none
  std::vector<GridMark> marks;
  /// One colour a cell, or none: whose block it is. The depth of the tint is then the value's magnitude on
  /// the scale, instead of the scale's own colours.
  std::vector<QColor> tints;
  /// Rows and columns that stand for those left out: "⋮", "⋯". Their values are NaN.
  std::vector<int> gapRows, gapColumns;

  ConstMatrixSpan cells() const { return view.data ? view : ConstMatrixSpan(values.data(), rows, columns); }
  float value(int row, int column) const { return cells()(row, column); }
  bool hasValue(int row, int column) const;
  /// A number as it stands in a cell: "0.25", "−1.30", "" without a value.
  QString text(int row, int column) const;
  /// The scale −m … m of its own largest magnitude, signed colours.
  void useOwnSignedScale();
};

/// The largest magnitude among the finite ones; 0 when there is none.
float largestMagnitude(ConstMatrixSpan cells);
float largestMagnitude(const WeightSpan& weights);

/// The text of its cells that needs most room, every digit as wide as a 0.
QString widestNumber(const CellGrid& grid);

/// Pixel size (of the design) of the largest font in which every number fits a cell of this size; 0: none
/// does.
double numberPixels(QPainter& painter, const Theme& theme, const CellGrid& grid, double cellWidth,
                    double cellHeight);

/// Writes the numbers into cells that somebody else has painted, all of one size or, where they do not fit,
/// none. `ground` is the colour of a number's cell.
void writeCellNumbers(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme,
                      const std::function<QColor(float)>& ground);

/// The cells alone, filling the rectangle: colours, hair lines, numbers of this pixel size, marks, frame.
void drawGridCells(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme,
                   double numberSize);

}  // namespace decodescope
