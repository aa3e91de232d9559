#include "views/attention/thumbnails.h"

#include "views/text_fit.h"

#include <QPainter>

#include <cmath>

namespace decodescope {

void Thumbnails::paint(QPainter& painter, const Theme& theme, const AttentionModel& model,
                       const QRectF& bounds, const std::vector<Item>& items,
                       const std::function<void(QPainter&)>& behind) {
  if (items.empty()) return;
  double high = 0;
  for (const Item& item : items) high += item.scale.hi;
  Key key{pictureKey(model, theme, model.settings().stage, {}, high), items.size(), items.front().square,
          items.back().square};
  // Which head is selected is drawn on top.
  key.picture.head = -1;
  m_kept.paint(painter, bounds, theme.background, key, [&](QPainter& into) {
    behind(into);
    const double ratio = isVectorDevice(into) ? 4.0 : pixelRatio(into);
    for (const Item& item : items) {
      // Whole pixels: thumbnails of one size look alike.
      const QRectF target(onPixel(into, item.square.left()), onPixel(into, item.square.top()),
                          wholePixels(into, item.square.width()), wholePixels(into, item.square.height()));
      into.fillRect(target, theme.maskedCell);
      const int dots = std::max(1, static_cast<int>(std::lround(target.width() * ratio)));
      drawCells(into, target,
                heatmapImage(model.thumbnail(item.layer, item.head, thumbnailBins(items.size())), item.scale,
                             colormapTable(item.scale.map, theme.dark), dots, dots));
    }
  });
}

void drawHeadNumber(QPainter& painter, const Theme& theme, const AttentionModel& model, LayerIndex layer,
                    HeadIndex head, const QRectF& box, Qt::Alignment alignment) {
  const bool selected = model.selection().layer == layer && model.selection().head == head;
  const bool known = !model.headRole(layer, head).isEmpty();
  painter.setFont(theme.sized(10.5, selected || known ? QFont::DemiBold : QFont::Normal));
  painter.setPen(selected ? theme.accent : theme.text);
  const double width = drawFitted(painter, box, alignment, QString::number(head.value));
  if (!known) return;
  const double left = alignment & Qt::AlignHCenter ? box.center().x() - width / 2 : box.left();
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.accent);
  painter.drawEllipse(QPointF(left + width + theme.px(6), box.center().y()), theme.px(2.5), theme.px(2.5));
  painter.restore();
}

}  // namespace decodescope
