#include "views/cell_grid.h"

#include "core/ops/kernels.h"
#include "views/heatmap.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr double kNumberPixels[] = {19, 17, 15, 14, 13, 12, 11, kLeastPixels};
/// More cells than these never hold legible numbers.
constexpr int kMostNumbers = 4096;

/// Hatches what is right of the diagonal: whole cells, by lines parallel to it.
void hatchBeyond(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme,
                 const QColor& color) {
  const double w = area.width() / grid.columns, h = area.height() / grid.rows;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(QPen(color, theme.px(1)));
  const double pitch = theme.px(7);
  if (std::min(w, h) >= pitch) {
    for (int r = 0; r < grid.rows; ++r) {
      const double left = (r + 1) * w, width = area.width() - left;
      if (width <= 0) break;
      // x − y = k inside this row's strip, so that the lines of neighbouring rows meet.
      const double top = r * h, bottom = top + h;
      for (double k = std::floor((left - bottom) / pitch) * pitch; k < area.width(); k += pitch) {
        const double from = std::max(top, left - k), to = std::min(bottom, area.width() - k);
        if (to > from)
          painter.drawLine(QPointF(area.left() + k + from, area.top() + from),
                           QPointF(area.left() + k + to, area.top() + to));
      }
    }
  } else {
    for (double k = std::max(pitch / 2, w); k < area.width(); k += pitch) {
      const double to = std::min(area.height(), area.width() - k);
      painter.drawLine(QPointF(area.left() + k, area.top()), QPointF(area.left() + k + to, area.top() + to));
    }
  }
  painter.restore();
}

void fillBeyond(QPainter& painter, const QRectF& area, const CellGrid& grid, const QColor& color) {
  const double w = area.width() / grid.columns, h = area.height() / grid.rows;
  for (int r = 0; r < grid.rows && r + 1 < grid.columns; ++r)
    painter.fillRect(QRectF(area.left() + (r + 1) * w, area.top() + r * h, area.width() - (r + 1) * w, h),
                     color);
}

QColor tintOf(const CellGrid& grid, int row, int column, const Theme& theme) {
  const auto i = static_cast<std::size_t>(row) * static_cast<std::size_t>(grid.columns) +
                 static_cast<std::size_t>(column);
  const double end = std::max(std::abs(grid.scale.lo), std::abs(grid.scale.hi));
  const double v = std::abs(static_cast<double>(grid.value(row, column)));
  const double depth = end > 0 && std::isfinite(v) ? std::min(1.0, v / end) : 0;
  return mixed(theme.panel, grid.tints[i], 0.16 + 0.5 * depth);
}

void fillTints(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme) {
  const double w = area.width() / grid.columns, h = area.height() / grid.rows;
  for (int r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.columns; ++c) {
      if (grid.hasValue(r, c))
        painter.fillRect(QRectF(area.left() + c * w, area.top() + r * h, w, h), tintOf(grid, r, c, theme));
    }
  }
}

/// Whether a number that was rounded came out as "-0.00".
bool isZero(const QString& number) {
  return std::none_of(number.begin(), number.end(), [](QChar c) { return c >= u'1' && c <= u'9'; });
}

/// What stands for rows and columns that are left out.
void drawGaps(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme,
              double numberSize) {
  if (grid.gapRows.empty() && grid.gapColumns.empty()) return;
  const double w = area.width() / grid.columns, h = area.height() / grid.rows;
  painter.setFont(theme.sized(std::max(kLeastPixels, numberSize)));
  const auto isIn = [](const std::vector<int>& indices, int i) {
    return std::find(indices.begin(), indices.end(), i) != indices.end();
  };
  for (int r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.columns; ++c) {
      const bool row = isIn(grid.gapRows, r), column = isIn(grid.gapColumns, c);
      if (!row && !column) continue;
      const QRectF cell(area.left() + c * w, area.top() + r * h, w, h);
      painter.fillRect(cell, theme.background);
      painter.setPen(theme.faintText);
      painter.drawText(cell, Qt::AlignCenter, QString(QChar(row && column ? 0x22F1 : row ? 0x22EE : 0x22EF)));
    }
  }
}

}  // namespace

QColor inkColor(Ink ink, const Theme& theme) {
  switch (ink) {
    case Ink::query:
      return theme.query;
    case Ink::key:
      return theme.key;
    case Ink::value:
      return theme.value;
    case Ink::plain:
      break;
  }
  return theme.text;
}

bool CellGrid::hasValue(int row, int column) const {
  if (row < 0 || column < 0 || row >= rows || column >= columns) return false;
  return !std::isnan(value(row, column)) && (beyond != BeyondDiagonal::masked || column <= row);
}

QString CellGrid::text(int row, int column) const {
  if (!hasValue(row, column)) return {};
  const double v = static_cast<double>(value(row, column));
  if (std::isinf(v)) return v > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
  QString number = decimals < 0 ? shortNumber(v) : QString::number(v, 'f', decimals);
  if (number.startsWith(QLatin1Char('-')) && isZero(number)) number.remove(0, 1);
  return number.replace(QLatin1Char('-'), QChar(0x2212));
}

float largestMagnitude(ConstMatrixSpan cells) {
  float largest = 0;
  for (int r = 0; r < cells.rows; ++r) {
    for (const float v : cells.rowSpan(r)) {
      if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
    }
  }
  return largest;
}

float largestMagnitude(const WeightSpan& weights) {
  float largest = 0;
  std::vector<float> row(static_cast<std::size_t>(weights.cols));
  for (int r = 0; r < weights.rows; ++r) {
    kernels().widen(weights.type, weights.rowData(r), row.data(), weights.cols);
    largest = std::max(largest, largestMagnitude({row.data(), 1, weights.cols}));
  }
  return largest;
}

void CellGrid::useOwnSignedScale() {
  const float largest = largestMagnitude(cells());
  scale = {};
  scale.map = Colormap::diverging;
  scale.hi = largest > 0 ? static_cast<double>(largest) : 1.0;
  scale.lo = -scale.hi;
}

QString widestNumber(const CellGrid& grid) {
  QString longest;
  for (int r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.columns; ++c) {
      const QString text = grid.text(r, c);
      if (text.size() > longest.size()) longest = text;
    }
  }
  for (QChar& c : longest) {
    if (c.isDigit()) c = QLatin1Char('0');
  }
  return longest;
}

double numberPixels(QPainter& painter, const Theme& theme, const CellGrid& grid, double cellWidth,
                    double cellHeight) {
  if (grid.rows * grid.columns > kMostNumbers || cellWidth < theme.px(10) || cellHeight < theme.px(9))
    return 0;
  const QString longest = widestNumber(grid);
  for (const double pixels : kNumberPixels) {
    const TextMetrics metrics(theme.sized(pixels), painter.device());
    if (metrics.horizontalAdvance(longest) + theme.px(5) <= cellWidth &&
        metrics.ascent() + theme.px(3) <= cellHeight)
      return pixels;
  }
  return 0;
}

void writeCellNumbers(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme,
                      const std::function<QColor(float)>& ground) {
  const double width = area.width() / std::max(1, grid.columns),
               height = area.height() / std::max(1, grid.rows);
  const double pixels = numberPixels(painter, theme, grid, width, height);
  if (pixels <= 0) return;
  painter.setFont(theme.sized(pixels));
  for (int r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.columns; ++c) {
      const QString text = grid.text(r, c);
      if (text.isEmpty()) continue;
      painter.setPen(readableOn(ground(grid.value(r, c))));
      drawFitted(painter, QRectF(area.left() + c * width, area.top() + r * height, width, height),
                 Qt::AlignCenter, text);
    }
  }
}

void drawGridCells(QPainter& painter, const QRectF& area, const CellGrid& grid, const Theme& theme,
                   double numberSize) {
  if (grid.rows <= 0 || grid.columns <= 0 || area.width() <= 0 || area.height() <= 0) return;
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.panel);
  const ConstMatrixSpan cells = grid.cells();
  const bool masked = grid.beyond == BeyondDiagonal::masked;
  if (masked) fillBeyond(painter, area, grid, theme.maskedCell);
  HeatmapRows rows;
  rows.columns = grid.columns;
  for (int r = 0; r < grid.rows; ++r) {
    std::span<const float> row = cells.rowSpan(r);
    if (masked) row = row.first(std::min<std::size_t>(row.size(), static_cast<std::size_t>(r) + 1));
    rows.rows.push_back(row);
    rows.rowMax.push_back(grid.scale.kind == ColorScale::Kind::perRow
                              ? largestMagnitude({row.data(), 1, static_cast<int>(row.size())})
                              : 0);
  }
  const QList<QRgb> colors = colormapTable(grid.scale.map, theme.dark);
  const double ratio = isVectorDevice(painter) ? 4 : pixelRatio(painter);
  drawCells(painter, area,
            heatmapImage(rows, grid.scale, colors, std::max(1, static_cast<int>(area.width() * ratio)),
                         std::max(1, static_cast<int>(area.height() * ratio))));
  const double w = area.width() / grid.columns, h = area.height() / grid.rows;
  if (!grid.tints.empty()) fillTints(painter, area, grid, theme);
  if (grid.beyond == BeyondDiagonal::ghost) {
    QColor veil = theme.background;
    veil.setAlphaF(0.5F);
    fillBeyond(painter, area, grid, veil);
    hatchBeyond(painter, area, grid, theme, theme.maskedLine);
  } else if (masked) {
    hatchBeyond(painter, area, grid, theme, theme.maskedLine);
  }
  const auto lines = [&](bool across, int count, double step) {
    if (step < theme.px(8)) return;
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int i = 1; i < count; ++i) {
      const double at = i * step;
      if (across) {
        painter.drawLine(QPointF(area.left() + at, area.top()), QPointF(area.left() + at, area.bottom()));
      } else {
        painter.drawLine(QPointF(area.left(), area.top() + at), QPointF(area.right(), area.top() + at));
      }
    }
  };
  lines(true, grid.columns, w);
  lines(false, grid.rows, h);
  if (numberSize > 0) {
    painter.setFont(theme.sized(numberSize));
    for (int r = 0; r < grid.rows; ++r) {
      for (int c = 0; c < grid.columns; ++c) {
        const QString text = grid.text(r, c);
        if (text.isEmpty()) continue;
        const float v = cells(r, c);
        const QRectF cell(area.left() + c * w, area.top() + r * h, w, h);
        QColor under = theme.panel;
        if (std::isfinite(v))
          under = QColor::fromRgb(colors[std::max(
              1, grid.scale.level(static_cast<double>(v),
                                  static_cast<double>(rows.rowMax[static_cast<std::size_t>(r)])))]);
        if (!grid.tints.empty()) under = tintOf(grid, r, c, theme);
        if (c > r && grid.beyond == BeyondDiagonal::ghost) under = mixed(under, theme.background, 0.5);
        painter.setPen(readableOn(under));
        drawFitted(painter, cell, Qt::AlignCenter, text);
      }
    }
  }
  drawGaps(painter, area, grid, theme, numberSize);
  drawOutline(painter, area, theme.line, theme.px(1));
  // Marks run around small cells, which they would hide.
  const double out = std::min(w, h) < theme.px(10) ? theme.px(2) : 0;
  for (const GridMark& mark : grid.marks) {
    const QRectF around = QRectF(area.left() + mark.cells.x() * w, area.top() + mark.cells.y() * h,
                                 mark.cells.width() * w, mark.cells.height() * h)
                              .adjusted(-out, -out, out, out);
    const bool known = mark.kind == GridMark::Kind::known;
    drawOutline(painter, around, theme.background, theme.px(4));
    drawOutline(painter, around, known ? theme.text : theme.accent, theme.px(2),
                known ? Qt::DashLine : Qt::SolidLine);
  }
}

}  // namespace decodescope
