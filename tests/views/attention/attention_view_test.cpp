#include "views/attention/attention_view.h"

#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

class AttentionViewTest : public testing::Test {
 protected:
  void present(int tokens, int query, int key) {
    m_session = sessionOf(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), tokens, 1));
    Selection s;
    s.step = StepIndex{1};
    s.query = Position{query};
    s.key = Position{key};
    m_view.present(m_session, s);
    m_image = painted(m_view, QSize(900, 640), Theme::makeLight());
  }

  QPointF cellCentre(int row, int column, int count) const {
    const QRectF m = m_view.layout().matrix;
    return m.topLeft() + QPointF((column + 0.5) * m.width() / count, (row + 0.5) * m.height() / count);
  }

  AttentionView m_view;
  SessionSnapshot m_session;
  QImage m_image;
};

TEST_F(AttentionViewTest, EveryCellIsWhereItIsHit) {
  present(12, 0, 0);
  for (int q = 0; q < 12; ++q) {
    for (int k = 0; k < 12; ++k) {
      const std::optional<Hit> hit = m_view.hitTest(cellCentre(q, k, 12));
      ASSERT_TRUE(hit);
      EXPECT_EQ(hit->hovered.query, Position{q});
      EXPECT_EQ(hit->hovered.key, Position{k});
    }
  }
}

TEST_F(AttentionViewTest, CellsHaveTheColourOfTheirValue) {
  present(40, 39, 0);
  const QList<QRgb> colors = colormapTable(Colormap::viridis, false);
  for (const auto& [q, k] : {std::pair{5, 3}, {20, 11}, {30, 30}}) {
    const float weight = *m_view.model().value(q, k);
    const int level =
        std::max(1, m_view.model().colorScale(AttentionStage::weights).level(static_cast<double>(weight), 0));
    EXPECT_EQ(m_image.pixel(cellCentre(q, k, 40).toPoint()), colors[level]);
  }
}

TEST_F(AttentionViewTest, MaskedCellsAreNoColourOfTheMap) {
  present(12, 11, 0);
  const QList<QRgb> colors = colormapTable(Colormap::viridis, false);
  for (int q = 0; q < 12; ++q) {
    for (int k = q + 1; k < 12; ++k)
      EXPECT_FALSE(colors.contains(m_image.pixel(cellCentre(q, k, 12).toPoint())));
  }
}

TEST_F(AttentionViewTest, AStruckKeyLooksMaskedAndANumberIsNotWrittenThere) {
  RunSettings settings;
  settings.ignoreEos = true;
  settings.rules.struckRows.push_back({LayerIndex{0}, KvHeadIndex{0}, Position{1}, Position{0}});
  Result<Lane> lane = Lane::start(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), settings,
                                  std::vector<TokenId>(4, TokenId{5}), {});
  ASSERT_TRUE(lane.ok());
  lane.value().step();
  m_session = sessionOf(lane.value().snapshot());
  Selection s;
  s.step = StepIndex{1};
  m_view.present(m_session, s);
  m_image = painted(m_view, QSize(900, 640), Theme::makeLight());
  EXPECT_FALSE(
      colormapTable(Colormap::viridis, false).contains(m_image.pixel(cellCentre(3, 1, 4).toPoint())));
}

TEST_F(AttentionViewTest, AHeadIsSelectedByAClickOnly) {
  present(12, 3, 2);
  ASSERT_EQ(m_view.layout().head.size(), 4u);
  const std::optional<Hit> hit = m_view.hitTest(m_view.layout().head[2].center());
  ASSERT_TRUE(hit && hit->clicked);
  EXPECT_EQ(hit->hovered.head, HeadIndex{0});
  EXPECT_EQ(hit->clicked->head, HeadIndex{2});
  EXPECT_FALSE(hit->locks);
}

TEST_F(AttentionViewTest, ZoomKeepsTheCellUnderThePointer) {
  present(60, 0, 0);
  const QPointF at = cellCentre(40, 20, 60);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(m_view.zoom(at, 1.25));
  painted(m_view, QSize(900, 640), Theme::makeLight());
  const std::optional<Hit> hit = m_view.hitTest(at);
  ASSERT_TRUE(hit);
  EXPECT_NEAR(hit->hovered.query.value, 40, 2);
  EXPECT_NEAR(hit->hovered.key.value, 20, 2);
  EXPECT_FALSE(m_view.zoom(QPointF(1, 1), 1.25)) << "outside the matrix";

  const int before = hit->hovered.key.value;
  EXPECT_TRUE(m_view.pan(QPointF(-100, 0)));
  EXPECT_GT(m_view.hitTest(at)->hovered.key.value, before);
  m_view.resetZoom();
  EXPECT_EQ(m_view.hitTest(cellCentre(59, 0, 60))->hovered.query, Position{59});
  EXPECT_FALSE(m_view.pan(QPointF(-100, 0))) << "everything is shown";
}

TEST_F(AttentionViewTest, ZoomIsTakenFromAWordAndGivenAsOne) {
  present(60, 0, 0);
  EXPECT_EQ(m_view.zoomed(), QString());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(m_view.zoom(cellCentre(40, 20, 60), 1.25));
  const QImage zoomed = painted(m_view, QSize(900, 640), Theme::makeLight());
  const QString word = m_view.zoomed();
  m_view.resetZoom();
  EXPECT_NE(painted(m_view, QSize(900, 640), Theme::makeLight()), zoomed);
  ASSERT_TRUE(m_view.setZoomed(word));
  EXPECT_EQ(painted(m_view, QSize(900, 640), Theme::makeLight()), zoomed);
  for (const char* wrong : {"1,2", "a,b,c", "-1,0,4", "0,0,0", "nan,0,3", "1e300,0,3"})
    EXPECT_FALSE(m_view.setZoomed(QLatin1String(wrong))) << wrong;
  EXPECT_EQ(m_view.zoomed(), word);
  EXPECT_TRUE(m_view.setZoomed({}));
  EXPECT_EQ(m_view.zoomed(), QString());
}

TEST_F(AttentionViewTest, ZoomStopsAtBothEnds) {
  present(30, 0, 0);
  const QPointF at = m_view.layout().matrix.center();
  int steps = 0;
  while (m_view.zoom(at, 2) && steps < 100) ++steps;
  EXPECT_LT(steps, 100);
  painted(m_view, QSize(900, 640), Theme::makeLight());
  while (m_view.zoom(m_view.layout().matrix.center(), 0.5) && steps < 200) ++steps;
  EXPECT_LT(steps, 200);
  EXPECT_EQ(painted(m_view, QSize(900, 640), Theme::makeLight()), m_image);
}

}  // namespace
}  // namespace decodescope::test
