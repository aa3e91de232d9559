#include "app/elided_label.h"

#include "views/text_fit.h"

#include <QEvent>
#include <QPainter>

#include <cmath>

namespace decodescope {
namespace {

/// Room is asked for in steps of this: a digit more or less moves nothing.
constexpr double kRoomStep = 24;

}  // namespace

ElidedLabel::ElidedLabel(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
}

void ElidedLabel::setWholeText(const QString& text) {
  if (text == m_text) return;
  m_text = text;
  setToolTip(text);
  setAccessibleDescription(text);
  measure();
  update();
}

void ElidedLabel::setAlignment(Qt::Alignment alignment) {
  if (alignment == m_alignment) return;
  m_alignment = alignment;
  update();
}

void ElidedLabel::setRoomFor(const QString& widest) {
  if (widest == m_widest) return;
  m_widest = widest;
  measure();
}

void ElidedLabel::measure() {
  const TextMetrics metrics(font(), this);
  const double needed = m_widest.isEmpty()
                            ? std::ceil(metrics.horizontalAdvance(m_text) / kRoomStep) * kRoomStep
                            : std::ceil(metrics.horizontalAdvance(m_widest));
  const int room = static_cast<int>(needed) + 2;
  if (room == m_room) return;
  m_room = room;
  updateGeometry();
}

QSize ElidedLabel::sizeHint() const {
  return {m_room, minimumSizeHint().height()};
}

QSize ElidedLabel::minimumSizeHint() const {
  return {0, fontMetrics().height()};
}

void ElidedLabel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::FontChange && event->type() != QEvent::StyleChange) return;
  measure();
  updateGeometry();
}

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(palette().color(foregroundRole()));
  drawFitted(painter, QRectF(rect()), m_alignment, m_text);
}

}  // namespace decodescope
