#include "tests/views/paint.h"

#include <QPainter>
#include <QSet>

namespace decodescope::test {

QImage painted(View& view, const QSize& size, const Theme& theme, double ratio) {
  QImage image(size * ratio, QImage::Format_RGB32);
  image.setDevicePixelRatio(ratio);
  image.fill(kUntouched);
  QPainter painter(&image);
  view.paint(painter, QRectF(QPointF(0, 0), QSizeF(size)), theme);
  return image;
}

int untouchedPixels(const QImage& image) {
  int count = 0;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) count += image.pixel(x, y) == kUntouched ? 1 : 0;
  }
  return count;
}

int colorCount(const QImage& image, int enough) {
  QSet<QRgb> seen;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      seen.insert(image.pixel(x, y));
      if (seen.size() >= enough) return enough;
    }
  }
  return static_cast<int>(seen.size());
}

}  // namespace decodescope::test
