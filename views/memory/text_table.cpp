#include "views/memory/text_table.h"

#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {

std::vector<QRectF> TextTable::paint(QPainter& painter, const QRectF& area, const Theme& theme) const {
  const bool hasBars =
      std::any_of(rows.begin(), rows.end(), [](const TextTableRow& r) { return r.bar >= 0; });
  bool below =
      std::any_of(rows.begin(), rows.end(), [](const TextTableRow& r) { return !r.below.isEmpty(); });
  const auto columns = static_cast<std::size_t>(headers.size());
  std::vector<double> widths(columns);
  double pixels = largest, line = 0, total = 0, bars = 0, gap = 0;
  for (;; pixels -= 0.5) {
    if (below && pixels < 11) {
      below = false;  // names and numbers matter more than formulas
      pixels = largest;
    }
    const TextMetrics metrics(theme.sized(pixels, QFont::DemiBold), painter.device());
    line = std::ceil(metrics.height() * 1.12);
    gap = metrics.height() * 0.8;
    for (std::size_t c = 0; c < columns; ++c) {
      const auto i = static_cast<qsizetype>(c);
      widths[c] = metrics.horizontalAdvance(headers[i]);
      for (const TextTableRow& row : rows) {
        if (i < row.cells.size()) widths[c] = std::max(widths[c], metrics.horizontalAdvance(row.cells[i]));
      }
    }
    total = gap;
    for (const double w : widths) total += w + gap;
    bars = hasBars ? area.width() - total : 0;
    const double height = line * (1 + static_cast<double>(rows.size()) * (below ? 1.95 : 1.0));
    // Formulas are not cut short while there are smaller letters that can be read.
    const TextMetrics small(theme.sized(std::max(8.0, pixels * 0.86)), painter.device());
    const bool cutsShort =
        below && pixels > 12.5 && std::any_of(rows.begin(), rows.end(), [&](const TextTableRow& row) {
          return small.horizontalAdvance(row.below) > area.width() - gap;
        });
    if ((height <= area.height() && total + (hasBars ? theme.px(60) : 0) <= area.width() && !cutsShort) ||
        pixels <= 8)
      break;
  }
  // The first column gives way where not even small letters fit.
  if (total > area.width()) widths[0] = std::max(theme.px(20), widths[0] - (total - area.width()));
  std::vector<QRectF> places;
  double y = area.top();
  const auto cells = [&](const QStringList& texts, const QFont& font, const QColor& color) {
    painter.setFont(font);
    painter.setPen(color);
    double x = area.left() + gap;
    for (std::size_t c = 0; c < columns; ++c) {
      const auto i = static_cast<qsizetype>(c);
      if (i < texts.size())
        drawFitted(painter, QRectF(x, y, widths[c] + 1, line),
                   (c == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter, texts[i]);
      x += widths[c] + gap;
    }
    return x;
  };
  cells(headers, theme.sized(pixels), theme.faintText);
  y += line;
  for (const TextTableRow& row : rows) {
    const double height = line * (below ? 1.95 : 1.0);
    if (y + height > area.bottom() + 1) break;
    const QRectF place(area.left(), y, area.width(), height);
    if (row.isChosen) painter.fillRect(place, mixed(theme.background, theme.accent, 0.14));
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(place.topLeft(), place.topRight());
    if (row.color.isValid())
      painter.fillRect(QRectF(area.left() + gap * 0.15, y + line * 0.25, gap * 0.55, line * 0.5), row.color);
    const double x =
        cells(row.cells, theme.sized(pixels, row.isChosen ? QFont::DemiBold : QFont::Normal), theme.text);
    if (row.bar >= 0 && bars > theme.px(20))
      painter.fillRect(
          QRectF(x, y + line * 0.2, std::max(theme.px(1), row.bar * (area.right() - x)), line * 0.6),
          row.color.isValid() ? row.color : theme.accent);
    if (below) {
      painter.setFont(theme.sized(std::max(8.0, pixels * 0.86)));
      painter.setPen(theme.faintText);
      drawFitted(painter, QRectF(area.left() + gap, y + line * 0.95, area.width() - gap, line * 0.9),
                 Qt::AlignLeft | Qt::AlignVCenter, row.below);
    }
    places.push_back(place);
    y += height;
  }
  return places;
}

}  // namespace decodescope
