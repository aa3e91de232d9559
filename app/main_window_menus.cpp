#include "app/architecture_map.h"
#include "app/dock.h"
#include "app/icons.h"
#include "app/inspector.h"
#include "app/main_window.h"
#include "app/model_library.h"
#include "app/run_bar.h"
#include "app/shortcut_overview.h"
#include "app/token_strip.h"
#include "app/transport.h"
#include "app/view_docks.h"
#include "views/view_widget.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>

namespace decodescope {

void MainWindow::buildMenus() {
  QMenu* file = menuBar()->addMenu(tr("&File"));
  QAction* open = file->addAction(icon(Icon::open), tr("&Open model…"), this, &MainWindow::chooseModelFile);
  open->setShortcut(QKeySequence::Open);
  m_recentMenu = file->addMenu(tr("Open &recent"));
  connect(m_recentMenu, &QMenu::aboutToShow, this, &MainWindow::fillRecentMenu);
  file->addSeparator();
  QAction* exportAction =
      file->addAction(icon(Icon::exportView), tr("&Export view…"), this, &MainWindow::exportView);
  exportAction->setShortcut(QKeySequence(tr("Ctrl+E")));
  exportAction->setToolTip(tr("Save the view that was used last: picture, drawing, page or numbers"));
  QAction* exportAllAction = file->addAction(tr("Export &all views…"), m_views, &ViewDocks::exportAll);
  exportAllAction->setShortcut(QKeySequence(tr("Ctrl+Shift+E")));
  exportAllAction->setToolTip(tr("Write every view into a folder"));
  QAction* copyPicture = file->addAction(tr("Copy &picture"), this, [this] {
    if (ViewWidget* view = m_views->activeView()) view->copyPicture();
  });
  copyPicture->setToolTip(tr("The picture of the view that was used last, twice as fine as on the screen"));
  QAction* copyData = file->addAction(tr("Copy &data"), this, [this] {
    if (ViewWidget* view = m_views->activeView()) view->copyData();
  });
  copyData->setToolTip(tr("Its numbers as comma-separated tables"));
  QAction* copyCommand = file->addAction(tr("Copy &command"), this, [this] {
    if (ViewWidget* view = m_views->activeView()) view->copyCommand();
  });
  copyCommand->setShortcut(QKeySequence(tr("Ctrl+Shift+C")));
  copyCommand->setToolTip(tr("The call of decodescope render that draws the view again"));
  file->addSeparator();
  QAction* quit = file->addAction(tr("&Quit"), this, &QWidget::close);
  quit->setShortcut(QKeySequence(tr("Ctrl+Q")));

  buildEditMenu(menuBar()->addMenu(tr("&Edit")));

  QMenu* view = menuBar()->addMenu(tr("&View"));
  view->addAction(m_mapDock->toggleViewAction());
  for (Dock* dock : m_views->docks()) view->addAction(dock->toggleViewAction());
  view->addAction(m_inspectorDock->toggleViewAction());
  view->addSeparator();
  buildGoToMenu(view->addMenu(tr("&Go to")));
  buildThemeMenu(view->addMenu(tr("&Theme")));
  QAction* larger = view->addAction(tr("&Larger"), this, [this] { zoom(1); });
  larger->setShortcuts({QKeySequence(Qt::CTRL | Qt::Key_Plus), QKeySequence(Qt::CTRL | Qt::Key_Equal)});
  QAction* smaller = view->addAction(tr("&Smaller"), this, [this] { zoom(-1); });
  smaller->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Minus));
  QAction* normal = view->addAction(tr("&Normal size"), this, [this] { zoom(0); });
  normal->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_0));

  QMenu* run = menuBar()->addMenu(tr("&Run"));
  for (QAction* action : m_transport->menuActions()) {
    if (action) {
      run->addAction(action);
    } else {
      run->addSeparator();
    }
  }
  run->addSeparator();
  run->addAction(m_runBar->cacheAction());
  buildRotaryMenu(run->addMenu(tr("&Rotary pairs")));
  buildTokenizerMenu(run->addMenu(tr("&Tokenizer")));
  QAction* prompt = run->addAction(tr("&Edit the prompt"), this, &MainWindow::editPrompt);
  prompt->setShortcut(QKeySequence(tr("Ctrl+L")));

  buildCompareMenu(menuBar()->addMenu(tr("&Compare")));

  QMenu* help = menuBar()->addMenu(tr("&Help"));
  QAction* shortcuts = help->addAction(tr("&Keyboard shortcuts"), this, [this] {
    auto* overview = new ShortcutOverview(menuBar(), this);
    overview->applyTheme(m_theme);
    overview->open();
  });
  shortcuts->setShortcut(QKeySequence(Qt::Key_F1));
  help->addAction(tr("&About Decodescope"), this, &MainWindow::showAbout);
}

/// Ctrl+1 … Ctrl+9 bring the views to the front wherever they lie.
void MainWindow::buildGoToMenu(QMenu* menu) {
  int number = 0;
  for (Dock* dock : m_views->docks()) {
    QAction* action = menu->addAction(dock->windowTitle(), this, [this, dock] { m_views->goTo(dock); });
    if (++number <= 9) action->setShortcut(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_0 + number)));
  }
  menu->addSeparator();
  QAction* map = menu->addAction(tr("Architecture map"), this, [this] {
    m_mapDock->show();
    m_map->findChild<ArchitectureDiagram*>()->setFocus(Qt::ShortcutFocusReason);
  });
  map->setShortcut(QKeySequence(tr("Ctrl+M")));
  QAction* inspector = menu->addAction(tr("Inspector"), this, [this] {
    m_inspectorDock->show();
    m_inspector->setFocus(Qt::ShortcutFocusReason);
  });
  inspector->setShortcut(QKeySequence(tr("Ctrl+I")));
  QAction* tokens =
      menu->addAction(tr("Tokens"), this, [this] { m_tokens->setFocus(Qt::ShortcutFocusReason); });
  tokens->setShortcut(QKeySequence(tr("Ctrl+T")));
}

void MainWindow::buildThemeMenu(QMenu* menu) {
  auto* group = new QActionGroup(menu);
  const auto add = [&](const QString& text, Settings::ThemeChoice choice) {
    QAction* action = menu->addAction(text, this, [this, choice] {
      m_settings.setTheme(choice);
      applyTheme();
    });
    action->setCheckable(true);
    action->setChecked(m_settings.theme() == choice);
    group->addAction(action);
  };
  add(tr("&System"), Settings::ThemeChoice::system);
  add(tr("&Light"), Settings::ThemeChoice::light);
  add(tr("&Dark"), Settings::ThemeChoice::dark);
}

void MainWindow::fillRecentMenu() {
  m_recentMenu->clear();
  for (const QString& path : m_settings.recentModels()) {
    QAction* action = m_recentMenu->addAction(tr("%1   (%2)").arg(modelName(path), path));
    connect(action, &QAction::triggered, this, [this, path] { switchModel(path); });
  }
  if (m_recentMenu->isEmpty()) m_recentMenu->addAction(tr("No model opened yet"))->setEnabled(false);
}

void MainWindow::exportView() {
  if (ViewWidget* view = m_views->activeView()) view->exportAs();
}

void MainWindow::showAbout() {
  auto* box = new QMessageBox(
      QMessageBox::NoIcon, tr("About Decodescope"),
      tr("<b>Decodescope %1</b><p>A debugger for a transformer's decoding: every number on the screen comes "
         "from the run itself or from a formula shown beside it.</p><p>Free software under the GNU "
         "General Public License, version 3 or later. Built with Qt, Eigen and QCustomPlot.</p>")
          .arg(QApplication::applicationVersion()),
      QMessageBox::Close, this);
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->open();
}

}  // namespace decodescope
