#include "app/view_docks.h"

#include "app/dock.h"
#include "app/session_controller.h"
#include "views/export_batch.h"
#include "views/export_dialog.h"
#include "views/view_widget.h"

#include <QApplication>
#include <QChildEvent>
#include <QCoreApplication>
#include <QEvent>
#include <QFileDialog>
#include <QProgressDialog>
#include <QTabBar>
#include <QTimer>
#include <QToolBar>

#include <algorithm>
#include <utility>

namespace decodescope {

ViewDocks::ViewDocks(SessionController& controller, QWidget* parent)
    : QMainWindow(parent), m_controller(controller) {
  setWindowFlags(Qt::Widget);
  setObjectName(QStringLiteral("views"));
  setAccessibleName(tr("Views"));
  setDockOptions(QMainWindow::AllowNestedDocks | QMainWindow::AllowTabbedDocks);
  setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
  for (const ViewInfo& info : viewRegistry()) {
    const QString title = QCoreApplication::translate("Views", info.title);
    auto* view = new ViewWidget(info);
    view->setAccessibleName(title);
    view->installEventFilter(this);
    auto* dock = new Dock(QLatin1String("view.") + QLatin1String(info.id), title, view, this);
    dock->setHeader(view->header());
    addDockWidget(Qt::TopDockWidgetArea, dock);
    connect(view, &ViewWidget::selectionProposed, this, &ViewDocks::takeProposal);
    connect(view, &ViewWidget::measuringProposed, this, &ViewDocks::measuringProposed);
    connect(view, &ViewWidget::branchProposed, this, &ViewDocks::branchProposed);
    connect(view, &ViewWidget::strikeProposed, this, &ViewDocks::strikeProposed);
    connect(view, &ViewWidget::numberPointed, &m_controller, &SessionController::pointAt);
    connect(view, &ViewWidget::numberChosen, &m_controller, &SessionController::goTo);
    connect(view, &ViewWidget::message, this, &ViewDocks::message);
    connect(view, &ViewWidget::exportAllRequested, this, &ViewDocks::exportAll);
    connect(dock, &QDockWidget::visibilityChanged, this, &ViewDocks::present);
    connect(dock, &QDockWidget::visibilityChanged, this, &ViewDocks::markTabsSoon);
    connect(dock, &QDockWidget::dockLocationChanged, this, &ViewDocks::markTabsSoon);
    connect(dock, &QDockWidget::topLevelChanged, this, &ViewDocks::markTabsSoon);
    // From the start behind each other: all of them beside each other are wider than any screen, and the
    // window would grow for them.
    if (m_docks.size() >= 2) tabifyDockWidget(m_docks.back(), dock);
    m_docks.push_back(dock);
    m_views.push_back(view);
  }
  connect(&m_controller, &SessionController::snapshotChanged, this, &ViewDocks::present);
  connect(&m_controller, &SessionController::selectionChanged, this, &ViewDocks::present);
}

void ViewDocks::applyTheme(const Theme& theme) {
  for (Dock* dock : m_docks) dock->applyTheme(theme);
  for (ViewWidget* view : m_views) view->setTheme(theme);
  m_scale = theme.scale;
}

void ViewDocks::setTitlesShown(bool shown) {
  for (Dock* dock : m_docks) dock->setTitleShown(shown);
}

void ViewDocks::arrange(int width) {
  if (m_docks.size() < 2) return;
  const bool beside = width >= 700 * m_scale;
  for (std::size_t i = 1; i < m_docks.size() && !beside; ++i) tabifyDockWidget(m_docks[i - 1], m_docks[i]);
  // Of those behind each other the first is in front, not the last one added.
  m_docks[beside ? 1 : 0]->raise();
  if (beside) resizeDocks({m_docks[0], m_docks[1]}, {width * 11 / 20, width * 9 / 20}, Qt::Horizontal);
}

bool ViewDocks::restore(const QByteArray& layout, const QStringList& known) {
  if (!restoreState(layout)) return false;
  for (std::size_t i = 1; i < m_docks.size() && !known.isEmpty(); ++i) {
    if (known.contains(m_docks[i]->objectName())) continue;
    tabifyDockWidget(m_docks[i - 1], m_docks[i]);
    m_docks[i - 1]->raise();
  }
  markTabsSoon();
  return true;
}

QByteArray ViewDocks::layout() const {
  return m_stacked ? m_spread : saveState();
}

void ViewDocks::setStacked(bool stacked) {
  if (stacked == m_stacked) return;
  if (stacked) m_spread = saveState();
  m_stacked = stacked;
  if (stacked) {
    stack();
  } else {
    restoreState(m_spread);
  }
  markTabsSoon();
}

void ViewDocks::stack() {
  ViewWidget* active = activeView();
  Dock* first = nullptr;
  for (Dock* dock : m_docks) {
    if (dock->isHidden() || dock->isFloating()) continue;
    if (first) tabifyDockWidget(first, dock);
    if (!first) first = dock;
  }
  for (std::size_t i = 0; i < m_docks.size(); ++i) {
    if (m_views[i] == active) m_front = m_docks[i];
  }
}

void ViewDocks::goTo(Dock* dock) {
  dock->show();
  dock->raise();
  dock->widget()->setFocus(Qt::ShortcutFocusReason);
}

void ViewDocks::goTo(const QString& viewId) {
  for (std::size_t i = 0; i < m_views.size(); ++i) {
    if (QLatin1String(m_views[i]->info().id) == viewId) goTo(m_docks[i]);
  }
}

/// Qt tells of tabs by no signal of their own; what leads to them has passed once the event loop is idle.
void ViewDocks::markTabsSoon() {
  if (m_marking) return;
  m_marking = true;
  QTimer::singleShot(0, this, &ViewDocks::markTabs);
}

void ViewDocks::markTabs() {
  m_marking = false;
  if (Dock* front = std::exchange(m_front, nullptr)) front->raise();
  for (Dock* dock : m_docks) {
    const QList<QDockWidget*> beside = tabifiedDockWidgets(dock);
    dock->setTabbed(!dock->isFloating() &&
                    std::any_of(beside.begin(), beside.end(),
                                [](const QDockWidget* d) { return !d->isHidden() && !d->isFloating(); }));
  }
}

/// Pointing changes lane, query and key alone and is a preview; everything else is meant to stay.
void ViewDocks::takeProposal(const Selection& proposed) {
  Selection pointed = m_controller.lastingSelection();
  pointed.query = proposed.query;
  pointed.key = proposed.key;
  if (pointed.lane != proposed.lane) {
    // What the other lane lacks (its step, its heads) was clamped for it; that is no choice of the user's.
    pointed.lane = proposed.lane;
    pointed.step = proposed.step;
    pointed = clampTo(pointed, *m_controller.session());
  }
  if (proposed == pointed && !proposed.locked) {
    m_controller.preview(proposed);
  } else {
    m_controller.select(proposed);
  }
}

bool ViewDocks::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Leave) m_controller.preview(std::nullopt);
  return QMainWindow::eventFilter(watched, event);
}

void ViewDocks::childEvent(QChildEvent* event) {
  QMainWindow::childEvent(event);
  // The main window makes these by itself when docks are put behind each other.
  auto* tabs = event->type() == QEvent::ChildPolished ? qobject_cast<QTabBar*>(event->child()) : nullptr;
  if (!tabs) return;
  tabs->setAccessibleName(tr("Views behind each other"));
  tabs->setElideMode(Qt::ElideNone);  // a name cut to two letters says nothing; arrows scroll instead
  tabs->setUsesScrollButtons(true);
  markTabsSoon();
}

QStringList ViewDocks::optionValues() const {
  QStringList values;
  for (const ViewWidget* view : m_views) {
    for (const QString& value : view->optionValues())
      values << QLatin1String(view->info().id) + QLatin1Char('/') + value;
  }
  return values;
}

void ViewDocks::setOptionValues(const QStringList& values) {
  for (ViewWidget* view : m_views) {
    const QString prefix = QLatin1String(view->info().id) + QLatin1Char('/');
    QStringList own;
    for (const QString& value : values) {
      if (value.startsWith(prefix)) own << value.mid(prefix.size());
    }
    view->setOptionValues(own);
  }
}

void ViewDocks::exportAll() {
  const ViewWidget* shown = activeView() ? activeView() : m_views.front();
  const QSize size = shown->pictureSize();
  const double scale = m_scale;
  // As they stand now, whatever the run does meanwhile.
  std::vector<ExportItem> items;
  for (const ViewWidget* view : m_views) items.push_back(view->exportItem());
  const std::optional<ExportChoice> choice =
      ExportDialog::ask(ExportDialog::Kind::allViews, tr("Export all views"), size, scale, this);
  if (!choice) return;
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Write all views into"));
  if (folder.isEmpty()) return;
  QProgressDialog progress(tr("Writing the views…"), tr("Cancel"), 0, 1, this);
  progress.setWindowTitle(tr("Export all views"));
  progress.setWindowModality(Qt::WindowModal);
  progress.setMinimumDuration(300);
  const Result<int> written = exportBatch(items, choice->formats, folder, choice->figure(size, scale),
                                          choice->dark, [&](int done, int of, const QString& file) {
                                            progress.setMaximum(of);
                                            progress.setLabelText(tr("Writing %1").arg(file));
                                            progress.setValue(done);
                                            return !progress.wasCanceled();
                                          });
  const bool cancelled = progress.wasCanceled();
  progress.reset();
  if (!written.ok()) {
    emit message(QString::fromStdString(written.error().message()), true);
  } else if (cancelled) {
    emit message(tr("Cancelled: %1 files stand in %2").arg(written.value()).arg(folder), false);
  } else {
    emit message(tr("Wrote %1 files into %2").arg(written.value()).arg(folder), false);
  }
}

ViewWidget* ViewDocks::activeView() const {
  const QWidget* focus = QApplication::focusWidget();
  for (ViewWidget* view : m_views) {
    if (focus && (focus == view || view->isAncestorOf(focus))) return view;
  }
  // The picture, not the widget around it: covered by its children that has no visible region.
  const auto shown = std::find_if(m_views.begin(), m_views.end(), [](const ViewWidget* view) {
    return !view->focusProxy()->visibleRegion().isEmpty();
  });
  return shown == m_views.end() ? nullptr : *shown;
}

void ViewDocks::present() {
  for (ViewWidget* view : m_views) {
    if (view->isVisible()) view->present(m_controller.session(), m_controller.selection());
  }
}

}  // namespace decodescope
