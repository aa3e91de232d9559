#include "views/memory/roofline_picture.h"

#include "views/head_colors.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MemoryView", text);
}

/// "10", "0.1", "10⁵".
QString powerText(int exponent) {
  if (exponent >= -2 && exponent <= 3) return QString::number(std::pow(10, exponent), 'g', 6);
  static const QString kDigits = QStringLiteral("⁰¹²³⁴⁵⁶⁷⁸⁹");
  QString text = QStringLiteral("10") + (exponent < 0 ? QStringLiteral("⁻") : QString());
  for (const QChar c : QString::number(std::abs(exponent))) text += kDigits[c.digitValue()];
  return text;
}

/// A logarithmic axis of whole decades.
struct LogAxis {
  int first = 0, last = 1;
  double from = 0, to = 1;  ///< in pixels

  double at(double value) const {
    return from + (std::log10(std::max(value, 1e-30)) - first) / (last - first) * (to - from);
  }
};

}  // namespace

QColor memoryColor(std::size_t index, const Theme& theme) {
  return headColor(static_cast<int>(index % 6), 6, 6, theme);
}

void RooflinePicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                            const MemoryModel& model, const std::vector<MemoryModel::RooflinePoint>& points) {
  m_dots.assign(points.size(), QRectF());
  if (points.empty() || area.width() < theme.px(120) || area.height() < theme.px(90)) return;
  painter.setFont(theme.sized(11));
  const TextMetrics metrics(painter.font(), painter.device());
  const double line = std::ceil(metrics.height());
  const double peak = model.operationsPerSecond(), bandwidth = model.bytesPerSecond();
  double least = peak / bandwidth, most = peak / bandwidth;
  for (const auto& p : points) {
    least = std::min(least, p.intensity);
    most = std::max(most, p.intensity);
  }
  const QRectF frame = area.adjusted(metrics.horizontalAdvance(QStringLiteral("1000")) + theme.px(8),
                                     line * 1.3, -theme.px(10), -2.2 * line);
  LogAxis x{static_cast<int>(std::floor(std::log10(least * 0.7))),
            static_cast<int>(std::ceil(std::log10(most * 1.4))), frame.left(), frame.right()};
  if (x.last <= x.first) x.last = x.first + 1;
  // The roof at the left edge, and the peak with some air.
  const double low = rooflineRate(std::pow(10, x.first), peak, bandwidth) / 1e12;
  LogAxis y{static_cast<int>(std::floor(std::log10(low))),
            static_cast<int>(std::ceil(std::log10(peak * 1.3 / 1e12))), frame.bottom(), frame.top()};
  if (y.last <= y.first) y.last = y.first + 1;
  painter.fillRect(frame, theme.panel);
  const auto label = [&](const QRectF& at, Qt::Alignment alignment, const QString& text,
                         const QColor& color) {
    painter.setPen(color);
    drawFitted(painter, at, alignment, text);
  };
  for (int e = x.first; e <= x.last; ++e) {
    const double px = x.at(std::pow(10, e));
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(px, frame.top()), QPointF(px, frame.bottom()));
    label(QRectF(px - theme.px(30), frame.bottom() + theme.px(2), theme.px(60), line),
          Qt::AlignHCenter | Qt::AlignTop, powerText(e), theme.faintText);
  }
  for (int e = y.first; e <= y.last; ++e) {
    const double py = y.at(std::pow(10, e));
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(frame.left(), py), QPointF(frame.right(), py));
    label(QRectF(area.left(), py - line / 2, frame.left() - area.left() - theme.px(5), line),
          Qt::AlignRight | Qt::AlignVCenter, powerText(e), theme.faintText);
  }
  label(QRectF(frame.left(), frame.bottom() + line * 1.1, frame.width(), line),
        Qt::AlignRight | Qt::AlignVCenter, tr("operations a byte"), theme.text);
  label(QRectF(area.left(), area.top(), area.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
        tr("TFLOP/s that the roofline allows"), theme.text);
  const double ridge = peak / bandwidth;
  const QPointF start(frame.left(), y.at(low)), bend(x.at(ridge), y.at(peak / 1e12)),
      end(frame.right(), y.at(peak / 1e12));
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(QPen(theme.text, theme.px(2.2)));
  painter.drawPolyline(QPolygonF({start, bend, end}));
  painter.setPen(QPen(theme.faintText, theme.px(1), Qt::DashLine));
  painter.drawLine(bend, QPointF(bend.x(), frame.bottom()));
  painter.setRenderHint(QPainter::Antialiasing, false);
  label(QRectF(bend.x() + theme.px(4), frame.bottom() - line * 1.2, frame.right() - bend.x(), line),
        Qt::AlignLeft | Qt::AlignVCenter, shortNumber(ridge), theme.faintText);
  const double dot = theme.px(10);
  painter.setRenderHint(QPainter::Antialiasing, true);
  for (std::size_t i = points.size(); i-- > 0;) {
    const QPointF at(x.at(points[i].intensity), y.at(points[i].rate / 1e12));
    // Dots that would hide each other step down along a stem.
    double cy = at.y();
    const auto hidden = [&](double test) {
      return std::any_of(m_dots.begin(), m_dots.end(), [&](const QRectF& other) {
        return !other.isNull() &&
               std::hypot(other.center().x() - at.x(), other.center().y() - test) < 1.9 * dot;
      });
    };
    while (hidden(cy) && cy + 3 * dot < frame.bottom()) cy += dot * 0.5;
    const QColor color = memoryColor(i, theme);
    painter.setPen(QPen(color, theme.px(1.5)));
    painter.drawLine(at, QPointF(at.x(), cy));
    painter.setPen(QPen(theme.background, theme.px(1.5)));
    painter.setBrush(color);
    m_dots[i] = QRectF(at.x() - dot, cy - dot, 2 * dot, 2 * dot);
    painter.drawEllipse(m_dots[i]);
    painter.setPen(readableOn(color));
    painter.setFont(theme.sized(12, QFont::DemiBold));
    painter.drawText(m_dots[i], Qt::AlignCenter, QString::number(i + 1));
  }
  painter.setBrush(Qt::NoBrush);
  painter.setRenderHint(QPainter::Antialiasing, false);
}

int RooflinePicture::at(QPointF point) const {
  for (std::size_t i = 0; i < m_dots.size(); ++i) {
    if (m_dots[i].contains(point)) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace decodescope
