// The norms view's numbers on runs of the bundled model and of random ones of every kind.

#include "views/norms/norms_model.h"

#include "core/decode/lane.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "views/norms/histogram.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace decodescope::test {
namespace {

RunSnapshotPtr runOf(const LoadedModelPtr& model, int tokens) {
  RunSettings settings;
  settings.ignoreEos = true;
  Result<Lane> lane = Lane::start(model, settings, randomTokens(model->config(), tokens, 11), {});
  DECODESCOPE_REQUIRE(lane.ok());
  lane.value().step();
  return lane.value().snapshot();
}

LoadedModelPtr love() {
  Result<LoadedModelPtr> model = loadModel((sourceDir() / "assets" / "models" / "love").string());
  DECODESCOPE_REQUIRE(model.ok());
  return model.value();
}

Selection at(int query, int layer = 0, Site site = Site::weights) {
  Selection s;
  s.step = StepIndex{1};
  s.layer = LayerIndex{layer};
  s.query = Position{query};
  s.site = site;
  return s;
}

NormsModel shown(const RunSnapshotPtr& run, const Selection& selection, const NormsSettings& settings = {}) {
  NormsModel model;
  model.present(sessionOf(run), selection, settings);
  return model;
}

NormsSettings withSliders(double factor, double addend) {
  NormsSettings settings;
  settings.factor = factor;
  settings.addend = addend;
  return settings;
}

TEST(NormsModel, TheOwnNormOfTheResidualIsWhatTheRunTraced) {
  for (const NamedConfig& named : decoderFamily()) {
    SCOPED_TRACE(named.name);
    const RunSnapshotPtr run = runOf(randomLoadedModel(named.config, 3), 9);
    for (const NormPlace place : normPlaces(named.config)) {
      const NormsModel model = shown(run, at(7, std::max(0, place.layer.value), place.site));
      ASSERT_EQ(model.state(), NormsModel::State::ready);
      EXPECT_EQ(model.place(), place);
      EXPECT_LE(model.traceDifference(), 1e-5);
      const std::span<const float> traced = run->positions[7]->row(place.site, place.layer);
      const std::span<const float> own = model.output(named.config.norm);
      for (std::size_t i = 0; i < own.size(); ++i) EXPECT_NEAR(own[i], traced[i], 1e-5F);
    }
  }
}

TEST(NormsModel, AddingAConstantMovesRmsNormAlone) {
  const RunSnapshotPtr run = runOf(love(), 12);
  for (const NormPlace place : normPlaces(run->model->config())) {
    for (const double addend : {-10.0, -0.5, 2.0, 10.0}) {
      const NormsModel model =
          shown(run, at(5, std::max(0, place.layer.value), place.site), withSliders(1, addend));
      EXPECT_LE(model.change(NormKind::layerNorm), 1e-4) << addend;
      EXPECT_GT(model.change(NormKind::rmsNorm), 0.05) << addend;
      const RowStatistics before = rowStatistics(model.input());
      EXPECT_NEAR(model.statistics().mean, before.mean + addend, 1e-5);
      EXPECT_NEAR(model.statistics().variance, before.variance, 1e-4);
    }
  }
}

TEST(NormsModel, MultiplyingChangesNeitherButForEpsilon) {
  const RunSnapshotPtr run = runOf(love(), 12);
  const double eps = static_cast<double>(run->model->config().normEps);
  for (const NormPlace place : normPlaces(run->model->config())) {
    for (const double factor : {0.1, 0.5, 3.0, 10.0}) {
      const NormsModel model =
          shown(run, at(5, std::max(0, place.layer.value), place.site), withSliders(factor, 0));
      const RowStatistics s = rowStatistics(model.input());
      for (const NormKind kind : {NormKind::layerNorm, NormKind::rmsNorm}) {
        // y = γ z / √(s + ε/a²) against γ z / √(s + ε).
        const double spread = kind == NormKind::layerNorm ? s.variance : s.meanSquare;
        const double ratio = std::sqrt((spread + eps) / (spread + eps / (factor * factor)));
        const std::span<const float> before = model.outputBefore(kind), after = model.output(kind);
        for (std::size_t i = 0; i < before.size(); ++i)
          EXPECT_NEAR(static_cast<double>(after[i]), static_cast<double>(before[i]) * ratio, 1e-4);
      }
    }
  }
}

TEST(NormsModel, BothNormsAgreeWhereTheMeanIsZero) {
  const RunSnapshotPtr run = runOf(love(), 4);
  const NormsModel plain = shown(run, at(2));
  const RowStatistics s = plain.statistics();
  const NormsModel centred = shown(run, at(2), withSliders(1, -s.mean));
  double apart = 0;
  for (const float v : centred.difference()) apart = std::max(apart, static_cast<double>(std::abs(v)));
  EXPECT_LE(apart, 1e-5);
  EXPECT_NEAR(s.meanSquare, s.variance + s.mean * s.mean, 1e-9);
}

TEST(NormsModel, FollowsTheMapOrTheChosenNorm) {
  const RunSnapshotPtr run = runOf(love(), 4);
  EXPECT_EQ(shown(run, at(2, 1)).place(), (NormPlace{Site::inputLayernorm, LayerIndex{1}}));
  EXPECT_EQ(shown(run, at(2, 1, Site::norm)).place(), (NormPlace{Site::norm, kNoLayer}));
  NormsSettings settings;
  settings.site = Site::postAttentionLayernorm;
  EXPECT_EQ(shown(run, at(2, 1, Site::norm), settings).place(),
            (NormPlace{Site::postAttentionLayernorm, LayerIndex{1}}));
  settings.site = Site::postFeedforwardLayernorm;
  EXPECT_EQ(shown(run, at(2, 1), settings).place(), (NormPlace{Site::inputLayernorm, LayerIndex{1}}))
      << "a norm that the model lacks";
}

TEST(NormsModel, MapsHoldTheStatisticsOfEachNormsInput) {
  const RunSnapshotPtr run = runOf(love(), 6);
  const NormsModel model = shown(run, at(5));
  const std::size_t tokens = 6;
  ASSERT_EQ(model.statisticMap(NormStatistic::rms).size(), model.places().size() * tokens);
  for (std::size_t p = 0; p < model.places().size(); ++p) {
    for (std::size_t t = 0; t < tokens; ++t) {
      const RowStatistics s = rowStatistics(normInput(model.config(), *run->positions[t], model.places()[p]));
      EXPECT_FLOAT_EQ(model.statisticMap(NormStatistic::mean)[p * tokens + t], static_cast<float>(s.mean));
      EXPECT_FLOAT_EQ(model.statisticMap(NormStatistic::variance)[p * tokens + t],
                      static_cast<float>(s.variance));
      EXPECT_FLOAT_EQ(model.statisticMap(NormStatistic::rms)[p * tokens + t], static_cast<float>(s.rms()));
    }
  }
}

TEST(NormsModel, WithoutAMaskAnEarlierStepShowsItsOwnRows) {
  RunSettings settings;
  settings.rules.causalMask = false;
  Result<Lane> lane = Lane::start(wordyModel({}), settings, {TokenId{4}, TokenId{9}, TokenId{12}}, {});
  ASSERT_TRUE(lane.ok());
  for (int i = 0; i < 3; ++i) lane.value().step();
  const RunSnapshotPtr run = lane.value().snapshot();
  NormsModel model;
  std::vector<std::vector<float>> rows, maps;
  for (const int step : {3, 1, 2, 1}) {
    Selection s = at(1, 1);
    s.step = StepIndex{step};
    model.present(sessionOf(run), s, {});
    const auto before = run->tracesAt(s.step)[1]->row(Site::output, LayerIndex{0});
    ASSERT_EQ(model.input().size(), before.size());
    EXPECT_TRUE(std::equal(before.begin(), before.end(), model.input().begin())) << step;
    EXPECT_LE(model.traceDifference(), 1e-6);
    rows.emplace_back(model.input().begin(), model.input().end());
    maps.push_back(model.statisticMap(NormStatistic::rms));
  }
  EXPECT_NE(rows[0], rows[1]);
  EXPECT_EQ(rows[1], rows[3]);
  EXPECT_NE(maps[1], maps[2]);
  EXPECT_EQ(maps[1], maps[3]);
}

TEST(NormsModel, LeavesOutWhatIsNotStored) {
  auto dropped = std::make_shared<RunSnapshot>(*runOf(love(), 6));
  dropped->positions[1].reset();
  NormsSettings settings;
  settings.panel = NormsPanel::columns;
  const NormsModel model = shown(dropped, at(5), settings);
  EXPECT_TRUE(std::isnan(model.statisticMap(NormStatistic::mean)[1]));
  EXPECT_FALSE(std::isnan(model.columns().mean[0]));
  EXPECT_EQ(shown(dropped, at(1)).state(), NormsModel::State::notStored);
  EXPECT_TRUE(shown(dropped, at(1)).tables().empty());
}

TEST(NormsModel, SaysWhyThereIsNothing) {
  EXPECT_EQ(shown(nullptr, at(0)).state(), NormsModel::State::noModel);
  Selection before = at(0);
  before.step = StepIndex{0};
  const NormsModel model = shown(randomRun(wordyModel({}), 3, 0), before);
  EXPECT_EQ(model.state(), NormsModel::State::nothingDecoded);
  EXPECT_FALSE(model.description().isEmpty());
}

TEST(NormsModel, TablesHoldWhatIsShown) {
  const RunSnapshotPtr run = runOf(love(), 6);
  NormsSettings settings = withSliders(2, 1);
  const NormsModel row = shown(run, at(3), settings);
  const std::vector<NamedTable> tables = row.tables();
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].shape, (std::vector<int>{5, row.width()}));
  EXPECT_EQ(tables[0].values[0], row.changed()[0]);
  EXPECT_FLOAT_EQ(tables[1].values[4], static_cast<float>(row.change(NormKind::rmsNorm)));
  settings.panel = NormsPanel::layers;
  EXPECT_EQ(shown(run, at(3), settings).tables().size(), 3u);
  settings.panel = NormsPanel::columns;
  EXPECT_EQ(shown(run, at(3), settings).tables().size(), 3u);
}

TEST(Histogram, CountsEveryValueOnce) {
  const std::vector<float> values{0, 0.1f, 0.2f, 0.9f, 1, -1, 0.5f};
  const Histogram histogram = histogramOf(values);
  EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), 0), 7);
  EXPECT_DOUBLE_EQ(histogram.edge(0), -1);
  EXPECT_NEAR(histogram.edge(histogram.counts.size()), 1, 1e-12);
  const std::vector<float> equal(5, 2.0f);
  EXPECT_EQ(histogramOf(equal).counts, std::vector<int>{5});
  EXPECT_TRUE(histogramOf({}).counts.empty());
}

}  // namespace
}  // namespace decodescope::test
