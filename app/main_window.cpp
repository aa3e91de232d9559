#include "app/main_window.h"

#include "app/app_style.h"
#include "app/architecture_map.h"
#include "app/dock.h"
#include "app/elided_label.h"
#include "app/inspector.h"
#include "app/lane_editor.h"
#include "app/model_library.h"
#include "app/prompt_check.h"
#include "app/race_dialog.h"
#include "app/run_bar.h"
#include "app/session_controller.h"
#include "app/step_costs.h"
#include "app/token_strip.h"
#include "app/transport.h"
#include "app/view_docks.h"
#include "core/formats/tokenizer_file.h"
#include "views/lane_text.h"

#include <QAbstractButton>
#include <QApplication>
#include <QCloseEvent>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMimeData>
#include <QScreen>
#include <QStatusBar>
#include <QTimer>
#include <QToolBar>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace decodescope {
namespace {

constexpr double kScales[] = {1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5};
/// Widths of the design below which only the views are shown, and below which only one of them.
constexpr double kRoomForSides = 900, kRoomForTwoViews = 700;
/// How far a run goes by itself at the start: something to look at, and to go back through.
constexpr int kFirstSteps = 5;
constexpr int kOfferedPrompts = 3;
constexpr int kMessageMilliseconds = 5000;

/// A tool bar that holds one widget and stays where it is.
QToolBar* fixedBar(const QString& id, const QString& title, QWidget* content) {
  auto* bar = new QToolBar(title);
  bar->setObjectName(id);
  bar->setAccessibleName(title);
  bar->setMovable(false);
  bar->setFloatable(false);
  bar->setContextMenuPolicy(Qt::PreventContextMenu);
  bar->toggleViewAction()->setVisible(false);
  bar->addWidget(content);
  return bar;
}

}  // namespace

MainWindow::MainWindow(SessionController& controller, Settings& settings)
    : m_controller(controller),
      m_settings(settings),
      m_systemDark(QApplication::palette().color(QPalette::Window).lightness() < 128) {
  setWindowTitle(tr("Decodescope"));
  setAcceptDrops(true);
  setDockOptions(QMainWindow::AllowNestedDocks | QMainWindow::AllowTabbedDocks);
  buildParts();
  buildMenus();
  m_transport->setSpeed(m_settings.speed());
  m_controller.setSpeed(m_transport->speed());
  if (m_settings.playsByOperation()) m_transport->setPlayUnit(SessionController::PlayUnit::stage);
  m_runBar->setSettings(m_settings.runSettings());
  m_controller.setSettings(m_settings.runSettings());
  m_views->setOptionValues(m_settings.viewOptions());
  applyTheme();
  refreshModels();
  refreshStatus();
  qApp->installEventFilter(this);
  connect(qApp, &QApplication::focusChanged, this, [this] {
    if (m_low) setLow(true);
  });
  connect(statusBar(), &QStatusBar::messageChanged, this, [this](const QString& message) {
    // Qt hides them only where they are visible already: not for a message from before the first show.
    m_costs->setHidden(!message.isEmpty());
    m_otherCosts->setHidden(!message.isEmpty());
    if (m_low) setLow(true);
  });
}

MainWindow::~MainWindow() {
  m_controller.shutDown();
  // The focus leaves and messages go while the parts do: by then there is no window to tell.
  qApp->disconnect(this);
  statusBar()->disconnect(this);
}

void MainWindow::buildParts() {
  m_runBar = new RunBar;
  m_lanes = new LaneEditor(m_controller, this);
  m_tokens = new TokenStrip(m_controller, *m_lanes);
  m_banner = new Banner;
  m_views = new ViewDocks(m_controller);
  m_map = new ArchitectureMap(m_controller);
  m_inspector = new Inspector(m_controller);
  m_transport = new Transport(m_controller);

  addToolBar(Qt::TopToolBarArea, fixedBar(QStringLiteral("bar.run"), tr("Model and prompt"), m_runBar));
  addToolBarBreak(Qt::TopToolBarArea);
  addToolBar(Qt::TopToolBarArea, fixedBar(QStringLiteral("bar.tokens"), tr("Tokens"), m_tokens));
  addToolBar(Qt::BottomToolBarArea, fixedBar(QStringLiteral("bar.transport"), tr("Transport"), m_transport));

  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(m_banner);
  column->addWidget(m_views, 1);
  setCentralWidget(middle);

  m_mapDock = new Dock(QStringLiteral("map"), tr("Architecture"), m_map, this);
  m_inspectorDock = new Dock(QStringLiteral("inspector"), tr("Inspector"), m_inspector, this);
  addDockWidget(Qt::LeftDockWidgetArea, m_mapDock);
  addDockWidget(Qt::RightDockWidgetArea, m_inspectorDock);

  m_costs = new ElidedLabel;
  m_costs->setAccessibleName(tr("Cost of the step shown"));
  m_otherCosts = new ElidedLabel;
  m_otherCosts->setAccessibleName(tr("Cost with the other setting of the cache"));
  m_otherCosts->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  m_otherCosts->setForegroundRole(QPalette::PlaceholderText);
  statusBar()->setSizeGripEnabled(false);
  statusBar()->addWidget(m_costs, 3);
  statusBar()->addWidget(m_otherCosts, 2);

  connectLanes();
  connect(m_runBar, &RunBar::openRequested, this, &MainWindow::chooseModelFile);
  connect(m_runBar, &RunBar::modelChosen, this, &MainWindow::switchModel);
  connect(m_runBar, &RunBar::promptEntered, this, &MainWindow::startPrompt);
  connect(m_runBar, &RunBar::settingsEdited, this, [this] {
    m_controller.setSettings(m_runBar->settings());
    m_settings.setRunSettings(m_runBar->settings());
  });
  connect(m_runBar, &RunBar::headChosen, this, [this](LayerIndex layer, HeadIndex head) {
    Selection next = m_controller.selection();
    next.layer = layer;
    next.head = head;
    next.site = Site::weights;
    m_controller.select(next);
  });
  connect(m_transport, &Transport::restartRequested, this, [this] { startPrompt(m_runBar->prompt()); });
  connect(&m_controller, &SessionController::runStarted, this, &MainWindow::onRunStarted);
  connect(&m_controller, &SessionController::failed, this, &MainWindow::onFailed);
  connect(&m_controller, &SessionController::slow, this, &MainWindow::onSlow);
  connect(&m_controller, &SessionController::idle, this, [this] {
    if (m_banner->kind() != Banner::Kind::progress || !m_banner->isVisible()) return;
    m_banner->hide();
    // A load that was called off at the start leaves nothing to look at.
    if (!m_controller.run() && m_controller.session()->error.empty())
      offerModels(Banner::Kind::hint, tr("No model is open."));
  });
  connect(&m_controller, &SessionController::endReached, this, [this] {
    const RunSnapshot* run = m_controller.run();
    if (!run) return;
    const QString text = run->stopReason == StopReason::context
                             ? tr("The context of %1 tokens is full: this model cannot go on.")
                                   .arg(run->model->config().maxPositionEmbeddings)
                             : tr("The model has ended its text.");
    m_banner->showMessage(Banner::Kind::hint, text,
                          {{tr("Start again"), [this] { startPrompt(m_runBar->prompt()); }}});
  });
  connect(&m_controller, &SessionController::snapshotChanged, this, [this] {
    showLoading();
    if (m_banner->kind() == Banner::Kind::progress) m_banner->setProgress(m_controller.session()->progress);
    refreshStatus();
  });
  connect(&m_controller, &SessionController::selectionChanged, this, &MainWindow::refreshStatus);
  connect(m_views, &ViewDocks::message, this, [this](const QString& text, bool isError) {
    if (isError) {
      m_banner->showMessage(Banner::Kind::error, text);
    } else {
      statusBar()->showMessage(text, kMessageMilliseconds);
    }
  });
  connect(m_inspector, &Inspector::message, this,
          [this](const QString& text) { statusBar()->showMessage(text, kMessageMilliseconds); });
  connect(m_banner, &Banner::dismissed, this, [this](Banner::Kind kind) {
    if (kind == Banner::Kind::hint && m_banner->text() == firstHint()) m_settings.setHintDismissed();
    m_transport->takeFocus();
  });
}

void MainWindow::openFirstModel(const QString& model, const QString& tokenizer) {
  if (!model.isEmpty()) {
    SessionWorker::OpenRequest request = requestFor(model, {});
    if (!tokenizer.isEmpty()) request.tokenizer = tokenizer.toStdString();
    open(request);
    return;
  }
  const QString remembered = m_settings.modelPath();
  const QString fallback = defaultModelFolder();
  if (m_settings.isFirstLaunch() || remembered == fallback) showHint();
  if (!remembered.isEmpty() && QFileInfo::exists(remembered)) {
    m_command = Command::openRemembered;
    openModel(remembered, m_settings.prompt());
    m_command = Command::openRemembered;
    return;
  }
  if (!remembered.isEmpty()) {
    m_settings.removeRecentModel(remembered);
    m_banner->showMessage(
        Banner::Kind::warning,
        tr("The model used last is no longer there: %1. This is the default model.").arg(remembered));
  }
  if (fallback.isEmpty()) {
    offerModels(Banner::Kind::hint,
                tr("There is no bundled model here. Open one, or drop its folder on the window."));
    return;
  }
  openModel(fallback);
}

void MainWindow::openModel(const QString& path, const QString& prompt) {
  if (!prompt.isEmpty()) m_runBar->setPrompt(prompt);
  open(requestFor(path, prompt));
}

SessionWorker::OpenRequest MainWindow::requestFor(const QString& path, const QString& prompt) const {
  SessionWorker::OpenRequest request;
  request.path = modelOfFile(path).toStdString();
  request.prompt = prompt.toStdString();
  request.useDefaultPrompt = prompt.isEmpty();
  request.stepsAfterwards = kFirstSteps;
  const QString name = QString::fromStdString(request.path);
  request.rotaryLayout = m_settings.rotaryLayout(name);
  request.tokenizer = m_settings.tokenizer(name).toStdString();
  return request;
}

void MainWindow::open(const SessionWorker::OpenRequest& request) {
  m_request = request;
  m_usesDefaultPrompt = request.useDefaultPrompt;
  m_outlineShown.clear();
  m_command = Command::open;
  m_controller.open(request);
}

void MainWindow::switchModel(const QString& path) {
  const RunSnapshot* run = m_controller.firstRun();
  const bool keep = run && areSiblings(path, QString::fromStdString(run->model->path));
  const QString prompt = keep ? m_runBar->prompt() : QString();
  dropOldMessage();
  openModel(path, prompt);
  m_transport->takeFocus();
}

void MainWindow::startPrompt(const QString& prompt) {
  if (!m_controller.run()) return;
  m_command = Command::restart;
  m_usesDefaultPrompt = false;
  m_runBar->setPrompt(prompt);
  m_controller.restart(prompt, 1);
  m_transport->takeFocus();
}

void MainWindow::onRunStarted(bool newModel) {
  const RunSnapshot* run = m_controller.firstRun();
  const LoadedModel& model = *run->model;
  const Banner::Kind shown = m_banner->kind();
  if (m_banner->isVisible() && shown != Banner::Kind::hint && m_command != Command::none && !newModel)
    m_banner->hide();
  if (newModel) {
    const QString path = QString::fromStdString(model.path);
    m_settings.setModelPath(path);
    m_settings.addRecentModel(path);
    m_runBar->setHeads(model.card.heads);
    setWindowTitle(tr("%1 — Decodescope").arg(QString::fromStdString(model.name)));
    refreshModels();
    m_settings.setRotaryLayout(path, model.derivedRotary);
    m_settings.setTokenizer(path, QString::fromStdString(model.tokenizerPath));
    addAwaitedLanes();
    if (m_command != Command::none) showWarnings(model);
  }
  if (m_usesDefaultPrompt) {
    const std::vector<TokenId> prompt(run->tokens.begin(), run->tokens.begin() + run->promptLength);
    m_runBar->setPrompt(QString::fromStdString(model.card.prompts.empty() ? model.tokenizer->decode(prompt)
                                                                          : model.card.prompts.front()));
  }
  m_settings.setPrompt(m_usesDefaultPrompt ? QString() : m_runBar->prompt());
  m_command = Command::none;
  if (!m_usesDefaultPrompt && brokenShare(*run) > kUnusualShare) {
    suggestPrompts(
        Banner::Kind::warning,
        tr("Most of this prompt falls into single characters: the model has not learned from text like it. "
           "These prompts work:"));
  }
}

void MainWindow::onFailed(const QString& message) {
  const Command command = std::exchange(m_command, Command::none);
  m_lanesAfterOpen.clear();
  const bool opening = command == Command::open || command == Command::openRemembered;
  if (opening && m_controller.session()->outline) {
    SessionWorker::OpenRequest request = m_request;
    request.evenIfTooLarge = true;
    askWhetherTooLarge([this, request] { open(request); });
    return;
  }
  if (m_lanes->isTooLarge()) {
    askWhetherTooLarge([this] {
      m_banner->hide();
      m_lanes->addAnyway();
    });
    return;
  }
  if (opening && isTokenizerName(m_controller.session()->errorFile)) {
    m_banner->showMessage(Banner::Kind::error, message, {tokenizerAction(m_request.path)});
    return;
  }
  if (command == Command::openRemembered && !m_controller.run()) {
    const QString fallback = defaultModelFolder();
    if (!fallback.isEmpty()) {
      openModel(fallback);
      m_banner->showMessage(Banner::Kind::warning, tr("%1 — this is the default model.").arg(message));
      return;
    }
  }
  if (command == Command::restart) {
    suggestPrompts(Banner::Kind::error, message);
    return;
  }
  if (m_controller.run()) {
    m_banner->showMessage(Banner::Kind::error, message);
  } else {
    offerModels(Banner::Kind::error, message);
  }
}

/// With nothing open: what could be.
void MainWindow::offerModels(Banner::Kind kind, const QString& text) {
  std::vector<Banner::Action> actions;
  const QString fallback = defaultModelFolder();
  if (!fallback.isEmpty()) {
    actions.emplace_back(tr("Open %1").arg(modelName(fallback)), [this, fallback] { openModel(fallback); });
  }
  actions.emplace_back(tr("Open…"), [this] { chooseModelFile(); });
  m_banner->showMessage(kind, text, actions);
}

void MainWindow::suggestPrompts(Banner::Kind kind, const QString& text) {
  std::vector<Banner::Action> actions;
  const std::vector<std::string>& prompts = m_controller.run()->model->card.prompts;
  for (std::size_t i = 0; i < prompts.size() && i < kOfferedPrompts; ++i) {
    const QString prompt = QString::fromStdString(prompts[i]);
    actions.emplace_back(prompt.isEmpty() ? tr("(no text)")
                                          : fontMetrics().elidedText(prompt, Qt::ElideRight,
                                                                     static_cast<int>(m_theme.px(170))),
                         [this, prompt] { startPrompt(prompt); });
  }
  if (kind == Banner::Kind::warning && actions.empty()) return;
  m_banner->showMessage(kind, text, actions);
}

void MainWindow::onSlow() {
  if (m_banner->kind() != Banner::Kind::progress || !m_banner->isVisible()) showProgress();
}

QString MainWindow::firstHint() {
  return tr("Space generates the next token, Backspace goes back, P plays. F1 shows all keys.");
}

void MainWindow::showHint() {
  if (m_settings.hintDismissed()) return;
  m_banner->showMessage(Banner::Kind::hint, firstHint());
}

void MainWindow::refreshModels() {
  const RunSnapshot* run = m_controller.firstRun();
  m_runBar->setModels(bundledModelPaths(), m_settings.recentModels(),
                      run ? QString::fromStdString(run->model->path) : QString());
}

void MainWindow::refreshStatus() {
  const RunSnapshot* run = m_controller.run();
  const StepRecord* step = m_controller.shownStep();
  if (!run || !step) {
    m_costs->setWholeText(run ? tr("No step yet. Space feeds the prompt.") : QString());
    m_otherCosts->setWholeText({});
    return;
  }
  const StepCosts costs = stepCosts(*run, *step);
  const bool several = m_controller.session()->lanes.size() > 1;
  m_costs->setWholeText(
      several ? tr("%1:  %2").arg(laneLabel(*m_controller.session(), m_controller.selection().lane),
                                  costs.measured)
              : costs.measured);
  m_otherCosts->setWholeText(costs.other);
}

void MainWindow::zoom(int direction) {
  double scale = 1.0;
  const double now = m_theme.scale;
  if (direction > 0) {
    const auto next = std::upper_bound(std::begin(kScales), std::end(kScales), now + 1e-6);
    scale = next == std::end(kScales) ? now : *next;
  } else if (direction < 0) {
    const auto next = std::lower_bound(std::begin(kScales), std::end(kScales), now - 1e-6);
    scale = next == std::begin(kScales) ? now : *std::prev(next);
  }
  m_settings.setScale(scale);
  applyTheme();
}

void MainWindow::applyTheme() {
  const Settings::ThemeChoice choice = m_settings.theme();
  const bool dark =
      choice == Settings::ThemeChoice::dark || (choice == Settings::ThemeChoice::system && m_systemDark);
  m_theme = dark ? Theme::makeDark(m_settings.scale()) : Theme::makeLight(m_settings.scale());
  decodescope::applyTheme(m_theme);
  m_runBar->applyTheme(m_theme);
  m_tokens->applyTheme(m_theme);
  m_banner->applyTheme(m_theme);
  m_views->applyTheme(m_theme);
  m_map->applyTheme(m_theme);
  m_inspector->applyTheme(m_theme);
  m_transport->applyTheme(m_theme);
  m_mapDock->applyTheme(m_theme);
  m_inspectorDock->applyTheme(m_theme);
  if (m_race) m_race->applyTheme(m_theme);
  m_map->setMinimumWidth(
      static_cast<int>(m_theme.px(200)));  // its spin boxes remember a larger scale for a while
  m_mapDock->setMinimumWidth(static_cast<int>(m_theme.px(216)));
  m_inspectorDock->setMinimumWidth(static_cast<int>(m_theme.px(216)));
  const int gap = static_cast<int>(std::lround(m_theme.px(8)));
  statusBar()->setContentsMargins(gap, 0, gap, 0);
  fitToSize();
}

void MainWindow::showEvent(QShowEvent* event) {
  if (!m_layoutRestored) restoreLayout();
  QMainWindow::showEvent(event);
  m_transport->takeFocus();
}

void MainWindow::resizeEvent(QResizeEvent* event) {
  QMainWindow::resizeEvent(event);
  fitToSize();
}

/// A large scale in a small window: the views go first, the sides give way until there is room again. What
/// comes back waits until everything has got its new size: else the window would grow for it.
void MainWindow::fitToSize() {
  fitTo(std::min(m_room, width() / m_theme.scale));
  QTimer::singleShot(0, this, [this] { fitTo(width() / m_theme.scale); });
}

void MainWindow::fitTo(double room) {
  m_room = room;
  m_runBar->fitTo(room);
  m_transport->fitTo(room);
  const double tall = height() / m_theme.scale;
  m_tokens->fitTo(tall);
  m_views->setTitlesShown(tall >= 480);
  setLow(tall < 360);
  if (!m_layoutRestored) return;
  // First: while they are there, moving views about may make the window grow.
  setSidesHidden(room < kRoomForSides);
  m_views->setStacked(room < kRoomForTwoViews);
}

/// In a very low window the bars for the prompt and the costs come when they are wanted only.
void MainWindow::setLow(bool low) {
  m_low = low;
  const QWidget* focus = QApplication::focusWidget();
  m_runBar->parentWidget()->setVisible(!low || !m_controller.run() ||
                                       (focus && m_runBar->isAncestorOf(focus)));
  statusBar()->setVisible(!low || !statusBar()->currentMessage().isEmpty());
}

void MainWindow::editPrompt() {
  m_runBar->parentWidget()->show();
  m_runBar->focusPrompt();
}

void MainWindow::setSidesHidden(bool hidden) {
  if (hidden == m_sidesHidden) return;
  m_sidesHidden = hidden;
  for (Dock* dock : hidden ? QList<Dock*>{m_mapDock, m_inspectorDock} : std::exchange(m_hiddenSides, {})) {
    if (hidden && dock->isHidden()) continue;
    dock->setVisible(!hidden);
    if (hidden) m_hiddenSides << dock;
  }
}

void MainWindow::restoreLayout() {
  // Without the sides it is never wider than it is to be: once grown for them at a large scale it stays so.
  setSidesHidden(true);
  const bool geometry = restoreGeometry(m_settings.bytes("window/geometry"));
  if (!geometry) {
    // With its frame, the usual size must fit; else all of the screen is used.
    const QSize room = screen()->availableSize();
    if (room.width() < 1480 || room.height() < 960) {
      resize(room);
      setWindowState(windowState() | Qt::WindowMaximized);
    } else {
      resize(std::max(1440, room.width() * 4 / 5), std::max(900, room.height() * 4 / 5));
    }
  }
  setSidesHidden(false);
  const int side = static_cast<int>(m_theme.px(width() < 1200 ? 236 : 268));
  if (!restoreState(m_settings.bytes("window/docks"))) {
    resizeDocks({m_mapDock, m_inspectorDock}, {side, side}, Qt::Horizontal);
  }
  const QStringList known =
      QString::fromLatin1(m_settings.bytes("window/viewIds")).split(QLatin1Char(','), Qt::SkipEmptyParts);
  const bool hasSides = width() >= kRoomForSides * m_theme.scale;
  if (!m_views->restore(m_settings.bytes("window/views"), known))
    m_views->arrange(hasSides ? width() - 2 * side : width());
  m_layoutRestored = true;
  fitToSize();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  setSidesHidden(false);
  m_settings.setBytes("window/geometry", saveGeometry());
  m_settings.setBytes("window/docks", saveState());
  m_settings.setBytes("window/views", m_views->layout());
  QStringList ids;
  for (const Dock* dock : m_views->docks()) ids << dock->objectName();
  m_settings.setBytes("window/viewIds", ids.join(QLatin1Char(',')).toLatin1());
  m_settings.setViewOptions(m_views->optionValues());
  m_settings.setSpeed(m_transport->speed());
  m_settings.setPlaysByOperation(m_transport->playUnit() == SessionController::PlayUnit::stage);
  m_controller.shutDown();
  event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  const QList<QUrl> urls = event->mimeData()->urls();
  if (urls.size() == 1 && urls.front().isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  const QList<QUrl> urls = event->mimeData()->urls();
  if (urls.isEmpty()) return;
  event->acceptProposedAction();
  switchModel(urls.front().toLocalFile());
}

bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
  // Space steps everywhere, so Enter is what presses the button that has the focus.
  if (event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    auto* button = qobject_cast<QAbstractButton*>(watched);
    if (button && (key == Qt::Key_Return || key == Qt::Key_Enter) && button->window() == this) {
      button->click();
      return true;
    }
  }
  return QMainWindow::eventFilter(watched, event);
}

}  // namespace decodescope
