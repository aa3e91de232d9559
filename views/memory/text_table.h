#pragma once

#include "views/theme.h"

#include <QColor>
#include <QRectF>
#include <QString>
#include <QStringList>

#include <vector>

class QPainter;

namespace decodescope {

/// One line of a table of words: cells, perhaps a formula below them, perhaps a bar behind the last.
struct TextTableRow {
  QStringList cells;
  QColor color;     ///< of the sample in front and of the bar; invalid: none
  QString below;    ///< a second line over the whole width; left out where there is no room
  double bar = -1;  ///< 0 … 1 of the bar's room at the right; below 0: none
  bool isChosen = false;
};

/// A table in letters as large as the area allows. Cells after the first are aligned to the right.
struct TextTable {
  QStringList headers;
  std::vector<TextTableRow> rows;
  double largest = 18;  ///< pixels of the design

  /// Paints it and returns each row's rectangle.
  std::vector<QRectF> paint(QPainter& painter, const QRectF& area, const Theme& theme) const;
};

}  // namespace decodescope
