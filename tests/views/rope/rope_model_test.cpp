// The RoPE view's numbers on runs of real models: bundled ones and random ones of every kind of position.

#include "views/rope/rope_model.h"

#include "core/attention/attention_rows.h"
#include "core/formats/loaded_model.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"
#include "tests/support/random_run.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

RunSnapshotPtr runOf(const LoadedModelPtr& model, int tokens) {
  Result<Lane> lane = Lane::start(model, {.ignoreEos = true}, randomTokens(model->config(), tokens, 11), {});
  DECODESCOPE_REQUIRE(lane.ok());
  lane.value().step();
  return lane.value().snapshot();
}

LoadedModelPtr bundled(const char* name) {
  Result<LoadedModelPtr> model = loadModel((sourceDir() / "assets" / "models" / name).string());
  DECODESCOPE_REQUIRE(model.ok());
  return model.value();
}

Selection at(int query, int key, int layer = 0, int head = 0) {
  Selection s;
  s.step = StepIndex{1};
  s.layer = LayerIndex{layer};
  s.head = HeadIndex{head};
  s.query = Position{query};
  s.key = Position{key};
  return s;
}

RopeModel shown(const RunSnapshotPtr& run, const Selection& selection, const RopeSettings& settings = {}) {
  RopeModel model;
  model.present(sessionOf(run), selection, settings);
  return model;
}

TEST(RopeModel, ScaledFrequenciesAreShownAsTheModelTurns) {
  ModelConfig config = smallConfig();
  config.headDim = 16;
  config.ropeTheta = 500.0;
  config.ropeScaling = {.kind = RopeScaling::Kind::llama3, .factor = 8, .originalMaxPositionEmbeddings = 96};
  const RunSnapshotPtr run = runOf(randomLoadedModel(config, 3), 12);
  const RopeModel model = shown(run, at(9, 4), {.panel = RopePanel::spectrum});
  ASSERT_EQ(model.pairs().size(), 8u);
  EXPECT_EQ(model.pairs()[0].theta, model.pairs()[0].unscaledTheta);
  EXPECT_DOUBLE_EQ(model.pairs()[7].theta, model.pairs()[7].unscaledTheta / 8);
  EXPECT_DOUBLE_EQ(model.pairs()[7].queryAngle, 9 * model.pairs()[7].theta);
  EXPECT_TRUE(model.facts().join(' ').contains("θᵢ / 8 for wavelengths above 96, unchanged below 24"));
  EXPECT_NEAR(model.shiftedScore(), model.score(), 1e-5) << "the decoder turned by the same angles";
}

TEST(RopeModel, ShiftingBothPositionsLeavesEveryScoreOfTheBundledModel) {
  const RunSnapshotPtr run = runOf(bundled("love"), 30);
  for (int layer = 0; layer < run->model->config().numHiddenLayers; ++layer) {
    for (int head = 0; head < run->model->config().numAttentionHeads; ++head) {
      for (int query = 0; query < 30; query += 3) {
        for (const int shift : {0, 1, 17, 999, 2000}) {
          const RopeModel model = shown(run, at(query, query / 2, layer, head), {.shift = shift});
          ASSERT_EQ(model.state(), RopeModel::State::rotary);
          EXPECT_NEAR(model.shiftedScore(), model.score(), 1e-5) << shift;
          EXPECT_EQ(model.queryPosition() - model.keyPosition(), model.distance());
        }
      }
    }
  }
}

TEST(RopeModel, BothLayoutsAgreeAtFarPositions) {
  const RunSnapshotPtr run = runOf(bundled("love"), 20);
  for (const int shift : {0, 500, 1980}) {
    const RopeModel own = shown(run, at(19, 4), {.shift = shift});
    const RopeModel other = shown(run, at(19, 4), {.otherLayout = true, .shift = shift});
    EXPECT_NE(own.layout(), other.layout());
    EXPECT_NEAR(own.shiftedScore(), other.shiftedScore(), 1e-5);
    EXPECT_LE(own.layoutDifference(), 1e-5);
    ASSERT_EQ(own.pairs().size(), other.pairs().size());
    for (std::size_t i = 0; i < own.pairs().size(); ++i) {
      EXPECT_EQ(own.pairs()[i].query, other.pairs()[i].query) << "the same pairs, elsewhere in the row";
      EXPECT_EQ(own.pairs()[i].turnedKey, other.pairs()[i].turnedKey);
    }
  }
}

/// A run that really reaches position 2000, not one shifted there.
TEST(RopeModel, ScoresAtPosition2000OnlyKnowTheDistance) {
  for (const RotaryLayout layout : {RotaryLayout::rotateHalf, RotaryLayout::interleaved}) {
    ModelConfig config = smallConfig();
    config.maxPositionEmbeddings = 4096;
    config.rotaryLayout = layout;
    const RunSnapshotPtr run = runOf(randomLoadedModel(config, 8), 2001);
    for (const auto& [query, key] : {std::pair{2000, 0}, {2000, 1999}, {1203, 777}}) {
      const RopeModel far = shown(run, at(query, key, 1, 2));
      ASSERT_EQ(far.state(), RopeModel::State::rotary);
      const double size = std::max(1.0, std::abs(far.score()));
      EXPECT_NEAR(far.shiftedScore(), far.score(), 1e-6 * size) << "turned here as the decoder turns";
      EXPECT_LE(far.layoutDifference(), 1e-5 * size);
      EXPECT_NEAR(far.distanceScores()[static_cast<std::size_t>(query - key)], far.score(), 1e-5 * size);
      const RopeModel farther = shown(run, at(query, key, 1, 2), {.shift = 2000});
      EXPECT_NEAR(farther.shiftedScore(), far.score(), 1e-5 * size);
    }
  }
}

TEST(RopeModel, AFollowedPairBringsItsPartOfEveryScore) {
  const RunSnapshotPtr run = runOf(bundled("tales-mha"), 20);
  const RopeModel plain = shown(run, at(12, 5));
  EXPECT_EQ(plain.chosenPair(), nullptr);
  EXPECT_TRUE(plain.pairScores().empty());
  std::vector<double> sum(plain.distanceScores().size(), 0);
  for (int pair = 0; pair < plain.config().headDim / 2; ++pair) {
    const RopeModel model = shown(run, at(12, 5), {.panel = RopePanel::distance, .pair = pair});
    ASSERT_NE(model.chosenPair(), nullptr);
    EXPECT_EQ(model.chosenPair()->pair, pair);
    const std::vector<double> parts = model.pairScores();
    for (std::size_t r = 0; r < sum.size(); ++r) sum[r] += parts[r];
    EXPECT_NEAR(parts[7], model.chosenPair()->product / std::sqrt(plain.config().headDim), 1e-4)
        << "at the distance of the query and the key";
    EXPECT_EQ(model.tables()[0].columns.size(), 3);
    EXPECT_TRUE(model.facts().join(QLatin1Char(' ')).contains(QStringLiteral("followed: pair %1").arg(pair)));
  }
  for (std::size_t r = 0; r < sum.size(); ++r) EXPECT_NEAR(sum[r], plain.distanceScores()[r], 1e-9);
  EXPECT_EQ(shown(run, at(12, 5), {.pair = 99}).chosenPair(), nullptr);
}

TEST(RopeModel, WithoutAMaskAnEarlierStepShowsItsOwnRows) {
  RunSettings settings;
  settings.rules.causalMask = false;
  Result<Lane> lane = Lane::start(wordyModel({}), settings, {TokenId{4}, TokenId{9}, TokenId{12}}, {});
  ASSERT_TRUE(lane.ok());
  for (int i = 0; i < 3; ++i) lane.value().step();
  const RunSnapshotPtr run = lane.value().snapshot();
  Selection s = at(1, 2, 1);
  for (int step = 1; step <= 3; ++step) {
    s.step = StepIndex{step};
    const std::vector<float> row = attentionRow(run->model->config(), run->tracesAt(s.step), LayerIndex{1},
                                                HeadIndex{0}, Position{1}, ScoreStage::scaled);
    EXPECT_NEAR(shown(run, s).score(), static_cast<double>(row[2]), 1e-6) << step;
  }
  const double last = shown(run, s).score();
  s.step = StepIndex{1};
  EXPECT_NE(shown(run, s).score(), last);
}

TEST(RopeModel, ScoreIsTheRunsOwn) {
  for (const NamedConfig& named : decoderFamily()) {
    if (named.config.position != PositionKind::rotary) continue;
    SCOPED_TRACE(named.name);
    const RunSnapshotPtr run = runOf(randomLoadedModel(named.config, 3), 12);
    const int head = named.config.numAttentionHeads - 1;
    const RopeModel model = shown(run, at(9, 5, 1, head));
    const std::vector<float> row = attentionRow(named.config, run->positions, LayerIndex{1}, HeadIndex{head},
                                                Position{9}, ScoreStage::scaled);
    double share = static_cast<double>(row[5]);
    // Under MLA the unrotated parts add the rest of the score.
    const std::span<const float> q = attentionQuery(named.config, *run->positions[9], LayerIndex{1},
                                                    HeadIndex{head}),
                                 k = attentionKey(named.config, *run->positions[5], LayerIndex{1},
                                                  named.config.keyValueHeadOf(HeadIndex{head}));
    for (std::size_t i = 0; i + static_cast<std::size_t>(named.config.rotaryDim()) < q.size(); ++i)
      share -= static_cast<double>(q[i]) * static_cast<double>(k[i]) / std::sqrt(named.config.headDim);
    EXPECT_NEAR(model.score(), share, 1e-5);
    EXPECT_NEAR(model.shiftedScore(), model.score(), 1e-6);
    double sum = 0;
    for (const RopePairShown& pair : model.pairs()) sum += pair.product;
    EXPECT_NEAR(sum / std::sqrt(named.config.headDim), model.score(), 1e-5) << "pairs add up to the score";
    EXPECT_NEAR(model.distanceScores()[4], model.score(), 1e-5) << "the curve passes through it";
  }
}

TEST(RopeModel, PairsAreTurnedByTheirAngle) {
  const RunSnapshotPtr run = runOf(bundled("nextday"), 8);
  const RopeModel model = shown(run, at(7, 2), {.shift = 5});
  for (const RopePairShown& pair : model.pairs()) {
    EXPECT_DOUBLE_EQ(pair.queryAngle, 12 * pair.theta);
    const double before = std::atan2(pair.query.y(), pair.query.x());
    const double length = std::hypot(pair.query.x(), pair.query.y());
    EXPECT_NEAR(pair.turnedQuery.x(), length * std::cos(before + pair.queryAngle), 1e-5);
    EXPECT_NEAR(pair.turnedQuery.y(), length * std::sin(before + pair.queryAngle), 1e-5);
  }
}

TEST(RopeModel, MatrixAndCheapFormTurnAlike) {
  const RunSnapshotPtr run = runOf(bundled("love"), 10);
  for (const bool other : {false, true}) {
    const RopeModel model =
        shown(run, at(9, 0), {.panel = RopePanel::matrix, .otherLayout = other, .shift = 300});
    EXPECT_LE(model.matrixDifference(), 1e-5);
    const std::vector<float> partners = model.partners(), cosines = model.repeated(true),
                             sines = model.repeated(false);
    for (std::size_t i = 0; i < partners.size(); ++i)
      EXPECT_NEAR(model.query()[i] * cosines[i] + partners[i] * sines[i], model.turnedQuery()[i], 1e-5F);
  }
}

TEST(RopeModel, ScoresStayUnderTheBound) {
  const RunSnapshotPtr run = runOf(bundled("love"), 12);
  for (int key = 0; key < 12; ++key) {
    const RopeModel model = shown(run, at(11, key, 1, 1));
    for (std::size_t r = 0; r < model.distanceScores().size(); ++r)
      ASSERT_LE(std::abs(model.distanceScores()[r]), model.distanceBounds()[r] + 1e-9);
  }
}

TEST(RopeModel, OtherPositionsShowTheTableThatIsAdded) {
  for (const NamedConfig& named : decoderFamily()) {
    const PositionKind kind = named.config.position;
    if (kind != PositionKind::learned && kind != PositionKind::sinusoidal) continue;
    SCOPED_TRACE(named.name);
    const RunSnapshotPtr run = runOf(randomLoadedModel(named.config, 3), 6);
    const RopeModel model = shown(run, at(4, 0));
    ASSERT_EQ(model.state(), RopeModel::State::table);
    EXPECT_EQ(model.isSinusoidal(), kind == PositionKind::sinusoidal);
    const std::span<const float> row = model.tableRow(4);
    const std::span<const float> traced = run->positions[4]->row(Site::embedPositions);
    EXPECT_TRUE(std::equal(row.begin(), row.end(), traced.begin(), traced.end()));
  }
}

TEST(RopeModel, SaysWhyThereIsNothing) {
  EXPECT_EQ(shown(nullptr, at(0, 0)).state(), RopeModel::State::noModel);
  const LoadedModelPtr plain = wordyModel({.rotary = false});
  EXPECT_EQ(shown(randomRun(plain, 3, 1), at(0, 0)).state(), RopeModel::State::none);
  const LoadedModelPtr rotary = wordyModel({});
  Selection before = at(0, 0);
  before.step = StepIndex{0};
  EXPECT_EQ(shown(randomRun(rotary, 3, 0), before).state(), RopeModel::State::nothingDecoded);
  auto dropped = std::make_shared<RunSnapshot>(*randomRun(rotary, 5, 1));
  dropped->positions[1].reset();
  const RopeModel model = shown(dropped, at(4, 1));
  EXPECT_EQ(model.state(), RopeModel::State::notStored);
  EXPECT_TRUE(model.emptyText().contains(QLatin1String("token 1")));
  EXPECT_TRUE(model.tables().empty());
}

TEST(RopeModel, TablesHoldWhatIsShown) {
  const RunSnapshotPtr run = runOf(bundled("love"), 9);
  const RopeModel model = shown(run, at(8, 3), {.shift = 40});
  const std::vector<NamedTable> tables = model.tables();
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].shape, (std::vector<int>{4, 12}));
  EXPECT_FLOAT_EQ(tables[0].values[1], static_cast<float>(model.pairs()[0].queryAngle));
  EXPECT_FLOAT_EQ(tables[1].values[5], static_cast<float>(model.shiftedScore()));
}

}  // namespace
}  // namespace decodescope::test
