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

TEST(KvCacheView, OffersToStrikeOutRowsHeadsAndGroups) {
  KvCacheView view;
  const SessionSnapshot session =
      sessionOf(randomRun(wordyModel({.layers = 3, .heads = 8, .kvHeads = 2}), 10, 3));
  Selection s;
  s.step = StepIndex{3};
  s.layer = LayerIndex{1};
  view.present(session, s);
  for (const bool strikes : {false, true}) {
    ASSERT_TRUE(view.setOption("click", strikes ? "strikes" : "selects"));
    painted(view, QSize(900, 600), Theme::makeLight());
    const QRectF key = view.layout().keys(2, 1);
    const double column = key.width() / view.model().capacity();
    const std::optional<Hit> row = view.hitTest(key.topLeft() + QPointF(4.5 * column, 3));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->strikesOnClick, strikes);
    ASSERT_EQ(row->strikes.size(), 2u);
    EXPECT_EQ(row->strikes[0].rows,
              (std::vector<AttentionRules::StruckRow>{{LayerIndex{2}, KvHeadIndex{1}, Position{4}}}));
    EXPECT_EQ(row->strikes[1].heads.size(), 4u);
    EXPECT_EQ(row->strikes[1].heads[0], (AttentionRules::StruckHead{LayerIndex{2}, HeadIndex{4}}));
    // Not reached yet: no row to strike.
    const std::optional<Hit> empty = view.hitTest(key.topLeft() + QPointF(14.5 * column, 3));
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->strikes.size(), 1u);
    EXPECT_FALSE(empty->strikesOnClick);
    // The names above: query heads one by one, and the group, in the selected layer.
    const QRectF readers = view.layout().readerLabels[1], group = view.layout().columnLabels[1];
    const std::optional<Hit> all = view.hitTest(group.center());
    ASSERT_TRUE(all);
    ASSERT_EQ(all->strikes.size(), 1u);
    EXPECT_EQ(all->strikes[0].heads.size(), 4u);
    EXPECT_EQ(all->strikes[0].heads[0].layer, LayerIndex{1});
    std::vector<int> heads;
    for (double x = readers.left(); x < readers.right(); x += 3) {
      const std::optional<Hit> one = view.hitTest(QPointF(x, readers.top() + 4));
      if (!one || one->strikes.size() != 2) continue;
      ASSERT_EQ(one->strikes[0].heads.size(), 1u);
      EXPECT_EQ(one->clicked->head, one->strikes[0].heads[0].head);
      if (heads.empty() || heads.back() != one->clicked->head.value)
        heads.push_back(one->clicked->head.value);
    }
    EXPECT_EQ(heads, (std::vector<int>{4, 5, 6, 7}));
  }
}

TEST(KvCacheView, StruckRowsAndHeadsAreCrossedOutFromTheirStepOn) {
  const RunSnapshotPtr plain = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 10, 3);
  RunSettings settings = plain->settings;
  settings.rules.struckRows.push_back({LayerIndex{1}, KvHeadIndex{0}, Position{4}, Position{12}});
  settings.rules.struckHeads.push_back({LayerIndex{0}, HeadIndex{2}, Position{12}});
  Lane lane = Lane::branch(*plain, StepIndex{2}, {}, settings, {});
  while (lane.stepCount() < 4) lane.step();
  const SessionSnapshot session = sessionOf(lane.snapshot());
  KvCacheView view;
  Selection s;
  s.step = StepIndex{2};
  view.present(session, s);
  EXPECT_FALSE(view.model().anyStruck()) << "the step before";
  EXPECT_FALSE(view.model().headStruck(LayerIndex{0}, HeadIndex{2}));
  EXPECT_TRUE(view.model().struckRows(LayerIndex{1}, KvHeadIndex{0}).empty());
  s.step = StepIndex{4};
  view.present(session, s);
  EXPECT_TRUE(view.model().anyStruck());
  EXPECT_EQ(view.model().struckRows(LayerIndex{1}, KvHeadIndex{0}), (std::vector<int>{4}));
  EXPECT_TRUE(view.model().struckRows(LayerIndex{0}, KvHeadIndex{0}).empty());
  EXPECT_TRUE(view.model().headStruck(LayerIndex{0}, HeadIndex{2}));
  EXPECT_EQ(view.model().struckHeadsOf(LayerIndex{0}, KvHeadIndex{1}), 1);
  EXPECT_TRUE(view.model().toolTip(LayerIndex{1}, view.model().columns()[0], 4).contains("struck out"));
  const QImage crossed = painted(view, QSize(700, 500), Theme::makeLight());
  KvCacheView other;
  other.present(sessionOf(plain), s);
  const QRectF block = view.layout().block(1, 0);
  painted(other, QSize(700, 500), Theme::makeLight());
  EXPECT_EQ(other.layout().block(1, 0).left(), block.left());
  const QColor warning = Theme::makeLight().warning;
  int warned = 0;
  for (int x = static_cast<int>(block.left()); x < block.right(); ++x) {
    for (int y = static_cast<int>(block.top()); y < block.bottom(); ++y)
      warned += crossed.pixelColor(x, y) == warning ? 1 : 0;
  }
  EXPECT_GT(warned, 10);
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
