#pragma once

#include <QPointF>
#include <QRectF>
#include <QString>

namespace decodescope {

/// The square part of a (T, T) matrix that is shown: whole cells, so that nothing needs clipping. One window
/// serves all matrices of a picture.
class MatrixWindow {
 public:
  struct Shown {
    int firstRow = 0, firstColumn = 0, count = 1;
    double cell = 0;  ///< side of a cell in a matrix of the given width

    int row(double offset) const { return firstRow + index(offset); }
    int column(double offset) const { return firstColumn + index(offset); }
    friend bool operator==(const Shown&, const Shown&) = default;

   private:
    int index(double offset) const;
  };
  Shown shown(int tokens, double width) const;

  /// Enlarges around a point of the matrix, which stays under the pointer. False at either end.
  bool zoom(const QRectF& matrix, QPointF at, double factor, int tokens);
  bool pan(QPointF delta, double width, int tokens);
  void reset() { *this = {}; }

  /// "first column,first row,cells"; "" when all of it is shown.
  QString text() const;
  /// Takes over such a text; false when it is none.
  bool setText(const QString& text);

 private:
  int m_count = 0;  ///< rows and columns; 0: all
  double m_row = 0;
  double m_column = 0;
};

}  // namespace decodescope
