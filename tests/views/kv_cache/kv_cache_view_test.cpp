#include "views/kv_cache/kv_cache_view.h"

#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

TEST(KvCacheView, BlocksStandApartInsideTheArea) {
  struct Case {
    QSize size;
    double scale;
    RandomModelShape shape;
  };
  for (const Case& c : {Case{{900, 600}, 1, {.layers = 3, .heads = 8, .kvHeads = 2}},
                        Case{{480, 800}, 1, {.layers = 2, .heads = 8, .kvHeads = 8}},
                        Case{{1280, 720}, 2.5, {.layers = 3, .heads = 4, .kvHeads = 1}},
                        Case{{300, 240}, 1, {.layers = 6, .heads = 16, .kvHeads = 16, .headDim = 2}},
                        Case{{240, 180}, 1, {.layers = 2, .heads = 8, .kvHeads = 4}}}) {
    KvCacheView view;
    const SessionSnapshot session = sessionOf(randomRun(wordyModel(c.shape), 100, 3));
    Selection s;
    s.step = StepIndex{3};
    view.present(session, s);
    painted(view, c.size, Theme::makeLight(c.scale));
    const KvCacheLayout& layout = view.layout();
    const QRectF area(QPointF(0, 0), QSizeF(c.size));
    for (int l = 0; l < c.shape.layers; ++l) {
      for (int g = 0; g < c.shape.kvHeads; ++g) {
        const QRectF b = layout.block(l, g);
        EXPECT_GE(b.width(), 1);
        EXPECT_GE(b.height(), 1);
        EXPECT_TRUE(area.contains(b)) << c.size.width() << ": " << l << ", " << g;
        EXPECT_FALSE(layout.panel.intersects(b));
        EXPECT_FALSE(layout.legend.intersects(b));
        if (l > 0) {
          EXPECT_GT(b.top(), layout.block(l - 1, g).bottom());
        }
        if (g > 0) {
          EXPECT_GT(b.left(), layout.block(l, g - 1).right());
        }
        EXPECT_NEAR(layout.keys(l, g).height(), layout.values(l, g).height(), 1e-9);
        EXPECT_NEAR(layout.values(l, g).bottom(), b.bottom(), 1e-9);
      }
    }
  }
}

TEST(KvCacheView, AClickChoosesLayerAndAHeadThatReadsTheBlock) {
  KvCacheView view;
  const SessionSnapshot session =
      sessionOf(randomRun(wordyModel({.layers = 3, .heads = 8, .kvHeads = 2}), 10, 3));
  Selection s;
  s.step = StepIndex{3};
  s.head = HeadIndex{6};
  view.present(session, s);
  painted(view, QSize(900, 600), Theme::makeLight());
  const QRectF key = view.layout().keys(2, 1), value = view.layout().values(2, 0);
  const double column = key.width() / view.model().capacity();
  std::optional<Hit> hit = view.hitTest(key.topLeft() + QPointF(4.5 * column, 3));
  ASSERT_TRUE(hit && hit->clicked);
  EXPECT_EQ(hit->hovered.layer, LayerIndex{0}) << "pointing moves the position only";
  EXPECT_EQ(hit->hovered.key, Position{4});
  EXPECT_EQ(hit->clicked->layer, LayerIndex{2});
  EXPECT_EQ(hit->clicked->head, HeadIndex{6}) << "it reads this block already";
  EXPECT_EQ(hit->clicked->site, Site::kProj);
  hit = view.hitTest(value.topLeft() + QPointF(4.5 * column, 3));
  ASSERT_TRUE(hit && hit->clicked);
  EXPECT_EQ(hit->clicked->head, HeadIndex{0});
  EXPECT_EQ(hit->clicked->site, Site::vProj);
}

TEST(KvCacheView, ArrowsMoveThroughPositionsAndLayers) {
  const KvCacheView view;
  Selection s;
  s.layer = LayerIndex{1};
  s.key = Position{2};
  EXPECT_EQ(view.moved(s, 1, 0).key, Position{3});
  EXPECT_EQ(view.moved(s, 0, -1).layer, LayerIndex{0});
  EXPECT_EQ(view.moved(s, 0, -1).query, s.query);
}

}  // namespace
}  // namespace decodescope::test
