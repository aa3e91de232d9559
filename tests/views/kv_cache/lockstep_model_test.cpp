#include "views/kv_cache/lockstep_model.h"

#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/kv_cache/kv_cache_view.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

SessionSnapshot lockstep(int prompt, int steps, bool both = true) {
  const LoadedModelPtr model = wordyModel({.layers = 2, .heads = 4, .kvHeads = 2});
  SessionSnapshot session = sessionOf(randomRun(model, prompt, steps));
  if (both) session.lanes.push_back({1, "cache off", randomRun(model, prompt, steps, false)});
  return session;
}

Selection at(int step, int layer = 0) {
  Selection s;
  s.step = StepIndex{step};
  s.layer = LayerIndex{layer};
  return s;
}

/// Score cells a head that the kernels counted in the lane's step.
std::uint64_t countedCells(const KvLockstepLane& lane) {
  const ModelConfig& config = lane.lane().run->model->config();
  return lane.lane().record().counters.attentionMacs /
         static_cast<std::uint64_t>(2 * config.numHiddenLayers * config.queryWidth());
}

TEST(KvLockstep, WithTheCacheOneRowIsNewAndTheOthersAreReused) {
  KvLockstepModel model;
  model.present(lockstep(5, 4), at(4));
  ASSERT_EQ(model.lanes().size(), 2u);
  const KvLockstepLane &on = model.lanes()[0], &off = model.lanes()[1];
  EXPECT_EQ(on.tokens(), 8);
  for (int p = 0; p < 7; ++p) {
    EXPECT_EQ(on.row(KvMatrix::k, p), KvCellState::reused);
    EXPECT_EQ(on.row(KvMatrix::v, p), KvCellState::reused);
    EXPECT_EQ(on.row(KvMatrix::q, p), KvCellState::absent);
    EXPECT_EQ(on.row(KvMatrix::context, p), KvCellState::absent);
    for (const KvMatrix matrix : {KvMatrix::q, KvMatrix::k, KvMatrix::scores, KvMatrix::v, KvMatrix::context})
      EXPECT_EQ(off.row(matrix, p), KvCellState::repeated);
    EXPECT_EQ(on.score(7, p), KvCellState::added);
    EXPECT_EQ(on.score(p, 0), KvCellState::absent);
    EXPECT_EQ(off.score(p, p), KvCellState::repeated);
    EXPECT_EQ(off.score(p, 7), KvCellState::absent) << "masked";
  }
  EXPECT_EQ(on.row(KvMatrix::q, 7), KvCellState::added);
  EXPECT_EQ(off.row(KvMatrix::k, 7), KvCellState::added);
}

TEST(KvLockstep, CellsAreThoseThatTheKernelsCounted) {
  const SessionSnapshot session = lockstep(5, 30);
  KvLockstepModel model;
  for (int step = 1; step <= 30; ++step) {
    for (const int layer : {0, 1}) {
      model.present(session, at(step, layer));
      ASSERT_EQ(model.lanes().size(), 2u);
      for (const KvLockstepLane& lane : model.lanes()) {
        EXPECT_EQ(lane.computed(KvMatrix::scores), countedCells(lane)) << "step " << step;
        EXPECT_EQ(lane.computed(KvMatrix::q), static_cast<std::uint64_t>(lane.lane().record().rowsComputed));
        EXPECT_EQ(lane.computed(KvMatrix::k), static_cast<std::uint64_t>(lane.lane().record().rowsComputed));
      }
    }
  }
}

TEST(KvLockstep, InTheLastLayerOnlyTheLastTokensContextIsRead) {
  KvLockstepModel model;
  model.present(lockstep(5, 4), at(1, 1));
  const KvLockstepLane& lane = model.lanes()[0];
  EXPECT_EQ(lane.row(KvMatrix::context, 2), KvCellState::unused);
  EXPECT_EQ(lane.row(KvMatrix::k, 2), KvCellState::added) << "later steps read it";
  EXPECT_EQ(lane.row(KvMatrix::context, 4), KvCellState::added);
  EXPECT_TRUE(model.note().contains("Last layer"));
  model.present(lockstep(5, 4), at(1, 0));
  EXPECT_EQ(model.lanes()[0].row(KvMatrix::context, 2), KvCellState::added) << "the next layer reads it";
  EXPECT_FALSE(model.note().contains("Last layer"));
}

TEST(KvLockstep, OneLaneSaysHowToAddTheOther) {
  KvLockstepModel model;
  model.present(lockstep(5, 4, false), at(4));
  EXPECT_EQ(model.lanes().size(), 1u);
  EXPECT_TRUE(model.note().contains("Compare"));
  EXPECT_EQ(model.tables().size(), 1u);
}

TEST(KvLockstep, ACellIsHitWhereItStands) {
  KvCacheView view;
  ASSERT_TRUE(view.setOption("show", "lockstep"));
  view.present(lockstep(5, 4), at(4));
  painted(view, {900, 600}, Theme::makeLight());
  ASSERT_EQ(view.lockstepPicture().bands().size(), 2u);
  const KvEquationLayout& band = view.lockstepPicture().bands()[1];
  const std::optional<Hit> cell =
      view.hitTest(band.scores.topLeft() + QPointF(2.5 * band.cell, 6.5 * band.cell));
  ASSERT_TRUE(cell);
  EXPECT_EQ(cell->hovered.query, Position{6});
  EXPECT_EQ(cell->hovered.key, Position{2});
  EXPECT_TRUE(cell->toolTip.contains("q·k/√d"));
  const std::optional<Hit> key = view.hitTest(band.k.topLeft() + QPointF(3.5 * band.cell, 2));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->hovered.key, Position{3});
}

TEST(KvLockstep, MatricesStandInsideTheArea) {
  for (const QSize size : {QSize(500, 420), QSize(900, 600), QSize(420, 900), QSize(1600, 500)}) {
    for (const int steps : {1, 30, 300}) {
      KvCacheView view;
      view.setOption("show", "lockstep");
      view.present(lockstep(3, steps), at(steps));
      painted(view, size, Theme::makeLight());
      for (const KvEquationLayout& band : view.lockstepPicture().bands()) {
        for (const QRectF& box : {band.q, band.k, band.scores, band.v, band.context, band.history}) {
          if (box.isNull()) continue;
          EXPECT_TRUE(QRectF(QPointF(0, 0), QSizeF(size)).contains(box)) << size.width() << ", " << steps;
        }
        EXPECT_FALSE(band.scores.intersects(band.k));
        EXPECT_FALSE(band.scores.intersects(band.v));
        EXPECT_NEAR(band.k.width(), band.scores.width(), 1e-9);
        EXPECT_NEAR(band.q.height(), band.scores.height(), 1e-9);
      }
    }
  }
}

}  // namespace
}  // namespace decodescope::test
