#include "views/lanes_view.h"

#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/attention/attention_view.h"
#include "views/lane_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

namespace decodescope::test {
namespace {

class LanesViewTest : public testing::Test {
 protected:
  LanesViewTest() {
    m_model = wordyModel({.layers = 2, .heads = 4, .kvHeads = 2});
    m_session = sessionOf(randomRun(m_model, 8, 3));
    m_selection.step = StepIndex{3};
    m_selection.query = Position{6};
    m_selection.key = Position{4};
  }
  void addLane(const RunSnapshotPtr& run, const char* label) {
    m_session.lanes.push_back({static_cast<int>(m_session.lanes.size()), label, run});
  }
  QImage paint(LanesView& view, const QSize& size = {1000, 600}) {
    view.present(m_session, m_selection);
    return painted(view, size, Theme::makeLight());
  }
  /// The lanes that pointing somewhere in the picture finds.
  static std::set<int> lanesFound(const LanesView& view, const QSize& size) {
    std::set<int> found;
    for (int y = 0; y < size.height(); y += 7) {
      for (int x = 0; x < size.width(); x += 7) {
        const std::optional<Hit> hit = view.hitTest(QPointF(x, y));
        if (hit && hit->locks) found.insert(hit->hovered.lane);
      }
    }
    return found;
  }
  static bool offersLanes(const LanesView& view) {
    const std::vector<ViewOption> options = view.options();
    return !options.empty() && options.front().id == QLatin1String("lanes");
  }

  LoadedModelPtr m_model;
  SessionSnapshot m_session;
  Selection m_selection;
};

/// Without lanes beside it every picture reaches as far as its own numbers; what it is given instead shows.
TEST_F(LanesViewTest, SharedScalesShowUntilSomethingElseIsPresented) {
  for (const auto& [id, option, value] :
       {std::array{"heads", "show", "heads"}, std::array{"shapes", "numbers", "run"},
        std::array{"norms", "show", "layers"}, std::array{"norms", "show", "columns"},
        std::array{"rope", "show", "distance"}, std::array{"rope", "show", "matrix"},
        std::array{"rope", "scale", "all"}, std::array{"kv_cache", "show", "work"},
        std::array{"kv_cache", "show", "contents"}}) {
    SCOPED_TRACE(std::string(id) + " " + option + "=" + value);
    const std::unique_ptr<View> view = findView(QLatin1String(id))->make();
    ASSERT_TRUE(view->setOption(QLatin1String(option), QLatin1String(value)));
    view->present(m_session, m_selection);
    const QImage before = painted(*view, {700, 500}, Theme::makeLight());
    const std::vector<double> own = view->scaleEnds();
    ASSERT_FALSE(own.empty());
    std::vector<double> longer = own;
    for (double& end : longer) end *= 2;
    view->setScaleEnds(longer);
    EXPECT_NE(painted(*view, {700, 500}, Theme::makeLight()), before);
    view->present(m_session, m_selection);
    EXPECT_EQ(view->scaleEnds(), own);
    EXPECT_EQ(painted(*view, {700, 500}, Theme::makeLight()), before);
  }
}

TEST_F(LanesViewTest, ADifferenceOfManyTablesHasPages) {
  addLane(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}, 2), 8, 3), "another");
  LanesView view(*findView(QStringLiteral("mask")));
  paint(view);
  ASSERT_TRUE(view.setOption(QStringLiteral("lanes"), QStringLiteral("difference")));
  const auto pages = [&] {
    const std::vector<ViewOption> options = view.options();
    const auto page = std::find_if(options.begin(), options.end(), [](const ViewOption& option) {
      return option.id == QLatin1String("difference.page");
    });
    return page == options.end() ? ViewOption() : *page;
  };
  ASSERT_EQ(pages().choices.size(), 2u) << "seven tables, six a page";
  EXPECT_EQ(pages().value, QStringLiteral("1"));
  const QImage first = paint(view);
  ASSERT_TRUE(view.setOption(QStringLiteral("difference.page"), QStringLiteral("2")));
  EXPECT_NE(paint(view), first);
  EXPECT_EQ(pages().value, QStringLiteral("2"));
  EXPECT_FALSE(view.setOption(QStringLiteral("difference.page"), QStringLiteral("0")));
  EXPECT_FALSE(view.setOption(QStringLiteral("difference.page"), QStringLiteral("x")));
  ASSERT_TRUE(view.setOption(QStringLiteral("lanes"), QStringLiteral("beside")));
  EXPECT_TRUE(pages().choices.empty());
}

TEST_F(LanesViewTest, OneLaneIsTheViewItself) {
  LanesView lanes(*findView(QStringLiteral("attention")));
  AttentionView alone;
  const QImage picture = paint(lanes);
  alone.present(m_session, m_selection);
  EXPECT_EQ(picture, painted(alone, {1000, 600}, Theme::makeLight()));
  EXPECT_FALSE(offersLanes(lanes));
  EXPECT_EQ(lanes.options().size(), alone.options().size());
}

TEST_F(LanesViewTest, SeveralLanesStandBesideEachOtherAndHitsNameTheirs) {
  addLane(randomRun(m_model, 8, 3, false), "cache off");
  addLane(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 1}), 8, 3), "other");
  LanesView view(*findView(QStringLiteral("attention")));
  const QImage image = paint(view);
  EXPECT_EQ(untouchedPixels(image), 0);
  EXPECT_TRUE(offersLanes(view));
  EXPECT_EQ(lanesFound(view, image.size()), (std::set{0, 1, 2}));
  EXPECT_TRUE(view.description().contains(QLatin1String("cache off")));
}

TEST_F(LanesViewTest, OneLaneOfSeveralIsTheSelectedOne) {
  addLane(randomRun(m_model, 8, 3, false), "cache off");
  LanesView view(*findView(QStringLiteral("attention")));
  ASSERT_TRUE(view.setOption(QStringLiteral("lanes"), QStringLiteral("one")));
  m_selection.lane = 1;
  const QImage image = paint(view);
  EXPECT_EQ(untouchedPixels(image), 0);
  EXPECT_EQ(lanesFound(view, image.size()), std::set{1});
}

TEST_F(LanesViewTest, AHeaderSelectsItsLaneWithAClickAlone) {
  addLane(randomRun(m_model, 8, 3, false), "cache off");
  LanesView view(*findView(QStringLiteral("attention")));
  paint(view);
  const std::optional<Hit> hit = view.hitTest(QPointF(700, 8));
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->hovered, m_selection);
  ASSERT_TRUE(hit->clicked);
  EXPECT_EQ(hit->clicked->lane, 1);
  EXPECT_FALSE(hit->locks);
}

/// Its scale reaches as far as its lane's place; the ends that it was given are kept for all of its kind.
class LaneScale : public View {
 public:
  void present(const SessionSnapshot&, const Selection& selection) override { m_lane = selection.lane; }
  std::vector<double> scaleEnds() const override { return {m_lane + 1.0, 10.0 - m_lane}; }
  void setScaleEnds(const std::vector<double>& ends) override { s_given.push_back(ends); }
  void paint(QPainter&, const QRectF&, const Theme&) override {}
  QString description() const override { return {}; }
  static std::unique_ptr<View> make() { return std::make_unique<LaneScale>(); }

  static inline std::vector<std::vector<double>> s_given;

 private:
  int m_lane = 0;
};

TEST_F(LanesViewTest, AllLanesShareOneScale) {
  addLane(m_session.lanes[0].run, "b");
  addLane(m_session.lanes[0].run, "c");
  const ViewInfo info{"scale", "Scale", "", {}, &LaneScale::make};
  LanesView view(info);
  LaneScale::s_given.clear();
  view.present(m_session, m_selection);
  EXPECT_EQ(LaneScale::s_given, (std::vector<std::vector<double>>(3, {3.0, 10.0})));
  LaneScale::s_given.clear();
  view.setOption(QStringLiteral("lanes"), QStringLiteral("one"));
  EXPECT_TRUE(LaneScale::s_given.empty());
}

TEST_F(LanesViewTest, ALaneThatComesLaterTakesTheOptions) {
  LanesView view(*findView(QStringLiteral("attention")));
  paint(view);
  for (const char* stage : {"raw", "scaled", "raw"})
    ASSERT_TRUE(view.setOption(QStringLiteral("stage"), QLatin1String(stage)));
  addLane(m_session.lanes[0].run, "the same");
  paint(view);
  const std::vector<NamedTable> tables = view.tables();
  const std::size_t half = tables.size() / 2;
  ASSERT_GT(half, 0u);
  EXPECT_EQ(tables[half].name, QStringLiteral("lane1_") + tables[0].name.mid(6));
  EXPECT_EQ(tables[half].values.size(), tables[0].values.size());
}

TEST_F(LanesViewTest, TheDifferenceOfARunAndItselfIsZero) {
  addLane(m_session.lanes[0].run, "the same");
  LanesView view(*findView(QStringLiteral("attention")));
  ASSERT_TRUE(view.setOption(QStringLiteral("lanes"), QStringLiteral("difference")));
  const QImage image = paint(view);
  EXPECT_EQ(untouchedPixels(image), 0);
  const std::vector<NamedTable> tables = view.tables();
  ASSERT_FALSE(tables.empty());
  for (const NamedTable& table : tables) {
    EXPECT_TRUE(table.name.startsWith(QLatin1String("difference_")));
    for (const float v : table.values) EXPECT_TRUE(std::isnan(v) || v == 0);
  }
}

TEST_F(LanesViewTest, TheDifferenceIsAMinusB) {
  addLane(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}, 7), 8, 3), "other weights");
  LanesView view(*findView(QStringLiteral("attention")));
  paint(view);
  const std::vector<NamedTable> both = view.tables();
  const std::size_t half = both.size() / 2;
  ASSERT_TRUE(view.setOption(QStringLiteral("lanes"), QStringLiteral("difference")));
  paint(view);
  const std::vector<NamedTable> tables = view.tables();
  ASSERT_EQ(tables.size(), half);
  int numbers = 0;
  for (std::size_t i = 0; i < tables[0].values.size(); ++i) {
    const float expected = both[0].values[i] - both[half].values[i];
    if (std::isnan(expected)) continue;
    ++numbers;
    EXPECT_EQ(tables[0].values[i], expected);
  }
  EXPECT_GT(numbers, 20);
}

TEST_F(LanesViewTest, ShapesThatDifferAreToldNotDrawn) {
  addLane(randomRun(m_model, 5, 3), "a shorter prompt");
  LanesView view(*findView(QStringLiteral("attention")));
  ASSERT_TRUE(view.setOption(QStringLiteral("lanes"), QStringLiteral("difference")));
  const QImage image = paint(view);
  EXPECT_EQ(untouchedPixels(image), 0);
  EXPECT_GT(colorCount(image), 8) << "the reason stands there";
  EXPECT_TRUE(view.tables().empty());
}

TEST_F(LanesViewTest, ALaneThatHasEndedStaysWhileTheOthersGoOn) {
  auto ended = std::make_shared<RunSnapshot>(*m_session.lanes[0].run);
  ended->state = RunState::finished;
  m_session.lanes[0].run = ended;
  addLane(randomRun(m_model, 8, 6), "longer");
  LanesView view(*findView(QStringLiteral("kv_cache")));
  view.present(m_session, m_selection);
  view.setOption(QStringLiteral("lanes"), QStringLiteral("beside"));
  EXPECT_TRUE(view.description().contains(QLatin1String("6"))) << view.description().toStdString();
}

TEST_F(LanesViewTest, FourLanesInLittleRoomAskForMoreHeight) {
  for (const char* label : {"b", "c", "d"}) addLane(m_session.lanes[0].run, label);
  LanesView view(*findView(QStringLiteral("attention")));
  view.present(m_session, m_selection);
  const Theme theme = Theme::makeLight();
  EXPECT_GT(view.neededHeight({380, 420}, theme), 900) << "below each other";
  EXPECT_EQ(view.neededHeight({1600, 900}, theme), 900);
  view.setOption(QStringLiteral("lanes"), QStringLiteral("one"));
  EXPECT_EQ(view.neededHeight({380, 420}, theme), 420);
}

TEST_F(LanesViewTest, EveryViewPaintsEveryModeAtEverySize) {
  addLane(randomRun(m_model, 8, 3, false), "cache off");
  addLane(randomRun(wordyModel({.layers = 1, .heads = 2, .kvHeads = 1, .rotary = false}), 6, 3), "other");
  for (const ViewInfo& info : viewRegistry()) {
    LanesView view(info);
    for (const char* mode : {"beside", "one", "difference"}) {
      view.setOption(QStringLiteral("lanes"), QLatin1String(mode));
      for (const QSize size : {QSize(1400, 800), QSize(300, 200), QSize(40, 30)}) {
        view.present(m_session, m_selection);
        EXPECT_EQ(untouchedPixels(painted(view, size, Theme::makeDark(2))), 0)
            << info.id << " " << mode << " " << size.width();
        view.hitTest(QPointF(size.width() / 2.0, size.height() / 2.0));
      }
    }
  }
}

TEST_F(LanesViewTest, ALaneWithoutAMaskKeepsNoCacheWhateverTheSwitchSays) {
  auto maskless = std::make_shared<RunSnapshot>(*m_session.lanes[0].run);
  maskless->settings.kvCache = true;
  maskless->settings.rules.causalMask = false;
  addLane(maskless, "what-if: no causal mask");
  EXPECT_EQ(laneDifferences(m_session, 0), QStringList{QStringLiteral("cache on")});
  EXPECT_EQ(laneDifferences(m_session, 1), QStringList{QStringLiteral("cache off")});
}

TEST_F(LanesViewTest, LanesAreToldApartByWhatDiffers) {
  EXPECT_TRUE(laneDifferences(m_session, 0).isEmpty());
  addLane(randomRun(m_model, 8, 3, false), "cache off");
  EXPECT_EQ(laneDifferences(m_session, 0), QStringList{QStringLiteral("cache on")});
  EXPECT_TRUE(laneDifferences(m_session, 1).isEmpty()) << "its label says so";
  addLane(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 1}), 8, 3), "other");
  EXPECT_TRUE(laneDifferences(m_session, 0).contains(QStringLiteral("GQA")));
  EXPECT_TRUE(laneDifferences(m_session, 2).contains(QStringLiteral("MQA")));
}

}  // namespace
}  // namespace decodescope::test
