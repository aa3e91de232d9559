#include "views/legend.h"

#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>

namespace decodescope {
namespace {

QFont legendFont(const Theme& theme) {
  return theme.sized(11);
}

/// Calls place(item, rectangle) for each item, line by line.
template <class Place>
int flow(QPainter& painter, const Theme& theme, const std::vector<LegendItem>& items, const QRectF& area,
         Place place) {
  const TextMetrics metrics(legendFont(theme), painter.device());
  int line = 0;
  double x = area.left();
  for (const LegendItem& item : items) {
    const double width = theme.px(item.sampleWidth) + theme.px(5) + metrics.horizontalAdvance(item.text);
    if (x > area.left() && x + width > area.right()) {
      x = area.left();
      ++line;
    }
    const double height = metrics.height() * 1.1;
    place(item, QRectF(x, area.top() + line * height, std::min(width, area.right() - x), height));
    x += width + theme.px(16);
  }
  return items.empty() ? 0 : line + 1;
}

}  // namespace

int legendLines(QPainter& painter, const Theme& theme, const std::vector<LegendItem>& items, double width) {
  return flow(painter, theme, items, QRectF(0, 0, width, 0), [](const LegendItem&, const QRectF&) {});
}

void paintLegend(QPainter& painter, const Theme& theme, const std::vector<LegendItem>& items,
                 const QRectF& area) {
  flow(painter, theme, items, area, [&](const LegendItem& item, const QRectF& place) {
    if (place.bottom() > area.bottom() + place.height() / 2) return;
    const double box = theme.px(11), width = theme.px(item.sampleWidth);
    item.sample(painter, QRectF(place.left(), place.center().y() - box / 2, width, box));
    painter.setFont(legendFont(theme));
    painter.setPen(theme.faintText);
    drawFitted(painter, place.adjusted(width + theme.px(5), 0, theme.px(1), 0),
               Qt::AlignLeft | Qt::AlignVCenter, item.text);
  });
}

std::function<void(QPainter&, const QRectF&)> colorSample(const QColor& color) {
  return [color](QPainter& painter, const QRectF& r) {
    painter.fillRect(r, color);
    // The ends of a scale may be as dark or as bright as the ground.
    drawOutline(painter, r, QColor(128, 128, 128, 150), 1);
  };
}

}  // namespace decodescope
