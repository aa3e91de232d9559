#pragma once

#include <QColor>
#include <QFont>

namespace decodescope {

/// Colours, font and scale that every painter uses. Query, key and value keep one colour each in every view.
struct Theme {
  bool dark = false;
  QColor background;
  QColor panel;  ///< slightly raised areas
  QColor text;
  QColor faintText;
  QColor line;    ///< separators, axes
  QColor accent;  ///< selection, what is new
  QColor query;
  QColor key;
  QColor value;
  QColor warning;
  QColor maskedCell;   ///< a masked cell never looks like a zero
  QFont font;          ///< labels
  double scale = 1.0;  ///< 1 … 2.5: text, lines and cells; Ctrl with + and −

  static Theme makeLight(double scale = 1.0);
  static Theme makeDark(double scale = 1.0);
};

}  // namespace decodescope
