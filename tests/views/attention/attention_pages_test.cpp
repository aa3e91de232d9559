// Every arrangement of the attention view against the run's own numbers.

#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/attention/selected.h"
#include "tests/views/paint.h"
#include "views/attention/absorbed_model.h"
#include "views/attention/attention_view.h"
#include "views/attention/context_model.h"
#include "views/attention/embeddings_page.h"
#include "views/attention/grid_page.h"
#include "views/attention/row_page.h"
#include "views/attention/scaling_page.h"

#include <cmath>
#include <gtest/gtest.h>
#include <string_view>

namespace decodescope::test {
namespace {

const char* const kLayouts[] = {"one",     "stages",  "grid",       "row",
                                "context", "scaling", "embeddings", "absorbed"};

class AttentionPagesTest : public testing::Test {
 protected:
  RunSnapshotPtr m_run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 9, 6);
  SessionSnapshot m_session = sessionOf(m_run);
  AttentionModel m_model;
};

TEST_F(AttentionPagesTest, StagesAgreeWithEachOther) {
  m_model.present(m_session, at(6, 1, 3, 0, 0), {});
  const float root = std::sqrt(static_cast<float>(m_run->model->config().headDim));
  for (int q = 0; q < m_model.tokens(); ++q) {
    double sum = 0, exponentials = 0;
    for (int k = 0; k <= q; ++k) {
      const float raw = *m_model.value(AttentionStage::raw, q, k);
      const float scaled = *m_model.value(AttentionStage::scaled, q, k);
      EXPECT_NEAR(scaled, raw / root, 1e-5f * std::abs(raw) + 1e-7f);
      EXPECT_EQ(*m_model.value(AttentionStage::masked, q, k), scaled);
      sum += static_cast<double>(*m_model.value(AttentionStage::weights, q, k));
      exponentials += std::exp(static_cast<double>(scaled));
    }
    EXPECT_NEAR(sum, 1, 1e-5);
    for (int k = 0; k < m_model.tokens(); ++k) {
      EXPECT_EQ(m_model.value(AttentionStage::masked, q, k).has_value(), k <= q);
      EXPECT_EQ(m_model.value(AttentionStage::weights, q, k).has_value(), k <= q);
      ASSERT_TRUE(m_model.value(AttentionStage::raw, q, k))
          << "computed for the view beyond the diagonal too";
      if (k <= q) {
        EXPECT_NEAR(
            *m_model.value(AttentionStage::weights, q, k),
            std::exp(static_cast<double>(*m_model.value(AttentionStage::scaled, q, k))) / exponentials, 1e-5);
      }
    }
  }
}

TEST_F(AttentionPagesTest, ContextIsTheTracedOne) {
  for (int layer = 0; layer < 2; ++layer) {
    for (int head = 0; head < 4; ++head) {
      for (const int query : {0, 5, 13}) {
        m_model.present(m_session, at(6, layer, head, query, 0), {});
        const ContextNumbers numbers = contextNumbers(m_model, 4);
        ASSERT_TRUE(numbers.ready());
        ASSERT_EQ(numbers.traced.size(), numbers.sum.size());
        EXPECT_LE(numbers.maxDifference, 1e-5);
        // What is shown by itself and the rest make the sum.
        EXPECT_EQ(static_cast<int>(numbers.rows.size()) + numbers.others, query + 1);
        for (std::size_t i = 0; i < numbers.sum.size(); ++i) {
          double sum = static_cast<double>(numbers.otherSum[i]);
          for (const ContextNumbers::Row& row : numbers.rows) sum += static_cast<double>(row.product[i]);
          EXPECT_NEAR(sum, numbers.traced[i], 1e-5);
        }
        for (std::size_t i = 1; i < numbers.rows.size(); ++i)
          EXPECT_LE(numbers.rows[i].weight, numbers.rows[i - 1].weight);
      }
    }
  }
}

TEST(AttentionContext, IsTheTracedOneInEveryKindOfDecoder) {
  for (const NamedConfig& named : decoderFamily()) {
    RunSettings settings;
    settings.ignoreEos = true;
    Result<Lane> lane =
        Lane::start(randomLoadedModel(named.config, 3), settings, randomTokens(named.config, 6, 5), {});
    ASSERT_TRUE(lane.ok()) << named.name;
    for (int i = 0; i < 2; ++i) lane.value().step();
    const RunSnapshotPtr run = lane.value().snapshot();
    AttentionModel model;
    model.present(sessionOf(run), at(2, 1, 1, 6, 0), {});
    const ContextNumbers numbers = contextNumbers(model, 3);
    if (!siteExists(Site::weights, named.config)) {
      EXPECT_FALSE(numbers.ready()) << named.name << " has no weights";
      continue;
    }
    ASSERT_TRUE(numbers.ready()) << named.name;
    EXPECT_LE(numbers.maxDifference, 1e-5) << named.name;
  }
}

TEST_F(AttentionPagesTest, ARowIsSortedAndSumsToOne) {
  m_model.present(m_session, at(6, 0, 1, 11, 0), {});
  const AttentionRowNumbers numbers = attentionRowNumbers(m_model);
  ASSERT_EQ(numbers.values.size(), 12u);
  ASSERT_EQ(numbers.order.size(), 12u);
  EXPECT_NEAR(numbers.sum, 1, 1e-5);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(numbers.values[i], *m_model.value(11, static_cast<int>(i)));
    if (i > 0) {
      EXPECT_GE(numbers.values[static_cast<std::size_t>(numbers.order[i - 1])],
                numbers.values[static_cast<std::size_t>(numbers.order[i])]);
    }
  }
}

TEST_F(AttentionPagesTest, DividedByTheRootOfDTheRowIsTheRuns) {
  m_model.present(m_session, at(6, 1, 2, 13, 0), {});
  const ScalingNumbers numbers = scalingNumbers(m_model);
  ASSERT_TRUE(numbers.ready());
  const std::vector<float> weights = m_model.row(AttentionStage::weights, 13);
  ASSERT_EQ(numbers.columns[1].actual.weights.size(), weights.size());
  for (std::size_t k = 0; k < weights.size(); ++k)
    EXPECT_NEAR(numbers.columns[1].actual.weights[k], weights[k], 1e-5);
  for (std::size_t i = 1; i < numbers.columns.size(); ++i) {
    EXPECT_GE(numbers.columns[i].actual.entropy, numbers.columns[i - 1].actual.entropy);
    EXPECT_LE(numbers.columns[i].actualVariance, numbers.columns[i - 1].actualVariance);
  }
  for (const ScalingNumbers::Column& column : numbers.columns)
    EXPECT_NEAR(column.normalVariance / column.expected, 1, 0.1);
}

TEST_F(AttentionPagesTest, EmbeddingsAreSymmetricAndScoresAreNot) {
  m_model.present(m_session, at(6, 1, 2, 13, 0), {});
  const EmbeddingProducts products = embeddingProducts(m_model);
  EXPECT_LE(products.embeddings.asymmetry, 1e-6 * products.embeddings.largest);
  EXPECT_GT(products.scores.asymmetry, 0.01 * products.scores.largest);
  EXPECT_FALSE(products.projected.values.empty());
  for (int q = 0; q < products.tokens; ++q) {
    for (int k = 0; k < products.tokens; ++k)
      EXPECT_NEAR(products.scores.values[static_cast<std::size_t>(q * products.tokens + k)],
                  *m_model.value(AttentionStage::raw, q, k), 1e-4);
  }
}

TEST_F(AttentionPagesTest, EveryLayoutHasItsTablesAndWords) {
  for (const char* layout : kLayouts) {
    AttentionView view;
    ASSERT_TRUE(view.setOption(QStringLiteral("layout"), QLatin1String(layout)));
    view.present(m_session, at(6, 1, 2, 13, 3));
    painted(view, QSize(900, 640), Theme::makeLight());
    EXPECT_FALSE(view.description().isEmpty()) << layout;
    const std::vector<NamedTable> tables = view.tables();
    EXPECT_EQ(tables.empty(), std::string_view(layout) == "absorbed") << layout << ": GQA has no latent";
    for (const NamedTable& table : tables) {
      std::size_t product = 1;
      for (const int n : table.shape) product *= static_cast<std::size_t>(n);
      EXPECT_EQ(product, table.values.size()) << layout << ' ' << qPrintable(table.name);
      EXPECT_EQ(static_cast<std::size_t>(table.columns.size() * table.rowLabels.size()), table.values.size())
          << layout << ' ' << qPrintable(table.name);
    }
  }
}

TEST_F(AttentionPagesTest, EveryLayoutFillsEveryArea) {
  auto gap = std::make_shared<RunSnapshot>(*m_run);
  gap->runId += 1000;
  gap->positions[3].reset();
  const RunSnapshotPtr one =
      randomRun(wordyModel({.layers = 1, .heads = 1, .kvHeads = 1, .headDim = 4}), 1, 1);
  for (const RunSnapshotPtr& run : {m_run, RunSnapshotPtr(gap), one}) {
    for (const char* layout : kLayouts) {
      AttentionView view;
      view.setOption(QStringLiteral("layout"), QLatin1String(layout));
      const SessionSnapshot session = sessionOf(run);
      const Selection selection = clampTo(at(1000, 1, 2, 13, 3), session);
      view.present(session, selection);
      for (const QSize size :
           {QSize(1, 1), QSize(40, 300), QSize(240, 180), QSize(300, 480), QSize(1024, 640)}) {
        for (const double scale : {1.0, 2.5}) {
          const QImage image = painted(view, size, Theme::makeDark(scale));
          EXPECT_EQ(untouchedPixels(image), 0) << layout << ' ' << size.width() << " at " << scale;
          for (int y = 3; y < size.height(); y += 11) {
            for (int x = 3; x < size.width(); x += 11) {
              const std::optional<Hit> hit = view.hitTest(QPointF(x, y));
              if (!hit) continue;
              EXPECT_EQ(clampTo(hit->hovered, session), hit->hovered) << layout;
              EXPECT_FALSE(hit->toolTip.isEmpty()) << layout;
            }
          }
        }
      }
    }
  }
}

TEST_F(AttentionPagesTest, PicturesStayWhenTheStepThroughAStageChangesNothing) {
  for (const char* layout : kLayouts) {
    AttentionView view;
    view.setOption(QStringLiteral("layout"), QLatin1String(layout));
    Selection selection = at(6, 1, 2, 13, 3);
    view.present(m_session, selection);
    const QImage before = painted(view, QSize(900, 640), Theme::makeLight());
    selection.site = Site::downProj;
    view.present(m_session, selection);
    EXPECT_EQ(painted(view, QSize(900, 640), Theme::makeLight()), before) << layout;
  }
}

TEST_F(AttentionPagesTest, CellsAndHeadsOfferToBeStruckOut) {
  m_model.present(m_session, at(6, 1, 3, 9, 0), {});
  const Hit cell = cellHit(m_model, AttentionStage::weights, 9, 4);
  ASSERT_EQ(cell.strikes.size(), 1u);
  ASSERT_EQ(cell.strikes[0].rows.size(), 1u);
  EXPECT_EQ(cell.strikes[0].rows[0].layer, LayerIndex{1});
  EXPECT_EQ(cell.strikes[0].rows[0].head, KvHeadIndex{1});
  EXPECT_EQ(cell.strikes[0].rows[0].position, Position{4});
  EXPECT_TRUE(cellHit(m_model, AttentionStage::weights, 4, 9).strikes.empty()) << "masked";
  const Hit head = headHit(m_model, LayerIndex{0}, HeadIndex{3});
  ASSERT_EQ(head.strikes.size(), 2u);
  EXPECT_EQ(head.strikes[0].heads, (std::vector<AttentionRules::StruckHead>{{LayerIndex{0}, HeadIndex{3}}}));
  EXPECT_EQ(head.strikes[1].heads.size(), 2u) << "its group";
}

TEST_F(AttentionPagesTest, AbsorbedScoresAreTheRebuiltOnes) {
  for (const NamedConfig& named : decoderFamily()) {
    if (named.config.attention != AttentionKind::latent) continue;
    SCOPED_TRACE(named.name);
    const ModelConfig& config = named.config;
    Result<Lane> lane = Lane::start(randomLoadedModel(config, 1), {}, randomTokens(config, 9, 2), {});
    ASSERT_TRUE(lane.ok());
    for (int i = 0; i < 5; ++i) lane.value().step();
    const SessionSnapshot session = sessionOf(lane.value().snapshot());
    for (const int query : {0, 4, 12}) {
      m_model.present(session, at(5, 1, 2, query, 0), {});
      const AbsorbedNumbers numbers = absorbedNumbers(m_model);
      ASSERT_TRUE(numbers.ready());
      ASSERT_EQ(static_cast<int>(numbers.rows.size()), query + 1);
      double sum = 0, largest = 0;
      for (const AbsorbedNumbers::Row& row : numbers.rows) {
        EXPECT_EQ(row.rebuilt, *m_model.value(AttentionStage::scaled, query, row.key));
        EXPECT_NEAR(row.absorbed, row.rebuilt, 1e-5);
        largest = std::max(largest, std::abs(row.difference()));
        sum += static_cast<double>(row.weight);
      }
      EXPECT_EQ(numbers.maxScoreDifference, largest);
      EXPECT_NEAR(sum, 1, 1e-5);
      EXPECT_EQ(static_cast<int>(numbers.query.size()), config.kvLoraRank);
      ASSERT_EQ(static_cast<int>(numbers.rebuiltContext.size()), config.vHeadDim);
      EXPECT_LE(numbers.maxContextDifference, 1e-5);
      EXPECT_GT(numbers.maxContextDifference + numbers.maxScoreDifference, 0) << "two forms, not one twice";
    }
    // Some keys stand for all where there is no room for them.
    AttentionView view;
    ASSERT_TRUE(view.setOption("layout", "absorbed"));
    view.present(session, at(5, 1, 2, 12, 3));
    for (const QSize size : {QSize(300, 200), QSize(700, 300), QSize(900, 700)}) {
      EXPECT_EQ(untouchedPixels(painted(view, size, Theme::makeLight())), 0);
      bool chosen = false;
      for (int y = 0; y < size.height(); y += 3) {
        const std::optional<Hit> hit = view.hitTest(QPointF(size.width() / 2.0, y));
        if (!hit) continue;
        EXPECT_LE(hit->hovered.key.value, 12);
        chosen = chosen || hit->hovered.key == Position{3};
      }
      EXPECT_TRUE(chosen) << size.width();
    }
    EXPECT_EQ(view.tables().front().shape, (std::vector<int>{13, 4}));
  }
}

TEST_F(AttentionPagesTest, WithoutALatentThereIsNothingToAbsorb) {
  m_model.present(m_session, at(6, 0, 0, 5, 0), {});
  EXPECT_FALSE(absorbedNumbers(m_model).ready());
  AttentionView view;
  ASSERT_TRUE(view.setOption("layout", "absorbed"));
  view.present(m_session, at(6, 0, 0, 5, 0));
  EXPECT_TRUE(view.description().contains("GQA caches keys and values themselves"));
}

TEST_F(AttentionPagesTest, WithoutTheFirstTokenItHasNoColourAndTheRangeIsTheOthers) {
  AttentionSettings settings;
  settings.scale = AttentionScale::withoutFirst;
  m_model.present(m_session, at(6, 1, 3, 9, 0), settings);
  float largest = 0;
  for (int h = 0; h < 4; ++h) {
    m_model.present(m_session, at(6, 1, h, 9, 0), settings);
    for (const std::span<const float> row : m_model.rows(AttentionStage::weights).rows) {
      for (std::size_t k = 1; k < row.size(); ++k) largest = std::max(largest, row[k]);
    }
  }
  EXPECT_EQ(static_cast<float>(m_model.colorScale(AttentionStage::weights).hi), largest);
  EXPECT_EQ(m_model.rows(AttentionStage::weights).leftOut, 1);
}

TEST_F(AttentionPagesTest, AnOwnRangeEndsAtTheHeadsLargest) {
  AttentionSettings settings;
  settings.stage = AttentionStage::masked;
  settings.lockedRange = false;
  double locked = 0;
  for (int h = 0; h < 4; ++h) {
    m_model.present(m_session, at(6, 0, h, 9, 0), settings);
    float own = 0;
    for (const std::span<const float> row : m_model.rows(AttentionStage::masked).rows) {
      for (const float v : row) own = std::max(own, std::abs(v));
    }
    EXPECT_EQ(static_cast<float>(m_model.colorScale(AttentionStage::masked).hi), own);
    locked = std::max(locked, static_cast<double>(own));
  }
  settings.lockedRange = true;
  m_model.present(m_session, at(6, 0, 0, 9, 0), settings);
  EXPECT_EQ(m_model.colorScale(AttentionStage::masked).hi, locked);
}

TEST_F(AttentionPagesTest, AnOwnRangeOfWeightsLeavesTheFirstQueryOut) {
  AttentionSettings settings;
  settings.lockedRange = false;
  m_model.present(m_session, at(6, 0, 1, 9, 0), settings);
  const HeatmapRows rows = m_model.rows(AttentionStage::weights);
  EXPECT_EQ(rows.rowMax[0], 1.0f) << "its only key";
  EXPECT_EQ(static_cast<float>(m_model.colorScale(AttentionStage::weights).hi),
            *std::max_element(rows.rowMax.begin() + 1, rows.rowMax.end()));
  EXPECT_LT(m_model.colorScale(AttentionStage::weights).hi, 1);
}

struct GridCase {
  double width, height;
  int layers, heads, perGroup;
};

class HeadGridTest : public testing::TestWithParam<GridCase> {};

TEST_P(HeadGridTest, ThumbnailsAreApartInsideAndLegible) {
  const GridCase& c = GetParam();
  const QRectF area(10, 20, c.width, c.height);
  const HeadGridLayout layout = layoutHeadGrid(area, {.scale = 1,
                                                      .layerLabel = 50,
                                                      .headLabel = 30,
                                                      .layers = c.layers,
                                                      .heads = c.heads,
                                                      .perGroup = c.perGroup});
  EXPECT_GE(layout.side, 16);
  std::vector<QRectF> squares;
  for (int l = 0; l < c.layers; ++l) {
    for (int h = 0; h < c.heads; ++h) squares.push_back(layout.square(l, h));
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    EXPECT_TRUE(area.adjusted(-1, -1, 1, 1).contains(squares[i])) << i;
    for (std::size_t j = i + 1; j < std::min(squares.size(), i + 40); ++j)
      EXPECT_FALSE(squares[i].intersects(squares[j])) << i << " and " << j;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, HeadGridTest,
                         testing::Values(GridCase{1200, 700, 3, 8, 4}, GridCase{1200, 700, 3, 1, 1},
                                         GridCase{1200, 700, 32, 1, 1}, GridCase{1200, 800, 32, 32, 4},
                                         GridCase{700, 900, 6, 12, 1}, GridCase{1000, 600, 3, 32, 8}));

}  // namespace
}  // namespace decodescope::test
