#include "views/attention/attention_layout.h"

#include "views/rect_strips.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

/// How thumbnails are arranged: groups in a grid, heads in a grid inside each.
struct HeadGrid {
  int headColumns = 1;
  int groupColumns = 1;
  double side = 0;
};

struct HeadSpacing {
  double label;        ///< above each thumbnail
  double gap;          ///< between thumbnails
  double groupHeader;  ///< 0 without groups
  double groupPad;     ///< inside a group, on each side
  double groupGap;
};

int ceilDiv(int a, int b) {
  return (a + b - 1) / b;
}

/// The arrangement with the largest thumbnails, at most maxSide. Rows of a group that are not full have to be
/// worth it: "0 1 2" above "3" reads worse than four in a row.
HeadGrid bestGrid(double width, double height, int groups, int perGroup, const HeadSpacing& space,
                  double maxSide) {
  HeadGrid best;
  double bestWorth = 0;
  for (int hc = 1; hc <= perGroup; ++hc) {
    for (int gc = 1; gc <= groups; ++gc) {
      const int hr = ceilDiv(perGroup, hc), gr = ceilDiv(groups, gc);
      const double groupWidth = (width - (gc - 1) * space.groupGap) / gc - 2 * space.groupPad;
      const double groupHeight =
          (height - (gr - 1) * space.groupGap) / gr - 2 * space.groupPad - space.groupHeader;
      const double side = std::min({(groupWidth - (hc - 1) * space.gap) / hc,
                                    (groupHeight - (hr - 1) * space.gap) / hr - space.label, maxSide});
      // The tolerance prefers the wider arrangement among equals: numbers then run from left to right.
      const double worth = side * (perGroup % hc == 0 ? 1.35 : 1.0);
      if (worth > bestWorth + 0.01 ||
          (worth > bestWorth - 0.01 && hc * gc > best.headColumns * best.groupColumns)) {
        best = {hc, gc, side};
        bestWorth = worth;
      }
    }
  }
  return best;
}

void placeHeads(HeadStripLayout& layout, const QRectF& area, const AttentionLayoutNeeds& needs) {
  const int perGroup = std::max(1, needs.headsPerGroup);
  const int groups = ceilDiv(needs.heads, perGroup);
  const bool grouped = perGroup > 1;
  HeadSpacing space;
  space.label = needs.lineHeight;
  space.gap = 6 * needs.scale;
  space.groupHeader = grouped ? needs.lineHeight : 0;
  space.groupPad = grouped ? 5 * needs.scale : 0;
  space.groupGap = grouped ? 8 * needs.scale : space.gap;
  const HeadGrid grid = bestGrid(area.width(), area.height(), groups, perGroup, space, 300 * needs.scale);
  if (grid.side < 14 * needs.scale) return;
  layout.heads = area;
  const double side = std::floor(grid.side);
  const int headRows = ceilDiv(perGroup, grid.headColumns);
  const double groupWidth = grid.headColumns * side + (grid.headColumns - 1) * space.gap + 2 * space.groupPad;
  const double groupHeight =
      headRows * (side + space.label) + (headRows - 1) * space.gap + 2 * space.groupPad + space.groupHeader;
  for (int g = 0; g < groups; ++g) {
    const double x = area.left() + (g % grid.groupColumns) * (groupWidth + space.groupGap);
    const double y = area.top() + (g / grid.groupColumns) * (groupHeight + space.groupGap);
    if (grouped) {
      layout.group.emplace_back(x, y, groupWidth, groupHeight);
      layout.groupLabel.emplace_back(x + space.groupPad, y + space.groupPad / 2,
                                     groupWidth - 2 * space.groupPad, space.groupHeader);
    }
    for (int i = 0; i < perGroup && g * perGroup + i < needs.heads; ++i) {
      const double hx = x + space.groupPad + (i % grid.headColumns) * (side + space.gap);
      const double hy =
          y + space.groupPad + space.groupHeader + (i / grid.headColumns) * (side + space.label + space.gap);
      layout.headLabel.emplace_back(hx, hy, side, space.label);
      layout.head.emplace_back(hx, hy + space.label, side, side);
    }
  }
}

}  // namespace

bool isNarrow(const QRectF& area, double scale) {
  return area.width() < 400 * scale;
}

AttentionLayout layoutAttention(const QRectF& area, const AttentionLayoutNeeds& needs) {
  AttentionLayout layout;
  const double s = needs.scale;
  const bool small = area.width() < 200 * s || area.height() < 180 * s;
  const bool narrow = isNarrow(area, s);
  const double pad = small ? 3 * s : narrow ? 6 * s : 12 * s;
  QRectF rest = area.adjusted(pad, pad, -pad, -pad);
  if (rest.width() <= 0 || rest.height() <= 0) {
    layout.matrix = area;
    return layout;
  }
  // What stands around is left out, the least important first, until the matrix can have half of the height.
  const bool words = !small && area.height() >= 240 * s;
  const bool much = !small && area.height() >= 360 * s;
  // A low, wide area: words go beside the matrix, which takes all of the height.
  const bool low = area.height() < 200 * s && area.width() >= 1.8 * area.height() && area.height() >= 40 * s;
  if (area.height() >= 120 * s && !low) layout.title = takeTop(rest, needs.titleHeight, 2 * s);
  if (much) layout.subtitle = takeTop(rest, needs.subtitleLines * needs.lineHeight, narrow ? 4 * s : 10 * s);
  if (words) layout.readout = takeBottom(rest, needs.lineHeight, 4 * s);
  if (much)
    layout.legend = takeBottom(rest, needs.legendLines * needs.lineHeight * 1.1, narrow ? 4 * s : 8 * s);

  const bool labels = !low && (!small || (area.width() >= 150 * s && area.height() >= 140 * s));
  const bool bar = words;
  layout.axisNames = !narrow;
  layout.lyingBar = narrow;
  const double newBar = 6 * s;
  const double left =
      (labels || low ? std::min(needs.rowLabelWidth, rest.width() * (narrow ? 0.2 : 0.24)) + 4 * s : 0) +
      newBar;
  const double top =
      labels ? std::min(needs.columnLabelHeight, rest.height() * (narrow ? 0.2 : 0.3)) + 4 * s : 0;
  const double numbers = needs.colorNumberWidth + 4 * s;
  const double right = bar && !narrow ? 10 * s + 12 * s + numbers : 0;
  const double bottom = bar && narrow ? 6 * s + 8 * s + needs.lineHeight : 0;

  QRectF main = rest;
  QRectF heads;
  const double gap = narrow ? 8 * s : 20 * s;
  if (needs.thumbnails && needs.heads > 1 && !small && !low) {
    const bool grouped = needs.headsPerGroup > 1;
    const double oneRow = needs.lineHeight * (grouped ? 2 : 1) + (grouped ? 10 : 0) * s + 26 * s;
    const double free = rest.height() - top - bottom;
    const double wideHeads =
        std::clamp(rest.width() - gap - (free + left + right), 0.2 * rest.width(), 0.6 * rest.width());
    const double sideRight = std::min(free, rest.width() - gap - wideHeads - left - right);
    const double tallHeads = std::clamp(rest.height() - gap - (rest.width() - left - right + top + bottom),
                                        oneRow, std::max(oneRow, 0.5 * rest.height()));
    const double sideBelow = std::min(free - gap - tallHeads, rest.width() - left - right);
    // In a small area the matrix needs the room more.
    const double sideAlone = std::min(rest.width() - left - right, free);
    const double sideBeside = std::max(sideRight, sideBelow);
    if (sideBeside >= 110 * s && (sideBeside >= 0.5 * area.height() || sideBeside >= 0.9 * sideAlone)) {
      if (sideRight >= sideBelow) {
        main.setWidth(rest.width() - gap - wideHeads);
        heads = QRectF(main.right() + gap, rest.top(), wideHeads, rest.height());
      } else {
        main.setHeight(rest.height() - gap - tallHeads);
        heads = QRectF(rest.left(), main.bottom() + gap, rest.width(), tallHeads);
      }
    }
  }
  const double side =
      std::max(1.0, std::floor(std::min(main.width() - left - right, main.height() - top - bottom)));
  layout.matrix = QRectF(main.left() + left, main.top() + top, side, side);
  layout.newBar = QRectF(layout.matrix.left() - newBar, layout.matrix.top(), newBar, side);
  if (labels || low) layout.rowLabels = QRectF(main.left(), layout.matrix.top(), left - newBar - 4 * s, side);
  if (low) {
    const double from = layout.matrix.right() + 12 * s;
    layout.beside = QRectF(from, rest.top(), std::max(0.0, rest.right() - from), rest.height());
  }
  if (labels) {
    layout.columnLabels = QRectF(layout.matrix.left(), main.top(), side, top - 4 * s);
  }
  if (bar && narrow) {
    layout.colorBar = QRectF(layout.matrix.left(), layout.matrix.bottom() + 6 * s, side, 8 * s);
    layout.colorNumbers = QRectF(layout.matrix.left(), layout.colorBar.bottom(), side, needs.lineHeight);
  } else if (bar) {
    layout.colorBar = QRectF(layout.matrix.right() + 10 * s, layout.matrix.top(), 12 * s, side);
    layout.colorNumbers = QRectF(layout.colorBar.right() + 4 * s, layout.matrix.top(), numbers - 4 * s, side);
  }
  if (!heads.isNull()) {
    // Closer to a matrix that did not need all of its room.
    const double used = layout.matrix.right() + right + 20 * s;
    if (heads.top() == rest.top() && heads.left() > used) heads.setLeft(used);
    if (heads.top() > rest.top()) heads.setTop(layout.matrix.bottom() + bottom + gap);
    placeHeads(layout, heads, needs);
  }
  return layout;
}

}  // namespace decodescope
