#include "app/inspector_text.h"

#include "app/format.h"
#include "core/attention/attention_rows.h"
#include "core/decode/sampler.h"
#include "tests/support/random_run.h"
#include "views/number_place.h"

#include <QImage>
#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

class InspectorTextTest : public testing::Test {
 protected:
  RunSnapshotPtr m_run =
      test::randomRun(test::wordyModel({.layers = 2, .heads = 4, .kvHeads = 2, .headDim = 8}), 6, 3);
  Theme m_theme = Theme::makeLight();

  Selection at(Site site) const {
    Selection s;
    s.step = StepIndex{3};
    s.layer = LayerIndex{1};
    s.head = HeadIndex{3};
    s.query = Position{7};
    s.key = Position{4};
    s.site = site;
    return s;
  }
  QString html(const Selection& s, int element = 0) const {
    return inspectorHtml(*m_run, {s, element}, m_theme);
  }
};

TEST_F(InspectorTextTest, AWeightIsRecomputedFromItsOperands) {
  const Selection s = at(Site::weights);
  const ModelConfig& config = m_run->model->config();
  const std::span<const float> q = attentionQuery(config, *m_run->trace(s.query), s.layer, s.head);
  double largest = -INFINITY, sum = 0, cell = 0;
  for (const bool second : {false, true}) {
    for (int j = 0; j <= s.query.value; ++j) {
      const std::span<const float> k =
          attentionKey(config, *m_run->trace(Position{j}), s.layer, config.keyValueHeadOf(s.head));
      double dot = 0;
      for (std::size_t i = 0; i < q.size(); ++i) dot += static_cast<double>(q[i]) * static_cast<double>(k[i]);
      const double score = dot / std::sqrt(8.0);
      if (!second) {
        largest = std::max(largest, score);
        continue;
      }
      sum += std::exp(score - largest);
      if (j == s.key.value) cell = std::exp(score - largest);
    }
  }
  const QString text = html(s);
  EXPECT_TRUE(text.contains(shownNumber(cell / sum))) << cell / sum;
  EXPECT_TRUE(text.contains("layers.1.self_attn.weights"));
  EXPECT_TRUE(text.contains("blocks.1.attn.hook_pattern"));
  EXPECT_TRUE(text.contains("(H, T, T) = (4, 8, 8)"));
}

TEST_F(InspectorTextTest, AMaskedCellSaysSo) {
  Selection s = at(Site::scores);
  s.query = Position{2};
  s.key = Position{5};
  EXPECT_TRUE(html(s).contains("Masked"));
}

TEST_F(InspectorTextTest, EverySiteHasItsNameShapeAndNumbers) {
  for (const SiteInfo& info : siteTable()) {
    if (!siteExists(info.site, m_run->model->config())) continue;
    const QString text = html(at(info.site));
    EXPECT_TRUE(text.contains(QString::fromStdString(siteDumpName(info.site, LayerIndex{1}))))
        << info.dumpName;
    EXPECT_TRUE(text.contains(QString::fromUtf8(info.shape))) << info.dumpName;
    EXPECT_FALSE(text.contains("not kept")) << info.dumpName;
  }
}

TEST_F(InspectorTextTest, AHeadsSliceIsThatHeads) {
  const Selection s = at(Site::kProj);
  const std::span<const float> all = m_run->trace(s.query)->row(Site::kProj, s.layer);
  // Query head 3 of 4 reads key/value head 1 of 2.
  EXPECT_TRUE(html(s).contains(shownNumber(static_cast<double>(all[8]))));
}

TEST_F(InspectorTextTest, TheExplainedNumberIsTheChosenOneOfTheHead) {
  const Selection s = at(Site::qProj);
  const std::optional<Cell> cell = inspectedCell(*m_run, {s, 5});
  ASSERT_TRUE(cell);
  EXPECT_EQ(cell->index, 3 * 8 + 5);
  EXPECT_EQ(inspectedCell(*m_run, {s, 99})->index, 3 * 8 + 7);
  const std::optional<Explanation> explanation = explain(*m_run, *cell, m_run->tokensSeenAt(s.step));
  ASSERT_TRUE(explanation.has_value());
  const QString text = html(s, 5);
  EXPECT_TRUE(text.contains(shownNumber(explanation->recomputed)));
  EXPECT_TRUE(text.contains(QString::fromStdString(explanation->filled).toHtmlEscaped()));
  EXPECT_EQ(inspectedCell(*m_run, {at(Site::weights), 0})->index, 3 * 8 + 4);
}

TEST_F(InspectorTextTest, TheRowOfAnotherTokenThanTheQueryIsShownWhereThePlaceSaysSo) {
  const NumberPlace place{at(Site::vProj), 2, 1};
  EXPECT_EQ(inspectedCell(*m_run, place)->position.value, 1);
  const std::span<const float> row = m_run->trace(Position{1})->row(Site::vProj, LayerIndex{1});
  EXPECT_TRUE(inspectorHtml(*m_run, place, m_theme).contains(shownNumber(static_cast<double>(row[8 + 2]))));
}

/// Every operand of every site that can be gone to: the link leads to the place whose number it is.
TEST_F(InspectorTextTest, LinksLeadToTheOperands) {
  const QRegularExpression pattern(QStringLiteral("href=\"(cell:[^\"]+)\""));
  const int tokens = m_run->tokensSeenAt(StepIndex{3});
  for (const SiteInfo& info : siteTable()) {
    if (!siteExists(info.site, m_run->model->config())) continue;
    const Selection s = at(info.site);
    const std::optional<Cell> own = inspectedCell(*m_run, {s, 3});
    const std::optional<Explanation> e = explain(*m_run, *own, tokens);
    ASSERT_TRUE(e) << info.dumpName;
    const QString text = html(s, 3);
    std::vector<Cell> linked;
    for (auto found = pattern.globalMatch(text); found.hasNext();) {
      const std::optional<Cell> cell = linkedCell(QUrl(found.next().captured(1)));
      ASSERT_TRUE(cell) << info.dumpName;
      linked.push_back(*cell);
      const std::optional<Cell> there = inspectedCell(*m_run, placeOf(*m_run, *cell, s));
      EXPECT_EQ(there, cell) << info.dumpName;
    }
    for (const Operand& operand : e->operands) {
      if (operand.source)
        EXPECT_EQ(std::count(linked.begin(), linked.end(), *operand.source), 1) << operand.name;
    }
  }
}

TEST_F(InspectorTextTest, LongVectorsAreStripsOfColour) {
  const QString text = html(at(Site::oProj), 2);
  const qsizetype start = text.indexOf(QLatin1String("base64,")) + 7;
  ASSERT_GT(start, 7);
  QImage strip;
  ASSERT_TRUE(strip.loadFromData(
      QByteArray::fromBase64(text.mid(start, text.indexOf('"', start) - start).toLatin1())));
  EXPECT_GT(strip.width(), 100);
  EXPECT_LE(strip.width(), 190);
  // 32 numbers in the model's o_proj input: blue below zero, red above.
  const std::span<const float> x = m_run->trace(Position{7})->row(Site::context, LayerIndex{1});
  const auto most = std::max_element(x.begin(), x.end()) - x.begin();
  const auto least = std::min_element(x.begin(), x.end()) - x.begin();
  const auto colourOf = [&](auto i) {
    return strip.pixelColor((2 * static_cast<int>(i) + 1) * strip.width() / (2 * static_cast<int>(x.size())),
                            3);
  };
  EXPECT_GT(colourOf(most).red(), colourOf(most).blue());
  EXPECT_GT(colourOf(least).blue(), colourOf(least).red());
}

TEST_F(InspectorTextTest, BadLinksLeadNowhere) {
  for (const char* link :
       {"cell:", "cell:1/2/3", "cell:99/0/0/0", "cell:-1/0/0/0", "element:4", "code:numpy"})
    EXPECT_FALSE(linkedCell(QUrl(QLatin1String(link)))) << link;
}

TEST_F(InspectorTextTest, LogitsShowTheProbabilityOfWhatFollowed) {
  Selection s = at(Site::logits);
  s.query = Position{m_run->steps.back().tokensSeen - 1};
  const std::span<const float> logits = m_run->trace(s.query)->row(Site::logits);
  EXPECT_TRUE(html(s).contains(shownNumber(tokenProbability(logits, m_run->steps.back().sampled))));
}

TEST_F(InspectorTextTest, BeforeTheFirstStepItSaysWhatToDo) {
  Selection s = at(Site::weights);
  s.step = StepIndex{0};
  EXPECT_TRUE(html(s).contains("Space"));
}

}  // namespace
}  // namespace decodescope
