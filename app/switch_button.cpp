#include "app/switch_button.h"

#include <QPainter>

#include <cmath>

namespace decodescope {

SwitchButton::SwitchButton(const QString& text, QWidget* parent) : QAbstractButton(parent) {
  setText(text);
  setAccessibleName(text);
  setCheckable(true);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

double SwitchButton::trackHeight() const {
  return fontMetrics().height() * 0.85;
}

void SwitchButton::setTextShown(bool shown) {
  m_textShown = shown;
  updateGeometry();
  update();
}

QSize SwitchButton::sizeHint() const {
  const double track = trackHeight() * 1.8;
  const double label = m_textShown ? trackHeight() * 0.5 + fontMetrics().horizontalAdvance(text()) : 0;
  return {static_cast<int>(std::ceil(track + label + 6)),
          static_cast<int>(std::ceil(fontMetrics().height() * 1.5))};
}

void SwitchButton::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QPalette& colours = palette();
  const double height = trackHeight(), width = height * 1.8;
  const QRectF track(2.5, (this->height() - height) / 2, width, height);
  const bool on = isChecked();
  painter.setPen(
      QPen(on ? colours.color(QPalette::Highlight) : colours.color(QPalette::PlaceholderText), 1.2));
  painter.setBrush(on ? colours.color(QPalette::Highlight) : colours.color(QPalette::Base));
  painter.drawRoundedRect(track, height / 2, height / 2);
  const double knob = height - 5;
  painter.setPen(Qt::NoPen);
  painter.setBrush(on ? colours.color(QPalette::HighlightedText) : colours.color(QPalette::PlaceholderText));
  painter.drawEllipse(
      QRectF(on ? track.right() - knob - 2.5 : track.left() + 2.5, track.top() + 2.5, knob, knob));
  painter.setPen(colours.color(QPalette::WindowText));
  const QRectF label(track.right() + height * 0.5, 0, this->width() - track.right() - height * 0.5,
                     this->height());
  if (m_textShown) painter.drawText(label, Qt::AlignVCenter | Qt::AlignLeft, text());
  if (hasFocus()) {
    painter.setPen(QPen(colours.color(QPalette::Highlight), 1.2, Qt::DotLine));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.8, 0.8, -0.8, -0.8), 3, 3);
  }
}

}  // namespace decodescope
