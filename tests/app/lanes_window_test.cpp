#include "app/lane_editor.h"
#include "app/main_window.h"
#include "app/race_dialog.h"
#include "app/token_strip.h"
#include "app/view_docks.h"
#include "core/decode/lane_measures.h"
#include "tests/app/window_fixture.h"
#include "views/view_widget.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>

namespace decodescope::test {
namespace {

class LanesWindowTest : public WindowTest {
 protected:
  std::size_t lanes() const { return m_controller->session()->lanes.size(); }
  bool waitForLanes(std::size_t count) {
    return waitFor(
        [&] { return lanes() == count && m_controller->lanesSettled() && !m_controller->session()->busy; });
  }
  QAction* entry(const QString& start) const {
    for (QAction* action : m_window->findChildren<QAction*>()) {
      if (action->text().remove(QLatin1Char('&')).startsWith(start)) return action;
    }
    ADD_FAILURE() << "no menu entry " << start.toStdString();
    return nullptr;
  }
  LaneEditor& editor() const { return *m_window->findChild<LaneEditor*>(); }
  TokenStrip& strip() const { return *m_window->findChild<TokenStrip*>(); }
  ViewWidget* view(const char* id) const {
    return m_window->findChild<ViewWidget*>(QStringLiteral("view-") + QLatin1String(id));
  }
  /// The view's tool bar has a button that starts with this.
  bool offers(const ViewWidget& view, const QString& start) const {
    QTest::qWait(1);  // what is replaced goes with the event loop
    for (const QToolButton* button : view.header()->findChildren<QToolButton*>()) {
      if (button->text().startsWith(start)) return true;
    }
    return false;
  }
  StrikeOffer anyHead() const { return {QStringLiteral("Strike out"), {{LayerIndex{0}, HeadIndex{0}}}, {}}; }
};

TEST_F(LanesWindowTest, ComparingTheCacheShowsBothLanesEverywhere) {
  openWindowAndWait();
  const int oneRow = strip().height();
  EXPECT_FALSE(offers(*view("attention"), QStringLiteral("Lanes")));
  ASSERT_NE(find<QToolButton>("Compare"), nullptr);
  entry(QStringLiteral("KV cache on · off"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_GT(strip().height(), oneRow);
  EXPECT_TRUE(offers(*view("attention"), QStringLiteral("Lanes: Side by side")));
  press(Qt::Key_Space);
  ASSERT_TRUE(waitForSteps(6));
  EXPECT_EQ(m_controller->session()->lanes[1].run->stepCount(), 6);
  press(Qt::Key_N);
  EXPECT_EQ(m_controller->selection().lane, 1);
  press(Qt::Key_N);
  EXPECT_EQ(m_controller->selection().lane, 0);
  press(Qt::Key_Z, Qt::ControlModifier);
  ASSERT_TRUE(waitForLanes(1));
  EXPECT_EQ(strip().height(), oneRow);
  EXPECT_FALSE(offers(*view("attention"), QStringLiteral("Lanes")));
  press(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
  ASSERT_TRUE(waitForLanes(2));
}

TEST_F(LanesWindowTest, TheStripsKeysSelectAndRemoveLanes) {
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  entry(QStringLiteral("Without the causal mask"))->trigger();
  ASSERT_TRUE(waitForLanes(3));
  strip().setFocus();
  press(Qt::Key_Down);
  EXPECT_EQ(m_controller->selection().lane, 1);
  press(Qt::Key_Delete);
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(m_controller->selection().lane, 0);
  press(Qt::Key_Delete);
  EXPECT_EQ(editor().specs().size(), 1u) << "the first lane stays";
}

TEST_F(LanesWindowTest, AClickOnANameSelectsItsLane) {
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  QWidget* canvas = strip().viewport();
  QTest::mouseClick(canvas, Qt::LeftButton, Qt::NoModifier, QPoint(30, canvas->height() - 12));
  EXPECT_EQ(m_controller->selection().lane, 1);
  QTest::mouseClick(canvas, Qt::LeftButton, Qt::NoModifier, QPoint(30, 12));
  EXPECT_EQ(m_controller->selection().lane, 0);
}

TEST_F(LanesWindowTest, UndoNamesWhatItUndoes) {
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  QAction* undo = entry(QStringLiteral("Undo"));
  EXPECT_TRUE(undo->isEnabled());
  EXPECT_TRUE(undo->text().contains(QLatin1String("cache"))) << undo->text().toStdString();
}

TEST_F(LanesWindowTest, AViewsProposalsBecomeLanes) {
  openWindowAndWait();
  Selection at = m_controller->selection();
  at.step = StepIndex{2};
  const TokenId picked = m_controller->run()->steps[1].sampled;
  emit view("probabilities")->branchProposed(at, TokenId{picked.value == 4 ? 5 : 4});
  ASSERT_TRUE(waitForLanes(2));
  emit view("attention")->strikeProposed(at, anyHead());
  ASSERT_TRUE(waitForLanes(3));
  EXPECT_EQ(m_controller->selection().lane, 2);
}

TEST_F(LanesWindowTest, ANewPromptSaysWhichWhatIfsEnded) {
  openWindowAndWait();
  editor().strikeOut(m_controller->selection(), anyHead());
  ASSERT_TRUE(waitForLanes(2));
  auto* prompt = find<QLineEdit>("Prompt");
  prompt->setFocus();
  prompt->setText(QStringLiteral("Mira ran home"));
  press(Qt::Key_Return);
  ASSERT_TRUE(waitForLanes(1));
  EXPECT_TRUE(m_window->banner().isVisible());
  EXPECT_TRUE(m_window->banner().text().contains(QLatin1String("struck out: layer 0 head 0")));
}

TEST_F(LanesWindowTest, TheLaneModeIsRememberedAlsoWithOneLane) {
  openWindowAndWait();
  view("attention")->setOptionValues({QStringLiteral("lanes=difference")});
  closeWindow();
  openWindowAndWait();
  EXPECT_TRUE(view("attention")->optionValues().contains(QStringLiteral("lanes=difference")));
  entry(QStringLiteral("KV cache on · off"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_TRUE(offers(*view("attention"), QStringLiteral("Lanes: Difference")));
}

TEST_F(LanesWindowTest, AnotherModelOpenedAloneClosesTheLanes) {
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  m_window->openModel(modelPath(QStringLiteral("other")));
  ASSERT_TRUE(waitFor([&] { return m_controller->firstRun()->model->name == "other"; }));
  EXPECT_EQ(lanes(), 1u);
  EXPECT_TRUE(editor().specs().empty());
  EXPECT_TRUE(m_window->banner().text().contains(QLatin1String("cache off")));
}

TEST_F(LanesWindowTest, APresetOpensItsFirstModelAndSetsTheOthersBesideIt) {
  writeModelFolder(modelPath(QStringLiteral("tales-gqa")).toStdString(), {});
  writeModelFolder(modelPath(QStringLiteral("tales-vanilla")).toStdString(), {.layers = 1, .vanilla = true});
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  entry(QStringLiteral("RMSNorm · LayerNorm"))->trigger();
  ASSERT_TRUE(waitFor([&] { return m_controller->firstRun()->model->name == "tales-gqa"; }));
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(m_controller->session()->lanes[1].run->model->name, "tales-vanilla");
  EXPECT_FALSE(entry(QStringLiteral("MHA · GQA · MQA"))->isVisible()) << "its models are not there";
}

TEST_F(LanesWindowTest, DerivedLanesAndTheirTable) {
  openWindowAndWait();
  auto* derive = m_window->findChild<QMenu*>(QStringLiteral("deriveMenu"));
  ASSERT_NE(derive, nullptr);
  emit derive->aboutToShow();
  QStringList entries;
  for (const QAction* action : derive->actions()) entries << action->text().remove(QLatin1Char('&'));
  EXPECT_TRUE(entries.contains(QStringLiteral("MQA: all key/value heads averaged to 1")));
  EXPECT_TRUE(entries.contains(QStringLiteral("Sliding window of 8")));
  derive->actions().front()->trigger();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(m_controller->session()->lanes[1].run->model->config().numKeyValueHeads, 1);
  EXPECT_EQ(m_controller->session()->lanes[1].label, "tales-a, averaged to G = 1");
  press(Qt::Key_F);
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_TRUE(editor().sameTokens());
  EXPECT_TRUE(entry(QStringLiteral("Same tokens"))->isChecked());
  press(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_TRUE(editor().isPinned(m_controller->session()->lanes[1].laneId));
  press(Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
  EXPECT_FALSE(m_window->findChild<QWidget*>(QStringLiteral("canvas-compare"))->visibleRegion().isEmpty());
  press(Qt::Key_M);
  ASSERT_TRUE(waitFor([&] {
    const auto& measures = m_controller->session()->measures;
    return measures && measures->lanes.size() == 2 && !measures->isBusy();
  }));
  for (const LaneMeasure& lane : m_controller->session()->measures->lanes) EXPECT_TRUE(lane.pace);
  EXPECT_TRUE(view("compare")->view().description().contains(QStringLiteral("µs")) ||
              view("compare")->view().description().contains(QStringLiteral("ms")));
}

TEST_F(LanesWindowTest, ARaceTellsTheRatioAndItsNumbers) {
  openWindowAndWait();
  entry(QStringLiteral("Race"))->trigger();
  auto* race = m_window->findChild<RaceDialog*>();
  ASSERT_NE(race, nullptr);
  EXPECT_TRUE(race->isVisible());
  EXPECT_FALSE(race->isModal());
  race->findChild<QSpinBox*>()->setValue(30);
  QPushButton* start = nullptr;
  QPushButton* copy = nullptr;
  for (QPushButton* button : race->findChildren<QPushButton*>()) {
    if (button->text() == QLatin1String("Start")) start = button;
    if (button->text() == QLatin1String("Copy numbers")) copy = button;
  }
  ASSERT_TRUE(start && copy);
  start->click();
  ASSERT_TRUE(waitFor([&] {
    const auto& progress = m_controller->session()->race;
    return progress && !progress->running && start->text() == QLatin1String("Start");
  }));
  const RaceProgress& result = *m_controller->session()->race;
  EXPECT_TRUE(raceResult(result).contains(QLatin1String("30 tokens")));
  copy->click();
  const QStringList lines = QGuiApplication::clipboard()->text().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
  ASSERT_EQ(lines.size(), 3);
  EXPECT_TRUE(lines[1].startsWith(QLatin1String("on\t30\t")));
  EXPECT_EQ(lanes(), 1u);
  EXPECT_EQ(m_controller->run()->stepCount(), 5);
}

TEST(Race, TheClockIsPrecise) {
  EXPECT_EQ(clockText(12'345'678), QStringLiteral("12.346 ms"));
  EXPECT_EQ(clockText(1'234'567'890), QStringLiteral("1.235 s"));
}

TEST(Race, OneThatWasStoppedHasNoResult) {
  RaceProgress race;
  race.target = 10;
  race.runners = {{true, 10, 1000, 500, true}, {false, 3, 900, 800, false}};
  EXPECT_FALSE(raceResult(race).contains(QChar(0x00d7)));
  race.runners[1] = {false, 10, 3400, 25500, true};
  EXPECT_TRUE(raceResult(race).contains(QStringLiteral("3.4×"))) << raceResult(race).toStdString();
  EXPECT_TRUE(raceResult(race).contains(QStringLiteral("51×")));
}

TEST_F(LanesWindowTest, ClosingInTheMiddleOfAnythingJoins) {
  for (int i = 0; i < 4; ++i) {
    openWindowAndWait();
    entry(QStringLiteral("KV cache on · off"))->trigger();
    entry(QStringLiteral("Without the causal mask"))->trigger();
    if (i == 1) press(Qt::Key_P);
    if (i == 2) m_controller->race(200);
    if (i == 3) {
      ASSERT_TRUE(waitForLanes(3));
      press(Qt::Key_P);
      editor().removeOthers();
    }
    closeWindow();
  }
}

TEST_F(LanesWindowTest, LanesAreAddedAndRemovedWhileItPlays) {
  openWindowAndWait();
  find<QComboBox>("Speed of play")->setCurrentIndex(5);
  press(Qt::Key_P);
  for (int i = 0; i < 4; ++i) {
    entry(QStringLiteral("KV cache on · off"))->trigger();
    entry(QStringLiteral("Duplicate"))->trigger();
    const int steps = m_controller->firstRun()->stepCount();
    waitFor([&] { return m_controller->firstRun()->stepCount() > steps || !m_controller->isPlaying(); });
    entry(QStringLiteral("Remove the other lanes"))->setEnabled(true);
    entry(QStringLiteral("Remove the other lanes"))->trigger();
  }
  m_controller->setPlaying(false);
  EXPECT_TRUE(waitForLanes(1));
}

TEST_F(LanesWindowTest, FourLanesPaintAtEverySizeAndScale) {
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  entry(QStringLiteral("Without the causal mask"))->trigger();
  editor().addModel(modelPath(QStringLiteral("other")));
  ASSERT_TRUE(waitForLanes(4));
  for (const QSize size : {QSize(1024, 700), QSize(2560, 1440)}) {
    m_settings->setScale(1.0);
    m_window->applyTheme();
    QApplication::processEvents();
    m_window->resize(size);
    for (const double scale : {1.0, 2.0}) {
      m_settings->setScale(scale);
      m_window->applyTheme();
      QApplication::processEvents();
      EXPECT_EQ(m_window->grab().toImage().size(), size) << "at scale " << scale;
    }
  }
}

TEST_F(LanesWindowTest, EverythingOperableHasAnAccessibleNameWithSeveralLanes) {
  openWindowAndWait();
  entry(QStringLiteral("KV cache on · off"))->trigger();
  entry(QStringLiteral("Race"))->trigger();
  ASSERT_TRUE(waitForLanes(2));
  QApplication::processEvents();
  for (QWidget* widget : m_window->findChildren<QWidget*>()) {
    if (widget->focusPolicy() == Qt::NoFocus) continue;
    if (widget->objectName().startsWith("qt_") || widget->inherits("QComboBoxListView")) continue;
    const auto* button = qobject_cast<QAbstractButton*>(widget);
    const bool named = !widget->accessibleName().isEmpty() || (button && !button->text().isEmpty());
    EXPECT_TRUE(named || qobject_cast<QLabel*>(widget))
        << widget->metaObject()->className() << " " << widget->objectName().toStdString();
  }
}

}  // namespace
}  // namespace decodescope::test
