// Every row of the registry, painted for every kind of run and area. A Qt warning fails these tests by
// itself.

#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/export.h"
#include "views/view.h"

#include <QApplication>

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace decodescope::test {
namespace {

struct RunCase {
  std::string name;
  SessionSnapshot session;
};

SessionSnapshot withoutTraces(const SessionSnapshot& session, int dropped) {
  auto run = std::make_shared<RunSnapshot>(*session.lanes[0].run);
  for (int i = 0; i < dropped; ++i) run->positions[static_cast<std::size_t>(i)].reset();
  return sessionOf(run);
}

const std::vector<RunCase>& runCases() {
  static const std::vector<RunCase> kCases = [] {
    const LoadedModelPtr grouped = wordyModel({.layers = 3, .heads = 8, .kvHeads = 2});
    const LoadedModelPtr single = wordyModel({.layers = 1, .heads = 1, .kvHeads = 1, .headDim = 4});
    const LoadedModelPtr many = wordyModel({.layers = 2, .heads = 32, .kvHeads = 32, .headDim = 4});
    const LoadedModelPtr unrotated = wordyModel({.layers = 2, .heads = 4, .kvHeads = 1, .rotary = false});
    std::vector<RunCase> cases;
    cases.push_back({"no model", {}});
    cases.push_back({"no step", sessionOf(randomRun(grouped, 5, 0))});
    cases.push_back({"one token, one head", sessionOf(randomRun(single, 1, 1))});
    cases.push_back({"three tokens", sessionOf(randomRun(single, 3, 1))});
    cases.push_back({"thirty, shared heads", sessionOf(randomRun(grouped, 6, 25))});
    cases.push_back({"thirty, no cache", sessionOf(randomRun(grouped, 6, 25, false))});
    cases.push_back({"two hundred steps", sessionOf(randomRun(unrotated, 3, 200))});
    cases.push_back({"many heads", sessionOf(randomRun(many, 40, 2))});
    cases.push_back({"oldest traces dropped", withoutTraces(cases[4].session, 7)});
    return cases;
  }();
  return kCases;
}

Selection lastStep(const SessionSnapshot& session) {
  Selection s;
  if (!session.lanes.empty()) s.step = StepIndex{session.lanes[0].run->stepCount()};
  s.query = Position{100000};
  s.key = Position{1};
  return clampTo(s, session);
}

class EveryView : public testing::TestWithParam<std::size_t> {
 protected:
  const ViewInfo& info() const { return viewRegistry()[GetParam()]; }
};

TEST_P(EveryView, FillsItsAreaWhateverTheRun) {
  const std::unique_ptr<View> view = info().make();
  for (const RunCase& run : runCases()) {
    view->present(run.session, lastStep(run.session));
    EXPECT_FALSE(view->description().isEmpty());
    for (const bool dark : {false, true}) {
      for (const QSize size : {QSize(1, 1), QSize(30, 400), QSize(120, 60), QSize(240, 180), QSize(420, 330),
                               QSize(500, 900), QSize(1024, 640)}) {
        for (const double scale : {1.0, 2.5}) {
          const QImage image = painted(*view, size, dark ? Theme::makeDark(scale) : Theme::makeLight(scale));
          SCOPED_TRACE(run.name + (dark ? ", dark, " : ", light, ") + std::to_string(size.width()) + "x" +
                       std::to_string(size.height()) + " at " + std::to_string(scale));
          EXPECT_EQ(untouchedPixels(image), 0);
          if (size.width() >= 240) {
            EXPECT_GE(colorCount(image, 6), 6) << "looks blank";
          }
        }
      }
    }
  }
}

TEST_P(EveryView, PaintsOnDenseAndHugeScreens) {
  const std::unique_ptr<View> view = info().make();
  const SessionSnapshot& session = runCases()[4].session;
  view->present(session, lastStep(session));
  for (const double ratio : {1.25, 2.0}) {
    const QImage image = painted(*view, QSize(700, 500), Theme::makeLight(), ratio);
    EXPECT_EQ(untouchedPixels(image), 0) << ratio;
  }
  EXPECT_EQ(untouchedPixels(painted(*view, QSize(2560, 1440), Theme::makeDark())), 0);
}

TEST_P(EveryView, ShowsTheSamePictureForTheSameStepAgain) {
  const std::unique_ptr<View> view = info().make();
  const SessionSnapshot& session = runCases()[4].session;
  Selection s = lastStep(session);
  std::map<int, QImage> forward;
  for (int step = 1; step <= s.step.value; ++step) {
    Selection at = s;
    at.step = StepIndex{step};
    view->present(session, clampTo(at, session));
    forward[step] = painted(*view, QSize(640, 480), Theme::makeLight());
  }
  for (int step = s.step.value; step >= 1; --step) {
    Selection at = s;
    at.step = StepIndex{step};
    view->present(session, clampTo(at, session));
    EXPECT_EQ(painted(*view, QSize(640, 480), Theme::makeLight()), forward[step]) << "step " << step;
    const std::unique_ptr<View> fresh = info().make();
    fresh->present(session, clampTo(at, session));
    EXPECT_EQ(painted(*fresh, QSize(640, 480), Theme::makeLight()), forward[step]) << "step " << step;
  }
}

TEST_P(EveryView, KeepsNothingOfAnotherRun) {
  const std::unique_ptr<View> used = info().make();
  for (const RunCase& run : runCases()) {
    used->present(run.session, lastStep(run.session));
    const QImage after = painted(*used, QSize(640, 480), Theme::makeLight());
    const std::unique_ptr<View> fresh = info().make();
    fresh->present(run.session, lastStep(run.session));
    EXPECT_EQ(after, painted(*fresh, QSize(640, 480), Theme::makeLight())) << run.name;
  }
}

TEST_P(EveryView, OffersOptionsThatChangeWhatIsShown) {
  const std::unique_ptr<View> view = info().make();
  const SessionSnapshot& session = runCases()[4].session;
  view->present(session, lastStep(session));
  const QImage plain = painted(*view, QSize(900, 600), Theme::makeLight());
  for (const ViewOption& option : view->options()) {
    EXPECT_EQ(option.value, option.standardValue());
    std::vector<std::pair<QString, QString>> values = option.choices;
    if (option.number) {
      values = {{option.number->text(option.number->minimum), option.title},
                {option.number->text(option.number->maximum), option.title}};
    }
    ASSERT_FALSE(values.empty());
    for (const auto& [value, title] : values) {
      EXPECT_FALSE(title.isEmpty());
      EXPECT_TRUE(view->setOption(option.id, value));
      if (value == option.value) continue;
      EXPECT_NE(painted(*view, QSize(900, 600), Theme::makeLight()), plain)
          << qPrintable(option.id + '=' + value);
    }
    EXPECT_FALSE(view->setOption(option.id, QStringLiteral("no such value")));
    EXPECT_TRUE(view->setOption(option.id, option.value));
  }
  EXPECT_FALSE(view->setOption(QStringLiteral("no such option"), QString()));
  EXPECT_EQ(painted(*view, QSize(900, 600), Theme::makeLight()), plain);
}

TEST_P(EveryView, HitsSelectWhatTheRunHas) {
  const std::unique_ptr<View> view = info().make();
  for (const RunCase& run : runCases()) {
    view->present(run.session, lastStep(run.session));
    painted(*view, QSize(900, 600), Theme::makeLight());
    int hits = 0;
    for (int y = 0; y < 600; y += 7) {
      for (int x = 0; x < 900; x += 7) {
        const std::optional<Hit> hit = view->hitTest(QPointF(x, y));
        if (!hit) continue;
        ++hits;
        EXPECT_EQ(clampTo(hit->hovered, run.session), hit->hovered);
        if (hit->clicked) {
          EXPECT_EQ(clampTo(*hit->clicked, run.session), *hit->clicked);
        }
        EXPECT_FALSE(hit->toolTip.isEmpty());
      }
    }
    const bool decoded = !run.session.lanes.empty() && run.session.lanes[0].run->stepCount() > 0;
    if (QLatin1String(info().id) == QLatin1String("compare")) {
      EXPECT_EQ(hits > 0, !run.session.lanes.empty()) << run.name;
    } else if (info().sites.empty()) {
      EXPECT_GT(hits, 0) << run.name << ": needs no run";
    } else if (decoded && hits == 0) {
      EXPECT_TRUE(view->description().contains(QStringLiteral("stored"))) << run.name;
    } else {
      EXPECT_EQ(hits > 0, decoded) << run.name;
    }
  }
}

TEST_P(EveryView, TablesHaveTheShapeTheySay) {
  const std::unique_ptr<View> view = info().make();
  for (const RunCase& run : runCases()) {
    view->present(run.session, lastStep(run.session));
    std::set<QString> names;
    for (const NamedTable& table : view->tables()) {
      std::size_t product = 1;
      for (const int n : table.shape) product *= static_cast<std::size_t>(n);
      EXPECT_EQ(product, table.values.size());
      EXPECT_EQ(static_cast<std::size_t>(table.columns.size() * table.rowLabels.size()), table.values.size());
      EXPECT_TRUE(names.insert(table.name).second) << qPrintable(table.name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryView, testing::Range<std::size_t>(0, viewRegistry().size()),
                         [](const testing::TestParamInfo<std::size_t>& i) {
                           return std::string(viewRegistry()[i.param].id);
                         });

TEST(Registry, FindsViewsByTheirIds) {
  std::set<std::string> ids;
  for (const ViewInfo& info : viewRegistry()) {
    EXPECT_TRUE(ids.insert(info.id).second);
    EXPECT_EQ(findView(QLatin1String(info.id)), &info);
    // These alone show numbers of no run.
    const QString id = QLatin1String(info.id);
    EXPECT_EQ(info.sites.empty(), id == QLatin1String("worked_example") || id == QLatin1String("memory") ||
                                      id == QLatin1String("compare"));
  }
  EXPECT_EQ(findView(QStringLiteral("no such view")), nullptr);
}

}  // namespace
}  // namespace decodescope::test
