#include "views/plot.h"

#include <QBuffer>
#include <QImage>
#include <QPainter>
#include <QSvgGenerator>
#include <QSvgRenderer>

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

/// Where the curve's colour is found.
QRect coloured(const QImage& image, const QColor& color) {
  QRect found;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      const QColor pixel = image.pixelColor(x, y);
      if (std::abs(pixel.red() - color.red()) + std::abs(pixel.green() - color.green()) +
              std::abs(pixel.blue() - color.blue()) <
          30)
        found = found.united(QRect(x, y, 1, 1));
    }
  }
  return found;
}

TEST(Plot, IsAsLargeInVectorsOfAnyResolution) {
  const PlotSpec spec = waves(60);
  Plot plot;
  const QRect expected = coloured(painted(plot, spec), spec.series[0].color);
  ASSERT_GT(expected.width(), 300);
  for (const int dpi : {72, 96, 300}) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setResolution(dpi);
    generator.setSize(QSize(420, 260));
    generator.setViewBox(QRect(0, 0, 420, 260));
    QPainter painter(&generator);
    Plot vectors;
    vectors.paint(painter, QRectF(10, 8, 400, 240), Theme::makeLight(), spec);
    painter.end();
    QImage image(420, 260, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter into(&image);
    QSvgRenderer(bytes).render(&into, QRectF(image.rect()));
    const QRect found = coloured(image, spec.series[0].color);
    for (const int distance : {found.left() - expected.left(), found.right() - expected.right(),
                               found.top() - expected.top(), found.bottom() - expected.bottom()})
      EXPECT_LE(std::abs(distance), 3) << dpi;
  }
}

}  // namespace
}  // namespace decodescope
