#include "tests/views/painted_text.h"

#include <QPaintDevice>
#include <QPaintEngine>
#include <QPainter>
#include <QTransform>

#include <cmath>

namespace decodescope::test {
namespace {

/// Says that it is a picture of shapes, so that nothing reaches it as a ready-made image.
class TextEngine : public QPaintEngine {
 public:
  TextEngine() : QPaintEngine(AllFeatures) {}
  bool begin(QPaintDevice*) override { return true; }
  bool end() override { return true; }
  void updateState(const QPaintEngineState& changed) override {
    if (changed.state() & DirtyTransform) m_transform = changed.transform();
  }
  void drawPixmap(const QRectF&, const QPixmap&, const QRectF&) override {}
  void drawPolygon(const QPointF*, int, PolygonDrawMode) override {}
  void drawPath(const QPainterPath&) override {}
  void drawTextItem(const QPointF& baseline, const QTextItem& item) override {
    const QRectF inside(baseline.x(), baseline.y() - item.ascent(), item.width(),
                        item.ascent() + item.descent());
    texts.push_back({item.text(), item.font().pixelSize() * std::sqrt(std::abs(m_transform.determinant())),
                     m_transform.mapRect(inside)});
  }
  Type type() const override { return SVG; }

  std::vector<PaintedText> texts;

 private:
  QTransform m_transform;
};

class TextDevice : public QPaintDevice {
 public:
  explicit TextDevice(const QSizeF& size) : m_size(size.toSize()) {}
  QPaintEngine* paintEngine() const override { return &m_engine; }
  const std::vector<PaintedText>& texts() const { return m_engine.texts; }

 protected:
  int metric(PaintDeviceMetric metric) const override {
    switch (metric) {
      case PdmWidth:
        return m_size.width();
      case PdmHeight:
        return m_size.height();
      case PdmDpiX:
      case PdmDpiY:
      case PdmPhysicalDpiX:
      case PdmPhysicalDpiY:
        return 96;
      case PdmDepth:
        return 32;
      case PdmNumColors:
        return 1 << 24;
      case PdmWidthMM:
        return m_size.width() * 254 / 960;
      case PdmHeightMM:
        return m_size.height() * 254 / 960;
      case PdmDevicePixelRatio:
        return 1;
      case PdmDevicePixelRatioScaled:
        return static_cast<int>(devicePixelRatioFScale());
    }
    return 0;
  }

 private:
  QSize m_size;
  mutable TextEngine m_engine;
};

}  // namespace

std::vector<PaintedText> paintedTexts(View& view, const QSizeF& size, const Theme& theme) {
  TextDevice device(size);
  QPainter painter(&device);
  view.paint(painter, QRectF(QPointF(0, 0), size), theme);
  painter.end();
  return device.texts();
}

}  // namespace decodescope::test
