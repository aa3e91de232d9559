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
  double largest = 18;  ///< pixels of the design; letters are smaller than kLeastPixels only in an area that
                        ///< is lower than neededHeight()

  /// The height that letters of at least kLeastPixels need at this width, with the second lines where they
  /// are not cut short by it.
  double neededHeight(QPainter& painter, double width, const Theme& theme) const;
  /// Paints it and returns each row's rectangle.
  std::vector<QRectF> paint(QPainter& painter, const QRectF& area, const Theme& theme) const;

 private:
  struct Fit {
    double pixels = 0, line = 0, gap = 0;
    double total = 0;  ///< width of all columns
    bool hasBelow = false;
    std::vector<double> widths;
    double rowHeight() const { return line * (hasBelow ? 1.95 : 1.0); }
  };
  bool hasBars() const;
  /// Width and height that letters of this size take.
  Fit measured(QPainter& painter, const Theme& theme, double pixels, bool hasBelow) const;
  bool cutsShort(QPainter& painter, const Theme& theme, const Fit& fit, double width) const;
  Fit settled(QPainter& painter, const QSizeF& room, const Theme& theme) const;
};

}  // namespace decodescope
