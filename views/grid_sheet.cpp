#include "views/grid_sheet.h"

#include "views/heatmap.h"
#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QFont nameFont(const Theme& theme) {
  return theme.sized(12, QFont::DemiBold);
}

QFont labelFont(const Theme& theme) {
  return theme.sized(11);
}

QFont signFont(const Theme& theme) {
  return theme.sized(14);
}

constexpr int kAllDecimals = 9, kFewDecimals = 1;

/// The grid with its numbers rounded to that many decimals.
CellGrid rounded(const CellGrid& grid, int mostDecimals) {
  CellGrid round = grid;
  if (round.decimals > mostDecimals) round.decimals = mostDecimals;
  return round;
}

}  // namespace

GridSheet::Measures GridSheet::measuredWords(QPainter& painter, const Theme& theme,
                                             const std::vector<GridLine>& lines) {
  const TextMetrics names(nameFont(theme), painter.device()), labels(labelFont(theme), painter.device()),
      signs(signFont(theme), painter.device());
  Measures measures{{}, names.height(), labels.height(), signs.height()};
  for (const GridLine& line : lines) {
    std::vector<Words>& items = measures.items.emplace_back();
    for (const GridItem& item : line) {
      const CellGrid& grid = item.grid;
      Words& words = items.emplace_back();
      for (const QString& text : grid.rowLabels)
        words.rowLabels =
            std::max(words.rowLabels, std::min(theme.px(130), labels.horizontalAdvance(text) + theme.px(6)));
      words.sign = item.before.isEmpty() ? 0 : signs.horizontalAdvance(item.before) + theme.px(14);
      words.heading = std::max(names.horizontalAdvance(grid.name + QStringLiteral("  ") + grid.shape),
                               std::min(theme.px(230), labels.horizontalAdvance(grid.caption)));
    }
  }
  return measures;
}

GridSheet::WidestNumbers GridSheet::widestNumbers(const std::vector<GridLine>& lines, int mostDecimals) {
  WidestNumbers widest{mostDecimals, {}, {}};
  for (const GridLine& line : lines) {
    std::vector<QString>& items = widest.items.emplace_back();
    for (const GridItem& item : line) {
      items.push_back(widestNumber(rounded(item.grid, mostDecimals)));
      if (items.back().size() > widest.longest.size()) widest.longest = items.back();
    }
  }
  return widest;
}

/// Widths of each matrix' cells: its own longest number, or the label of a column.
std::vector<std::vector<double>> GridSheet::ownWidths(QPainter& painter, const Theme& theme,
                                                      const std::vector<GridLine>& lines, const Cell& cell,
                                                      const WidestNumbers& widest) {
  const TextMetrics numbers(theme.sized(cell.number), painter.device()),
      labels(labelFont(theme), painter.device());
  std::vector<std::vector<double>> widths;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::vector<double>& own = widths.emplace_back();
    for (std::size_t i = 0; i < lines[l].size(); ++i) {
      double width = numbers.horizontalAdvance(widest.items[l][i]) + theme.px(cell.number * 0.8);
      for (const QString& text : lines[l][i].grid.columnLabels)
        width = std::max(width, labels.horizontalAdvance(text));
      own.push_back(wholePixels(painter, width));
    }
  }
  return widths;
}

std::optional<std::vector<GridSheet::Placed>> GridSheet::place(const Measures& measures, const QRectF& area,
                                                               const Theme& theme,
                                                               const std::vector<GridLine>& lines,
                                                               const Cell& cell, Fit fit) {
  std::vector<Placed> placed;
  double y = area.top();
  for (std::size_t l = 0; l < lines.size(); ++l) {
    double x = area.left();
    const bool labelled = std::any_of(lines[l].begin(), lines[l].end(),
                                      [](const GridItem& item) { return !item.grid.columnLabels.isEmpty(); });
    std::size_t lineStart = placed.size();
    // Matrices of one line stand with their middles at one height.
    const auto finishLine = [&] {
      double tallest = 0, foot = 0;
      for (std::size_t i = lineStart; i < placed.size(); ++i)
        tallest = std::max(tallest, placed[i].cells.height());
      for (std::size_t i = lineStart; i < placed.size(); ++i) {
        Placed& p = placed[i];
        const double down = (tallest - p.cells.height()) / 2;
        p.cells.translate(0, down);
        p.frame.translate(0, down);
        p.before = QRectF(p.before.left(), p.cells.center().y() - measures.signHeight, p.before.width(),
                          2 * measures.signHeight);
        foot = std::max(foot, p.frame.bottom());
      }
      y = foot + theme.px(12);
      x = area.left();
      lineStart = placed.size();
    };
    for (std::size_t i = 0; i < lines[l].size(); ++i) {
      const CellGrid& grid = lines[l][i].grid;
      const auto& [rowLabels, sign, heading] = measures.items[l][i];
      const double cells = (cell.own.empty() ? cell.width : cell.own[l][i]) * grid.columns;
      const double width =
          sign + rowLabels + (fit == Fit::cramped ? cells : std::max(cells, heading)) + theme.px(6);
      if (fit != Fit::unbroken && fit != Fit::cramped && x + width > area.right() &&
          placed.size() > lineStart)
        finishLine();
      if (fit != Fit::anyhow && x + width > area.right() + 0.5) return std::nullopt;
      const double top =
          y + measures.nameHeight + theme.px(2) + (labelled ? measures.labelHeight + theme.px(1) : 0);
      Placed p{l, i, QRectF(), QRectF(x, 0, sign, 0), QRectF(), grid.rows, grid.columns};
      p.cells = QRectF(x + sign + rowLabels, top, cells, cell.height * grid.rows);
      p.frame = QRectF(
          x + sign, y, width - sign,
          top - y + p.cells.height() + (grid.caption.isEmpty() ? 0 : measures.labelHeight + theme.px(2)));
      x += width + theme.px(10);
      placed.push_back(p);
    }
    finishLine();
  }
  if (fit != Fit::anyhow && y - theme.px(12) > area.bottom() + 0.5) return std::nullopt;
  return placed;
}

double GridSheet::narrowest(const Cell& cell) {
  double width = cell.own.empty() ? cell.width : 1e9;
  for (const std::vector<double>& line : cell.own) {
    for (const double own : line) width = std::min(width, own);
  }
  return width;
}

void GridSheet::settle(QPainter& painter, const QRectF& area, const Theme& theme,
                       const std::vector<GridLine>& lines) {
  m_area = area;
  m_placed.clear();
  m_numberPixels = 0;
  struct Try {
    Cell cell;
    Fit fit;
  };
  std::vector<Try> tries;
  const WidestNumbers exact = widestNumbers(lines, kAllDecimals), coarse = widestNumbers(lines, kFewDecimals);
  const auto withNumbers = [&](Fit fit, double smallest, const WidestNumbers& widest) {
    for (double pixels = 28; pixels >= smallest; --pixels) {
      const TextMetrics metrics(theme.sized(pixels), painter.device());
      tries.push_back(
          {{wholePixels(painter, metrics.horizontalAdvance(widest.longest) + theme.px(pixels * 0.8)),
            wholePixels(painter, metrics.height() + theme.px(pixels * 0.5)),
            pixels,
            widest.decimals,
            {}},
           fit});
    }
  };
  // An equation on one line reads better than large numbers on two.
  withNumbers(Fit::unbroken, 12, exact);
  withNumbers(Fit::broken, kLeastPixels, exact);
  // Numbers that are rounded more, under names that are shortened, still say more than colours alone.
  withNumbers(Fit::cramped, kLeastPixels, exact);
  withNumbers(Fit::cramped, kLeastPixels, coarse);
  withNumbers(Fit::broken, kLeastPixels, coarse);
  for (const double side : {20, 16, 13, 11, 9, 7, 5, 4, 3, 2, 1}) {
    const double pixels = wholePixels(painter, theme.px(side));
    tries.push_back({{pixels, pixels, 0, kAllDecimals, {}}, Fit::broken});
  }
  tries.back().fit = Fit::anyhow;
  const Measures measures = measuredWords(painter, theme, lines);
  for (Try& attempt : tries) {
    if (attempt.fit == Fit::cramped)
      attempt.cell.own = ownWidths(painter, theme, lines, attempt.cell,
                                   attempt.cell.mostDecimals == coarse.decimals ? coarse : exact);
    auto placed = place(measures, area, theme, lines, attempt.cell, attempt.fit);
    if (!placed) continue;
    // What is left of the height goes into the cells, until they are square.
    for (const double factor : {1.8, 1.6, 1.4, 1.2}) {
      if (attempt.cell.number == 0) break;
      Cell higher = attempt.cell;
      higher.height = wholePixels(painter, std::min(attempt.cell.height * factor,
                                                    std::max(narrowest(attempt.cell), attempt.cell.height)));
      if (auto stretched = place(measures, area, theme, lines, higher, attempt.fit)) {
        placed = std::move(stretched);
        break;
      }
    }
    m_placed = std::move(*placed);
    m_numberPixels = attempt.cell.number;
    m_mostDecimals = attempt.cell.mostDecimals;
    break;
  }
  m_bottom = area.top();
  for (const Placed& p : m_placed) m_bottom = std::max(m_bottom, p.frame.bottom());
}

void GridSheet::paint(QPainter& painter, const Theme& theme, const std::vector<GridLine>& lines) const {
  for (const Placed& placed : m_placed) {
    if (placed.cells.top() <= m_area.bottom())
      paintItem(painter, theme, placed, lines[placed.line][placed.item]);
  }
}

void GridSheet::paintItem(QPainter& painter, const Theme& theme, const Placed& p,
                          const GridItem& item) const {
  const CellGrid& grid = item.grid;
  const double w = p.cells.width() / std::max(1, p.columns), h = p.cells.height() / std::max(1, p.rows);
  painter.setFont(signFont(theme));
  painter.setPen(theme.faintText);
  drawFitted(painter, p.before, Qt::AlignCenter, item.before);
  painter.setFont(nameFont(theme));
  painter.setPen(inkColor(grid.ink, theme));
  const double line = TextMetrics(painter.font(), painter.device()).height();
  const double left = grid.rowLabels.isEmpty() ? p.cells.left() : p.frame.left();
  const double room = std::min(p.frame.right(), m_area.right()) - left;
  const double named = drawFitted(painter, QRectF(left, p.frame.top(), room, line),
                                  Qt::AlignLeft | Qt::AlignVCenter, grid.name);
  painter.setFont(labelFont(theme));
  painter.setPen(theme.faintText);
  const double gap = theme.px(6);
  if (room - named > gap)
    drawFitted(painter, QRectF(left + named + gap, p.frame.top(), room - named - gap, line),
               Qt::AlignLeft | Qt::AlignVCenter, grid.shape);
  const double small = TextMetrics(painter.font(), painter.device()).height();
  // All of them or none: shortened to dots they say nothing.
  const TextMetrics labels(painter.font(), painter.device());
  const bool readable =
      std::all_of(grid.columnLabels.begin(), grid.columnLabels.end(),
                  [&](const QString& text) { return labels.horizontalAdvance(text) <= w + theme.px(6); });
  for (int c = 0; readable && c < std::min(p.columns, static_cast<int>(grid.columnLabels.size())); ++c)
    drawFitted(painter,
               QRectF(p.cells.left() + c * w - theme.px(3), p.cells.top() - small - theme.px(1),
                      w + theme.px(6), small),
               Qt::AlignHCenter | Qt::AlignVCenter, grid.columnLabels[c]);
  if (h >= small * 0.85) {
    for (int r = 0; r < std::min(p.rows, static_cast<int>(grid.rowLabels.size())); ++r)
      drawFitted(
          painter,
          QRectF(p.frame.left(), p.cells.top() + r * h, p.cells.left() - p.frame.left() - theme.px(5), h),
          Qt::AlignRight | Qt::AlignVCenter, grid.rowLabels[r]);
  }
  drawGridCells(painter, p.cells, rounded(grid, m_mostDecimals), theme, m_numberPixels);
  if (!grid.caption.isEmpty()) {
    painter.setFont(labelFont(theme));
    painter.setPen(theme.faintText);
    drawFitted(painter,
               QRectF(p.cells.left(), p.cells.bottom() + theme.px(2),
                      std::min(p.frame.right(), m_area.right()) - p.cells.left(), small),
               Qt::AlignLeft | Qt::AlignVCenter, grid.caption);
  }
}

QRectF GridSheet::cellArea(const Spot& spot) const {
  for (const Placed& p : m_placed) {
    if (p.line != spot.line || p.item != spot.item) continue;
    const double w = p.cells.width() / p.columns, h = p.cells.height() / p.rows;
    return QRectF(p.cells.left() + spot.column * w, p.cells.top() + spot.row * h, w, h);
  }
  return {};
}

std::optional<GridSheet::Spot> GridSheet::at(QPointF point) const {
  for (const Placed& p : m_placed) {
    if (!p.cells.contains(point)) continue;
    const auto index = [](double offset, double length, int count) {
      return std::clamp(static_cast<int>(offset / length * count), 0, count - 1);
    };
    return Spot{p.line, p.item, index(point.y() - p.cells.top(), p.cells.height(), p.rows),
                index(point.x() - p.cells.left(), p.cells.width(), p.columns)};
  }
  return std::nullopt;
}

}  // namespace decodescope
