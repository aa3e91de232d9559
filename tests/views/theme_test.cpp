#include "views/theme.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

double contrast(const QColor& a, const QColor& b) {
  const double light = std::max(luminance(a), luminance(b)), dark = std::min(luminance(a), luminance(b));
  return (light + 0.05) / (dark + 0.05);
}

TEST(Theme, TextHasContrast) {
  for (const Theme& t : {Theme::makeLight(), Theme::makeDark()}) {
    for (const QColor& ground : {t.background, t.panel}) {
      EXPECT_GE(contrast(t.text, ground), 7.0);
      for (const QColor& color : {t.faintText, t.accent, t.query, t.key, t.value, t.warning})
        EXPECT_GE(contrast(color, ground), 4.0)
            << qPrintable(color.name()) << " on " << qPrintable(ground.name());
    }
  }
}

TEST(Theme, ScalesTextAndLengths) {
  const Theme t = Theme::makeDark(2.5);
  EXPECT_EQ(t.font.pixelSize(), 30);
  EXPECT_EQ(t.sized(11).pixelSize(), 28);
  EXPECT_DOUBLE_EQ(t.px(4), 10);
}

TEST(Theme, GrowsWithTheRoomButLess) {
  const Theme t = Theme::makeLight();
  EXPECT_EQ(t.inRoom({1100, 720}).scale, 1);
  EXPECT_EQ(t.inRoom({300, 200}).scale, 1);
  EXPECT_EQ(t.inRoom({4000, 720}).scale, 1);
  const Theme large = t.inRoom({2200, 1440});
  EXPECT_DOUBLE_EQ(large.scale, 1.6);
  EXPECT_EQ(large.font.pixelSize(), 19);
  EXPECT_EQ(large.background, t.background);
  EXPECT_DOUBLE_EQ(t.inRoom({20000, 20000}).scale, 1.8);
  // What the user enlarged is the measure.
  EXPECT_EQ(Theme::makeLight(2).inRoom({2200, 1440}).scale, 2);
  Theme inPoints = t;
  inPoints.grows = false;
  EXPECT_EQ(inPoints.inRoom({2200, 1440}).scale, 1);
}

TEST(Theme, ChoosesReadableText) {
  EXPECT_EQ(readableOn(QColor(250, 240, 30)), QColor(0, 0, 0));
  EXPECT_EQ(readableOn(QColor(68, 1, 84)), QColor(255, 255, 255));
}

}  // namespace
}  // namespace decodescope
