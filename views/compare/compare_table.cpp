#include "views/compare/compare_table.h"

#include "views/lane_text.h"
#include "views/text_cache.h"
#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <utility>

namespace decodescope {
namespace {

constexpr double kLargest = 22, kSmallest = 8;
constexpr double kSmallestWithRemarks = 12;
/// A lane is a row where its letters are at least as large as that.
constexpr double kLargeEnough = 14;

double remarkPixels(double pixels) {
  return std::max(std::min(pixels, kLeastPixels), 0.76 * pixels);
}

}  // namespace

CompareTable::Grid CompareTable::uprightGrid(const CompareModel& model) {
  Grid rows;
  std::vector<Text> headings{{}};
  for (int c = 0; c < CompareModel::kColumnCount; ++c)
    headings.push_back({CompareModel::header(static_cast<CompareModel::Column>(c)), {}, true, false, -1, c});
  rows.push_back(headings);
  for (std::size_t i = 0; i < model.lanes().size(); ++i) {
    const CompareModel::Lane& lane = model.lanes()[i];
    const int index = static_cast<int>(i);
    std::vector<Text> row{{lane.name, lane.remark, false, false, index, -1}};
    for (int c = 0; c < CompareModel::kColumnCount; ++c) {
      const CompareModel::Cell& cell = lane.cells[static_cast<std::size_t>(c)];
      row.push_back({cell.text, cell.below, false, cell.measures == true, index, c});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

CompareTable::Grid CompareTable::turnedGrid(const Grid& upright, std::size_t lanesABlock) {
  Grid turned;
  for (std::size_t first = 1; first < upright.size(); first += lanesABlock) {
    for (std::size_t c = 0; c < upright.front().size(); ++c) {
      std::vector<Text> line{upright.front()[c]};
      for (std::size_t lane = first; lane < first + lanesABlock; ++lane)
        line.push_back(lane < upright.size() ? upright[lane][c] : Text());
      turned.push_back(std::move(line));
    }
  }
  return turned;
}

std::vector<CompareTable::Grid> CompareTable::grids(const CompareModel& model) {
  std::vector<Grid> all{uprightGrid(model)};
  const std::size_t lanes = model.lanes().size();
  for (std::size_t blocks = 1; blocks <= lanes; ++blocks) {
    const std::size_t each = (lanes + blocks - 1) / blocks;
    // As many blocks as lanes of that number a block make.
    if ((lanes + each - 1) / each == blocks) all.push_back(turnedGrid(all.front(), each));
  }
  return all;
}

CompareTable::Fit CompareTable::measured(QPainter& painter, const Theme& theme, const Grid& grid,
                                         double pixels, bool remarks) {
  Fit fit;
  fit.pixels = pixels;
  fit.hasRemarks = remarks;
  const TextMetrics metrics(theme.sized(pixels, QFont::DemiBold), painter.device());
  const TextMetrics small(theme.sized(remarkPixels(pixels)), painter.device());
  fit.gap = metrics.height() * 0.7;
  fit.width = fit.gap;
  for (std::size_t c = 0; c < grid.front().size(); ++c) {
    double widest = 0;
    for (const auto& row : grid) {
      widest = std::max(widest, metrics.horizontalAdvance(row[c].text));
      if (remarks) widest = std::max(widest, small.horizontalAdvance(row[c].below));
    }
    fit.widths.push_back(widest);
    fit.width += widest + fit.gap;
  }
  for (const auto& row : grid) {
    const bool isTall = remarks && std::any_of(row.begin(), row.end(),
                                               [](const Text& text) { return !text.below.isEmpty(); });
    fit.heights.push_back(std::ceil(metrics.height() * 1.2 + (isTall ? small.height() * 0.9 : 0)));
    fit.height += fit.heights.back();
  }
  return fit;
}

CompareTable::Fit CompareTable::fitOf(QPainter& painter, const QSizeF& room, const Theme& theme,
                                      const Grid& grid) {
  bool remarks = true;
  for (double pixels = kLargest;; pixels -= 1) {
    if (remarks && pixels < kSmallestWithRemarks) {
      remarks = false;  // names and numbers matter more; the tool tips say the rest
      pixels = kLargest;
    }
    Fit fit = measured(painter, theme, grid, pixels, remarks);
    fit.overflows = fit.width > room.width() + 0.5 || fit.height > room.height() + 0.5;
    if (fit.overflows && pixels > kSmallest) continue;
    // The names give way where not even small letters fit.
    if (fit.width > room.width())
      fit.widths[0] = std::max(theme.px(24), fit.widths[0] - (fit.width - room.width()));
    return fit;
  }
}

double CompareTable::neededHeight(QPainter& painter, double width, const Theme& theme,
                                  const CompareModel& model) {
  double lowest = 0, narrowest = 0, ofNarrowest = 0;
  for (const Grid& grid : grids(model)) {
    const Fit fit = measured(painter, theme, grid, kLeastPixels, false);
    if (fit.width <= width && (lowest == 0 || fit.height < lowest)) lowest = fit.height;
    if (narrowest == 0 || fit.width < narrowest) {
      narrowest = fit.width;
      ofNarrowest = fit.height;
    }
  }
  return lowest > 0 ? lowest : ofNarrowest;
}

void CompareTable::paint(QPainter& painter, const QRectF& area, const Theme& theme, const CompareModel& model,
                         int selectedLane) {
  m_places.clear();
  const auto better = [](const Fit& x, const Fit& y) {
    if (x.overflows != y.overflows) return y.overflows;
    const bool canRead = x.pixels >= kLeastPixels;
    if (canRead != (y.pixels >= kLeastPixels)) return canRead;
    return x.hasRemarks != y.hasRemarks ? x.hasRemarks : x.pixels > y.pixels;
  };
  const std::vector<Grid> all = grids(model);
  std::size_t chosen = 0;
  Fit fit = fitOf(painter, area.size(), theme, all[0]);
  if (!fit.hasRemarks || fit.pixels < kLargeEnough) {
    for (std::size_t i = 1; i < all.size(); ++i) {
      Fit other = fitOf(painter, area.size(), theme, all[i]);
      if (!better(other, fit)) continue;
      chosen = i;
      fit = std::move(other);
    }
  }
  const Grid& grid = all[chosen];
  m_lanesAreRows = chosen == 0;
  m_pixels = fit.pixels;
  double total = fit.gap;
  for (const double width : fit.widths) total += width + fit.gap;
  // Room that is left goes between the columns, as far as that still reads as a table.
  const double spread =
      std::clamp((area.width() - total) / static_cast<double>(fit.widths.size()), 0.0, 1.6 * fit.gap);
  double y = area.top();
  for (std::size_t r = 0; r < grid.size(); ++r) {
    const std::vector<Text>& row = grid[r];
    const double line = fit.heights[r];
    double x = area.left() + fit.gap;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const Text& text = row[c];
      if (text.lane < 0 && text.column < 0) {
        x += fit.widths[c] + fit.gap + spread;
        continue;
      }
      const double left = x - fit.gap / 2 - spread / 2;
      const QRectF place(c == 0 ? area.left() : left, y,
                         fit.widths[c] + fit.gap + spread + (c == 0 ? fit.gap / 2 : 0), line);
      if (text.lane >= 0 && text.lane == selectedLane && model.lanes().size() > 1)
        painter.fillRect(place, mixed(theme.background, theme.accent, 0.13));
      if (text.lane >= 0 && text.column < 0) {
        const QRectF sample = m_lanesAreRows
                                  ? QRectF(area.left(), y + line * 0.18, fit.gap * 0.35, line * 0.64)
                                  : QRectF(place.left() + fit.gap * 0.3, place.bottom() - theme.px(3),
                                           place.width() - fit.gap * 0.6, theme.px(3));
        painter.fillRect(sample, laneColor(text.lane, theme));
      }
      const bool isLeft = c == 0;
      const Qt::Alignment side = isLeft ? Qt::AlignLeft : Qt::AlignRight;
      const bool isName = text.column < 0;
      painter.setFont(theme.sized(fit.pixels, isName ? QFont::DemiBold : QFont::Normal));
      painter.setPen(text.isHeading ? theme.faintText : text.isLink ? theme.accent : theme.text);
      const double upper = fit.hasRemarks && !text.below.isEmpty() ? line * 0.58 : line;
      drawFitted(painter, QRectF(x, y, fit.widths[c] + 1, upper),
                 side | (upper < line ? Qt::AlignBottom : Qt::AlignVCenter), text.text);
      if (upper < line) {
        painter.setFont(theme.sized(remarkPixels(fit.pixels)));
        painter.setPen(theme.faintText);
        drawFitted(painter, QRectF(x, y + upper, fit.widths[c] + 1, line - upper), side | Qt::AlignTop,
                   text.below);
      }
      m_places.push_back({text.lane, text.column, place});
      x += fit.widths[c] + fit.gap + spread;
    }
    y += line;
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(area.left(), y), QPointF(std::min(area.right(), x), y));
  }
}

}  // namespace decodescope
