#include "views/heatmap.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

HeatmapRows rowsOf(const std::vector<std::vector<float>>& values, int columns) {
  HeatmapRows matrix;
  matrix.columns = columns;
  for (const std::vector<float>& row : values) {
    matrix.rows.emplace_back(row);
    float largest = 0;
    for (const float v : row) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : largest;
    matrix.rowMax.push_back(largest);
  }
  return matrix;
}

TEST(Heatmap, ACellWithoutValueNeverLooksLikeAZero) {
  const std::vector<std::vector<float>> values{{0.0f}, {0.0f, std::numeric_limits<float>::quiet_NaN()}};
  const QList<QRgb> colors = colormapTable(Colormap::viridis, false);
  const QImage image = heatmapImage(rowsOf(values, 2), ColorScale(), colors, 10, 10);
  ASSERT_EQ(image.size(), QSize(2, 2));
  EXPECT_EQ(qAlpha(image.pixel(0, 0)), 255);
  EXPECT_EQ(image.pixel(0, 0), colors[1]);
  EXPECT_EQ(qAlpha(image.pixel(1, 0)), 0);
  EXPECT_EQ(qAlpha(image.pixel(1, 1)), 0);
}

TEST(Heatmap, ShowsAWindowOfColumns) {
  const std::vector<std::vector<float>> values{{0, 1, 0.5f}, {1, 0, 0}};
  HeatmapRows matrix = rowsOf(values, 2);
  matrix.firstColumn = 1;
  const QList<QRgb> colors = colormapTable(Colormap::viridis, false);
  const QImage image = heatmapImage(matrix, ColorScale(), colors, 10, 10);
  EXPECT_EQ(image.pixel(0, 0), colors[255]);
  EXPECT_EQ(image.pixel(1, 0), colors[128]);
  EXPECT_EQ(image.pixel(0, 1), colors[1]);
}

TEST(Heatmap, PoolingLosesNoSpike) {
  std::vector<std::vector<float>> values(300, std::vector<float>(300, 0.0f));
  values[123][201] = -1.0f;
  const ColorScale scale{.map = Colormap::diverging, .lo = -1, .hi = 1};
  const QList<QRgb> colors = colormapTable(Colormap::diverging, false);
  const QImage image = heatmapImage(rowsOf(values, 300), scale, colors, 50, 60);
  ASSERT_EQ(image.size(), QSize(50, 60));
  int spikes = 0;
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 50; ++x) spikes += image.pixel(x, y) == colors[1] ? 1 : 0;
  }
  EXPECT_EQ(spikes, 1);
  EXPECT_EQ(image.pixel(201 * 50 / 300, 123 * 60 / 300), colors[1]);
}

TEST(Heatmap, PooledPerRowMeansEachRowsOwnLargest) {
  std::vector<std::vector<float>> values(40, std::vector<float>(40, 0.0f));
  for (std::size_t i = 0; i < 40; ++i) values[i][3] = 0.01f * static_cast<float>(i + 1);
  const ColorScale scale{.kind = ColorScale::Kind::perRow};
  const QList<QRgb> colors = colormapTable(Colormap::viridis, false);
  const QImage image = heatmapImage(rowsOf(values, 40), scale, colors, 20, 20);
  for (int y = 0; y < 20; ++y) EXPECT_EQ(image.pixel(1, y), colors[255]) << y;
}

TEST(Heatmap, OfNothingIsNull) {
  EXPECT_TRUE(
      heatmapImage(HeatmapRows(), ColorScale(), colormapTable(Colormap::viridis, false), 10, 10).isNull());
}

}  // namespace
}  // namespace decodescope
