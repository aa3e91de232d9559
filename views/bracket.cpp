#include "views/bracket.h"

#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>

namespace decodescope {
namespace {

QString firstThatFits(const QStringList& names, const TextMetrics& metrics, double room) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const QString& name) {
    return metrics.horizontalAdvance(name) <= room;
  });
  return found == names.end() ? QString() : *found;
}

}  // namespace

void drawBracket(QPainter& painter, const QRectF& box, const Theme& theme, const QColor& color,
                 const QStringList& names) {
  const TextMetrics metrics(painter.font(), painter.device());
  painter.setPen(color);
  drawFitted(painter, QRectF(box.left(), box.top(), box.width(), metrics.height()),
             Qt::AlignHCenter | Qt::AlignTop, firstThatFits(names, metrics, box.width()));
  const double y = box.bottom(), end = y + theme.px(3);
  painter.setPen(QPen(color, theme.px(1.2)));
  painter.drawLine(box.bottomLeft(), box.bottomRight());
  painter.drawLine(QPointF(box.left(), y), QPointF(box.left(), end));
  painter.drawLine(QPointF(box.right(), y), QPointF(box.right(), end));
}

}  // namespace decodescope
