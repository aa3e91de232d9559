#include "views/bar_strip.h"

#include "views/heatmap.h"

#include <QPainter>
#include <QPolygonF>

#include <algorithm>
#include <cmath>

namespace decodescope {

double largestMagnitude(std::span<const float> values) {
  float largest = 0;
  for (const float v : values) largest = std::max(largest, std::abs(v));
  return static_cast<double>(largest);
}

void drawBarStrip(QPainter& painter, const QRectF& area, const Theme& theme, std::span<const float> values,
                  std::span<const float> before, double limit, const QColor& color, BarBase base) {
  painter.fillRect(area, theme.panel);
  const bool signedValues = base == BarBase::middle;
  const double middle = signedValues ? area.center().y() : area.bottom();
  const double half = signedValues ? area.height() / 2 : area.height();
  const auto height = [&](float v) {
    return std::clamp(static_cast<double>(v) / std::max(1e-12, limit), -1.0, 1.0) * half;
  };
  const std::size_t count = values.size();
  const double dots = area.width() * (isVectorDevice(painter) ? 2.0 : pixelRatio(painter));
  const std::size_t columns = std::min(count, static_cast<std::size_t>(std::max(1.0, dots)));
  const double width = area.width() / static_cast<double>(columns);
  const double gap = width > theme.px(3) ? width * 0.15 : 0;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  QPolygonF steps;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t first = c * count / columns, end = std::max(first + 1, (c + 1) * count / columns);
    const auto [low, high] = std::minmax_element(values.begin() + static_cast<std::ptrdiff_t>(first),
                                                 values.begin() + static_cast<std::ptrdiff_t>(end));
    const double top = std::max(0.0, height(*high)), bottom = std::min(0.0, height(*low));
    const double x = area.left() + static_cast<double>(c) * width;
    painter.fillRect(QRectF(x + gap, middle - top, width - 2 * gap, top - bottom), color);
    if (before.empty()) continue;
    const auto largest = std::max_element(before.begin() + static_cast<std::ptrdiff_t>(first),
                                          before.begin() + static_cast<std::ptrdiff_t>(end),
                                          [](float a, float b) { return std::abs(a) < std::abs(b); });
    const double y = middle - height(*largest);
    steps << QPointF(x, y) << QPointF(x + width, y);
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(area);
  if (!steps.isEmpty()) {
    painter.setPen(QPen(theme.text, theme.px(1.2)));
    painter.drawPolyline(steps);
  }
  painter.restore();
}

}  // namespace decodescope
