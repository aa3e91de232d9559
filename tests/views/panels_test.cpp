// Views that offer several pictures under "show": each of them, for every kind of run and area. A Qt warning
// fails these tests by itself.

#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/export.h"
#include "views/view.h"

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace decodescope::test {
namespace {

struct Panel {
  const char* view;
  const char* show;
};

const std::map<std::string, SessionSnapshot>& sessions() {
  static const std::map<std::string, SessionSnapshot> kSessions = [] {
    const LoadedModelPtr shared = wordyModel({.layers = 3, .heads = 8, .kvHeads = 2});
    std::map<std::string, SessionSnapshot> all{
        {"no model", {}},
        {"no step", sessionOf(randomRun(shared, 5, 0))},
        {"one token",
         sessionOf(randomRun(wordyModel({.layers = 1, .heads = 1, .kvHeads = 1, .headDim = 2}), 1, 1))},
        {"two hundred tokens", sessionOf(randomRun(shared, 3, 198))},
    };
    for (const NamedConfig& named : decoderFamily()) {
      if (named.name != "gpt2_like" && named.name != "opt_post_norm" && named.name != "sinusoidal") continue;
      RunSettings settings;
      settings.ignoreEos = true;
      Result<Lane> lane =
          Lane::start(randomLoadedModel(named.config, 3), settings, randomTokens(named.config, 20, 4), {});
      lane.value().step();
      all[named.name] = sessionOf(lane.value().snapshot());
    }
    return all;
  }();
  return kSessions;
}

Selection lastToken(const SessionSnapshot& session) {
  Selection s;
  if (!session.lanes.empty()) s.step = StepIndex{session.lanes[0].run->stepCount()};
  s.query = Position{100000};
  return clampTo(s, session);
}

class EveryPanel : public testing::TestWithParam<Panel> {
 protected:
  std::unique_ptr<View> makeView() const {
    std::unique_ptr<View> view = findView(QLatin1String(GetParam().view))->make();
    EXPECT_TRUE(view->setOption(QStringLiteral("show"), QLatin1String(GetParam().show)));
    return view;
  }
};

TEST_P(EveryPanel, FillsItsArea) {
  const std::unique_ptr<View> view = makeView();
  for (const auto& [name, session] : sessions()) {
    view->present(session, lastToken(session));
    EXPECT_FALSE(view->description().isEmpty());
    for (const bool dark : {false, true}) {
      for (const double scale : {1.0, 2.5}) {
        for (const QSize size : {QSize(1, 1), QSize(30, 300), QSize(160, 50), QSize(320, 240),
                                 QSize(500, 900), QSize(1280, 720)}) {
          SCOPED_TRACE(name + (dark ? ", dark, " : ", light, ") + std::to_string(size.width()) + "x" +
                       std::to_string(size.height()) + " at " + std::to_string(scale));
          const QImage image = painted(*view, size, dark ? Theme::makeDark(scale) : Theme::makeLight(scale));
          EXPECT_EQ(untouchedPixels(image), 0);
          if (size.width() >= 320) {
            EXPECT_GE(colorCount(image, 6), 6) << "looks blank";
          }
        }
      }
    }
    EXPECT_EQ(untouchedPixels(painted(*view, QSize(2560, 1440), Theme::makeLight())), 0) << name;
  }
}

TEST_P(EveryPanel, PointingSaysSomethingAndSelectsWhatTheRunHas) {
  const std::unique_ptr<View> view = makeView();
  for (const auto& [name, session] : sessions()) {
    view->present(session, lastToken(session));
    painted(*view, QSize(900, 640), Theme::makeLight());
    int hits = 0;
    for (int y = 0; y < 640; y += 5) {
      for (int x = 0; x < 900; x += 5) {
        const std::optional<Hit> hit = view->hitTest(QPointF(x, y));
        if (!hit) continue;
        ++hits;
        EXPECT_FALSE(hit->toolTip.isEmpty());
        EXPECT_EQ(clampTo(hit->hovered, session), hit->hovered);
        if (hit->clicked) {
          EXPECT_EQ(clampTo(*hit->clicked, session), *hit->clicked);
        }
      }
    }
    EXPECT_EQ(hits > 0, name != "no model" && name != "no step") << name;
  }
}

TEST_P(EveryPanel, TablesHaveTheShapeTheySay) {
  const std::unique_ptr<View> view = makeView();
  for (const auto& [name, session] : sessions()) {
    view->present(session, lastToken(session));
    std::set<QString> names;
    for (const NamedTable& table : view->tables()) {
      SCOPED_TRACE(name + ", " + table.name.toStdString());
      std::size_t product = 1;
      for (const int n : table.shape) product *= static_cast<std::size_t>(n);
      EXPECT_EQ(product, table.values.size());
      EXPECT_EQ(static_cast<std::size_t>(table.columns.size() * table.rowLabels.size()), table.values.size());
      EXPECT_TRUE(names.insert(table.name).second);
    }
    EXPECT_EQ(names.empty(), name == "no model" || name == "no step");
  }
}

INSTANTIATE_TEST_SUITE_P(Views, EveryPanel,
                         testing::Values(Panel{"rope", "dials"}, Panel{"rope", "matrix"},
                                         Panel{"rope", "spectrum"}, Panel{"rope", "distance"},
                                         Panel{"norms", "row"}, Panel{"norms", "histogram"},
                                         Panel{"norms", "layers"}, Panel{"norms", "columns"}),
                         [](const testing::TestParamInfo<Panel>& i) {
                           return std::string(i.param.view) + "_" + i.param.show;
                         });

}  // namespace
}  // namespace decodescope::test
