#include "views/probabilities/probabilities_view.h"

#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using namespace test;

Selection lastStep(const RunSnapshotPtr& run) {
  Selection s;
  s.step = StepIndex{run->stepCount()};
  s.query = Position{run->tokensSeenAt(s.step) - 1};
  return s;
}

TEST(ProbabilitiesView, ShowsTheRunsOwnPick) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 6);
  ProbabilitiesView view;
  for (int step = 1; step <= 6; ++step) {
    Selection s = lastStep(run);
    s.step = StepIndex{step};
    view.present(sessionOf(run), s);
    const StepRecord& record = run->steps[static_cast<std::size_t>(step - 1)];
    EXPECT_EQ(view.pick().picked(), record.sampled);
    EXPECT_EQ(view.pick().whatIfPick(), record.sampled);
    EXPECT_FALSE(view.pick().isWhatIf());
    EXPECT_FALSE(view.pick().chosenInstead());
    EXPECT_TRUE(view.pick().note().isEmpty());
    bool found = false;
    for (const CandidateSteps& c : view.pick().steps().candidates) {
      if (c.token != record.sampled) continue;
      found = true;
      EXPECT_NEAR(c.probability, record.sampledProbability, 1e-6);
    }
    EXPECT_TRUE(found);
  }
}

TEST(ProbabilitiesView, WhatIfLeavesTheRunAlone) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 6);
  ProbabilitiesView view;
  view.present(sessionOf(run), lastStep(run));
  ASSERT_TRUE(view.setOption("temperature", "0"));
  EXPECT_TRUE(view.pick().isWhatIf());
  EXPECT_EQ(view.pick().steps().keptCount, 1);
  EXPECT_EQ(view.pick().picked(), run->steps.back().sampled);
  EXPECT_EQ(view.pick().whatIfPick(), view.pick().steps().candidates.front().token);
  EXPECT_TRUE(view.pick().note().startsWith("What-if"));
  ASSERT_TRUE(view.setOption("temperature", "1.5"));
  ASSERT_TRUE(view.setOption("top_k", "4"));
  EXPECT_EQ(view.pick().steps().keptCount, 4);
  EXPECT_EQ(view.pick().fateText(view.pick().steps().candidates[4]), "cut by top-k");
  ASSERT_TRUE(view.setOption("top_p", "0.01"));
  EXPECT_EQ(view.pick().steps().keptCount, 1);
  EXPECT_EQ(view.pick().fateText(view.pick().steps().candidates[1]), "cut by top-p");
  EXPECT_EQ(view.options().size(), 5u);
  ASSERT_TRUE(view.setOption("settings", "run"));
  EXPECT_FALSE(view.pick().isWhatIf());
  EXPECT_EQ(view.options().size(), 2u);
}

TEST(ProbabilitiesView, APastPickShowsTheSettingsItWasMadeWith) {
  RunSettings hot, greedy;
  hot.ignoreEos = greedy.ignoreEos = true;
  hot.sampling = {.temperature = 2.5, .topK = 9, .topP = 1, .seed = 5};
  Result<Lane> lane = Lane::start(wordyModel({}), hot, {TokenId{3}, TokenId{4}}, {});
  ASSERT_TRUE(lane.ok());
  for (int i = 0; i < 4; ++i) lane.value().step();
  lane.value().setSettings(greedy);
  for (int i = 0; i < 2; ++i) lane.value().step();
  const RunSnapshotPtr run = lane.value().snapshot();
  ProbabilitiesView view;
  for (int step = 1; step <= 6; ++step) {
    Selection s;
    s.step = StepIndex{step};
    view.present(sessionOf(run), s);
    EXPECT_EQ(view.pick().settings(), step <= 4 ? hot.sampling : greedy.sampling);
    EXPECT_EQ(view.pick().steps().keptCount, step <= 4 ? 9 : 1);
    EXPECT_EQ(view.pick().whatIfPick(), run->steps[static_cast<std::size_t>(step - 1)].sampled);
    EXPECT_FALSE(view.pick().chosenInstead());
    EXPECT_EQ(view.pick().note().contains("temperature 2.5, top-k 9, seed 5; the run now uses greedy"),
              step <= 4);
  }
}

TEST(ProbabilitiesView, TellsATokenThatTheUserChose) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 3);
  const TokenId pick = run->steps[1].sampled, other{pick.value == 7 ? 8 : 7};
  Lane lane = Lane::branch(*run, StepIndex{2}, other, run->settings, {});
  const RunSnapshotPtr branch = lane.snapshot();
  ProbabilitiesView view;
  view.present(sessionOf(branch), lastStep(branch));
  EXPECT_TRUE(view.pick().chosenInstead());
  EXPECT_EQ(view.pick().picked(), other);
  EXPECT_EQ(view.pick().whatIfPick(), pick);
  EXPECT_TRUE(view.pick().note().startsWith("You chose"));
  EXPECT_TRUE(view.pick().readout().startsWith("chosen by you"));
  Lane same = Lane::branch(*run, StepIndex{2}, pick, run->settings, {});
  view.present(sessionOf(same.snapshot()), lastStep(same.snapshot()));
  EXPECT_FALSE(view.pick().chosenInstead());
}

TEST(ProbabilitiesView, SharesAddUpToOne) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 2);
  ProbabilitiesView view;
  view.present(sessionOf(run), lastStep(run));
  const auto& candidates = view.pick().steps().candidates;
  const int shown[] = {0, 1, 5};
  const PickModel::Rest rest = view.pick().rest(shown);
  double probability = rest.probability, kept = rest.kept;
  for (const int i : shown) {
    probability += candidates[static_cast<std::size_t>(i)].probability;
    kept += candidates[static_cast<std::size_t>(i)].kept;
  }
  EXPECT_EQ(rest.tokens, 64 - 3);
  EXPECT_NEAR(probability, 1, 1e-12);
  EXPECT_NEAR(kept, 1, 1e-12);
}

TEST(ProbabilitiesView, RefusesWhatIsNoSetting) {
  ProbabilitiesView view;
  EXPECT_FALSE(view.setOption("temperature", "-1"));
  EXPECT_FALSE(view.setOption("temperature", "nan"));
  EXPECT_FALSE(view.setOption("temperature", "hot"));
  EXPECT_FALSE(view.setOption("top_k", "-1"));
  EXPECT_FALSE(view.setOption("settings", "0"));
  EXPECT_FALSE(view.setOption("top_p", "0"));
  EXPECT_FALSE(view.setOption("top_p", "1.1"));
  EXPECT_FALSE(view.setOption("projection", "norm"));
  EXPECT_FALSE(view.setOption("neuron", "-2"));
  EXPECT_FALSE(view.setOption("show", "all"));
  EXPECT_FALSE(view.setOption("colour", "red"));
}

TEST(ProbabilitiesView, EveryCandidateCanBeChosenOtherwise) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 3);
  ProbabilitiesView view;
  view.present(sessionOf(run), lastStep(run));
  painted(view, {900, 700}, Theme::makeLight());
  std::vector<TokenId> offered;
  for (int y = 0; y < 700; y += 4) {
    const auto hit = view.hitTest(QPointF(300, y));
    if (!hit) continue;
    EXPECT_FALSE(hit->toolTip.isEmpty());
    EXPECT_FALSE(hit->locks);
    EXPECT_EQ(hit->hovered.step, StepIndex{3});
    if (hit->branch && (offered.empty() || offered.back() != *hit->branch)) offered.push_back(*hit->branch);
  }
  EXPECT_GE(offered.size(), 15u);
  for (const TokenId token : offered) EXPECT_NE(token, run->steps.back().sampled);
}

TEST(ProbabilitiesView, NeuronsRecomputeWhatTheRunComputed) {
  for (const NamedConfig& named : decoderFamily()) {
    SCOPED_TRACE(named.name);
    const LoadedModelPtr model = randomLoadedModel(named.config, 3);
    RunSettings settings;
    settings.ignoreEos = true;
    Result<Lane> lane = Lane::start(model, settings, randomTokens(named.config, 6, 4), {});
    ASSERT_TRUE(lane.ok());
    lane.value().step();
    const RunSnapshotPtr run = lane.value().snapshot();
    ProbabilitiesView view;
    view.setOption("show", "linear");
    for (const Site site : linearSites()) {
      if (site == Site::gateProj && !named.config.gatedMlp) continue;
      LinearModel linear;
      Selection s = lastStep(run);
      s.layer = LayerIndex{named.config.numHiddenLayers - 1};
      linear.present(shownRun(sessionOf(run), s), site, 1);
      ASSERT_TRUE(linear.ready());
      double rms = 0;
      for (const float y : linear.y()) rms += static_cast<double>(y) * static_cast<double>(y);
      rms = std::sqrt(rms / linear.outputs());
      const double sum = static_cast<double>(linear.sumGrid().values.back()) +
                         (linear.weights().bias ? static_cast<double>(linear.weights().bias[1]) : 0.0);
      EXPECT_NEAR(sum, static_cast<double>(linear.y()[1]), 2e-4 * rms);
      EXPECT_NEAR(linear.explanation().recomputed, sum, 2e-4 * rms);
      EXPECT_EQ(linear.explanation().traced, linear.y()[1]);
    }
  }
}

TEST(ProbabilitiesView, FollowsTheSelectedProjection) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 2);
  ProbabilitiesView view;
  view.setOption("show", "linear");
  Selection s = lastStep(run);
  s.site = Site::downProj;
  view.present(sessionOf(run), s);
  EXPECT_EQ(view.linear().site(), Site::downProj);
  s.site = Site::weights;
  view.present(sessionOf(run), s);
  EXPECT_EQ(view.linear().site(), Site::qProj);
  ASSERT_TRUE(view.setOption("projection", "lm_head"));
  EXPECT_EQ(view.linear().site(), Site::logits);
  EXPECT_EQ(view.linear().outputs(), 64);
  for (const float y : view.linear().y())
    EXPECT_LE(std::abs(y), std::abs(view.linear().y()[static_cast<std::size_t>(view.linear().neuron())]));
  ASSERT_TRUE(view.setOption("neuron", "9"));
  EXPECT_EQ(view.linear().neuron(), 9);
  painted(view, {900, 700}, Theme::makeLight());
  int clickable = 0;
  for (int y = 0; y < 700; ++y) {
    const auto hit = view.hitTest(QPointF(200, y));
    if (hit && hit->option) clickable = std::max(clickable, hit->option->second.toInt());
  }
  EXPECT_GE(clickable, 50);
}

TEST(ProbabilitiesView, JourneyHoldsTheRunsRows) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 2);
  ProbabilitiesView view;
  view.setOption("show", "journey");
  Selection s = lastStep(run);
  s.query = Position{2};
  view.present(sessionOf(run), s);
  const JourneyModel& journey = view.journey();
  EXPECT_EQ(journey.tokens(), 6);
  ASSERT_EQ(journey.stops().size(), 5u);  // embedding, two layers, final norm, logits
  const PositionTrace& trace = *run->positions[2];
  EXPECT_EQ(journey.stops()[0].grid.value(0, 3), trace.row(Site::embedTokens)[3]);
  EXPECT_EQ(journey.stops()[2].grid.value(0, 3), trace.row(Site::output, LayerIndex{1})[3]);
  EXPECT_EQ(journey.stops()[4].grid.columns, 64);
  const std::vector<NamedTable> tables = view.tables();
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_EQ(tables[0].shape, (std::vector<int>{6, 32}));
  EXPECT_EQ(tables[2].shape, (std::vector<int>{4, 32}));
}

TEST(ProbabilitiesView, TablesMatchTheirShapes) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 2);
  for (const char* panel : {"pick", "journey", "linear"}) {
    ProbabilitiesView view;
    view.setOption("show", panel);
    EXPECT_TRUE(view.tables().empty());
    view.present(sessionOf(run), lastStep(run));
    ASSERT_FALSE(view.tables().empty());
    for (const NamedTable& table : view.tables()) {
      std::size_t size = 1;
      for (const int n : table.shape) size *= static_cast<std::size_t>(n);
      EXPECT_EQ(table.values.size(), size) << table.name.toStdString();
      EXPECT_EQ(table.rowLabels.size(), table.shape[0]) << table.name.toStdString();
    }
  }
}

TEST(ProbabilitiesView, SaysWhatIsNotStored) {
  RunSnapshot run = *randomRun(wordyModel({}), 5, 2);
  run.positions.back().reset();
  for (const char* panel : {"pick", "linear"}) {
    ProbabilitiesView view;
    view.setOption("show", panel);
    view.present(sessionOf(std::make_shared<const RunSnapshot>(run)),
                 lastStep(std::make_shared<const RunSnapshot>(run)));
    EXPECT_TRUE(view.description().contains("stored")) << view.description().toStdString();
    EXPECT_TRUE(view.tables().empty());
    EXPECT_FALSE(view.hitTest({100, 100}).has_value());
  }
}

TEST(ProbabilitiesView, NeverBlank) {
  const LoadedModelPtr model = wordyModel({});
  const std::vector<RunSnapshotPtr> runs{nullptr, randomRun(model, 4, 0), randomRun(model, 1, 1),
                                         randomRun(model, 180, 20)};
  for (const char* panel : {"pick", "journey", "linear"}) {
    for (const RunSnapshotPtr& run : runs) {
      ProbabilitiesView view;
      view.setOption("show", panel);
      view.present(sessionOf(run), run ? lastStep(run) : Selection());
      EXPECT_FALSE(view.description().isEmpty());
      for (const QSize size : {QSize(320, 240), QSize(200, 160), QSize(1024, 700), QSize(2560, 1440)}) {
        for (const double scale : {1.0, 2.5}) {
          for (const bool dark : {false, true}) {
            const Theme theme = dark ? Theme::makeDark(scale) : Theme::makeLight(scale);
            const QImage image = painted(view, size, theme);
            EXPECT_EQ(untouchedPixels(image), 0) << panel << ' ' << size.width();
            EXPECT_GE(colorCount(image, 6), 6) << panel << ' ' << size.width();
            EXPECT_EQ(image, painted(view, size, theme)) << "painting again changes the picture";
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace decodescope
