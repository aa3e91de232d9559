#pragma once

#include "views/cell_grid.h"

#include <optional>
#include <vector>

namespace decodescope {

/// A small matrix in an equation, and what stands before it: "·", "=", "softmax →".
struct GridItem {
  QString before;
  CellGrid grid;
};
using GridLine = std::vector<GridItem>;

/// Equations of small matrices below each other, with cells as large as fit and all of one size; where that
/// is too wide, each matrix as wide as its own numbers. Lines that are too wide are broken between matrices.
class GridSheet {
 public:
  /// Decides where everything goes and how large it is; paints nothing.
  void settle(QPainter& painter, const QRectF& area, const Theme& theme, const std::vector<GridLine>& lines);
  /// Paints what was settled, of the same lines.
  void paint(QPainter& painter, const Theme& theme, const std::vector<GridLine>& lines) const;

  struct Spot {
    std::size_t line, item;
    int row, column;
  };
  std::optional<Spot> at(QPointF point) const;
  /// Where the picture ends.
  double bottom() const { return m_bottom; }
  /// Whether there is room for numbers in its cells.
  bool hasNumbers() const { return m_numberPixels > 0; }
  /// The numbers' pixel size (of the design); 0: there is no room for any.
  double numberPixels() const { return m_numberPixels; }
  /// The cell as it was settled last; null when it was not.
  QRectF cellArea(const Spot& spot) const;

 private:
  struct Cell {
    double width = 0, height = 0, number = 0;
    int mostDecimals = 9;
    std::vector<std::vector<double>> own;  ///< instead of `width`, of each matrix of each line
  };
  struct Placed {
    std::size_t line, item;
    QRectF frame;   ///< with labels, name and caption
    QRectF before;  ///< the sign in front
    QRectF cells;
    int rows, columns;
  };
  enum class Fit {
    unbroken,  ///< every line on one line
    cramped,   ///< the same, and names no wider than their matrices
    broken,    ///< lines may be broken
    anyhow,    ///< it may run out of the area
  };
  /// The lengths of an item's words, which do not depend on the size of the cells.
  struct Words {
    double rowLabels = 0, sign = 0, heading = 0;
  };
  struct Measures {
    std::vector<std::vector<Words>> items;
    double nameHeight = 0, labelHeight = 0, signHeight = 0;
  };
  /// Of each matrix of each line, the number that needs most room when rounded to `decimals`.
  struct WidestNumbers {
    int decimals = 0;
    std::vector<std::vector<QString>> items;
    QString longest;  ///< of all
  };
  static WidestNumbers widestNumbers(const std::vector<GridLine>& lines, int mostDecimals);
  static Measures measuredWords(QPainter& painter, const Theme& theme, const std::vector<GridLine>& lines);
  static std::vector<std::vector<double>> ownWidths(QPainter& painter, const Theme& theme,
                                                    const std::vector<GridLine>& lines, const Cell& cell,
                                                    const WidestNumbers& widest);
  /// The width of the narrowest cells.
  static double narrowest(const Cell& cell);
  /// Where everything goes with cells of this size; nothing when it does not fit.
  static std::optional<std::vector<Placed>> place(const Measures& measures, const QRectF& area,
                                                  const Theme& theme, const std::vector<GridLine>& lines,
                                                  const Cell& cell, Fit fit);

  void paintItem(QPainter& painter, const Theme& theme, const Placed& placed, const GridItem& item) const;

  QRectF m_area;
  std::vector<Placed> m_placed;
  double m_numberPixels = 0;
  int m_mostDecimals = 9;  ///< of the numbers, where there was no room for more
  double m_bottom = 0;
};

}  // namespace decodescope
