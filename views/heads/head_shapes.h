#pragma once

#include "views/theme.h"
#include "views/view.h"

#include <QRectF>
#include <QString>

#include <optional>
#include <span>
#include <vector>

class QPainter;

namespace decodescope {

/// Sizes that fix every tensor of a layer's attention: B, T, D, H, G and d, as in core/README.md.
struct AttentionSizes {
  int batch = 1, tokens = 1, hidden = 1, heads = 1, keyValueHeads = 1, headDim = 1;
};

/// One kind of attention in the table: its G, and the shapes that follow.
struct HeadShapesColumn {
  QString name;       ///< "MHA"
  QString groupText;  ///< "G = H = 8"
  AttentionSizes sizes;
  bool isModels = false;  ///< of the loaded model
};

/// A tensor in the table. `shape` has at most four axes.
struct HeadShapesRow {
  enum class Kind { query, key, value, plain } kind = Kind::plain;
  const char* name;  ///< in English: "K by head, transposed"
  std::vector<int> (*shape)(const AttentionSizes& s);
  bool isAside = false;  ///< left out where the others would become too small to read
};

/// The shapes of Q, K, V, scores, context and output under MHA, GQA and MQA for one set of sizes.
class HeadShapesTable {
 public:
  /// `sizes` as chosen; `modelKeyValueHeads`: the loaded model's G, where the table is of its sizes.
  void present(const AttentionSizes& sizes, std::optional<int> modelKeyValueHeads);

  const std::vector<HeadShapesColumn>& columns() const { return m_columns; }
  static std::span<const HeadShapesRow> rows();
  static QString rowName(const HeadShapesRow& row);  ///< translated
  /// "4 × 8 × 128 × 64".
  static QString shapeText(const std::vector<int>& shape);
  /// Numbers cached a token and layer: 2·G·d.
  static int cachedNumbers(const AttentionSizes& s) { return 2 * s.keyValueHeads * s.headDim; }
  std::vector<NamedTable> tables() const;
  QString toolTip(std::size_t row, std::size_t column) const;

 private:
  std::vector<HeadShapesColumn> m_columns;
};

/// Paints the table under a drawing of which heads read which; kinds that find no room beside each other
/// stand below each other. Letters are smaller than kLeastPixels only in an area that is lower than
/// neededHeight().
class HeadShapesPicture {
 public:
  /// For all rows but those that may be left out.
  static double neededHeight(QPainter& painter, double width, const Theme& theme,
                             const HeadShapesTable& table);
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const HeadShapesTable& table);
  struct Spot {
    std::size_t row = 0, column = 0;
  };
  std::optional<Spot> at(QPointF point) const;

 private:
  struct Cell {
    QRectF area;
    Spot spot;
  };
  /// What letters of a size take.
  struct Fit {
    double pixels = 0, line = 0, nameWidth = 0, cellWidth = 0;
  };
  static Fit measured(QPainter& painter, const Theme& theme, const HeadShapesTable& table,
                      const std::vector<std::size_t>& shown, double pixels);
  /// Kinds beside each other in letters that can be read.
  static std::size_t columnsIn(QPainter& painter, double width, const Theme& theme,
                               const HeadShapesTable& table);
  void paintBlock(QPainter& painter, const QRectF& area, const Theme& theme, const HeadShapesTable& table,
                  std::size_t firstColumn, std::size_t columnCount);
  std::vector<Cell> m_cells;
};

}  // namespace decodescope
