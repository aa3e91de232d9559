#include "app/elided_label.h"

#include <QPainter>

namespace decodescope {

void ElidedLabel::setWholeText(const QString& text) {
  if (text == this->text()) return;
  setText(text);
  setToolTip(text);
}

void ElidedLabel::setRoomFor(const QString& widest) {
  if (widest == m_widest) return;
  m_widest = widest;
  updateGeometry();
}

QSize ElidedLabel::sizeHint() const {
  const QSize size = QLabel::sizeHint();
  return m_widest.isEmpty() ? size : QSize(fontMetrics().horizontalAdvance(m_widest) + 2, size.height());
}

QSize ElidedLabel::minimumSizeHint() const {
  return {0, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(palette().color(foregroundRole()));
  painter.drawText(rect(), static_cast<int>(alignment()),
                   fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}

}  // namespace decodescope
