#include "app/main_window.h"

#include "app/architecture_map.h"
#include "app/dock.h"
#include "app/inspector.h"
#include "app/view_docks.h"
#include "tests/app/window_fixture.h"
#include "views/view_widget.h"

#include <QAbstractButton>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QRegularExpression>
#include <QSlider>
#include <QTabBar>
#include <QTest>
#include <QToolButton>

#include <filesystem>
#include <fstream>

namespace decodescope::test {
namespace {

QImage picture(QWidget& window) {
  QTest::qWait(100);  // the inspector does not write itself at every move
  return window.grab().toImage();
}

TEST_F(WindowTest, FirstLaunchShowsADecodedPromptAndAHint) {
  openWindowAndWait();
  const RunSnapshot* run = m_controller->run();
  EXPECT_EQ(run->model->name, "tales-a");
  EXPECT_EQ(run->generatedCount(), 5);
  EXPECT_EQ(find<QLineEdit>("Prompt")->text(), "Once upon a time");
  EXPECT_TRUE(m_window->banner().isVisible());
  EXPECT_TRUE(m_window->banner().text().contains("Space"));
  EXPECT_EQ(shownStep(), 5);
}

TEST_F(WindowTest, SpaceStepsAndBackspaceGoesBack) {
  openWindowAndWait();
  ASSERT_NE(QApplication::focusWidget(), nullptr);
  EXPECT_EQ(QApplication::focusWidget()->accessibleName(), "Step");
  press(Qt::Key_Space);
  ASSERT_TRUE(waitForSteps(6));
  EXPECT_EQ(shownStep(), 6);
  press(Qt::Key_Backspace);
  press(Qt::Key_Backspace);
  EXPECT_EQ(shownStep(), 4);
  EXPECT_EQ(m_controller->run()->stepCount(), 6);
  press(Qt::Key_Space);
  EXPECT_EQ(shownStep(), 5);
  EXPECT_EQ(m_controller->run()->stepCount(), 6);
}

TEST_F(WindowTest, KeysWalkThroughTheOperations) {
  openWindowAndWait();
  const auto place = [&] { return std::pair(shownStep(), m_controller->currentStage()); };
  const auto last = static_cast<int>(m_controller->stages().size()) - 1;
  m_controller->showStep(3);
  Selection start = m_controller->selection();
  start.site = Site::qRot;
  start.layer = LayerIndex{0};
  m_controller->select(start);
  press(Qt::Key_Period);
  EXPECT_EQ(m_controller->selection().site, Site::kRot);
  press(Qt::Key_Comma);
  EXPECT_EQ(m_controller->selection().site, Site::qRot);
  press(Qt::Key_L);
  EXPECT_EQ(m_controller->selection().layer.value, 1);
  press(Qt::Key_L, Qt::ShiftModifier);
  EXPECT_EQ(m_controller->selection().layer.value, 0);
  press(Qt::Key_O);
  EXPECT_EQ(m_controller->selection().site, Site::output);
  press(Qt::Key_O);
  EXPECT_EQ(place(), std::pair(3, last));
  press(Qt::Key_F11);
  EXPECT_EQ(place(), std::pair(4, 0));
  press(Qt::Key_F11, Qt::ControlModifier);
  EXPECT_EQ(place(), std::pair(3, last));
  press(Qt::Key_O, Qt::ShiftModifier);
  EXPECT_EQ(place(), std::pair(3, 0));
  press(Qt::Key_O, Qt::ShiftModifier);
  EXPECT_EQ(place(), std::pair(2, 0));
}

TEST_F(WindowTest, TheMapRunsToItsMark) {
  openWindowAndWait();
  auto* map = m_window->findChild<ArchitectureDiagram*>();
  ASSERT_NE(map, nullptr);
  map->setFocus();
  Selection start = m_controller->selection();
  start.site = Site::oProj;
  start.layer = LayerIndex{1};
  m_controller->select(start);
  QTest::keyClick(map, Qt::Key_Up, Qt::ControlModifier);
  QTest::keyClick(map, Qt::Key_Up, Qt::ControlModifier);
  EXPECT_EQ(m_controller->selection().site, Site::oProj) << "the mark alone moves";
  EXPECT_TRUE(map->accessibleDescription().contains("self_attn.weights"));
  QTest::keyClick(map, Qt::Key_Return);
  ASSERT_TRUE(waitForSteps(6));
  EXPECT_EQ(shownStep(), 6) << "the softmax lies behind: a new token leads to it";
  EXPECT_EQ(m_controller->selection().site, Site::weights);
  EXPECT_EQ(m_controller->selection().layer.value, 1);
  QTest::keyClick(map, Qt::Key_Return, Qt::ShiftModifier);
  EXPECT_EQ(shownStep(), 5);
  EXPECT_EQ(m_controller->selection().site, Site::weights);
}

TEST_F(WindowTest, TheMapShowsWhatIsSelectedThoughItKeepsItsPicture) {
  openWindowAndWait();
  auto* map = m_window->findChild<ArchitectureDiagram*>();
  ASSERT_NE(map, nullptr);
  const auto grabbed = [&] {
    QApplication::processEvents();
    const QImage kept = map->grab().toImage();
    map->applyTheme(Theme::makeLight());  // forgets all of it
    EXPECT_EQ(map->grab().toImage(), kept);
    return kept;
  };
  map->applyTheme(Theme::makeLight());
  const QImage first = grabbed();
  press(Qt::Key_Backspace);
  const QImage stepBefore = grabbed();
  EXPECT_NE(stepBefore, first) << "the shapes have fewer tokens";
  press(Qt::Key_Comma);
  const QImage operationBefore = grabbed();
  EXPECT_NE(operationBefore, stepBefore);
  press(Qt::Key_L);
  EXPECT_NE(grabbed(), operationBefore) << "the layer's number";
}

TEST_F(WindowTest, AViewThatAnOperationDoesNotConcernStaysStill) {
  openWindowAndWait();
  Selection start = m_controller->selection();
  start.site = Site::gateProj;
  start.layer = LayerIndex{1};
  m_controller->select(start);
  auto* attention = m_window->findChild<QWidget*>("canvas-attention");
  auto* cache = m_window->findChild<QWidget*>("canvas-kv_cache");
  ASSERT_TRUE(attention && cache);
  const QImage attentionBefore = picture(*attention), cacheBefore = picture(*cache);
  press(Qt::Key_Period);
  EXPECT_EQ(m_controller->selection().site, Site::upProj);
  EXPECT_TRUE(picture(*attention) == attentionBefore);
  EXPECT_TRUE(picture(*cache) == cacheBefore);
}

TEST_F(WindowTest, SpaceTypesInTextFields) {
  openWindowAndWait();
  auto* prompt = find<QLineEdit>("Prompt");
  prompt->setFocus();
  prompt->clear();
  QTest::keyClicks(prompt, "the fox p.,");
  EXPECT_EQ(prompt->text(), "the fox p.,");
  EXPECT_EQ(m_controller->run()->stepCount(), 5);
  EXPECT_FALSE(m_controller->isPlaying());
}

TEST_F(WindowTest, EnterInThePromptStartsARunAndGivesSpaceBack) {
  openWindowAndWait();
  const std::uint64_t before = m_controller->run()->runId;
  auto* prompt = find<QLineEdit>("Prompt");
  prompt->setFocus();
  prompt->setText("Mira ran home");
  press(Qt::Key_Return);
  ASSERT_TRUE(
      waitFor([&] { return m_controller->run()->runId != before && m_controller->run()->stepCount() == 1; }));
  EXPECT_EQ(m_controller->run()->promptLength, 4);
  EXPECT_EQ(QApplication::focusWidget()->accessibleName(), "Step");
}

TEST_F(WindowTest, SteppingBackAndForwardShowsIdenticalPictures) {
  openWindowAndWait();
  std::vector<QImage> pictures(6);
  for (int step = 5; step >= 0; --step) {
    m_controller->showStep(step);
    pictures[static_cast<std::size_t>(step)] = picture(*m_window);
  }
  for (int step = 0; step <= 5; ++step) {
    m_controller->showStep(step);
    EXPECT_TRUE(picture(*m_window) == pictures[static_cast<std::size_t>(step)]) << "step " << step;
  }
  EXPECT_NE(pictures[4], pictures[5]);
}

TEST_F(WindowTest, TabReachesEveryPart) {
  openWindowAndWait();
  QStringList reached;
  for (int i = 0; i < 120; ++i) {
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    for (const QWidget* w = QApplication::focusWidget(); w; w = w->parentWidget())
      reached << w->accessibleName();
  }
  for (const char* name :
       {"Model", "Prompt", "KV cache", "Sampling", "Tokens", "Layer", "Query head", "Architecture map",
        "Inspector", "Restart", "Step", "Play", "Step shown", "Attention"}) {
    EXPECT_TRUE(reached.contains(name)) << name;
  }
}

TEST_F(WindowTest, EnterPressesTheFocusedButtonAndSpaceStillSteps) {
  openWindowAndWait();
  auto* cache = find<QAbstractButton>("KV cache");
  ASSERT_NE(cache, nullptr);
  cache->setFocus();
  press(Qt::Key_Return);
  EXPECT_FALSE(cache->isChecked());
  press(Qt::Key_Space);
  ASSERT_TRUE(waitForSteps(6));
  EXPECT_FALSE(cache->isChecked());
  EXPECT_FALSE(m_controller->run()->steps.back().kvCache);
}

TEST_F(WindowTest, FlippingTheCacheKeepsTheTextAndRepaints) {
  openWindowAndWait();
  const std::vector<TokenId> before = m_controller->run()->tokens;
  const std::uint64_t runId = m_controller->run()->runId;
  find<QAbstractButton>("KV cache")->click();
  press(Qt::Key_Space);
  ASSERT_TRUE(waitForSteps(6));
  const RunSnapshot* run = m_controller->run();
  EXPECT_EQ(run->runId, runId);
  ASSERT_EQ(run->tokens.size(), before.size() + 1);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), run->tokens.begin()));
  EXPECT_EQ(run->steps.back().rowsComputed, run->steps.back().tokensSeen);
}

TEST_F(WindowTest, ABadModelShowsABannerAndKeepsTheRun) {
  openWindowAndWait();
  const std::uint64_t runId = m_controller->run()->runId;
  const std::string bad = m_folder.file("bad");
  std::filesystem::create_directories(bad);
  std::ofstream(bad + "/config.json") << "{\"model_type\": ";
  m_window->openModel(QString::fromStdString(bad));
  ASSERT_TRUE(waitFor([&] { return m_window->banner().kind() == Banner::Kind::error; }));
  EXPECT_TRUE(m_window->banner().isVisible());
  EXPECT_TRUE(m_window->banner().text().contains("config.json"));
  EXPECT_EQ(m_controller->run()->runId, runId);
  EXPECT_EQ(find<QComboBox>("Model")->currentText(), "tales-a");
  press(Qt::Key_Space);
  EXPECT_TRUE(waitForSteps(6));
}

TEST_F(WindowTest, ANewModelTakesItsPlaceInPickerAndTitle) {
  openWindowAndWait();
  m_window->openModel(modelPath("other"));
  ASSERT_TRUE(waitFor([&] { return m_controller->run()->model->name == "other"; }));
  ASSERT_TRUE(waitForSteps(5));
  EXPECT_EQ(find<QComboBox>("Model")->currentText(), "other");
  EXPECT_TRUE(m_window->windowTitle().contains("other"));
  EXPECT_LT(m_controller->selection().layer.value, 1);
}

TEST_F(WindowTest, AnUnusualPromptOffersThreeThatWork) {
  openWindowAndWait();
  auto* prompt = find<QLineEdit>("Prompt");
  prompt->setFocus();
  prompt->setText("x y z q");
  press(Qt::Key_Return);
  ASSERT_TRUE(waitFor([&] { return m_window->banner().kind() == Banner::Kind::warning; }));
  QList<QPushButton*> offered = m_window->banner().findChildren<QPushButton*>();
  ASSERT_EQ(offered.size(), 3);
  const std::uint64_t before = m_controller->run()->runId;
  offered[1]->click();
  ASSERT_TRUE(waitFor([&] { return m_controller->run()->runId != before; }));
  EXPECT_EQ(prompt->text(), "the fox saw Mira");
  EXPECT_FALSE(m_window->banner().isVisible());
}

TEST_F(WindowTest, RemembersModelPromptThemeScaleAndSettings) {
  openWindowAndWait(modelPath("tales-b"));
  auto* prompt = find<QLineEdit>("Prompt");
  prompt->setFocus();
  prompt->setText("Mira ran home");
  const std::uint64_t before = m_controller->run()->runId;
  press(Qt::Key_Return);
  ASSERT_TRUE(
      waitFor([&] { return m_controller->run()->runId != before && m_controller->run()->stepCount() == 1; }));
  m_settings->setTheme(Settings::ThemeChoice::dark);
  m_settings->setScale(1.5);
  find<QAbstractButton>("KV cache")->click();
  find<QComboBox>("Play by")->setCurrentIndex(1);
  closeWindow();

  openWindowAndWait();
  EXPECT_EQ(m_controller->playUnit(), SessionController::PlayUnit::stage);
  EXPECT_EQ(m_controller->run()->model->name, "tales-b");
  EXPECT_EQ(find<QLineEdit>("Prompt")->text(), "Mira ran home");
  EXPECT_EQ(m_controller->run()->promptLength, 4);
  EXPECT_EQ(m_settings->theme(), Settings::ThemeChoice::dark);
  EXPECT_DOUBLE_EQ(m_settings->scale(), 1.5);
  EXPECT_FALSE(m_controller->run()->settings.kvCache);
  EXPECT_FALSE(find<QAbstractButton>("KV cache")->isChecked());
}

TEST_F(WindowTest, AMissingRememberedModelFallsBackToTheDefault) {
  {
    Settings settings;
    settings.setModelPath(QString::fromStdString(m_folder.file("gone")));
  }
  openWindowAndWait();
  EXPECT_EQ(m_controller->run()->model->name, "tales-a");
  EXPECT_EQ(m_window->banner().kind(), Banner::Kind::warning);
  EXPECT_TRUE(m_window->banner().text().contains("gone"));
}

TEST_F(WindowTest, ADamagedRememberedModelFallsBackToTheDefault) {
  const std::string damaged = m_folder.file("damaged");
  std::filesystem::create_directories(damaged);
  std::ofstream(damaged + "/config.json") << "[]";
  {
    Settings settings;
    settings.setModelPath(QString::fromStdString(damaged));
  }
  openWindowAndWait();
  EXPECT_EQ(m_controller->run()->model->name, "tales-a");
  EXPECT_EQ(m_window->banner().kind(), Banner::Kind::warning);
  EXPECT_TRUE(m_window->banner().isVisible());
}

TEST_F(WindowTest, WithoutAnyModelItSaysWhatToDo) {
  std::filesystem::remove_all(m_folder.file("assets/models"));
  openWindow();
  EXPECT_TRUE(m_window->banner().isVisible());
  for (const int key : {Qt::Key_Space, Qt::Key_P, Qt::Key_Period, Qt::Key_Comma, Qt::Key_Backspace})
    press(key);
  EXPECT_EQ(m_controller->run(), nullptr);
}

TEST_F(WindowTest, ClosingWhileLoadingJoinsTheWorker) {
  for (int i = 0; i < 3; ++i) {
    openWindow(modelPath("tales-b"));
    closeWindow();
  }
}

TEST_F(WindowTest, ClosingWhileDecodingJoinsTheWorker) {
  openWindowAndWait();
  press(Qt::Key_Space);
  press(Qt::Key_Space);
  closeWindow();
}

TEST_F(WindowTest, ClosingWhilePlayingJoinsTheWorker) {
  openWindowAndWait();
  find<QComboBox>("Speed of play")->setCurrentIndex(5);
  press(Qt::Key_P);
  EXPECT_TRUE(m_controller->isPlaying());
  ASSERT_TRUE(waitFor([&] { return m_controller->run()->stepCount() > 10; }));
  closeWindow();
}

TEST_F(WindowTest, PlaysToTheEndOfTheContextAndStops) {
  writeModelFolder(modelPath("short").toStdString(), {.layers = 1, .context = 24});
  openWindow(modelPath("short"));
  ASSERT_TRUE(waitForSteps(5));
  RunSettings settings;
  settings.ignoreEos = true;
  m_controller->setSettings(settings);
  find<QComboBox>("Speed of play")->setCurrentIndex(5);
  press(Qt::Key_P);
  ASSERT_TRUE(waitFor([&] { return !m_controller->isPlaying(); }));
  EXPECT_EQ(m_controller->run()->state, RunState::finished);
  EXPECT_EQ(m_controller->run()->stopReason, StopReason::context);
  press(Qt::Key_Space);
  EXPECT_TRUE(m_window->banner().text().contains("24"));
  EXPECT_EQ(QApplication::focusWidget()->accessibleName(), "Step");
}

TEST_F(WindowTest, EveryScaleThemeAndSizePaintsWithoutWarnings) {
  openWindowAndWait();
  for (const QSize size : {QSize(1024, 700), QSize(2560, 1440)}) {
    m_settings->setScale(1.0);
    m_window->applyTheme();
    QApplication::processEvents();
    m_window->resize(size);
    for (const Settings::ThemeChoice theme : {Settings::ThemeChoice::light, Settings::ThemeChoice::dark}) {
      m_settings->setTheme(theme);
      for (const double scale : {1.0, 1.5, 2.5}) {
        m_settings->setScale(scale);
        m_window->applyTheme();
        const QImage image = picture(*m_window);
        EXPECT_EQ(image.size(), size) << "at scale " << scale;
      }
    }
  }
}

/// Views of which something is seen.
QStringList seenViews(const MainWindow& window) {
  QStringList seen;
  for (const ViewInfo& info : viewRegistry()) {
    const auto* canvas = window.findChild<QWidget*>(QStringLiteral("canvas-%1").arg(QLatin1String(info.id)));
    if (!canvas->visibleRegion().isEmpty()) seen << QLatin1String(info.id);
  }
  return seen;
}

TEST_F(WindowTest, AFirstWindowAtALargeScaleFitsTheScreen) {
  Settings().setScale(2.0);
  openWindowAndWait();
  for (int turn = 0; turn < 3; ++turn) QApplication::processEvents();
  EXPECT_EQ(m_window->width(), 1280);
  EXPECT_EQ(seenViews(*m_window), QStringList("attention"));
  // There is room for two when it is small again.
  m_settings->setScale(1.0);
  m_window->applyTheme();
  m_window->resize(1440, 900);
  for (int turn = 0; turn < 3; ++turn) QApplication::processEvents();
  EXPECT_EQ(m_window->width(), 1440);
}

TEST_F(WindowTest, ALargeScaleShowsOneViewOnASmallBeamer) {
  openWindowAndWait();
  m_window->resize(1280, 720);
  m_settings->setScale(2.0);
  m_window->applyTheme();
  for (int turn = 0; turn < 3; ++turn) QApplication::processEvents();
  EXPECT_EQ(m_window->size(), QSize(1280, 720));
  EXPECT_EQ(seenViews(*m_window).size(), 1);
}

TEST_F(WindowTest, CtrlAndADigitBringAViewToTheFront) {
  openWindowAndWait();
  const std::span<const ViewInfo> views = viewRegistry();
  for (std::size_t i = 0; i < views.size() && i < 9; ++i) {
    press(Qt::Key_1 + static_cast<int>(i), Qt::ControlModifier);
    for (int turn = 0; turn < 3; ++turn) QApplication::processEvents();
    auto* canvas = m_window->findChild<QWidget*>(QStringLiteral("canvas-%1").arg(QLatin1String(views[i].id)));
    EXPECT_TRUE(canvas->hasFocus()) << views[i].id;
    EXPECT_FALSE(canvas->visibleRegion().isEmpty()) << views[i].id;
  }
}

TEST_F(WindowTest, NoTabIsCut) {
  openWindowAndWait();
  int tabs = 0;
  for (const QTabBar* bar : m_window->findChildren<QTabBar*>()) {
    EXPECT_EQ(bar->elideMode(), Qt::ElideNone);
    for (int i = 0; i < bar->count(); ++i, ++tabs)
      EXPECT_GE(bar->tabRect(i).width(), bar->fontMetrics().horizontalAdvance(bar->tabText(i)));
  }
  EXPECT_GT(tabs, 2);
}

TEST_F(WindowTest, ATabbedViewSaysItsNameOnce) {
  openWindowAndWait();
  for (int i = 0; i < 5; ++i) QApplication::processEvents();
  for (const Dock* dock : m_window->findChildren<Dock*>()) {
    if (!dock->objectName().startsWith("view.")) continue;
    const bool tabbed = dock->objectName() != QLatin1String("view.attention");
    for (const QLabel* label : dock->titleBarWidget()->findChildren<QLabel*>(Qt::FindDirectChildrenOnly)) {
      EXPECT_EQ(label->isHidden(), tabbed) << dock->objectName().toStdString();
    }
  }
}

TEST_F(WindowTest, ALargeScaleLeavesTheRoomToOneView) {
  openWindowAndWait();
  const auto shown = [&] {
    int count = 0;
    for (const ViewWidget* view : m_window->findChildren<ViewWidget*>())
      count += !view->focusProxy()->visibleRegion().isEmpty();
    return count;
  };
  m_window->showNormal();
  m_window->resize(1280, 720);
  m_settings->setScale(2.5);
  m_window->applyTheme();
  picture(*m_window);
  EXPECT_EQ(shown(), 1);
  auto* canvas = m_window->findChild<QWidget*>("canvas-attention");
  EXPECT_GT(canvas->width(), 1200);
  EXPECT_FALSE(find<QLineEdit>("Prompt")->isVisible());
  press(Qt::Key_L, Qt::ControlModifier);
  EXPECT_TRUE(find<QLineEdit>("Prompt")->isVisible());
  EXPECT_TRUE(find<QLineEdit>("Prompt")->hasFocus());
  find<QToolButton>("Step")->setFocus();
  EXPECT_FALSE(find<QLineEdit>("Prompt")->isVisible());
  m_window->resize(1440, 900);
  m_settings->setScale(1.0);
  m_window->applyTheme();
  picture(*m_window);
  EXPECT_EQ(shown(), 2);
  EXPECT_TRUE(find<QLineEdit>("Prompt")->isVisible());
}

TEST_F(WindowTest, AViewThatARememberedLayoutDoesNotKnowComesBehindTheOthers) {
  openWindowAndWait();
  closeWindow();
  {
    Settings settings;
    QStringList known = QString::fromLatin1(settings.bytes("window/viewIds")).split(',');
    ASSERT_GT(known.size(), 3);
    known.removeAll("view.norms");
    settings.setBytes("window/viewIds", known.join(',').toLatin1());
  }
  openWindowAndWait();
  auto* norms = m_window->findChild<Dock*>("view.norms");
  EXPECT_FALSE(norms->isHidden());
  EXPECT_TRUE(norms->findChild<QWidget*>("canvas-norms")->visibleRegion().isEmpty());
  press(Qt::Key_2, Qt::ControlModifier);
  EXPECT_FALSE(m_window->findChild<QWidget*>("canvas-kv_cache")->visibleRegion().isEmpty());
}

TEST_F(WindowTest, TheInspectorFollowsALinkAndComesBack) {
  openWindowAndWait();
  auto* inspector = find<Inspector>("Inspector");
  Selection start = m_controller->selection();
  start.site = Site::oProj;
  start.layer = LayerIndex{1};
  m_controller->select(start);
  picture(*m_window);
  EXPECT_TRUE(inspector->toPlainText().contains("layers.1.self_attn.o_proj"));
  const QRegularExpression pattern(QStringLiteral("href=\"(cell:[^\"]+)\""));
  const QRegularExpressionMatch link = pattern.match(inspector->toHtml());
  ASSERT_TRUE(link.hasMatch());
  emit inspector->anchorClicked(QUrl(link.captured(1)));
  picture(*m_window);
  EXPECT_EQ(m_controller->selection().site, Site::context);
  EXPECT_TRUE(inspector->toPlainText().contains("layers.1.self_attn.context"));
  inspector->setFocus();
  const int element = m_controller->explained().element;
  press(Qt::Key_Right);
  EXPECT_EQ(m_controller->explained().element, element + 1);
  press(Qt::Key_Left, Qt::AltModifier);
  EXPECT_EQ(m_controller->selection().site, Site::oProj);
}

TEST_F(WindowTest, PointingExplainsAndAClickHolds) {
  openWindowAndWait();
  press(Qt::Key_2, Qt::ControlModifier);
  picture(*m_window);
  auto* canvas = m_window->findChild<QWidget*>("canvas-kv_cache");
  auto* view = m_window->findChild<ViewWidget*>("view-kv_cache");
  QPoint at;
  for (int y = 0; y < canvas->height() && at.isNull(); y += 5) {
    for (int x = 0; x < canvas->width() && at.isNull(); x += 5) {
      const std::optional<Hit> hit = view->view().hitTest(QPointF(x, y));
      if (hit && hit->number && hit->number->row.site == Site::vProj && hit->number->position == 2)
        at = {x, y};
    }
  }
  ASSERT_FALSE(at.isNull());
  const Site before = m_controller->selection().site;
  QTest::mouseMove(canvas, at + QPoint(1, 1));
  QTest::mouseMove(canvas, at);
  EXPECT_EQ(m_controller->explained().row.site, Site::vProj);
  EXPECT_EQ(m_controller->explained().position, 2);
  EXPECT_EQ(m_controller->selection().site, before) << "pointing moves the inspector alone";
  QTest::mouseClick(canvas, Qt::LeftButton, Qt::NoModifier, at);
  EXPECT_EQ(m_controller->selection().site, Site::vProj);
  EXPECT_TRUE(m_controller->selection().locked);
  EXPECT_EQ(m_controller->explained().position, 2);
  picture(*m_window);
  EXPECT_TRUE(find<Inspector>("Inspector")->toPlainText().contains("v_proj"));
}

TEST_F(WindowTest, HeadsWorthSeeingSelectTheHead) {
  openWindowAndWait();
  auto* heads = find<QToolButton>("Heads worth seeing");
  ASSERT_NE(heads, nullptr);
  EXPECT_TRUE(heads->isVisible());
  const QList<QAction*> actions = heads->menu()->actions();
  ASSERT_EQ(actions.size(), 2);  // a title and the head
  actions[1]->trigger();
  EXPECT_EQ(m_controller->selection().layer.value, 1);
  EXPECT_EQ(m_controller->selection().head.value, 1);
}

}  // namespace
}  // namespace decodescope::test
