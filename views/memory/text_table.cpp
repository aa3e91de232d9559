#include "views/memory/text_table.h"

#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {

namespace {

constexpr double kSmallest = 8;
/// Second lines are left out rather than to have the first ones in smaller letters.
constexpr double kSmallestWithBelow = 11;

/// Of second lines, beside these letters.
double belowPixels(double pixels) {
  return std::max(std::min(pixels, kLeastPixels), pixels * 0.86);
}

}  // namespace

bool TextTable::hasBars() const {
  return std::any_of(rows.begin(), rows.end(), [](const TextTableRow& r) { return r.bar >= 0; });
}

TextTable::Fit TextTable::measured(QPainter& painter, const Theme& theme, double pixels,
                                   bool hasBelow) const {
  const TextMetrics metrics(theme.sized(pixels, QFont::DemiBold), painter.device());
  Fit fit;
  fit.pixels = pixels;
  fit.hasBelow = hasBelow;
  fit.line = std::ceil(metrics.height() * 1.12);
  fit.gap = metrics.height() * 0.8;
  fit.total = fit.gap;
  for (qsizetype i = 0; i < headers.size(); ++i) {
    double width = metrics.horizontalAdvance(headers[i]);
    for (const TextTableRow& row : rows) {
      if (i < row.cells.size()) width = std::max(width, metrics.horizontalAdvance(row.cells[i]));
    }
    fit.widths.push_back(width);
    fit.total += width + fit.gap;
  }
  return fit;
}

bool TextTable::cutsShort(QPainter& painter, const Theme& theme, const Fit& fit, double width) const {
  const TextMetrics small(theme.sized(belowPixels(fit.pixels)), painter.device());
  return fit.hasBelow && std::any_of(rows.begin(), rows.end(), [&](const TextTableRow& row) {
           return small.horizontalAdvance(row.below) > width - fit.gap;
         });
}

TextTable::Fit TextTable::settled(QPainter& painter, const QSizeF& room, const Theme& theme) const {
  bool below =
      std::any_of(rows.begin(), rows.end(), [](const TextTableRow& r) { return !r.below.isEmpty(); });
  for (double pixels = largest;; pixels -= 0.5) {
    if (below && pixels < kSmallestWithBelow) {
      below = false;  // names and numbers matter more than formulas
      pixels = largest;
    }
    Fit fit = measured(painter, theme, pixels, below);
    const bool isLowEnough =
        fit.line + static_cast<double>(rows.size()) * fit.rowHeight() <= room.height() + 0.5;
    const bool isNarrowEnough = fit.total + (hasBars() ? theme.px(60) : 0) <= room.width();
    // Formulas are not cut short while there are smaller letters that can be read; and letters that cannot be
    // read do not make up for want of width.
    const bool isShort = pixels > 12.5 && cutsShort(painter, theme, fit, room.width());
    if ((isLowEnough && ((isNarrowEnough && !isShort) || pixels <= kLeastPixels)) || pixels <= kSmallest)
      return fit;
  }
}

double TextTable::neededHeight(QPainter& painter, double width, const Theme& theme) const {
  const bool hasBelow =
      std::any_of(rows.begin(), rows.end(), [](const TextTableRow& r) { return !r.below.isEmpty(); });
  Fit fit = measured(painter, theme, kSmallestWithBelow, hasBelow);
  if (cutsShort(painter, theme, fit, width)) fit.hasBelow = false;
  return fit.line + static_cast<double>(rows.size()) * fit.rowHeight();
}

std::vector<QRectF> TextTable::paint(QPainter& painter, const QRectF& area, const Theme& theme) const {
  Fit fit = settled(painter, area.size(), theme);
  const double pixels = fit.pixels, line = fit.line, gap = fit.gap;
  const bool below = fit.hasBelow;
  std::vector<double>& widths = fit.widths;
  const std::size_t columns = widths.size();
  const double bars = hasBars() ? area.width() - fit.total : 0;
  // The first column gives way where not even small letters fit.
  if (fit.total > area.width()) widths[0] = std::max(theme.px(20), widths[0] - (fit.total - area.width()));
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
    const double height = fit.rowHeight();
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
      painter.setFont(theme.sized(belowPixels(pixels)));
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
