#pragma once

#include "views/theme.h"

#include <QColor>
#include <QRectF>

#include <span>

class QPainter;

namespace decodescope {

enum class BarBase {
  middle,  ///< signed values around a line
  bottom,  ///< values ≥ 0
};

/// Values as bars across the whole rectangle; `limit` is its edge. Where a bar would be narrower than a dot,
/// each dot spans its bars' smallest to largest. `before` (as many, or none) is drawn over them as a line of
/// steps.
void drawBarStrip(QPainter& painter, const QRectF& area, const Theme& theme, std::span<const float> values,
                  std::span<const float> before, double limit, const QColor& color,
                  BarBase base = BarBase::middle);

/// Largest |v|; 0 of none.
double largestMagnitude(std::span<const float> values);

}  // namespace decodescope
