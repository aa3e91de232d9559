#pragma once

#include "views/colormap.h"
#include "views/theme.h"

#include <QImage>
#include <QRectF>

#include <span>
#include <vector>

class QPainter;

namespace decodescope {

/// A matrix given by its rows. Rows may be short (a causal row ends at its query) or empty (not stored):
/// cells without a value, and NaN, are left transparent.
struct HeatmapRows {
  std::vector<std::span<const float>> rows;
  std::vector<float> rowMax;  ///< largest magnitude of each row, for ColorScale::Kind::perRow
  int firstColumn = 0;        ///< of the window that is shown
  int columns = 0;
  int leftOut = 0;  ///< this many of the first columns have no colour: left transparent
};

/// The matrix through the colour scale and its 256 colours, one pixel a cell. Where it has more rows or
/// columns than maxWidth × maxHeight, each pixel shows the value of largest magnitude among its cells, so
/// that no spike is lost. Level 0 shares its index with level 1: index 0 is "no value", transparent.
QImage heatmapImage(const HeatmapRows& matrix, const ColorScale& scale, const QList<QRgb>& colors,
                    int maxWidth, int maxHeight);

/// Draws a small image with crisp cells, on screen and in SVG and PDF (whose viewers would blur it).
void drawCells(QPainter& painter, const QRectF& target, const QImage& image);

/// fillRect() for colours that let something through. Qt shares tall ones out among threads and waits for
/// them, which takes longer than to fill them, and much longer where the machine has other work.
void fillTranslucent(QPainter& painter, const QRectF& area, const QColor& color);

/// Fills the rectangle with the theme's masked tone and hatches it.
void drawMasked(QPainter& painter, const QRectF& area, const Theme& theme);

/// A length rounded down to whole device pixels of this painter, at least one.
double wholePixels(const QPainter& painter, double length);
/// A coordinate rounded to a device pixel's edge.
double onPixel(const QPainter& painter, double coordinate);
/// Device pixels a unit of length.
double pixelRatio(const QPainter& painter);
/// SVG and PDF: what is drawn is kept as shapes, clipping does not work and images may be blurred.
bool isVectorDevice(const QPainter& painter);

}  // namespace decodescope
