#pragma once

#include <QColor>
#include <QFont>
#include <QSizeF>

namespace decodescope {

/// Colours, fonts and scale that every painter uses. Query, key and value keep one colour each in every view.
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
  QColor warning;      ///< what was recomputed, what is amiss
  QColor maskedCell;   ///< a masked cell never looks like a zero
  QColor maskedLine;   ///< the hatching on it
  QFont font;          ///< labels
  QFont mono;          ///< numbers that stand below each other
  double scale = 1.0;  ///< 1 … 2.5: text, lines and cells; Ctrl with + and −
  bool grows = true;   ///< with the room; not where letters were asked for in points

  static Theme makeLight(double scale = 1.0);
  static Theme makeDark(double scale = 1.0);

  /// The theme for a picture of this size: beyond the size of the design (kDesignRoom) two thirds of the room
  /// go into larger text, lines and cells, the rest shows more of them. At most 1.8 times this theme.
  Theme inRoom(const QSizeF& room) const;

  /// A length of the design (in pixels at scale 1) at this scale.
  double px(double length) const { return length * scale; }
  /// The label font with this pixel size (of the design, at scale 1).
  QFont sized(double pixels, QFont::Weight weight = QFont::Normal) const;
  /// The same for the fixed-width font.
  QFont monoSized(double pixels, QFont::Weight weight = QFont::Normal) const;
};

/// Pixel size of labels in the design; an exported figure's font size is this text's size.
inline constexpr double kLabelPixels = 12;
/// What a picture is designed for at scale 1, in pixels.
inline constexpr QSizeF kDesignRoom = {1100, 720};
/// Letters are never smaller in the window: 20 pixels at 200 %, which the last row of a lecture hall can
/// read.
inline constexpr double kLeastPixels = 10;

/// Between a (t = 0) and b (t = 1), in sRGB.
QColor mixed(const QColor& a, const QColor& b, double t);
/// Relative luminance of WCAG 2, 0 … 1.
double luminance(const QColor& color);
/// Black or white, whichever reads better on the colour.
QColor readableOn(const QColor& color);

}  // namespace decodescope
