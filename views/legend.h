#pragma once

#include "views/theme.h"

#include <QRectF>
#include <QString>

#include <functional>
#include <vector>

class QPainter;

namespace decodescope {

/// A sample and what it stands for.
struct LegendItem {
  QString text;
  std::function<void(QPainter&, const QRectF&)> sample;
  double sampleWidth = 11;  ///< at scale 1
};

/// Lines that the items take in this width, from left to right.
int legendLines(QPainter& painter, const Theme& theme, const std::vector<LegendItem>& items, double width);

/// Paints them; lines that find no room below are left out.
void paintLegend(QPainter& painter, const Theme& theme, const std::vector<LegendItem>& items,
                 const QRectF& area);

/// A sample of one colour.
std::function<void(QPainter&, const QRectF&)> colorSample(const QColor& color);

}  // namespace decodescope
