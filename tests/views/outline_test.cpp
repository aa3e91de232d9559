#include "views/heatmap.h"
#include "views/picture_frame.h"

#include <QImage>
#include <QPainter>
#include <QPen>

#include <gtest/gtest.h>

namespace decodescope {
namespace {

template <class Draw>
QImage painted(Draw&& draw) {
  QImage image(60, 60, QImage::Format_RGB32);
  image.fill(Qt::white);
  QPainter painter(&image);
  draw(painter);
  return image;
}

TEST(DrawOutline, CoversThePixelsThatAPenOfThisWidthDoes) {
  for (const double width : {1.0, 1.5, 2.0, 2.5, 3.0, 4.0}) {
    for (const QRectF& rect : {QRectF(10, 12, 30, 20), QRectF(20.25, 8.5, 6, 40), QRectF(5, 5, 5, 5)}) {
      const QImage pen = painted([&](QPainter& painter) {
        painter.setPen(QPen(Qt::darkRed, width, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
        painter.drawRect(rect);
      });
      EXPECT_EQ(painted([&](QPainter& painter) { drawOutline(painter, rect, Qt::darkRed, width); }), pen)
          << width << " at " << rect.left();
    }
  }
}

TEST(DrawOutline, DrawsNoPixelTwice) {
  const QColor half(0, 0, 0, 128);
  const QImage image =
      painted([&](QPainter& painter) { drawOutline(painter, QRectF(10, 12, 30, 20), half, 3); });
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) EXPECT_GT(qRed(image.pixel(x, y)), 100) << x << ", " << y;
  }
}

TEST(FillTranslucent, IsAFill) {
  const QRectF area(7, 3, 20, 41);
  const QColor color(10, 200, 30, 90);
  EXPECT_EQ(painted([&](QPainter& painter) { fillTranslucent(painter, area, color); }),
            painted([&](QPainter& painter) { painter.fillRect(area, color); }));
}

}  // namespace
}  // namespace decodescope
