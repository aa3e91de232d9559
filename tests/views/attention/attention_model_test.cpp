#include "views/attention/attention_model.h"

#include "tests/support/random_run.h"
#include "tests/views/attention/selected.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

constexpr AttentionStage kStages[] = {AttentionStage::raw, AttentionStage::scaled, AttentionStage::masked,
                                      AttentionStage::weights};

class AttentionModelTest : public testing::Test {
 protected:
  RunSnapshotPtr m_run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 5, 6);
  SessionSnapshot m_session = sessionOf(m_run);
  AttentionModel m_model;
};

TEST_F(AttentionModelTest, ShowsTheTokensOfTheStepOnly) {
  m_model.present(m_session, at(1, 0, 0, 0, 0), {});
  EXPECT_EQ(m_model.tokens(), 5);
  EXPECT_EQ(m_model.firstNew(), 0);
  m_model.present(m_session, at(4, 0, 0, 0, 0), {});
  EXPECT_EQ(m_model.tokens(), 8);
  EXPECT_EQ(m_model.firstNew(), 7);
  EXPECT_EQ(m_model.firstComputed(), 7);
  EXPECT_EQ(m_model.labels().size(), 8);
}

TEST_F(AttentionModelTest, HoldsTheRunsOwnNumbersInEveryStage) {
  for (const AttentionStage stage : kStages) {
    AttentionSettings settings;
    settings.stage = stage;
    m_model.present(m_session, at(6, 1, 3, 0, 0), settings);
    for (int q = 0; q < m_model.tokens(); ++q) {
      const std::vector<float> row = attentionRow(m_run->model->config(), m_run->positions, LayerIndex{1},
                                                  HeadIndex{3}, Position{q}, scoreStage(stage));
      for (int k = 0; k < m_model.tokens(); ++k) {
        const std::optional<float> v = m_model.value(q, k);
        ASSERT_EQ(v.has_value(), k <= q || m_model.showsGhosts(stage));
        if (k <= q) {
          EXPECT_EQ(*v, row[static_cast<std::size_t>(k)]);
        }
      }
    }
  }
}

TEST_F(AttentionModelTest, TablesMaskAsADumpDoes) {
  AttentionSettings settings;
  m_model.present(m_session, at(2, 0, 1, 0, 0), settings);
  NamedTable weights = m_model.table(m_model.settings().stage);
  EXPECT_EQ(weights.shape, (std::vector<int>{6, 6}));
  EXPECT_EQ(weights.values[1], 0.0f);
  EXPECT_EQ(weights.values[0], 1.0f);
  settings.stage = AttentionStage::masked;
  m_model.present(m_session, at(2, 0, 1, 0, 0), settings);
  EXPECT_EQ(m_model.table(m_model.settings().stage).values[1], -std::numeric_limits<float>::infinity());
}

TEST_F(AttentionModelTest, ScoresShareOneSymmetricRangeOfAllHeads) {
  AttentionSettings settings;
  settings.stage = AttentionStage::masked;
  m_model.present(m_session, at(6, 0, 0, 0, 0), settings);
  const ColorScale first = m_model.colorScale(m_model.settings().stage);
  EXPECT_EQ(first.lo, -first.hi);
  m_model.present(m_session, at(6, 0, 2, 0, 0), settings);
  EXPECT_EQ(m_model.colorScale(m_model.settings().stage).hi, first.hi);
  float largest = 0;
  for (int h = 0; h < 4; ++h) {
    const HeatmapRows rows = m_model.thumbnail(LayerIndex{0}, HeadIndex{h}, 256);
    for (const float v : rows.rowMax) largest = std::max(largest, v);
  }
  EXPECT_EQ(static_cast<float>(first.hi), largest);
}

TEST_F(AttentionModelTest, NamesTheSharedHeads) {
  m_model.present(m_session, at(6, 0, 3, 0, 0), {});
  EXPECT_EQ(m_model.headsPerGroup(), 2);
  EXPECT_TRUE(m_model.subtitle()
                  .join(QLatin1Char(' '))
                  .contains(QStringLiteral("key/value head 1, shared by heads 2–3")));
  EXPECT_EQ(m_model.headRole(LayerIndex{0}, HeadIndex{0}), QStringLiteral("previous token"));
}

TEST_F(AttentionModelTest, SaysWhatACellIs) {
  m_model.present(m_session, at(6, 0, 0, 3, 5), {});
  EXPECT_TRUE(m_model.readout(3, 5).contains(QStringLiteral("masked")));
  EXPECT_TRUE(m_model.toolTip(AttentionStage::weights, 5, 3).contains(QStringLiteral("weight")));
  EXPECT_TRUE(m_model.toolTip(AttentionStage::weights, 5, 3).contains(m_model.labels()[5]));
}

TEST_F(AttentionModelTest, RecomputedRowsAreTold) {
  m_model.present(sessionOf(randomRun(m_run->model, 5, 3, false)), at(3, 0, 0, 0, 0), {});
  EXPECT_EQ(m_model.firstComputed(), 0);
  EXPECT_EQ(m_model.firstNew(), 6);
}

TEST_F(AttentionModelTest, RowsWithoutTracesAreMissingAndNeitherMaskedNorZero) {
  auto run = std::make_shared<RunSnapshot>(*m_run);
  run->runId += 1000;
  run->positions[9].reset();
  m_model.present(sessionOf(run), at(6, 0, 0, 0, 0), {});
  EXPECT_EQ(m_model.missingRows(), 1);
  EXPECT_FALSE(m_model.value(9, 0));
  EXPECT_TRUE(std::isnan(m_model.table(m_model.settings().stage).values[9 * 10]));
  EXPECT_TRUE(m_model.readout(9, 0).contains(QStringLiteral("not stored")));
}

TEST_F(AttentionModelTest, TicksStandOnTheScale) {
  for (const AttentionStage stage : {AttentionStage::raw, AttentionStage::weights}) {
    for (const auto kind : {AttentionScale::linear, AttentionScale::logarithmic, AttentionScale::perRow,
                            AttentionScale::withoutFirst}) {
      AttentionSettings settings;
      settings.stage = stage;
      settings.scale = kind;
      m_model.present(m_session, at(6, 0, 0, 0, 0), settings);
      const auto ticks = AttentionModel::ticks(m_model.colorScale(stage));
      ASSERT_GE(ticks.size(), 2u);
      for (std::size_t i = 0; i < ticks.size(); ++i) {
        EXPECT_GE(ticks[i].first, 0);
        EXPECT_LE(ticks[i].first, 1);
        if (i > 0) {
          EXPECT_GT(ticks[i].first, ticks[i - 1].first);
        }
      }
    }
  }
}

RunSnapshotPtr whatIf(const AttentionRules& rules, int prompt, int steps) {
  RunSettings settings;
  settings.ignoreEos = true;
  settings.kvCache = rules.causalMask;
  settings.rules = rules;
  Result<Lane> lane = Lane::start(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), settings,
                                  std::vector<TokenId>(static_cast<std::size_t>(prompt), TokenId{5}), {});
  DECODESCOPE_REQUIRE(lane.ok());
  for (int i = 0; i < steps; ++i) lane.value().step();
  return lane.value().snapshot();
}

TEST_F(AttentionModelTest, WithoutAMaskEveryQuerySeesEveryToken) {
  AttentionRules rules;
  rules.causalMask = false;
  const RunSnapshotPtr run = whatIf(rules, 4, 3);
  m_model.present(sessionOf(run), at(3, 1, 2, 0, 5), {});
  EXPECT_FALSE(m_model.causal());
  for (int q = 0; q < 6; ++q) {
    double sum = 0;
    for (int k = 0; k < 6; ++k) sum += static_cast<double>(*m_model.value(q, k));
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_FALSE(m_model.readout(0, 5).contains(QStringLiteral("masked")));
  EXPECT_TRUE(m_model.subtitle().join(QLatin1Char(' ')).contains(QStringLiteral("no causal mask")));
}

TEST_F(AttentionModelTest, AStruckKeyIsNotThereRatherThanZero) {
  AttentionRules rules;
  rules.struckRows.push_back({LayerIndex{1}, KvHeadIndex{1}, Position{2}, Position{0}});
  rules.struckHeads.push_back({LayerIndex{1}, HeadIndex{3}, Position{0}});
  const RunSnapshotPtr run = whatIf(rules, 4, 3);
  m_model.present(sessionOf(run), at(3, 1, 3, 5, 2), {});
  EXPECT_TRUE(std::isnan(*m_model.value(5, 2)));
  EXPECT_FALSE(std::isnan(*m_model.value(5, 1)));
  EXPECT_TRUE(m_model.readout(5, 2).contains(QStringLiteral("struck out")));
  EXPECT_EQ(m_model.table(m_model.settings().stage).values[5 * 6 + 2], 0.0f);
  EXPECT_TRUE(m_model.subtitle().join(QLatin1Char(' ')).contains(QStringLiteral("head is struck out")));
  m_model.present(sessionOf(run), at(3, 1, 0, 5, 2), {});
  EXPECT_FALSE(std::isnan(*m_model.value(5, 2))) << "another key/value head";
}

TEST(AttentionRowsCache, DerivesOnlyWhatIsNew) {
  const RunSnapshotPtr run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 5, 6);
  const auto positions = [&](const RunSnapshotPtr& of, std::size_t tokens) {
    return std::span<const PositionTracePtr>(of->positions).first(tokens);
  };
  const auto derive = [](AttentionRowsCache& cache, LayerIndex layer, ScoreStage stage) {
    for (int h = 0; h < 4; ++h) cache.rows(layer, HeadIndex{h}, stage);
  };
  AttentionRowsCache cache;
  cache.follow(run, positions(run, 8));
  derive(cache, LayerIndex{0}, ScoreStage::weight);
  EXPECT_EQ(cache.derivedRows(), 4u * 8);
  derive(cache, LayerIndex{0}, ScoreStage::weight);
  EXPECT_EQ(cache.derivedRows(), 4u * 8) << "looking again derives nothing";
  cache.follow(run, positions(run, 9));
  derive(cache, LayerIndex{0}, ScoreStage::weight);
  EXPECT_EQ(cache.derivedRows(), 4u * 9) << "a step derives its own rows";
  cache.follow(run, positions(run, 3));
  derive(cache, LayerIndex{1}, ScoreStage::raw);
  EXPECT_EQ(cache.derivedRows(), 4u * 12);
  cache.follow(run, positions(run, 5));
  derive(cache, LayerIndex{0}, ScoreStage::weight);
  EXPECT_EQ(cache.derivedRows(), 4u * 12) << "going back to a layer looked at lately";
  const RunSnapshotPtr other = randomRun(run->model, 5, 6);
  cache.follow(other, positions(other, 5));
  derive(cache, LayerIndex{0}, ScoreStage::weight);
  EXPECT_EQ(cache.derivedRows(), 4u * 17) << "another run has other rows";
}

TEST(AttentionRowsCache, ScoresOfLaterKeysAreAddedAsTokensCome) {
  const RunSnapshotPtr run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 5, 6);
  const std::span<const PositionTracePtr> all = run->positions;
  AttentionRowsCache stepped, fresh;
  for (std::size_t tokens = 5; tokens <= all.size(); ++tokens) {
    stepped.follow(run, all.first(tokens));
    stepped.rows(LayerIndex{1}, HeadIndex{2}, ScoreStage::scaled);
  }
  fresh.follow(run, all);
  EXPECT_EQ(stepped.rows(LayerIndex{1}, HeadIndex{2}, ScoreStage::scaled).rows,
            fresh.rows(LayerIndex{1}, HeadIndex{2}, ScoreStage::scaled).rows);
}

TEST(AttentionRowsCache, ThumbnailsOfLongRunsKeepEveryFthQueryAndTheLargestOfFKeys) {
  const RunSnapshotPtr run = randomRun(wordyModel({.layers = 1, .heads = 2, .kvHeads = 1}), 45, 1);
  const std::span<const PositionTracePtr> all = run->positions;
  AttentionRowsCache cache;
  cache.follow(run, all);
  ASSERT_EQ(cache.thumbnailFactor(16), 4);
  const HeatmapRows thumbnail = cache.thumbnail(LayerIndex{0}, HeadIndex{1}, ScoreStage::weight, 16, false);
  const auto& rows = cache.rows(LayerIndex{0}, HeadIndex{1}, ScoreStage::weight).rows;
  ASSERT_EQ(thumbnail.rows.size(), 12u);
  for (std::size_t r = 0; r < 12; ++r) {
    const std::vector<float>& row = rows[std::min<std::size_t>(4 * r + 3, 44)];
    for (std::size_t c = 0; c < thumbnail.rows[r].size(); ++c) {
      const auto first = row.begin() + static_cast<std::ptrdiff_t>(4 * c);
      EXPECT_EQ(thumbnail.rows[r][c], *std::max_element(first, std::min(first + 4, row.end())));
    }
  }
  // The same after going back and forth.
  AttentionRowsCache walked;
  for (const std::size_t tokens : {30u, 45u, 21u, 45u}) {
    walked.follow(run, all.first(tokens));
    walked.thumbnail(LayerIndex{0}, HeadIndex{1}, ScoreStage::weight, 16, false);
  }
  const HeatmapRows again = walked.thumbnail(LayerIndex{0}, HeadIndex{1}, ScoreStage::weight, 16, false);
  for (std::size_t r = 0; r < 12; ++r)
    EXPECT_TRUE(std::equal(again.rows[r].begin(), again.rows[r].end(), thumbnail.rows[r].begin(),
                           thumbnail.rows[r].end()));
}

}  // namespace
}  // namespace decodescope::test
