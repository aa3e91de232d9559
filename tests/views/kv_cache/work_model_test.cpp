#include "views/kv_cache/work_model.h"

#include "core/cost/decode_cost.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/kv_cache/kv_cache_view.h"
#include "views/lanes_view.h"

#include <QLocale>

#include <algorithm>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

SessionSnapshot twoLanes(int prompt, int steps) {
  const LoadedModelPtr model = wordyModel({.layers = 2, .heads = 4, .kvHeads = 2});
  SessionSnapshot session = sessionOf(randomRun(model, prompt, steps));
  session.lanes.push_back({1, "cache off", randomRun(model, prompt, steps, false)});
  return session;
}

Selection atStep(int step, int lane = 0) {
  Selection s;
  s.step = StepIndex{step};
  s.lane = lane;
  return s;
}

TEST(KvWorkModel, CurvesAreTheLanesOwnCountsAndTheFormulaIsBesideThem) {
  const SessionSnapshot session = twoLanes(5, 40);
  KvWorkModel model;
  model.present(session, atStep(40), {});
  ASSERT_EQ(model.lanes().size(), 2u);
  for (const KvLane& lane : model.lanes()) {
    for (const KvWorkPart part : {KvWorkPart::projections, KvWorkPart::attention}) {
      const std::vector<double> counted = model.counted(part, lane);
      ASSERT_EQ(counted.size(), 40u);
      for (std::size_t s = 0; s < counted.size(); ++s) {
        const Counters& counters = lane.run->steps[s].counters;
        EXPECT_EQ(counted[s], static_cast<double>(part == KvWorkPart::attention ? counters.attentionMacs
                                                                                : counters.projectionMacs));
      }
      EXPECT_EQ(model.formula(part, lane.cacheOn()), counted);
    }
  }
}

TEST(KvWorkModel, SumsAddTheStepsUp) {
  const SessionSnapshot session = twoLanes(5, 12);
  KvWorkModel model;
  model.present(session, atStep(9), {KvWorkSettings::Measure::macs, true});
  Counters with, without;
  for (std::size_t s = 0; s < 9; ++s) {
    with += session.lanes[0].run->steps[s].counters;
    without += session.lanes[1].run->steps[s].counters;
  }
  const std::vector<KvWorkModel::Row> rows = model.rows();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].with.value, with.projectionMacs);
  EXPECT_EQ(rows[1].without.value, without.attentionMacs);
  EXPECT_TRUE(rows[3].isSum);
  EXPECT_EQ(rows[3].with.value, with.macs());
  EXPECT_EQ(rows[3].without.value, without.macs());
  EXPECT_EQ(model.counted(KvWorkPart::attention, model.lanes()[1])[8],
            static_cast<double>(without.attentionMacs));
}

TEST(KvWorkModel, WithOneLaneTheOtherSettingIsTheFormulasAndSaysSo) {
  const SessionSnapshot both = twoLanes(5, 6);
  KvWorkModel alone, pair;
  alone.present(sessionOf(both.lanes[0].run), atStep(6), {});
  pair.present(both, atStep(6), {});
  EXPECT_TRUE(alone.note().contains("Compare"));
  EXPECT_TRUE(pair.note().isEmpty());
  for (std::size_t i = 0; i < alone.rows().size(); ++i) {
    const KvWorkModel::Row one = alone.rows()[i], two = pair.rows()[i];
    EXPECT_FALSE(one.with.isFormula);
    EXPECT_TRUE(one.without.isFormula);
    EXPECT_FALSE(two.without.isFormula);
    EXPECT_EQ(one.without.value, two.without.value);
  }
  EXPECT_TRUE(alone.readout().contains("formula"));
  // Times have no formula.
  alone.present(sessionOf(both.lanes[0].run), atStep(6), {KvWorkSettings::Measure::time, false});
  EXPECT_FALSE(alone.rows().front().without.known);
  EXPECT_TRUE(alone.formula(KvWorkPart::time, true).empty());
}

TEST(KvWorkModel, TellsTheLargestDifferences) {
  SessionSnapshot session = twoLanes(5, 6);
  KvWorkModel model;
  model.present(session, atStep(6), {});
  EXPECT_EQ(model.differences().size(), 2);
  // Lanes whose texts differ have no rows to compare.
  auto other = std::make_shared<RunSnapshot>(*session.lanes[1].run);
  other->runId += 1000;
  other->tokens[6] = TokenId{other->tokens[6].value == 9 ? 8 : 9};
  session.lanes[1].run = other;
  model.present(session, atStep(6), {});
  EXPECT_EQ(model.differences().size(), 1);
}

TEST(KvWorkModel, AStepThatFillsTheCacheCountsAllItsRows) {
  RunSettings settings;
  settings.kvCache = false;
  settings.ignoreEos = true;
  Result<Lane> lane = Lane::start(wordyModel({}), settings, {TokenId{3}, TokenId{4}, TokenId{5}}, {});
  ASSERT_TRUE(lane.ok());
  lane.value().step();
  settings.kvCache = true;
  lane.value().setSettings(settings);
  lane.value().step();
  lane.value().step();
  KvWorkModel model;
  model.present(sessionOf(lane.value().snapshot()), atStep(2), {});
  const std::vector<double> counted = model.counted(KvWorkPart::projections, model.lanes()[0]);
  EXPECT_EQ(counted[1], model.formula(KvWorkPart::projections, false)[1]) << "the step that filled it";
  EXPECT_EQ(counted[2], model.formula(KvWorkPart::projections, true)[2]);
}

TEST(KvWorkModel, TheFormulaInLettersIsTheModels) {
  KvWorkModel model;
  model.present(twoLanes(5, 6), atStep(6), {});
  const QStringList lines = model.formulaLines();
  ASSERT_EQ(lines.size(), 6);
  const Counters one = forwardCost(*model.lanes()[0].run->model->model, 1, 0);
  EXPECT_TRUE(lines[2].contains(QLocale().toString(static_cast<qulonglong>(one.projectionMacs))));
  EXPECT_TRUE(lines[4].contains(QLocale().toString(static_cast<qulonglong>(one.attentionMacs))));
}

TEST(KvWorkModel, TablesHoldEveryStepOfEveryCurve) {
  KvWorkModel model;
  const SessionSnapshot session = twoLanes(5, 7);
  model.present(session, atStep(3), {});
  const std::vector<NamedTable> tables = model.tables();
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].shape, (std::vector<int>{7, 14}));
  EXPECT_EQ(tables[0].columns[3], QStringLiteral("projection_macs lane1 counted"));
  EXPECT_EQ(tables[0].values[6 * 14 + 3],
            static_cast<float>(session.lanes[1].run->steps[6].counters.projectionMacs));
  EXPECT_EQ(tables[0].values[0], 1.0f);
  EXPECT_EQ(tables[0].values[1], 0.0f);
}

TEST(KvWorkView, LanesThatAreComparedStandInOnePicture) {
  const SessionSnapshot session = twoLanes(5, 7);
  LanesView lanes(*findView("kv_cache"));
  lanes.present(session, atStep(7));
  const std::size_t apart = lanes.tables().size();
  ASSERT_TRUE(lanes.setOption("show", "work"));
  lanes.present(session, atStep(7, 1));
  KvCacheView alone;
  alone.setOption("show", "work");
  alone.present(session, atStep(7, 1));
  EXPECT_EQ(painted(lanes, {700, 500}, Theme::makeLight()), painted(alone, {700, 500}, Theme::makeLight()));
  EXPECT_EQ(lanes.tables().size(), 1u);
  EXPECT_EQ(apart, 6u);
}

TEST(KvWorkView, AClickOnAPlotGoesToTheStep) {
  KvCacheView view;
  ASSERT_TRUE(view.setOption("show", "work"));
  const SessionSnapshot session = twoLanes(5, 20);
  view.present(session, atStep(20));
  for (int again = 0; again < 2; ++again) {
    painted(view, {900, 600}, Theme::makeLight());
    int least = 1000, most = 0;
    for (int x = 0; x < 450; x += 3) {
      const std::optional<Hit> hit = view.hitTest(QPointF(x, 150));
      if (!hit) continue;
      ASSERT_TRUE(hit->clicked);
      least = std::min(least, hit->clicked->step.value);
      most = std::max(most, hit->clicked->step.value);
      EXPECT_FALSE(hit->toolTip.isEmpty());
    }
    EXPECT_EQ(least, 1);
    EXPECT_EQ(most, 20);
  }
}

}  // namespace
}  // namespace decodescope::test
