#pragma once

#include "views/theme.h"
#include "views/view.h"

#include <QRectF>
#include <QSizeF>
#include <QString>

#include <vector>

namespace decodescope::test {

/// A text that a view painted.
struct PaintedText {
  QString text;
  double pixels;  ///< of its font, as it comes out on the device
  QRectF area;    ///< from ascent to descent, on the device
};

/// Every text that the view paints, those on axes of plots among them.
std::vector<PaintedText> paintedTexts(View& view, const QSizeF& size, const Theme& theme);

}  // namespace decodescope::test
