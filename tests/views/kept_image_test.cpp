#include "views/kept_image.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

class KeptImageTest : public testing::Test {
 protected:
  QImage painted(const QRectF& area, int key) {
    QImage image(60, 40, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter painter(&image);
    m_kept.paint(painter, area, Qt::white, key, [&](QPainter& into) {
      ++m_draws;
      into.fillRect(area, QColor(key, 0, 0));
    });
    return image;
  }

  KeptImage<int> m_kept;
  int m_draws = 0;
};

TEST_F(KeptImageTest, DrawsAgainOnlyWhenSomethingChanged) {
  const QImage first = painted(QRectF(10, 5, 20, 10), 100);
  EXPECT_EQ(painted(QRectF(10, 5, 20, 10), 100), first);
  EXPECT_EQ(m_draws, 1);
  EXPECT_NE(painted(QRectF(10, 5, 20, 10), 200), first);
  EXPECT_NE(painted(QRectF(11, 5, 20, 10), 200), first);
  EXPECT_EQ(m_draws, 3);
}

TEST_F(KeptImageTest, FillsItsAreaAndNothingElse) {
  const QImage image = painted(QRectF(10, 5, 20, 10), 100);
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      const bool inside = x >= 10 && x < 30 && y >= 5 && y < 15;
      EXPECT_EQ(image.pixelColor(x, y), inside ? QColor(100, 0, 0) : QColor(Qt::white)) << x << ", " << y;
    }
  }
}

}  // namespace
}  // namespace decodescope
