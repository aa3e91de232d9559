#include "app/elided_label.h"

#include <QPainter>

namespace decodescope {

void ElidedLabel::setWholeText(const QString& text) {
  if (text == this->text()) return;
  setText(text);
  setToolTip(text);
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
