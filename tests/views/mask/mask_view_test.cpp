#include "views/mask/mask_view.h"

#include "core/attention/derive.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

namespace decodescope::test {
namespace {

Selection at(const RunSnapshotPtr& run, int step, int head = 0) {
  Selection s;
  s.step = StepIndex{step};
  s.head = HeadIndex{head};
  s.query = Position{run->tokensSeenAt(s.step) - 1};
  return s;
}

TEST(MaskView, ShowsTheRunsOwnWeights) {
  const LoadedModelPtr model = wordyModel({.layers = 2, .heads = 4, .kvHeads = 2});
  const RunSnapshotPtr run = randomRun(model, 30, 3);
  MaskModel mask;
  for (int head = 0; head < 4; ++head) {
    mask.present(shownRun(sessionOf(run), at(run, 1, head)), {});
    ASSERT_TRUE(mask.ready());
    ASSERT_EQ(mask.tokens(), 30);
    EXPECT_LE(mask.strategies().maxDifference, 1e-6);
    for (int q = 0; q < 30; ++q) {
      const std::vector<float> row = attentionRow(model->config(), run->positions, LayerIndex{0},
                                                  HeadIndex{head}, Position{q}, ScoreStage::weight);
      const CellGrid weights = mask.panel(MaskModel::weights);
      for (int k = 0; k <= q; ++k) EXPECT_NEAR(weights.value(q, k), row[static_cast<std::size_t>(k)], 1e-6);
      EXPECT_FALSE(weights.hasValue(q, q + 1));
      EXPECT_NEAR(mask.leak(q) + mask.strategies().rowSum(mask.strategies().zeroed, q), 1, 1e-5);
    }
    EXPECT_NEAR(mask.leak(29), 0, 1e-12);
  }
}

TEST(MaskView, SaysThatASingleRowNeedsNoMask) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 6, 4);
  MaskView view;
  view.present(sessionOf(run), at(run, 1));
  EXPECT_FALSE(view.model().singleRow());
  EXPECT_TRUE(view.model().note().isEmpty());
  EXPECT_EQ(view.model().newRow().rows, 0);

  view.present(sessionOf(run), at(run, 3));
  EXPECT_TRUE(view.model().singleRow());
  EXPECT_TRUE(view.model().note().contains("nothing to mask"));
  EXPECT_TRUE(view.description().contains("nothing to mask"));
  EXPECT_EQ(view.model().tokens(), 6) << "the prompt's rows are shown";
  const CellGrid row = view.model().newRow();
  ASSERT_EQ(row.columns, 8);
  float sum = 0;
  for (int k = 0; k < 8; ++k) sum += row.value(0, k);
  EXPECT_NEAR(sum, 1, 1e-5);

  ASSERT_TRUE(view.setOption("rows", "all"));
  EXPECT_EQ(view.model().tokens(), 8);
}

TEST(MaskView, AllRowsWithoutACache) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 6, 4, false);
  MaskView view;
  view.present(sessionOf(run), at(run, 3));
  EXPECT_FALSE(view.model().singleRow());
  EXPECT_EQ(view.model().tokens(), 8);
}

TEST(MaskView, RowLinesFollowTheLecture) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 6, 1);
  MaskView view;
  Selection s = at(run, 1);
  s.query = Position{2};
  view.present(sessionOf(run), s);
  auto lines = view.model().rowLines();
  ASSERT_EQ(lines.size(), 6u);
  for (const auto& line : lines) EXPECT_EQ(line.grid.columns, 6);
  EXPECT_EQ(lines[1].sum, "1.000");
  EXPECT_EQ(lines[3].sum, "1.000");
  EXPECT_EQ(lines[5].sum, "1.000");
  EXPECT_LT(lines[2].sum.toDouble(), 1);
  EXPECT_EQ(lines[2].grid.value(0, 3), 0);
  EXPECT_GT(lines[1].grid.value(0, 3), 0);
  EXPECT_EQ(lines[4].grid.value(0, 3), -std::numeric_limits<float>::infinity());
  for (int k = 0; k < 6; ++k) EXPECT_NEAR(lines[3].grid.value(0, k), lines[5].grid.value(0, k), 1e-6);

  ASSERT_TRUE(view.setOption("dropout", "0.5"));
  lines = view.model().rowLines();
  ASSERT_EQ(lines.size(), 7u);
  for (int k = 0; k < 3; ++k) {
    const float dropped = lines[6].grid.value(0, k);
    if (dropped != 0) EXPECT_NEAR(dropped, 2 * lines[5].grid.value(0, k), 1e-6);
  }
  EXPECT_TRUE(view.model().subtitle().join(" ").contains("training only"));
}

TEST(MaskView, ALaneWithoutAMaskShowsItsLeak) {
  RunSettings settings;
  settings.rules.causalMask = false;
  const LoadedModelPtr model = wordyModel({});
  Result<Lane> lane = Lane::start(model, settings, {TokenId{4}, TokenId{9}, TokenId{12}, TokenId{5}}, {});
  ASSERT_TRUE(lane.ok());
  lane.value().step();
  lane.value().step();
  const RunSnapshotPtr run = lane.value().snapshot();
  Selection s = at(run, 2);
  s.query = Position{1};
  MaskModel mask;
  mask.present(shownRun(sessionOf(run), s), {});
  ASSERT_TRUE(mask.ready());
  EXPECT_TRUE(mask.maskOff());
  EXPECT_EQ(mask.tokens(), 5);
  EXPECT_TRUE(mask.note().contains("no causal mask"));
  EXPECT_GT(mask.leak(1), 0);
  EXPECT_EQ(mask.panel(MaskModel::softmaxAll).beyond, BeyondDiagonal::values);
  const std::vector<float> row = attentionRow(model->config(), run->tracesAt(StepIndex{2}), LayerIndex{0},
                                              HeadIndex{0}, Position{1}, ScoreStage::weight);
  ASSERT_EQ(row.size(), 5u);
  for (int k = 0; k < 5; ++k)
    EXPECT_NEAR(mask.panel(MaskModel::softmaxAll).value(1, k), row[static_cast<std::size_t>(k)], 1e-6);
}

TEST(MaskView, RefusesWhatIsNoSetting) {
  MaskView view;
  EXPECT_FALSE(view.setOption("dropout", "0.3"));
  EXPECT_FALSE(view.setOption("rows", "none"));
  EXPECT_FALSE(view.setOption("mask", "off"));
}

TEST(MaskView, TablesHoldTheMatrices) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 6, 1);
  MaskView view;
  EXPECT_TRUE(view.tables().empty());
  view.present(sessionOf(run), at(run, 1));
  EXPECT_EQ(view.tables().size(), 7u);
  view.setOption("dropout", "0.1");
  EXPECT_EQ(view.tables().size(), 8u);
  for (const NamedTable& table : view.tables()) {
    EXPECT_EQ(table.shape, (std::vector<int>{6, 6}));
    EXPECT_EQ(table.values.size(), 36u);
  }
}

TEST(MaskView, PointingTellsWhatWasNeverComputed) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 8, 1);
  MaskView view;
  view.present(sessionOf(run), at(run, 1));
  painted(view, {1200, 800}, Theme::makeLight());
  bool never = false, masked = false;
  for (int y = 0; y < 800; y += 5) {
    for (int x = 0; x < 1200; x += 5) {
      const auto hit = view.hitTest(QPointF(x, y));
      if (!hit) continue;
      EXPECT_LT(hit->hovered.query.value, 8);
      never = never || hit->toolTip.contains("never computed");
      masked = masked || hit->toolTip.contains("masked");
      if (hit->toolTip.contains("never computed")) {
        EXPECT_GT(hit->hovered.key, hit->hovered.query);
      }
    }
  }
  EXPECT_TRUE(never);
  EXPECT_TRUE(masked);
}

TEST(MaskView, SaysWhatIsNotStored) {
  auto run = std::make_shared<RunSnapshot>(*randomRun(wordyModel({}), 6, 1));
  run->positions[2].reset();
  MaskView view;
  view.present(sessionOf(run), at(run, 1));
  EXPECT_FALSE(view.model().ready());
  EXPECT_TRUE(view.description().contains("stored"));
  EXPECT_TRUE(view.tables().empty());
  EXPECT_EQ(untouchedPixels(painted(view, {600, 400}, Theme::makeLight())), 0);
}

TEST(MaskView, FillsItsAreaWithDropoutAndAllRows) {
  const LoadedModelPtr model = wordyModel({});
  for (const RunSnapshotPtr& run :
       {randomRun(model, 1, 1), randomRun(model, 5, 3), randomRun(model, 200, 1)}) {
    MaskView view;
    view.setOption("dropout", "0.5");
    view.setOption("rows", "all");
    view.present(sessionOf(run), at(run, run->stepCount()));
    for (const QSize size : {QSize(320, 240), QSize(500, 900), QSize(1024, 700), QSize(2560, 1440)}) {
      for (const double scale : {1.0, 2.5}) {
        const QImage image = painted(view, size, Theme::makeDark(scale));
        EXPECT_EQ(untouchedPixels(image), 0);
        EXPECT_GE(colorCount(image, 6), 6);
      }
    }
  }
}

TEST(MaskView, AWindowHidesOlderKeysAsTheMaskHidesLaterOnes) {
  const LoadedModelPtr whole = wordyModel({.layers = 2, .heads = 4, .kvHeads = 2});
  const RunSnapshotPtr run = randomRun(deriveSlidingWindow(whole, 3).value(), 8, 1);
  Selection s;
  s.step = StepIndex{1};
  s.query = Position{7};
  MaskModel model;
  model.present(shownRun(sessionOf(run), s), {});
  ASSERT_TRUE(model.ready());
  EXPECT_EQ(model.window(), 3);
  double outside = 0;
  for (int key = 0; key < 8; ++key) {
    EXPECT_EQ(model.hides(7, key), key < 5);
    EXPECT_EQ(model.hides(4, key), key < 2 || key > 4);
    if (key < 5)
      outside += static_cast<double>(model.strategies().softmaxAll[7 * 8 + static_cast<std::size_t>(key)]);
  }
  EXPECT_NEAR(model.leak(7), outside, 1e-9);
  EXPECT_GT(model.leak(7), 0);
  EXPECT_TRUE(model.readout().contains("outside its window of 3"));
  EXPECT_TRUE(model.toolTip(MaskModel::weights, 7, 2).contains("before the query's window"));
  EXPECT_FALSE(model.toolTip(MaskModel::weights, 7, 6).contains("masked"));
}

/// Also where the matrices have fewer dots than cells: none lies upon another.
TEST(MaskView, MatricesAreAsWideAsEachOther) {
  for (const int tokens : {5, 300}) {
    const RunSnapshotPtr run = randomRun(wordyModel({}), tokens, 1);
    MaskView view;
    view.present(sessionOf(run), at(run, 1));
    painted(view, QSize(1024, 700), Theme::makeLight());
    std::map<QString, int> widths;
    for (int x = 0; x < 1024; ++x) {
      const std::optional<Hit> hit = view.hitTest(QPointF(x, 110));
      if (hit) ++widths[hit->toolTip.section('\n', 2).section(':', 0, 0)];
    }
    ASSERT_EQ(widths.size(), 4u) << tokens;
    for (const auto& [name, width] : widths)
      EXPECT_NEAR(width, widths.begin()->second, 2) << qPrintable(name) << " of " << tokens;
  }
}

/// What the run computed is explained by the trace; everything else by what the view made it from.
TEST(MaskView, ExplainsWhatNoRunComputes) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 7, 1);
  MaskModel model;
  model.present(shownRun(sessionOf(run), at(run, 1)), {.dropout = 0.5});
  for (const auto panel :
       {MaskModel::scores, MaskModel::softmaxAll, MaskModel::zeroed, MaskModel::renormalised,
        MaskModel::masked, MaskModel::weights, MaskModel::difference, MaskModel::dropout}) {
    for (int q = 0; q < 7; ++q) {
      for (int k = 0; k < 7; ++k) {
        const std::optional<Explanation> e = model.explanation(panel, q, k);
        const bool isRuns = panel == MaskModel::masked || panel == MaskModel::weights ||
                            (panel == MaskModel::scores && k <= q);
        const bool isShown = k <= q || panel == MaskModel::scores || panel == MaskModel::softmaxAll;
        ASSERT_EQ(e.has_value(), isShown && !isRuns) << panel << " " << q << " " << k;
        if (!e) continue;
        EXPECT_EQ(e->traced, static_cast<double>(model.panel(panel).value(q, k)));
        EXPECT_NEAR(e->recomputed, e->traced, 1e-5 * std::max(1.0, std::abs(e->traced))) << e->filled;
      }
    }
  }
}

}  // namespace
}  // namespace decodescope::test
