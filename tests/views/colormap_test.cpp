#include "views/colormap.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

double lightness(QRgb rgb) {
  return luminance(QColor::fromRgb(rgb));
}

TEST(Colormap, LightnessRises) {
  for (const Colormap map : {Colormap::viridis, Colormap::cividis}) {
    const QList<QRgb> colors = colormapTable(map, false);
    ASSERT_EQ(colors.size(), 256);
    // Eight bits a channel round a little.
    for (int i = 1; i < 256; ++i)
      EXPECT_GE(lightness(colors[i]), lightness(colors[i - 1]) - 1e-3)
          << qPrintable(colormapName(map)) << ' ' << i;
    EXPECT_GT(lightness(colors[255]), lightness(colors[0]) + 0.5);
  }
}

TEST(Colormap, DivergingRunsToItsMiddleAndAwayFromIt) {
  for (const bool dark : {false, true}) {
    const QList<QRgb> colors = colormapTable(Colormap::diverging, dark);
    const double sign = dark ? -1 : 1;
    for (int i = 1; i < 128; ++i)
      EXPECT_GE(sign * (lightness(colors[i]) - lightness(colors[i - 1])), -2e-3) << i;
    for (int i = 129; i < 256; ++i)
      EXPECT_GE(sign * (lightness(colors[i - 1]) - lightness(colors[i])), -2e-3) << i;
    EXPECT_GT(QColor::fromRgb(colors[20]).blue(), QColor::fromRgb(colors[20]).red());
    EXPECT_GT(QColor::fromRgb(colors[235]).red(), QColor::fromRgb(colors[235]).blue());
  }
}

TEST(ColorScale, Linear) {
  const ColorScale s{.lo = -2, .hi = 2};
  EXPECT_EQ(s.level(-2, 0), 0);
  EXPECT_EQ(s.level(2, 0), 255);
  EXPECT_EQ(s.level(99, 0), 255);
  EXPECT_DOUBLE_EQ(s.position(0, 0), 0.5);
}

TEST(ColorScale, LogarithmicOfWeightsSpreadsDecades) {
  const ColorScale s{.kind = ColorScale::Kind::logarithmic, .lo = 1e-4, .hi = 1};
  EXPECT_DOUBLE_EQ(s.position(0, 0), 0);
  EXPECT_DOUBLE_EQ(s.position(1e-5, 0), 0);
  EXPECT_NEAR(s.position(1e-2, 0), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(s.position(1, 0), 1);
}

TEST(ColorScale, LogarithmicOfScoresKeepsZeroInTheMiddle) {
  const ColorScale s{.kind = ColorScale::Kind::logarithmic, .map = Colormap::diverging, .lo = -10, .hi = 10};
  EXPECT_DOUBLE_EQ(s.position(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(s.position(10, 0), 1);
  EXPECT_NEAR(s.position(-3, 0) + s.position(3, 0), 1, 1e-12);
}

TEST(ColorScale, PerRowUsesTheRowsLargest) {
  ColorScale s{.kind = ColorScale::Kind::perRow};
  EXPECT_DOUBLE_EQ(s.position(0.1, 0.2), 0.5);
  EXPECT_DOUBLE_EQ(s.position(0.1, 0), 0);
  s.lo = -1;
  EXPECT_DOUBLE_EQ(s.position(-0.2, 0.2), 0);
  EXPECT_DOUBLE_EQ(s.position(0, 0), 0.5);
}

}  // namespace
}  // namespace decodescope
