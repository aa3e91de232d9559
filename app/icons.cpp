#include "app/icons.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPalette>

namespace decodescope {
namespace {

/// Filled outlines on a 24 × 24 grid.
QPainterPath filledPath(Icon which) {
  QPainterPath path;
  const auto triangle = [&path](double x, double y, double w, double h) {
    path.moveTo(x, y);
    path.lineTo(x + w, y + h / 2);
    path.lineTo(x, y + h);
    path.closeSubpath();
  };
  switch (which) {
    case Icon::play:
      triangle(7, 4.5, 12.5, 15);
      break;
    case Icon::pause:
      path.addRoundedRect(QRectF(6.5, 5, 4, 14), 1, 1);
      path.addRoundedRect(QRectF(13.5, 5, 4, 14), 1, 1);
      break;
    case Icon::stepOver:
      triangle(5, 5, 10.5, 14);
      path.addRoundedRect(QRectF(16.5, 5, 2.8, 14), 1, 1);
      break;
    case Icon::stepBack:
      triangle(19, 5, -10.5, 14);
      path.addRoundedRect(QRectF(4.7, 5, 2.8, 14), 1, 1);
      break;
    case Icon::stageForward:
      path.addEllipse(QPointF(12, 18.2), 2.2, 2.2);
      triangle(14.6, 7.2, 5.4, 6.4);
      break;
    case Icon::stageBack:
      path.addEllipse(QPointF(12, 18.2), 2.2, 2.2);
      triangle(9.4, 7.2, -5.4, 6.4);
      break;
    case Icon::stageOut:
      path.addEllipse(QPointF(12, 18.2), 2.2, 2.2);
      path.moveTo(6.6, 10);
      path.lineTo(12, 3);
      path.lineTo(17.4, 10);
      path.closeSubpath();
      break;
    case Icon::restart:
      path.moveTo(3.6, 5.2);
      path.lineTo(10.4, 5.6);
      path.lineTo(5.2, 11.4);
      path.closeSubpath();
      break;
    case Icon::sliders:
      path.addEllipse(QPointF(8.5, 7), 2.6, 2.6);
      path.addEllipse(QPointF(15.5, 12), 2.6, 2.6);
      path.addEllipse(QPointF(10, 17), 2.6, 2.6);
      break;
    case Icon::heads:
      path.addRoundedRect(QRectF(4, 4, 7, 7), 1.2, 1.2);
      path.addRoundedRect(QRectF(13, 13, 7, 7), 1.2, 1.2);
      break;
    case Icon::hint:
      path.addEllipse(QPointF(12, 7.4), 1.3, 1.3);
      break;
    case Icon::warning:
      path.addEllipse(QPointF(12, 17), 1.2, 1.2);
      break;
    case Icon::error:
    case Icon::open:
    case Icon::close:
    case Icon::floatDock:
      break;
    case Icon::compare:
      path.addRoundedRect(QRectF(5.6, 11.5, 3, 5.5), 0.6, 0.6);
      path.addRoundedRect(QRectF(15.4, 8, 3, 9), 0.6, 0.6);
      break;
    case Icon::exportView:
      triangle(16.2, 3.6, 5.2, 7.2);
      break;
  }
  return path;
}

/// Strokes on the same grid.
QPainterPath strokedPath(Icon which) {
  QPainterPath path;
  const auto line = [&path](double x1, double y1, double x2, double y2) {
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
  };
  switch (which) {
    case Icon::stageForward:
      path.moveTo(4, 15.5);
      path.cubicTo(4, 11, 8, 10.4, 15, 10.4);
      break;
    case Icon::stageBack:
      path.moveTo(20, 15.5);
      path.cubicTo(20, 11, 16, 10.4, 9, 10.4);
      break;
    case Icon::stageOut:
      line(12, 13.4, 12, 9.5);
      break;
    case Icon::restart:
      path.arcMoveTo(QRectF(4.5, 4.5, 15, 15), 140);
      path.arcTo(QRectF(4.5, 4.5, 15, 15), 140, -300);
      break;
    case Icon::open:
      path.moveTo(3.5, 18.5);
      path.lineTo(3.5, 6);
      path.lineTo(9, 6);
      path.lineTo(11, 8.2);
      path.lineTo(20.5, 8.2);
      path.lineTo(20.5, 18.5);
      path.closeSubpath();
      break;
    case Icon::close:
      line(6.5, 6.5, 17.5, 17.5);
      line(17.5, 6.5, 6.5, 17.5);
      break;
    case Icon::floatDock:
      path.addRect(QRectF(5, 9, 10, 10));
      path.moveTo(9, 5);
      path.lineTo(19, 5);
      path.lineTo(19, 15);
      break;
    case Icon::sliders:
      line(3.5, 7, 20.5, 7);
      line(3.5, 12, 20.5, 12);
      line(3.5, 17, 20.5, 17);
      break;
    case Icon::heads:
      path.addRoundedRect(QRectF(13.8, 4.8, 5.4, 5.4), 1, 1);
      path.addRoundedRect(QRectF(4.8, 13.8, 5.4, 5.4), 1, 1);
      break;
    case Icon::hint:
      path.addEllipse(QPointF(12, 12), 9, 9);
      line(12, 11, 12, 17);
      break;
    case Icon::warning:
      path.moveTo(12, 3.2);
      path.lineTo(21.5, 20.2);
      path.lineTo(2.5, 20.2);
      path.closeSubpath();
      line(12, 9, 12, 14);
      break;
    case Icon::error:
      path.addEllipse(QPointF(12, 12), 9, 9);
      line(8.5, 8.5, 15.5, 15.5);
      line(15.5, 8.5, 8.5, 15.5);
      break;
    case Icon::exportView:
      path.moveTo(10, 6);
      path.lineTo(4, 6);
      path.lineTo(4, 20);
      path.lineTo(18, 20);
      path.lineTo(18, 14);
      path.moveTo(9, 15);
      path.cubicTo(9, 10, 12, 7.2, 16, 7.2);
      break;
    case Icon::compare:
      path.addRoundedRect(QRectF(3.5, 5, 7.2, 14), 1, 1);
      path.addRoundedRect(QRectF(13.3, 5, 7.2, 14), 1, 1);
      break;
    default:
      break;
  }
  return path;
}

class DrawnIcon : public QIconEngine {
 public:
  explicit DrawnIcon(Icon which) : m_which(which) {}

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
    const QPalette palette = QGuiApplication::palette();
    const QPalette::ColorGroup group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
    const QColor colour = mode == QIcon::Selected ? palette.color(QPalette::HighlightedText)
                                                  : palette.color(group, QPalette::ButtonText);
    const double side = std::min(rect.width(), rect.height());
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->translate(rect.center().x() + 0.5 - side / 2, rect.center().y() + 0.5 - side / 2);
    painter->scale(side / 24, side / 24);
    QPainterPath filled = filledPath(m_which);
    filled.setFillRule(Qt::WindingFill);
    if (m_which == Icon::sliders) {
      painter->strokePath(strokedPath(m_which), QPen(colour, 1.6, Qt::SolidLine, Qt::RoundCap));
      painter->fillPath(filled, colour);
    } else {
      painter->fillPath(filled, colour);
      painter->strokePath(strokedPath(m_which),
                          QPen(colour, 1.9, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    }
    painter->restore();
  }

  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
    QPixmap pixmap(size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paint(&painter, QRect(QPoint(0, 0), size), mode, state);
    return pixmap;
  }

  QIconEngine* clone() const override { return new DrawnIcon(m_which); }

 private:
  Icon m_which;
};

}  // namespace

QIcon icon(Icon which) {
  return QIcon(new DrawnIcon(which));
}

}  // namespace decodescope
