#pragma once

#include "views/theme.h"
#include "views/view.h"

#include <QImage>
#include <QSize>

namespace decodescope::test {

/// What a pixel holds before a view is painted: no theme has this colour.
inline constexpr QRgb kUntouched = 0xff00ff01;

/// The view painted on an image that was kUntouched all over.
QImage painted(View& view, const QSize& size, const Theme& theme, double ratio = 1);

/// Pixels that the view left alone.
int untouchedPixels(const QImage& image);
/// Different colours in the picture, counted up to `enough`.
int colorCount(const QImage& image, int enough = 64);

}  // namespace decodescope::test
