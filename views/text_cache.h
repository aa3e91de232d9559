#pragma once

#include <QFont>
#include <QFontMetricsF>
#include <QPointF>
#include <QString>

class QPaintDevice;
class QPainter;

namespace decodescope {

/// QFontMetricsF that remembers how wide texts are. Shaping a text takes microseconds, and a picture measures
/// and draws hundreds of them, most of which stood there in the frame before.
///
/// What is remembered is bounded, belongs to the calling thread's application and is the same for all
/// TextMetrics of a font. For SVG and PDF nothing is remembered.
class TextMetrics : public QFontMetricsF {
 public:
  explicit TextMetrics(const QFont& font, const QPaintDevice* device = nullptr);

  double horizontalAdvance(const QString& text) const;

 private:
  int m_font;  ///< among the known ones; −1: not remembered
};

/// painter.drawText(baseline, text), the glyphs remembered. Only on the thread that paints windows.
void drawRemembered(QPainter& painter, QPointF baseline, const QString& text);

}  // namespace decodescope
