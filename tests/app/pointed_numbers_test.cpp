// What lies under the pointer in any view is what the inspector explains.

#include "app/inspector_text.h"
#include "tests/support/random_model.h"
#include "tests/support/random_run.h"

#include <QImage>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

namespace decodescope::test {
namespace {

constexpr QSize kSize(700, 560);

/// All numbers that the view points at on a grid of points, in every choice of its options.
std::vector<NumberPlace> numbersOf(View& view, const SessionSnapshot& session, const Selection& selection) {
  std::vector<NumberPlace> places;
  const auto look = [&] {
    view.present(session, selection);
    QImage image(kSize, QImage::Format_RGB32);
    QPainter painter(&image);
    view.paint(painter, QRectF(QPointF(), QSizeF(kSize)), Theme::makeLight());
    for (double y = 1; y < kSize.height(); y += 7) {
      for (double x = 1; x < kSize.width(); x += 7) {
        const std::optional<Hit> hit = view.hitTest({x, y});
        if (hit && hit->number) places.push_back(*hit->number);
      }
    }
  };
  look();
  for (const ViewOption& option : view.options()) {
    for (const auto& [value, title] : option.choices) {
      if (value == option.value) continue;
      view.setOption(option.id, value);
      look();
      view.setOption(option.id, option.value);
    }
  }
  return places;
}

/// What a view works out is told with where, and its operands give what is shown.
void checkDerived(const Explanation& e, const std::string& view) {
  EXPECT_NEAR(e.recomputed, e.traced, 1e-5 * std::max(1.0, std::abs(e.traced)))
      << view << ": " << e.name << ": " << e.filled;
  EXPECT_FALSE(e.origin.empty() || e.name.empty()) << view;
}

class PointedNumbers : public testing::TestWithParam<bool> {
 protected:
  RunSnapshotPtr m_run =
      randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2, .rotary = GetParam()}), 5, 4);
};

TEST_P(PointedNumbers, AreExplained) {
  const SessionSnapshot session = sessionOf(m_run);
  Selection selection;
  selection.step = StepIndex{4};
  selection.layer = LayerIndex{1};
  selection.head = HeadIndex{2};
  selection.query = Position{7};
  selection.key = Position{3};
  const int tokens = m_run->tokensSeenAt(selection.step);
  for (const ViewInfo& info : viewRegistry()) {
    const std::unique_ptr<View> view = info.make();
    std::set<Site> sites;
    std::set<ExplanationKind> derived;
    for (const NumberPlace& place : numbersOf(*view, session, selection)) {
      if (place.derived) {
        checkDerived(*place.derived, info.id);
        derived.insert(place.derived->kind);
        continue;
      }
      ASSERT_TRUE(siteExists(place.row.site, m_run->model->config())) << info.id;
      ASSERT_LT(place.rowPosition().value, tokens) << info.id;
      const std::optional<Cell> cell = inspectedCell(*m_run, place);
      if (!cell) {
        // A masked cell: the inspector says so.
        ASSERT_GT(place.row.key, place.row.query) << info.id;
        continue;
      }
      const std::optional<Explanation> e = explain(*m_run, *cell, tokens);
      ASSERT_TRUE(e) << info.id << " " << siteInfo(place.row.site).dumpName;
      sites.insert(place.row.site);
    }
    const std::string id = info.id;
    if (id == "attention") {
      EXPECT_TRUE(sites.count(Site::scores) && sites.count(Site::weights));
      EXPECT_EQ(derived, (std::set{ExplanationKind::innerProduct, ExplanationKind::dividedSoftmax}));
    } else if (id == "kv_cache") {
      const std::set<Site> used{Site::qProj, Site::kProj, Site::vProj, Site::weights, Site::context};
      EXPECT_TRUE(std::includes(sites.begin(), sites.end(), used.begin(), used.end()));
      EXPECT_TRUE(sites.count(GetParam() ? Site::kRot : Site::kProj));
      EXPECT_EQ(derived, (std::set{ExplanationKind::arithmetic}));
    } else if (id == "shapes") {
      EXPECT_TRUE(sites.count(Site::inputLayernorm) && sites.count(Site::qProj));
      EXPECT_TRUE(derived.count(ExplanationKind::lookup) && derived.count(ExplanationKind::product));
    } else if (id == "memory") {
      EXPECT_EQ(derived, (std::set{ExplanationKind::arithmetic}));
    } else if (id == "rope") {
      EXPECT_EQ(sites.count(Site::qRot), GetParam() ? 1u : 0u);
    } else if (id == "norms") {
      EXPECT_TRUE(sites.count(Site::inputLayernorm));
    } else if (id == "mask") {
      EXPECT_EQ(sites, (std::set{Site::scores, Site::weights}));
      EXPECT_EQ(derived, (std::set{ExplanationKind::scaledProduct, ExplanationKind::softmax,
                                   ExplanationKind::arithmetic}));
    } else if (id == "worked_example") {
      EXPECT_EQ(sites.size(), 0u);
      EXPECT_EQ(derived,
                (std::set{ExplanationKind::norm, ExplanationKind::product, ExplanationKind::scaledProduct,
                          ExplanationKind::softmax, ExplanationKind::weightedSum, ExplanationKind::lookup,
                          ExplanationKind::dividedSoftmax, ExplanationKind::arithmetic}));
    } else if (id == "probabilities") {
      for (const Site site : {Site::logits, Site::embedTokens, Site::qProj, Site::output})
        EXPECT_TRUE(sites.count(site)) << siteInfo(site).dumpName;
    }
  }
}

/// Where an architecture keeps something else than keys and values by head, or hides some of them.
class PointedVariants : public testing::TestWithParam<NamedConfig> {};

TEST_P(PointedVariants, AreExplained) {
  const ModelConfig& config = GetParam().config;
  Result<Lane> lane = Lane::start(randomLoadedModel(config, 1), {}, randomTokens(config, 5, 2), {});
  ASSERT_TRUE(lane.ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(lane.value().step());
  const RunSnapshotPtr run = lane.value().snapshot();
  Selection selection;
  selection.step = StepIndex{4};
  selection.layer = LayerIndex{1};
  selection.head = HeadIndex{2};
  selection.query = Position{7};
  selection.key = Position{4};
  selection.site = Site::output;
  const int tokens = run->tokensSeenAt(selection.step);
  std::set<Site> kept;
  for (const ViewInfo& info : viewRegistry()) {
    const std::unique_ptr<View> view = info.make();
    for (const NumberPlace& place : numbersOf(*view, sessionOf(run), selection)) {
      const std::string where = std::string(info.id) + " " + siteInfo(place.row.site).dumpName;
      if (place.derived) {
        checkDerived(*place.derived, info.id);
        continue;
      }
      ASSERT_TRUE(siteExists(place.row.site, config)) << where;
      ASSERT_LT(place.rowPosition().value, tokens) << where;
      const std::optional<Cell> cell = inspectedCell(*run, place);
      if (!cell) {
        ASSERT_GT(place.row.key, place.row.query) << where;
        continue;
      }
      ASSERT_TRUE(explain(*run, *cell, tokens)) << where;
      if (info.id == std::string("kv_cache")) kept.insert(place.row.site);
    }
  }
  const bool latent = config.attention == AttentionKind::latent;
  // What the cache holds; what a step computes is pointed at besides.
  const std::set<Site> held = latent
                                  ? std::set{Site::kvALayernorm, Site::kRot, Site::keyStates, Site::kvBProj}
                              : config.attention == AttentionKind::linear ? std::set{Site::state}
                                                                          : std::set{Site::kRot, Site::vProj};
  EXPECT_TRUE(std::includes(kept.begin(), kept.end(), held.begin(), held.end()));
}

std::vector<NamedConfig> otherVariants() {
  std::vector<NamedConfig> family = decoderFamily();
  std::erase_if(family, [](const NamedConfig& named) {
    return named.config.attention == AttentionKind::softmax && named.config.slidingWindow == 0;
  });
  return family;
}

INSTANTIATE_TEST_SUITE_P(Family, PointedVariants, testing::ValuesIn(otherVariants()),
                         [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(Positions, PointedNumbers, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Rotary" : "NoPositions"; });

}  // namespace
}  // namespace decodescope::test
