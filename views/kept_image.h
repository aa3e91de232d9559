#pragma once

#include "views/heatmap.h"

#include <QColor>
#include <QImage>
#include <QPainter>
#include <QRectF>

#include <cmath>
#include <optional>

namespace decodescope {

/// A part of a picture that costs much and changes seldom, kept as an image at device resolution: painting it
/// again copies it. `Key` holds what it depends on, compared whole.
template <class Key>
class KeptImage {
 public:
  /// Paints `area` by draw(QPainter&), which uses the same coordinates; calls it when the key, the area or
  /// the resolution is another one than last time. What is under it shows through where the background does.
  /// SVG and PDF get its shapes instead of an image.
  template <class Draw>
  void paint(QPainter& painter, const QRectF& area, const QColor& background, const Key& key, Draw&& draw) {
    if (isVectorDevice(painter)) return draw(painter);
    const double ratio = pixelRatio(painter);
    const QPointF corner(std::floor(area.left() * ratio) / ratio, std::floor(area.top() * ratio) / ratio);
    if (m_key != key || m_area != area || m_ratio != ratio) {
      m_key = key;
      m_area = area;
      m_ratio = ratio;
      m_image = QImage(static_cast<int>(std::ceil((area.right() - corner.x()) * ratio)),
                       static_cast<int>(std::ceil((area.bottom() - corner.y()) * ratio)),
                       background.alpha() < 255 ? QImage::Format_ARGB32_Premultiplied : QImage::Format_RGB32);
      m_image.fill(background);
      QPainter into(&m_image);
      into.scale(ratio, ratio);
      into.translate(-corner);
      draw(into);
    }
    painter.drawImage(QRectF(corner, QSizeF(m_image.size()) / ratio), m_image);
  }

 private:
  std::optional<Key> m_key;
  QRectF m_area;
  double m_ratio = 0;
  QImage m_image;
};

}  // namespace decodescope
