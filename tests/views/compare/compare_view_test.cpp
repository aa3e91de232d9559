#include "views/compare/compare_view.h"

#include "core/cost/decode_cost.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

SessionSnapshot twoLanes() {
  SessionSnapshot session = sessionOf(randomRun(wordyModel({.heads = 8, .kvHeads = 8}), 6, 4));
  LaneSnapshot other;
  other.laneId = 9;
  other.label = "fewer heads";
  other.run = randomRun(wordyModel({.heads = 8, .kvHeads = 2}), 6, 4);
  session.lanes.push_back(other);
  return session;
}

Selection atStep(int step, int lane = 0) {
  Selection s;
  s.step = StepIndex{step};
  s.lane = lane;
  return s;
}

std::shared_ptr<LaneMeasures> measuresOf(const SessionSnapshot& session, std::size_t lane) {
  auto measures = std::make_shared<LaneMeasures>();
  LaneMeasure measure;
  measure.laneId = session.lanes[lane].laneId;
  measure.model = session.lanes[lane].run->model;
  measure.settings = session.lanes[lane].run->settings;
  measure.promptLength = session.lanes[lane].run->promptLength;
  measures->lanes.push_back(measure);
  return measures;
}

TEST(CompareView, NumbersAreTheConfigurationsAndTheCounters) {
  CompareView view;
  const SessionSnapshot session = twoLanes();
  view.present(session, atStep(3));
  ASSERT_EQ(view.model().lanes().size(), 2u);
  const NamedTable table = view.tables().front();
  EXPECT_EQ(table.shape, (std::vector<int>{2, 14}));
  for (std::size_t lane = 0; lane < 2; ++lane) {
    const RunSnapshot& run = *session.lanes[lane].run;
    const ModelConfig& config = run.model->config();
    const float* row = table.values.data() + lane * 14;
    EXPECT_EQ(row[0], 8.0f);
    EXPECT_EQ(row[1], lane == 0 ? 8.0f : 2.0f);
    EXPECT_EQ(row[2], static_cast<float>(config.headDim));
    EXPECT_TRUE(std::isnan(row[3]));
    EXPECT_EQ(row[5] * 0x1p24f + row[6], static_cast<float>(run.model->model->layout().parameterCount()));
    EXPECT_EQ(row[7], static_cast<float>(kvCacheBytes(config, 9) - kvCacheBytes(config, 8)));
    EXPECT_EQ(row[8] * 0x1p24f + row[9], static_cast<float>(run.steps[2].counters.macs()));
    EXPECT_TRUE(std::isnan(row[10]));
    EXPECT_TRUE(std::isnan(row[13]));
  }
  EXPECT_EQ(view.beyondCommand(), QString());
}

TEST(CompareView, WithoutTheCacheNothingIsKept) {
  CompareView view;
  SessionSnapshot session = sessionOf(randomRun(wordyModel({}), 4, 3, false));
  view.present(session, atStep(3));
  EXPECT_EQ(view.model().lanes()[0].cells[CompareModel::kCache].below, QStringLiteral("cache off"));
  EXPECT_EQ(view.tables().front().values[7], 0.0f);
}

TEST(CompareView, ACardsSeedsAreTold) {
  CompareView view;
  SessionSnapshot session = sessionOf(randomRun(wordyModel({}), 4, 3));
  auto run = std::make_shared<RunSnapshot>(*session.lanes[0].run);
  auto model = std::make_shared<LoadedModel>(*run->model);
  model->card.heldOutLoss = 0.25;
  model->card.heldOutText = "200 tales";
  model->card.seedLosses = {{3, 0.25}};
  run->model = model;
  session.lanes[0].run = run;
  view.present(session, atStep(3));
  const auto cell = [&] { return view.model().lanes()[0].cells[CompareModel::kLoss]; };
  EXPECT_EQ(cell().text, QStringLiteral("0.2500"));
  EXPECT_EQ(cell().below, QStringLiteral("one seed"));
  model->card.seedLosses = {{3, 0.25}, {4, 0.35}, {5, 0.45}};
  view.present(session, atStep(3));
  EXPECT_EQ(cell().text, QStringLiteral("0.3500"));
  EXPECT_EQ(cell().below, QStringLiteral("± 0.1000, 3 seeds"));
}

TEST(CompareView, WhatIsNotKnownIsOfferedWhatRunsCanBeStopped) {
  CompareView view;
  SessionSnapshot session = twoLanes();
  view.present(session, atStep(3));
  const auto time = [&] { return view.model().lanes()[1].cells[CompareModel::kTime]; };
  EXPECT_EQ(time().measures, std::optional(true));
  const auto measures = measuresOf(session, 1);
  measures->lanes[0].state = MeasureState::running;
  measures->lanes[0].isTimed = true;
  measures->lanes[0].progress = 0.42;
  session.measures = measures;
  view.present(session, atStep(3));
  EXPECT_EQ(time().measures, std::optional(false));
  EXPECT_EQ(time().text, QStringLiteral("42 %"));
  measures->lanes[0].pace = MeasuredPace{2.5e6, 64};
  measures->lanes[0].state = MeasureState::finished;
  view.present(session, atStep(3));
  EXPECT_EQ(time().text, QStringLiteral("2.50 ms"));
  EXPECT_EQ(time().measures, std::nullopt);
  EXPECT_NE(view.beyondCommand(), QString());
  // With other settings the time says nothing.
  measures->lanes[0].settings.kvCache = false;
  view.present(session, atStep(3));
  EXPECT_EQ(time().measures, std::optional(true));
}

TEST(CompareView, TellsWhatDerivingDid) {
  CompareView view;
  SessionSnapshot session = twoLanes();
  const auto measures = measuresOf(session, 1);
  MeasuredDamage damage;
  damage.source = {0.5, 100};
  damage.sameLikeliest = 0.4;
  measures->lanes[0].loss = MeasuredLoss{2.0, 100};
  measures->lanes[0].damage = damage;
  measures->lanes[0].alike = {{"tales-gqa", {}}};
  measures->lanes[0].alike[0].card.heldOutLoss = 0.3;
  measures->lanes[0].state = MeasureState::finished;
  session.measures = measures;
  view.present(session, atStep(3));
  const CompareModel::Lane& lane = view.model().lanes()[1];
  EXPECT_EQ(lane.cells[CompareModel::kLoss].text, QStringLiteral("2.0000"));
  EXPECT_EQ(lane.cells[CompareModel::kLoss].below, QStringLiteral("+1.5000 by deriving"));
  const QString told = lane.damage.join(QLatin1Char('\n'));
  EXPECT_TRUE(told.contains(QStringLiteral("40.0 %"))) << told.toStdString();
  EXPECT_TRUE(told.contains(QStringLiteral("tales-gqa: 0.3000"))) << told.toStdString();
}

TEST(CompareView, AClickSelectsALaneOrMeasures) {
  CompareView view;
  const SessionSnapshot session = twoLanes();
  view.present(session, atStep(3));
  for (const QSize size : {QSize(1400, 500), QSize(420, 700)}) {
    painted(view, size, Theme::makeLight());
    EXPECT_EQ(view.table().lanesAreRows(), size.width() > size.height());
    int names = 0, measures = 0;
    for (const CompareTable::Place& place : view.table().places()) {
      EXPECT_TRUE(QRectF(QPointF(), size).contains(place.area.center()));
      const auto hit = view.hitTest(place.area.center());
      if (!hit || place.lane < 0) continue;
      EXPECT_EQ(hit->clicked->lane, place.lane);
      EXPECT_FALSE(hit->locks);
      names += place.column < 0 ? 1 : 0;
      measures += hit->measures == true ? 1 : 0;
    }
    EXPECT_EQ(names, 2);
    EXPECT_EQ(measures, 4);  // loss and time of both
    const bool rows = view.table().lanesAreRows();
    EXPECT_EQ(view.moved(atStep(3), rows ? 0 : 1, rows ? 1 : 0).lane, 1);
  }
}

/// A lecture hall: the window at 200 % on a 1280 × 720 projector.
TEST(CompareView, LettersAreLargeAtTwiceTheSize) {
  CompareView view;
  SessionSnapshot session = twoLanes();
  session.lanes.push_back(session.lanes[0]);
  session.lanes.push_back(session.lanes[1]);
  view.present(session, atStep(3));
  const Theme theme = Theme::makeLight(2.0);
  painted(view, QSize(1270, 430), theme);
  EXPECT_GE(theme.px(view.table().letterPixels()), 20);
}

}  // namespace
}  // namespace decodescope::test
