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

TEST(Theme, ChoosesReadableText) {
  EXPECT_EQ(readableOn(QColor(250, 240, 30)), QColor(0, 0, 0));
  EXPECT_EQ(readableOn(QColor(68, 1, 84)), QColor(255, 255, 255));
}

}  // namespace
}  // namespace decodescope
