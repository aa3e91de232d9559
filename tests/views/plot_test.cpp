#include "views/plot.h"

#include <QImage>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

PlotSpec waves(int points) {
  PlotSpec spec;
  spec.title = QStringLiteral("waves");
  spec.xTitle = QStringLiteral("x");
  PlotSeries curve{{}, {}, QColor(0, 90, 160)};
  for (int i = 0; i < points; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(1 + std::sin(i * 0.7));
  }
  spec.series = {curve};
  spec.xFirst = 0;
  spec.xLast = points - 1;
  spec.yLast = 2;
  return spec;
}

QImage painted(Plot& plot, const PlotSpec& spec, const Theme& theme = Theme::makeLight()) {
  QImage image(420, 260, QImage::Format_RGB32);
  image.fill(theme.background);
  QPainter painter(&image);
  plot.paint(painter, QRectF(10, 8, 400, 240), theme, spec);
  return image;
}

/// The columns in which the pictures differ.
std::pair<int, int> difference(const QImage& a, const QImage& b) {
  int first = a.width(), last = -1;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      if (a.pixel(x, y) == b.pixel(x, y)) continue;
      first = std::min(first, x);
      last = std::max(last, x);
    }
  }
  return {first, last};
}

TEST(Plot, WhatWasKeptIsWhatWouldBeDrawn) {
  Plot kept;
  PlotSpec spec = waves(60);
  for (const double mark : {-1.0, 10.0, 50.0}) {
    spec.markedX = mark;
    Plot fresh;
    EXPECT_EQ(painted(kept, spec), painted(fresh, spec)) << mark;
  }
  for (double& y : spec.series[0].y) y = 2 - y;
  Plot fresh, dark;
  EXPECT_EQ(painted(kept, spec), painted(fresh, spec)) << "other data";
  EXPECT_EQ(painted(kept, spec, Theme::makeDark()), painted(dark, spec, Theme::makeDark()));
}

TEST(Plot, TheMarkStandsAtItsX) {
  Plot plot;
  PlotSpec spec = waves(60);
  const QImage without = painted(plot, spec);
  for (const double mark : {0.0, 30.0, 59.0}) {
    spec.markedX = mark;
    const auto [first, last] = difference(painted(plot, spec), without);
    ASSERT_LE(last - first, 3) << mark;
    const std::optional<QPointF> value = plot.valueAt(QPointF((first + last + 1) / 2.0, 100));
    if (value) EXPECT_NEAR(value->x(), mark, 0.3);
  }
}

TEST(Plot, LongCurvesHaveNoGaps) {
  // Each column between the first and the last point has some of the curve.
  Plot plot;
  const PlotSpec spec = waves(60);
  PlotSpec empty = spec;
  empty.series.clear();
  const QImage with = painted(plot, spec);
  Plot other;
  const QImage without = painted(other, empty);
  const auto [first, last] = difference(with, without);
  ASSERT_GT(last - first, 300);
  for (int x = first; x <= last; ++x) {
    bool drawn = false;
    for (int y = 0; y < with.height() && !drawn; ++y) drawn = with.pixel(x, y) != without.pixel(x, y);
    EXPECT_TRUE(drawn) << x;
  }
}

}  // namespace
}  // namespace decodescope
