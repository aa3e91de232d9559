#include "views/kv_cache/kv_cache_layout.h"

#include "views/rect_strips.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

QRectF KvCacheLayout::block(int layer, int head) const {
  const double width = (blocks.width() - (heads - 1) * blockGapX) / heads;
  const double height = (blocks.height() - (layers - 1) * blockGapY) / layers;
  return {blocks.left() + head * (width + blockGapX), blocks.top() + layer * (height + blockGapY), width,
          height};
}

QRectF KvCacheLayout::stateStrip(int layer, int head) const {
  QRectF r = block(layer, head);
  r.setHeight(strip);
  return r;
}

QRectF KvCacheLayout::keys(int layer, int head) const {
  QRectF r = block(layer, head);
  r.setTop(r.top() + strip);
  const auto column = static_cast<std::size_t>(head);
  r.setHeight(r.height() * (column < upperShares.size() ? upperShares[column] : 0.5));
  return r;
}

QRectF KvCacheLayout::values(int layer, int head) const {
  QRectF r = block(layer, head);
  r.setTop(keys(layer, head).bottom());
  return r;
}

KvCacheLayout layoutKvCache(const QRectF& area, const KvCacheLayoutNeeds& needs) {
  KvCacheLayout layout;
  layout.layers = std::max(1, needs.layers);
  layout.heads = std::max(1, needs.heads);
  layout.upperShares = needs.upperShares;
  const double s = needs.scale;
  const bool small = area.width() < 280 * s || area.height() < 220 * s;
  const double pad = small ? 3 * s : 12 * s;
  QRectF rest = area.adjusted(pad, pad, -pad, -pad);
  if (rest.width() <= 0 || rest.height() <= 0) {
    layout.blocks = area;
    return layout;
  }
  if (area.height() >= 100 * s) layout.title = takeTop(rest, needs.titleHeight, 2 * s);
  if (!small) {
    layout.subtitle = takeTop(rest, needs.subtitleLines * needs.lineHeight, 10 * s);
    layout.readout = takeBottom(rest, needs.lineHeight, 4 * s);
    layout.legend = takeBottom(rest, needs.legendLines * needs.lineHeight * 1.1, 8 * s);
  }
  const double gap = 18 * s;
  if (!small) {
    if (rest.width() >= rest.height() * 0.95 && rest.width() >= needs.panelWidth * 2.3) {
      layout.panel = QRectF(rest.right() - needs.panelWidth, rest.top(), needs.panelWidth, rest.height());
      rest.setRight(layout.panel.left() - gap);
    } else if (rest.height() >= needs.panelHeight * 2.2) {
      layout.panel = QRectF(rest.left(), rest.bottom() - needs.panelHeight, rest.width(), needs.panelHeight);
      rest.setBottom(layout.panel.top() - gap);
    }
  }

  const bool labels = area.width() >= 180 * s && area.height() >= 150 * s;
  const double left = labels ? needs.layerLabelWidth + 6 * s : 0;
  layout.blockGapX = std::min(8 * s, 0.2 * (rest.width() - left) / layout.heads);
  const double top = labels ? needs.lineHeight * (needs.shared ? 2.3 : 1) + 5 * s : 0;
  const double bottom = labels ? needs.lineHeight + 3 * s : 0;
  layout.blocks = rest.adjusted(left, top, 0, -bottom);
  if (layout.blocks.height() < 1 || layout.blocks.width() < 1) {
    layout.blocks = rest;
    return layout;
  }
  const double pitch = layout.blocks.height() / layout.layers;
  layout.blockGapY = std::clamp(pitch * 0.12, 1 * s, 10 * s);
  // Few layers: blocks stay strips rather than towers. However many heads there are, so that lanes beside
  // each other have blocks of one height.
  const double tallest = std::max(240 * s, 0.35 * layout.blocks.width());
  if (pitch - layout.blockGapY > tallest)
    layout.blocks.setHeight(layout.layers * (tallest + layout.blockGapY) - layout.blockGapY);
  if (!layout.panel.isNull() && layout.panel.top() > rest.top())
    layout.panel.setTop(layout.blocks.bottom() + bottom + gap);
  const double height = layout.block(0, 0).height();
  layout.strip = needs.strip && height >= 14 * s ? std::min(5 * s, height * 0.14) : 0;
  if (!labels) return layout;
  for (int h = 0; h < layout.heads; ++h) {
    const QRectF b = layout.block(0, h);
    layout.columnLabels.emplace_back(b.left(), rest.top(), b.width(), needs.lineHeight);
    if (needs.shared)
      layout.readerLabels.emplace_back(b.left(), rest.top() + needs.lineHeight, b.width(),
                                       needs.lineHeight * 1.3);
    layout.axes.emplace_back(b.left(), layout.blocks.bottom() + 3 * s, b.width(), needs.lineHeight);
  }
  for (int l = 0; l < layout.layers; ++l) {
    const QRectF b = layout.block(l, 0);
    layout.layerLabels.emplace_back(rest.left(), b.top(), left - 6 * s, b.height());
  }
  return layout;
}

}  // namespace decodescope
