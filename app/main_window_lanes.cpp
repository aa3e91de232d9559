#include "app/elided_label.h"
#include "app/lane_editor.h"
#include "app/main_window.h"
#include "app/model_library.h"
#include "app/race_dialog.h"
#include "app/run_bar.h"
#include "app/session_controller.h"
#include "app/token_strip.h"
#include "app/transport.h"
#include "app/view_docks.h"

#include <QAction>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QMenuBar>
#include <QStatusBar>

#include <algorithm>
#include <iterator>
#include <utility>

/// The window's part in comparisons and what-ifs.

namespace decodescope {
namespace {

constexpr int kMessageMilliseconds = 6000;

/// Bundled models that stand beside each other; the first one becomes the first lane.
struct Preset {
  const char* title;
  const char* tip;
  std::initializer_list<const char*> models;
};

const Preset kPresets[] = {
    {QT_TRANSLATE_NOOP("MainWindow", "MHA · GQA · MQA"),
     QT_TRANSLATE_NOOP("MainWindow",
                       "Three models trained alike that share keys and values among more and more heads"),
     {"tales-mha", "tales-gqa", "tales-mqa"}},
    {QT_TRANSLATE_NOOP("MainWindow", "MHA · GQA · MQA · MLA"),
     QT_TRANSLATE_NOOP("MainWindow", "The same, and one that caches a latent in place of keys and values"),
     {"tales-mha", "tales-gqa", "tales-mqa", "tales-mla"}},
    {QT_TRANSLATE_NOOP("MainWindow", "RMSNorm · LayerNorm"),
     QT_TRANSLATE_NOOP(
         "MainWindow",
         "A model of today's kind beside one of 2017's. They differ in more than the norm: also in "
         "positions, activation and the norm's place"),
     {"tales-gqa", "tales-vanilla"}},
};

/// The bundled models of these names; empty when one is missing.
QStringList bundledModels(std::initializer_list<const char*> names) {
  QStringList found;
  const QStringList all = bundledModelPaths();
  for (const char* name : names) {
    const auto path = std::find_if(all.begin(), all.end(),
                                   [&](const QString& p) { return modelName(p) == QLatin1String(name); });
    if (path == all.end()) return {};
    found << *path;
  }
  return found;
}

}  // namespace

void MainWindow::connectLanes() {
  const auto tell = [this](const QString& text) { statusBar()->showMessage(text, kMessageMilliseconds); };
  connect(m_tokens, &TokenStrip::removeRequested, m_lanes, &LaneEditor::remove);
  connect(m_views, &ViewDocks::measuringProposed, this, &MainWindow::measureLanes);
  connect(m_views, &ViewDocks::branchProposed, m_lanes, &LaneEditor::chooseOtherwise);
  connect(m_views, &ViewDocks::strikeProposed, m_lanes, &LaneEditor::strikeOut);
  connect(m_lanes, &LaneEditor::message, this, tell);
  connect(m_lanes, &LaneEditor::changed, m_tokens, [this] { m_tokens->viewport()->update(); });
  connect(m_lanes, &LaneEditor::dropped, this, [this](const QStringList& labels) {
    // They make room for others that were asked for.
    if (!m_lanesAfterOpen.isEmpty()) return;
    QStringList quoted;
    for (const QString& label : labels) quoted << tr("“%1”").arg(label);
    m_banner->showMessage(Banner::Kind::hint,
                          tr("These lanes ended with the old text: %1.").arg(quoted.join(tr(", "))));
  });
  connect(m_runBar, &RunBar::settingsEdited, this, [this, tell] {
    QStringList held;
    for (const LaneEditor::LaneSpec& spec : m_lanes->specs()) {
      if (spec.kvCache) held << tr("“%1”").arg(QString::fromStdString(spec.label));
    }
    if (!held.isEmpty()) tell(tr("The cache of these lanes stays as it is: %1").arg(held.join(tr(", "))));
  });
}

void MainWindow::buildEditMenu(QMenu* edit) {
  QAction* undo = m_lanes->undoStack().createUndoAction(this, tr("&Undo"));
  undo->setShortcut(QKeySequence(tr("Ctrl+Z")));
  QAction* redo = m_lanes->undoStack().createRedoAction(this, tr("&Redo"));
  redo->setShortcuts({QKeySequence(tr("Ctrl+Shift+Z")), QKeySequence(tr("Ctrl+Y"))});
  edit->addActions({undo, redo});
}

void MainWindow::buildCompareMenu(QMenu* menu) {
  menu->setToolTipsVisible(true);
  const auto add = [&](const QString& text, const QString& tip, auto&& action) {
    QAction* entry = menu->addAction(text, this, action);
    entry->setToolTip(tip);
    return entry;
  };
  add(tr("KV &cache on · off"), tr("The same run with the other setting of the cache, in lockstep"),
      [this] { m_lanes->compareCache(); });
  add(tr("&Without the causal mask (what-if)"),
      tr("The same model and prompt, but every token sees all others: it was not trained for that"),
      [this] { m_lanes->addWithoutMask(); });
  QAction* linear = add(tr("&Linear attention (what-if)"),
                        tr("The selected lane's weights with a running state in place of the softmax over "
                           "cached rows, and without rotations: they were not trained for that"),
                        [this] { m_lanes->addLinear(); });
  QAction* rotary =
      add(tr("Other rotar&y pairs (what-if)"),
          tr("The same weights with the pairs that RoPE turns taken from other elements of a head"),
          [this] { m_lanes->compareRotaryLayout(); });
  menu->addSeparator();
  for (const Preset& preset : kPresets) {
    QAction* entry = add(tr(preset.title), tr(preset.tip),
                         [this, &preset] { compareModels(bundledModels(preset.models), tr(preset.title)); });
    entry->setVisible(!bundledModels(preset.models).isEmpty());
  }
  m_deriveMenu = menu->addMenu(tr("Deri&ve from this lane"));
  m_deriveMenu->setToolTipsVisible(true);
  m_deriveMenu->setObjectName(QStringLiteral("deriveMenu"));
  connect(m_deriveMenu, &QMenu::aboutToShow, this, &MainWindow::fillDeriveMenu);
  m_otherModelMenu = menu->addMenu(tr("Another &model"));
  m_otherModelMenu->setToolTipsVisible(true);
  connect(m_otherModelMenu, &QMenu::aboutToShow, this, &MainWindow::fillOtherModelMenu);
  menu->addSeparator();
  QAction* same = add(tr("Same &tokens in all lanes"),
                      tr("Every lane is given the first one's tokens, whatever it would pick itself: its "
                         "probabilities then are about the same text. Off: each lane goes its own way"),
                      [] {});
  same->setCheckable(true);
  same->setShortcut(QKeySequence(Qt::Key_F));
  connect(same, &QAction::triggered, m_lanes, &LaneEditor::setSameTokens);
  QAction* pin = add(tr("P&in this lane"),
                     tr("The selected lane stands in front, and stays when presets or another first model "
                        "replace the lanes"),
                     [] {});
  pin->setCheckable(true);
  pin->setShortcut(QKeySequence(tr("Ctrl+Shift+P")));
  connect(pin, &QAction::triggered, this, [this](bool pinned) {
    const auto lane = static_cast<std::size_t>(m_controller.lastingSelection().lane);
    if (lane < m_controller.session()->lanes.size())
      m_lanes->setPinned(m_controller.session()->lanes[lane].laneId, pinned);
  });
  add(tr("&Duplicate this lane"), tr("A copy of the selected lane that keeps its present settings"),
      [this] { m_lanes->duplicate(); });
  QAction* next = add(tr("&Next lane"), tr("Select the next lane"),
                      [this] { m_controller.selectNextLane(Direction::forward); });
  next->setShortcut(QKeySequence(Qt::Key_N));
  QAction* previous = add(tr("&Previous lane"), tr("Select the previous lane"),
                          [this] { m_controller.selectNextLane(Direction::back); });
  previous->setShortcut(QKeySequence(Qt::SHIFT | Qt::Key_N));
  QAction* remove = add(tr("&Remove this lane"), tr("Ends the selected lane. The first one stays"), [this] {
    const auto lane = static_cast<std::size_t>(m_controller.lastingSelection().lane);
    if (lane > 0 && lane < m_controller.session()->lanes.size())
      m_lanes->remove(m_controller.session()->lanes[lane].laneId);
  });
  QAction* removeOthers =
      add(tr("Remove the &other lanes"), tr("Ends all lanes but the first one and those that are pinned"),
          [this] { m_lanes->removeOthers(); });
  menu->addSeparator();
  QAction* table = add(tr("Ta&ble of all lanes"),
                       tr("Shapes, parameters, cache, work, loss and time of all lanes in one table"),
                       [this] { m_views->goTo(QStringLiteral("compare")); });
  table->setShortcut(QKeySequence(tr("Ctrl+Shift+T")));
  QAction* measure = add(QString(),
                         tr("Untraced time a token, and losses that no card tells, measured beside "
                            "the run. Shown in the table of all lanes"),
                         [this] { measureLanes(!m_controller.isMeasuring()); });
  measure->setShortcut(QKeySequence(Qt::Key_M));
  add(tr("Race: cache on &against off…"), tr("The same tokens with and without the cache, against the clock"),
      [this] { showRace(); });
  const auto refresh = [this, next, previous, remove, removeOthers, same, pin, measure, rotary, linear] {
    const RunSnapshot* first = m_controller.firstRun();
    const RunSnapshot* run = m_controller.run();
    linear->setEnabled(run && run->model->config().attention == AttentionKind::softmax);
    rotary->setEnabled(first && first->model->config().position == PositionKind::rotary);
    const bool several = m_controller.session()->lanes.size() > 1;
    same->setChecked(m_lanes->sameTokens());
    const auto lane = static_cast<std::size_t>(m_controller.lastingSelection().lane);
    pin->setEnabled(several && lane > 0);
    pin->setChecked(several && lane < m_controller.session()->lanes.size() &&
                    m_lanes->isPinned(m_controller.session()->lanes[lane].laneId));
    measure->setText(m_controller.isMeasuring() ? tr("Stop meas&uring") : tr("Meas&ure the lanes"));
    measure->setEnabled(m_controller.firstRun() != nullptr);
    for (QAction* action : {next, previous, removeOthers}) action->setEnabled(several);
    remove->setEnabled(several && m_controller.lastingSelection().lane > 0);
  };
  connect(&m_controller, &SessionController::snapshotChanged, menu, refresh);
  connect(&m_controller, &SessionController::selectionChanged, menu, refresh);
  connect(m_lanes, &LaneEditor::changed, menu, refresh);
  refresh();
  m_runBar->setCompareMenu(menu);
}

void MainWindow::measureLanes(bool start) {
  if (start) {
    m_controller.measureLanes();
    m_views->goTo(QStringLiteral("compare"));
  } else {
    m_controller.stopMeasuring();
  }
}

/// What the selected lane's model can be made into.
void MainWindow::fillDeriveMenu() {
  m_deriveMenu->clear();
  const RunSnapshot* run = m_controller.run();
  if (!run || run->model->config().attention != AttentionKind::softmax) {
    m_deriveMenu
        ->addAction(run ? tr("Only keys and values of heads can be averaged or left out")
                        : tr("No model is open"))
        ->setEnabled(false);
    return;
  }
  const ModelConfig& config = run->model->config();
  for (int heads = config.numKeyValueHeads - 1; heads >= 1; --heads) {
    if (config.numKeyValueHeads % heads != 0) continue;
    // Of a derived model: heads of the file's are averaged, as many as that has.
    QAction* entry =
        m_deriveMenu->addAction(heads == 1 ? tr("MQA: all key/value heads averaged to &1")
                                           : tr("GQA: key/value heads averaged to &%1").arg(heads),
                                this, [this, heads] { m_lanes->derive(heads, std::nullopt); });
    entry->setToolTip(
        tr("Neighbouring k_proj and v_proj are averaged (Ainslie et al. 2023), without the "
           "training that would follow. What that does is measured at once"));
  }
  m_deriveMenu->addSeparator();
  for (const int window : {32, 16, 8, 4}) {
    QAction* entry = m_deriveMenu->addAction(tr("Sliding &window of %1").arg(window), this,
                                             [this, window] { m_lanes->derive(std::nullopt, window); });
    entry->setToolTip(tr("Every query sees its own key and the %1 before it").arg(window - 1));
  }
}

void MainWindow::fillOtherModelMenu() {
  m_otherModelMenu->clear();
  QStringList paths = bundledModelPaths();
  for (const QString& path : m_settings.recentModels()) {
    if (!paths.contains(path)) paths << path;
  }
  for (const QString& path : paths) {
    QAction* entry = m_otherModelMenu->addAction(
        modelName(path), this, [this, path] { m_lanes->addModel(path, m_settings.tokenizer(path)); });
    entry->setToolTip(path);
  }
  m_otherModelMenu->addSeparator();
  m_otherModelMenu->addAction(tr("Open…"), this, [this] {
    QFileDialog* dialog = modelDialog(tr("Open a model beside this one"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
      const QString model = modelOfFile(path);
      m_lanes->addModel(model, m_settings.tokenizer(model));
    });
    dialog->open();
  });
}

void MainWindow::compareModels(const QStringList& paths, const QString& name) {
  if (paths.isEmpty()) return;
  const RunSnapshot* run = m_controller.firstRun();
  const bool isThere = run && QFileInfo(QString::fromStdString(run->model->path)) == QFileInfo(paths.front());
  if (isThere) {
    m_lanes->setModels(paths.mid(1), name);
    return;
  }
  m_lanesAfterOpen = paths.mid(1);
  m_nameAfterOpen = name;
  m_lanes->carryPinned();
  switchModel(paths.front());
}

/// Lanes that waited for their first lane's model.
void MainWindow::addAwaitedLanes() {
  if (m_lanesAfterOpen.isEmpty()) return;
  m_lanes->setModels(std::exchange(m_lanesAfterOpen, {}), m_nameAfterOpen);
}

void MainWindow::showRace() {
  if (!m_race) {
    m_race = new RaceDialog(m_controller, m_settings.raceTokens(), this);
    m_race->applyTheme(m_theme);
    connect(m_race, &QDialog::finished, this, [this] { m_settings.setRaceTokens(m_race->tokens()); });
  }
  m_race->show();
  m_race->activateWindow();
}

}  // namespace decodescope
