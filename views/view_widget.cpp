#include "views/view_widget.h"

#include "views/lanes_view.h"
#include "views/option_bar.h"
#include "views/view_canvas.h"

#include <QAction>
#include <QCoreApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QResizeEvent>
#include <QScrollArea>
#include <QScrollBar>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <utility>

namespace decodescope {

ViewWidget::ViewWidget(const ViewInfo& info, QWidget* parent)
    : QWidget(parent), m_info(info), m_view(std::make_unique<LanesView>(info)), m_theme(Theme::makeLight()) {
  setObjectName(QStringLiteral("view-%1").arg(QLatin1String(info.id)));
  m_canvas = new ViewCanvas(*m_view, this);
  m_canvas->setObjectName(QStringLiteral("canvas-%1").arg(QLatin1String(info.id)));
  m_canvas->setAccessibleName(title());
  m_scroll = new QScrollArea(this);
  m_scroll->setFrameShape(QFrame::NoFrame);
  m_scroll->setFocusPolicy(Qt::NoFocus);
  m_scroll->setWidgetResizable(true);
  m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_scroll->verticalScrollBar()->setAccessibleName(tr("Scroll the picture"));
  m_scroll->setWidget(m_canvas);
  m_scroll->viewport()->installEventFilter(this);
  m_header = new QWidget(this);
  m_toolBar = new OptionBar(title(), m_header);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  // Beside the tool bar, not in it: however many settings a view has, taking it along stays in sight.
  auto* bar = new QHBoxLayout(m_header);
  bar->setContentsMargins(0, 0, 4, 0);
  bar->setSpacing(0);
  bar->addWidget(m_toolBar, 1);
  m_export = makeExportButton();
  bar->addWidget(m_export);
  layout->addWidget(m_header);
  layout->addWidget(m_scroll, 1);
  setFocusProxy(m_canvas);
  connectParts();
  buildToolBar();
  setTabOrder(m_canvas, m_export);
  present(std::make_shared<SessionSnapshot>(), Selection());
}

ViewWidget::~ViewWidget() = default;

void ViewWidget::connectParts() {
  connect(m_canvas, &ViewCanvas::selectionProposed, this, &ViewWidget::selectionProposed);
  connect(m_canvas, &ViewCanvas::numberPointed, this, &ViewWidget::numberPointed);
  connect(m_canvas, &ViewCanvas::numberChosen, this, &ViewWidget::numberChosen);
  connect(m_canvas, &ViewCanvas::measuringProposed, this, &ViewWidget::measuringProposed);
  connect(m_canvas, &ViewCanvas::branchProposed, this, &ViewWidget::branchProposed);
  connect(m_canvas, &ViewCanvas::strikeProposed, this, &ViewWidget::strikeProposed);
  connect(m_canvas, &ViewCanvas::menuRequested, this, &ViewWidget::showContextMenu);
  connect(m_scroll->verticalScrollBar(), &QScrollBar::rangeChanged, m_canvas,
          [canvas = m_canvas](int, int last) { canvas->setScrolls(last > 0); });
  connect(m_toolBar, &OptionBar::chosen, this, &ViewWidget::chooseOption);
  const auto chooseAndShow = [this](const QString& id, const QString& value) {
    chooseOption(id, value);
    rebuildToolBarSoon();
  };
  connect(m_canvas, &ViewCanvas::optionChosen, this, chooseAndShow);
  connect(m_toolBar, &OptionBar::chosenFromMenu, this, chooseAndShow);
}

View& ViewWidget::view() {
  return *m_view;
}

QString ViewWidget::title() const {
  return QCoreApplication::translate("Views", m_info.title);
}

void ViewWidget::present(const SessionSnapshotPtr& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  showPresented();
  // How far a number may go depends on the model.
  const Selection at = clampTo(selection, *session);
  const void* model =
      session->lanes.empty() ? nullptr : session->lanes[static_cast<std::size_t>(at.lane)].run->model.get();
  if (std::exchange(m_toolBarOf, model) != model) rebuildToolBarSoon();
}

void ViewWidget::showPresented() {
  m_view->present(*m_session, m_selection);
  fitToLanes();
  m_canvas->setShown(m_session, m_selection);
}

void ViewWidget::setTheme(const Theme& theme) {
  m_theme = theme;
  fitToLanes();
  m_canvas->setTheme(theme);
}

void ViewWidget::fitToLanes() {
  QStringList offered;
  for (const ViewOption& option : m_view->options()) offered << option.id;
  if (offered != m_offered) {
    m_offered = offered;  // asked for once
    rebuildToolBarSoon();
  }
  const QSizeF room(m_scroll->viewport()->size());
  const int needed = static_cast<int>(std::ceil(m_view->neededHeight(room, m_theme)));
  const int height = needed > m_scroll->viewport()->height() ? needed : 0;
  if (m_canvas->minimumHeight() != height) m_canvas->setMinimumHeight(height);
}

void ViewWidget::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  // In a narrow dock the settings need the room; the menus export too.
  m_export->setVisible(width() >= m_export->sizeHint().width() * 4);
}

bool ViewWidget::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_scroll->viewport() && event->type() == QEvent::Resize) fitToLanes();
  return QWidget::eventFilter(watched, event);
}

void ViewWidget::buildToolBar() {
  const std::vector<ViewOption> options = m_view->options();
  m_offered.clear();
  for (const ViewOption& option : options) m_offered << option.id;
  m_toolBar->setOptions(options);
}

QToolButton* ViewWidget::makeExportButton() {
  auto* button = new QToolButton(this);
  button->setObjectName(QStringLiteral("export"));
  button->setText(tr("Export"));
  button->setToolTip(tr("Copy or save this view: picture, data or the command that draws it again"));
  auto* menu = new QMenu(button);
  addActions(*menu);
  button->setMenu(menu);
  button->setAutoRaise(true);
  button->setPopupMode(QToolButton::InstantPopup);
  button->setFocusPolicy(Qt::TabFocus);
  button->setAccessibleName(button->text());
  button->setAccessibleDescription(button->toolTip());
  return button;
}

void ViewWidget::rebuildToolBarSoon() {
  // Not at once: what was chosen from may be among what is built anew.
  QMetaObject::invokeMethod(
      this, [this] { buildToolBar(); }, Qt::QueuedConnection);
}

void ViewWidget::chooseOption(const QString& id, const QString& value) {
  if (!m_view->setOption(id, value)) return;
  showPresented();
  emit optionsChanged();
}

QStringList ViewWidget::optionValues() const {
  QStringList values;
  for (const ViewOption& option : m_view->options()) {
    if (option.id != QLatin1String("lanes")) values << option.id + QLatin1Char('=') + option.value;
  }
  // Remembered also while there is a single lane.
  values << QStringLiteral("lanes=") + m_view->laneMode();
  return values;
}

void ViewWidget::setOptionValues(const QStringList& values) {
  for (const QString& entry : values) {
    const qsizetype at = entry.indexOf(QLatin1Char('='));
    if (at > 0) m_view->setOption(entry.left(at), entry.mid(at + 1));
  }
  showPresented();
  buildToolBar();
}

void ViewWidget::addActions(QMenu& menu) {
  menu.addAction(tr("Copy picture"), this, &ViewWidget::copyPicture);
  menu.addAction(tr("Copy data"), this, &ViewWidget::copyData);
  menu.addAction(tr("Copy command"), this, &ViewWidget::copyCommand);
  menu.addSeparator();
  menu.addAction(tr("Save as PNG, SVG, PDF, CSV or NPY…"), this, &ViewWidget::exportAs);
  menu.addAction(tr("Export all views…"), this, &ViewWidget::exportAllRequested);
}

void ViewWidget::showContextMenu(const QPoint& globalPosition, const std::optional<Hit>& place) {
  QMenu menu(this);
  if (place) {
    for (const StrikeOffer& offer : place->strikes) {
      QAction* strike = menu.addAction(offer.title);
      connect(strike, &QAction::triggered, this,
              [this, at = place->hovered, offer] { emit strikeProposed(at, offer); });
    }
    if (!place->strikes.empty()) menu.addSeparator();
  }
  addActions(menu);
  menu.addSeparator();
  menu.addAction(tr("Show everything"), this, [this] {
    m_view->resetZoom();
    m_canvas->update();
  });
  menu.exec(globalPosition);
}

QSize ViewWidget::sizeHint() const {
  return {640, 520};
}

QSize ViewWidget::minimumSizeHint() const {
  return {200, 160};
}

}  // namespace decodescope
