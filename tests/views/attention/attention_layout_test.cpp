#include "views/attention/attention_layout.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

struct LayoutCase {
  double width, height, scale;
  int heads, perGroup;
};

class AttentionLayoutTest : public testing::TestWithParam<LayoutCase> {};

TEST_P(AttentionLayoutTest, PartsStandInsideTheAreaAndApart) {
  const LayoutCase& c = GetParam();
  const QRectF area(10, 20, c.width, c.height);
  AttentionLayoutNeeds needs;
  needs.scale = c.scale;
  needs.lineHeight = 14 * c.scale;
  needs.titleHeight = 18 * c.scale;
  needs.rowLabelWidth = 90 * c.scale;
  needs.columnLabelHeight = 80 * c.scale;
  needs.colorNumberWidth = 40 * c.scale;
  needs.heads = c.heads;
  needs.headsPerGroup = c.perGroup;
  const AttentionLayout layout = layoutAttention(area, needs);

  std::vector<QRectF> parts{layout.matrix,   layout.rowLabels,    layout.columnLabels, layout.newBar,
                            layout.colorBar, layout.colorNumbers, layout.title,        layout.subtitle,
                            layout.legend,   layout.readout,      layout.beside};
  parts.insert(parts.end(), layout.head.begin(), layout.head.end());
  parts.insert(parts.end(), layout.headLabel.begin(), layout.headLabel.end());
  parts.insert(parts.end(), layout.groupLabel.begin(), layout.groupLabel.end());
  std::erase_if(parts, [](const QRectF& r) { return r.isEmpty(); });
  const double slack = 0.51;  // thumbnails are rounded down to whole pixels
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_TRUE(area.adjusted(-slack, -slack, slack, slack).contains(parts[i])) << i;
    for (std::size_t j = i + 1; j < parts.size(); ++j) {
      const QRectF common = parts[i].intersected(parts[j]);
      EXPECT_TRUE(common.width() < slack || common.height() < slack) << i << " and " << j;
    }
  }
  EXPECT_EQ(layout.head.size(), layout.headLabel.size());
  if (!layout.head.empty()) {
    EXPECT_EQ(layout.head.size(), static_cast<std::size_t>(c.heads));
    EXPECT_EQ(layout.group.size(), c.perGroup > 1 ? static_cast<std::size_t>(c.heads / c.perGroup) : 0u);
    for (const QRectF& r : layout.head) EXPECT_EQ(r.width(), r.height());
  }
  if (c.height >= 120 * c.scale && c.width >= 1.2 * c.height) {
    EXPECT_GE(layout.matrix.width(), 0.5 * c.height) << "half of the height, where the width allows it";
  }
  if (c.width >= 600 * c.scale && c.height >= 500 * c.scale) {
    EXPECT_GE(layout.matrix.width(), 0.4 * std::min(c.width, c.height));
    EXPECT_EQ(layout.head.empty(), c.heads == 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Areas, AttentionLayoutTest,
                         testing::Values(LayoutCase{600, 500, 1, 8, 4}, LayoutCase{1024, 640, 1, 8, 1},
                                         LayoutCase{1440, 900, 1, 32, 8}, LayoutCase{500, 900, 1, 12, 1},
                                         LayoutCase{2560, 1440, 1.5, 8, 8}, LayoutCase{1280, 720, 2.5, 8, 2},
                                         LayoutCase{640, 480, 1, 1, 1}, LayoutCase{240, 200, 1, 8, 1},
                                         LayoutCase{420, 330, 1, 8, 4}, LayoutCase{3000, 300, 1, 16, 4},
                                         LayoutCase{770, 210, 2.5, 8, 4}, LayoutCase{270, 480, 1, 8, 4}));

TEST(AttentionLayout, SurvivesAreasWithoutRoom) {
  for (const QRectF& area :
       {QRectF(0, 0, 1, 1), QRectF(0, 0, 5, 500), QRectF(0, 0, 500, 3), QRectF(0, 0, 0, 0)}) {
    AttentionLayoutNeeds needs;
    needs.heads = 8;
    const AttentionLayout layout = layoutAttention(area, needs);
    EXPECT_TRUE(layout.head.empty());
  }
}

}  // namespace
}  // namespace decodescope
