#include "views/head_colors.h"
#include "views/heads/head_shapes.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("HeadsView", text);
}

QColor rowColor(HeadShapesRow::Kind kind, const Theme& theme) {
  switch (kind) {
    case HeadShapesRow::Kind::query:
      return theme.query;
    case HeadShapesRow::Kind::key:
      return theme.key;
    case HeadShapesRow::Kind::value:
      return theme.value;
    case HeadShapesRow::Kind::plain:
      break;
  }
  return theme.text;
}

// Of the design: the drawing's height, at least, and letters in an area that is lower than needed.
constexpr double kLeastHeads = 36, kSmallest = 8;

QString columnTitle(const HeadShapesColumn& column) {
  return column.isModels ? tr("%1, this model").arg(column.name) : column.name;
}

/// Of the table's rows.
std::vector<std::size_t> rowIndices(bool withAsides) {
  std::vector<std::size_t> indices(HeadShapesTable::rows().size());
  std::iota(indices.begin(), indices.end(), 0);
  if (!withAsides) std::erase_if(indices, [](std::size_t r) { return HeadShapesTable::rows()[r].isAside; });
  return indices;
}

/// Query heads in a row above the key/value heads that they read.
void drawHeads(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionSizes& sizes) {
  const int heads = sizes.heads, groups = sizes.keyValueHeads;
  const double pitch = std::min(area.width() / heads, theme.px(46));
  const double left = area.center().x() - pitch * heads / 2;
  const double box = std::max(1.0, std::min({pitch * 0.7, area.height() * 0.28, theme.px(22)}));
  const double each = pitch * heads / groups;
  const auto query = [&](int h) { return QRectF(left + (h + 0.5) * pitch - box / 2, area.top(), box, box); };
  const auto shared = [&](int g) {
    return QRectF(left + (g + 0.5) * each - box / 2, area.bottom() - box, box, box);
  };
  painter.setRenderHint(QPainter::Antialiasing, true);
  for (int h = 0; h < heads; ++h) {
    painter.setPen(QPen(headColor(h, heads, groups, theme), theme.px(1.6)));
    painter.drawLine(QPointF(query(h).center().x(), query(h).bottom()),
                     QPointF(shared(h / (heads / groups)).center().x(), shared(0).top()));
  }
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setFont(theme.sized(12, QFont::DemiBold));
  const bool numbered = box >= TextMetrics(painter.font(), painter.device()).height() * 0.95;
  const auto draw = [&](const QRectF& at, const QColor& color, int number) {
    painter.fillRect(at, color);
    if (!numbered) return;
    painter.setPen(readableOn(color));
    painter.drawText(at, Qt::AlignCenter, QString::number(number));
  };
  for (int h = 0; h < heads; ++h) draw(query(h), theme.query, h);
  for (int g = 0; g < groups; ++g) draw(shared(g), theme.key, g);
}

}  // namespace

HeadShapesPicture::Fit HeadShapesPicture::measured(QPainter& painter, const Theme& theme,
                                                   const HeadShapesTable& table,
                                                   const std::vector<std::size_t>& shown, double pixels) {
  const TextMetrics metrics(theme.sized(pixels, QFont::DemiBold), painter.device());
  const auto rows = HeadShapesTable::rows();
  Fit fit{pixels, std::ceil(metrics.height() * 1.18), 0, 0};
  for (const std::size_t r : shown) {
    fit.nameWidth = std::max(fit.nameWidth, metrics.horizontalAdvance(HeadShapesTable::rowName(rows[r])));
    for (const HeadShapesColumn& column : table.columns())
      fit.cellWidth = std::max(
          fit.cellWidth, metrics.horizontalAdvance(HeadShapesTable::shapeText(rows[r].shape(column.sizes))));
  }
  for (const HeadShapesColumn& column : table.columns())
    fit.cellWidth = std::max(fit.cellWidth, metrics.horizontalAdvance(columnTitle(column)));
  fit.nameWidth += theme.px(14);
  fit.cellWidth += theme.px(18);
  return fit;
}

std::size_t HeadShapesPicture::columnsIn(QPainter& painter, double width, const Theme& theme,
                                         const HeadShapesTable& table) {
  const Fit fit = measured(painter, theme, table, rowIndices(false), kLeastPixels);
  std::size_t columns = table.columns().size();
  while (columns > 1 && fit.nameWidth + fit.cellWidth * static_cast<double>(columns) > width) --columns;
  return columns;
}

double HeadShapesPicture::neededHeight(QPainter& painter, double width, const Theme& theme,
                                       const HeadShapesTable& table) {
  const std::vector<std::size_t> shown = rowIndices(false);
  const Fit fit = measured(painter, theme, table, shown, kLeastPixels);
  const std::size_t each = columnsIn(painter, width, theme, table);
  const std::size_t blocks = (table.columns().size() + each - 1) / each;
  return static_cast<double>(blocks) *
         (fit.line * static_cast<double>(shown.size() + 2) + theme.px(kLeastHeads + 10));
}

void HeadShapesPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                              const HeadShapesTable& table) {
  m_cells.clear();
  const std::size_t columns = table.columns().size(), each = columnsIn(painter, area.width(), theme, table);
  const std::size_t blocks = (columns + each - 1) / each;
  QRectF block = area;
  block.setHeight(area.height() / static_cast<double>(blocks));
  for (std::size_t first = 0; first < columns; first += each) {
    paintBlock(painter, block, theme, table, first, std::min(each, columns - first));
    block.translate(0, block.height());
  }
}

void HeadShapesPicture::paintBlock(QPainter& painter, const QRectF& area, const Theme& theme,
                                   const HeadShapesTable& table, std::size_t firstColumn,
                                   std::size_t columnsHere) {
  const std::span columns = std::span(table.columns()).subspan(firstColumn, columnsHere);
  const auto rows = HeadShapesTable::rows();
  const double tallest = theme.px(kLeastHeads);
  std::vector<std::size_t> shown = rowIndices(true);
  const auto columnCount = static_cast<double>(columns.size());
  // Letters as large as every cell allows.
  double pixels = 26, nameWidth = 0, cellWidth = 0, line = 0;
  for (;; pixels -= 0.5) {
    if (pixels < 11.5 && shown.size() == rows.size()) {
      shown = rowIndices(false);
      pixels = 14;
    }
    const Fit fit = measured(painter, theme, table, shown, pixels);
    nameWidth = fit.nameWidth;
    cellWidth = fit.cellWidth;
    line = fit.line;
    const bool isNarrow = nameWidth + cellWidth * columnCount <= area.width() || pixels <= kLeastPixels;
    const bool isLow =
        line * static_cast<double>(shown.size() + 2) + tallest + theme.px(10) <= area.height() + 0.5;
    if ((isNarrow && isLow) || pixels <= kSmallest) break;
  }
  if (nameWidth + cellWidth * columnCount > area.width()) {
    nameWidth = std::max(area.width() * 0.3, area.width() - cellWidth * columnCount);
    cellWidth = (area.width() - nameWidth) / columnCount;
  }
  const double body = line * static_cast<double>(shown.size());
  const double spread = std::min((area.width() - nameWidth) / columnCount, cellWidth * 2.2);
  const double head = std::max(0.0, std::min(area.height() - body - 2 * line - theme.px(10), theme.px(140)));
  const QFont plain = theme.sized(pixels), bold = theme.sized(pixels, QFont::DemiBold);
  const double inset = theme.px(9);
  // What the columns are called in words is smaller where it is longer than they are wide.
  double groupPixels = pixels;
  for (const HeadShapesColumn& column : columns) {
    while (groupPixels > 10.5 &&
           TextMetrics(theme.sized(groupPixels), painter.device()).horizontalAdvance(column.groupText) >
               spread - inset)
      groupPixels -= 0.5;
  }
  const double top = area.top() + 2 * line + head + theme.px(10);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const double x = area.left() + nameWidth + spread * static_cast<double>(c);
    if (columns[c].isModels)
      painter.fillRect(QRectF(x, area.top(), spread, std::min(area.height(), top - area.top() + body)),
                       mixed(theme.background, theme.accent, 0.12));
    painter.setFont(bold);
    painter.setPen(columns[c].isModels ? theme.accent : theme.text);
    drawFitted(painter, QRectF(x + inset, area.top(), spread - inset, line), Qt::AlignLeft | Qt::AlignVCenter,
               columnTitle(columns[c]));
    painter.setFont(theme.sized(groupPixels));
    painter.setPen(theme.faintText);
    drawFitted(painter, QRectF(x + inset, area.top() + line, spread - inset, line),
               Qt::AlignLeft | Qt::AlignVCenter, columns[c].groupText);
    if (head >= tallest - 1)
      drawHeads(
          painter,
          QRectF(x + inset, area.top() + 2 * line + theme.px(4), spread - 2 * inset, head - theme.px(4)),
          theme, columns[c].sizes);
  }
  double y = top - line;
  for (const std::size_t r : shown) {
    y += line;
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(area.left(), y), QPointF(area.left() + nameWidth + spread * columnCount, y));
    painter.setFont(plain);
    painter.setPen(theme.text);
    drawFitted(painter, QRectF(area.left(), y, nameWidth, line), Qt::AlignLeft | Qt::AlignVCenter,
               HeadShapesTable::rowName(rows[r]));
    const std::vector<int> first = rows[r].shape(table.columns().front().sizes);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::vector<int> shape = rows[r].shape(columns[c].sizes);
      const QRectF cell(area.left() + nameWidth + spread * static_cast<double>(c), y, spread, line);
      // What sharing changes stands out.
      painter.setFont(shape != first ? bold : plain);
      painter.setPen(rowColor(rows[r].kind, theme));
      drawFitted(painter, cell.adjusted(theme.px(9), 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                 HeadShapesTable::shapeText(shape));
      m_cells.push_back({cell, {r, firstColumn + c}});
    }
  }
}

std::optional<HeadShapesPicture::Spot> HeadShapesPicture::at(QPointF point) const {
  for (const Cell& cell : m_cells) {
    if (cell.area.contains(point)) return cell.spot;
  }
  return std::nullopt;
}

}  // namespace decodescope
