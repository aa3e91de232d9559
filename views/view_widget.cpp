#include "views/view_widget.h"

#include "views/export.h"
#include "views/export_dialog.h"
#include "views/lanes_view.h"
#include "views/render_command.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QCoreApplication>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>
#include <QSlider>
#include <QToolBar>
#include <QToolButton>
#include <QToolTip>
#include <QVBoxLayout>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <utility>

namespace decodescope {

/// The picture. Turns mouse and keys into proposals.
class ViewWidget::Canvas : public QWidget {
 public:
  explicit Canvas(ViewWidget& owner) : QWidget(&owner), m_owner(owner) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    m_owner.m_view->paint(painter, QRectF(rect()), m_owner.m_theme);
    if (hasFocus() && m_focusFromKeyboard) {
      painter.setPen(QPen(m_owner.m_theme.accent, 1.5, Qt::DotLine));
      painter.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
    }
  }

  void focusInEvent(QFocusEvent* event) override {
    m_focusFromKeyboard = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason;
    update();
  }

  void mouseMoveEvent(QMouseEvent* event) override {
    if (event->buttons() & Qt::LeftButton) {
      const QPointF delta = event->position() - m_dragged;
      if (!m_dragging &&
          (event->position() - m_pressed).manhattanLength() < QApplication::startDragDistance())
        return;
      m_dragging = true;
      m_dragged = event->position();
      if (m_owner.m_view->pan(delta)) {
        setCursor(Qt::ClosedHandCursor);
        update();
      }
      return;
    }
    const std::optional<Hit> hit = m_owner.m_view->hitTest(event->position());
    setCursor(hit && !hit->locks ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (hit && !m_owner.m_selection.locked && hit->hovered != m_owner.m_selection)
      emit m_owner.selectionProposed(hit->hovered);
    m_owner.pointAt(hit ? hit->number : std::nullopt);
  }

  void leaveEvent(QEvent*) override { m_owner.pointAt(std::nullopt); }

  void mousePressEvent(QMouseEvent* event) override {
    m_pressed = m_dragged = event->position();
    m_dragging = false;
  }

  void mouseReleaseEvent(QMouseEvent* event) override {
    setCursor(Qt::ArrowCursor);
    if (event->button() != Qt::LeftButton || m_dragging) return;
    const std::optional<Hit> hit = m_owner.m_view->hitTest(event->position());
    if (!hit) return;
    if (hit->option) {
      m_owner.chooseOption(hit->option->first, hit->option->second);
      m_owner.rebuildToolBarSoon();
      if (hit->number) emit m_owner.numberChosen(*hit->number);
      return;
    }
    if (hit->branch) {
      emit m_owner.branchProposed(hit->hovered, *hit->branch);
      return;
    }
    if (hit->strikesOnClick && !hit->strikes.empty()) {
      emit m_owner.strikeProposed(hit->hovered, hit->strikes.front());
      return;
    }
    Selection s = hit->clicked.value_or(hit->hovered);
    const Selection& now = m_owner.m_selection;
    const bool samePlace = s.lane == now.lane && s.query == now.query && s.key == now.key &&
                           s.layer == now.layer && s.head == now.head;
    const bool sameNumber = !hit->number || hit->number->row.site == now.site;
    s.locked = hit->locks ? !(now.locked && samePlace && sameNumber) : now.locked;
    emit m_owner.selectionProposed(s);
    if (hit->number && (s.locked || !hit->locks)) emit m_owner.numberChosen(*hit->number);
  }

  void mouseDoubleClickEvent(QMouseEvent*) override {
    m_dragging = true;  // the release that follows is no click
    m_owner.m_view->resetZoom();
    update();
  }

  void wheelEvent(QWheelEvent* event) override {
    // Where the lanes need scrolling the wheel scrolls; with Shift it zooms.
    const bool scrolls = m_owner.m_scroll->verticalScrollBar()->maximum() > 0;
    if (event->modifiers() & Qt::ControlModifier || (scrolls && !(event->modifiers() & Qt::ShiftModifier)) ||
        !zoomAt(event->position(), std::pow(1.2, event->angleDelta().y() / 120.0))) {
      event->ignore();
      return;
    }
    event->accept();
  }

  void keyPressEvent(QKeyEvent* event) override {
    const Selection& now = m_owner.m_selection;
    int dx = 0, dy = 0;
    switch (event->key()) {
      case Qt::Key_Left:
        dx = -1;
        break;
      case Qt::Key_Right:
        dx = 1;
        break;
      case Qt::Key_Up:
        dy = -1;
        break;
      case Qt::Key_Down:
        dy = 1;
        break;
      case Qt::Key_Escape:
        if (!now.locked) return event->ignore();
        return proposeLocked(false);
      case Qt::Key_Return:
      case Qt::Key_Enter:
        return proposeLocked(!now.locked);
      case Qt::Key_Plus:
      case Qt::Key_Minus:
        if (event->modifiers() & Qt::ControlModifier) return event->ignore();
        zoomAt(QRectF(rect()).center(), event->key() == Qt::Key_Plus ? 1.25 : 0.8);
        return;
      case Qt::Key_0:
        if (event->modifiers() & Qt::ControlModifier) return event->ignore();
        m_owner.m_view->resetZoom();
        update();
        return;
      case Qt::Key_Menu:
        m_owner.showContextMenu(mapToGlobal(rect().center()), selectedPlace());
        return;
      default:
        return event->ignore();
    }
    if (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier)) return event->ignore();
    const Selection moved = m_owner.m_view->moved(now, dx, dy);
    if (m_owner.m_session) {
      const Selection inside = clampTo(moved, *m_owner.m_session);
      if (inside != now) emit m_owner.selectionProposed(inside);
    }
  }

  void contextMenuEvent(QContextMenuEvent* event) override {
    // The menu key has no place of its own: it means what is selected.
    const bool pointed = event->reason() == QContextMenuEvent::Mouse;
    m_owner.showContextMenu(event->globalPos(),
                            pointed ? m_owner.m_view->hitTest(QPointF(event->pos())) : selectedPlace());
  }

  bool event(QEvent* event) override {
    if (event->type() != QEvent::ToolTip) return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const std::optional<Hit> hit = m_owner.m_view->hitTest(QPointF(help->pos()));
    if (!hit || hit->toolTip.isEmpty()) {
      QToolTip::hideText();
      event->ignore();
      return true;
    }
    // A token may look like markup.
    const QString text =
        QStringLiteral("<p style='white-space:pre'>%1</p>").arg(hit->toolTip.toHtmlEscaped());
    QToolTip::showText(help->globalPos(), text, this, QRect(help->pos(), QSize(1, 1)).adjusted(-3, -3, 3, 3));
    return true;
  }

 private:
  /// Where the selection stands in the picture and can be struck out, with all that is offered there (a cell
  /// and the name of its head); nothing when it is not seen.
  std::optional<Hit> selectedPlace() const {
    constexpr int kPitch = 5;
    const Selection& now = m_owner.m_selection;
    std::optional<Hit> place;
    for (int y = kPitch; y < height(); y += kPitch) {
      for (int x = kPitch; x < width(); x += kPitch) {
        std::optional<Hit> hit = m_owner.m_view->hitTest(QPointF(x, y));
        if (!hit || hit->strikes.empty()) continue;
        const Selection at = hit->clicked.value_or(hit->hovered);
        if (at.lane != now.lane || at.layer != now.layer || at.head != now.head || at.query != now.query ||
            at.key != now.key)
          continue;
        if (!place) {
          place = std::move(hit);
          continue;
        }
        for (StrikeOffer& offer : hit->strikes) {
          const bool known =
              std::any_of(place->strikes.begin(), place->strikes.end(),
                          [&](const StrikeOffer& other) { return other.title == offer.title; });
          if (!known) place->strikes.push_back(std::move(offer));
        }
      }
    }
    return place;
  }

  void proposeLocked(bool locked) {
    Selection s = m_owner.m_selection;
    s.locked = locked;
    emit m_owner.selectionProposed(s);
  }

  bool zoomAt(QPointF at, double factor) {
    if (factor == 1.0 || !m_owner.m_view->zoom(at, factor)) return false;
    update();
    return true;
  }

  ViewWidget& m_owner;
  QPointF m_pressed;
  QPointF m_dragged;
  bool m_dragging = false;
  bool m_focusFromKeyboard = false;
};

ViewWidget::ViewWidget(const ViewInfo& info, QWidget* parent)
    : QWidget(parent), m_info(info), m_view(std::make_unique<LanesView>(info)), m_theme(Theme::makeLight()) {
  setObjectName(QStringLiteral("view-%1").arg(QLatin1String(info.id)));
  m_canvas = new Canvas(*this);
  m_canvas->setObjectName(QStringLiteral("canvas-%1").arg(QLatin1String(info.id)));
  m_canvas->setAccessibleName(title());
  m_scroll = new QScrollArea(this);
  m_scroll->setFrameShape(QFrame::NoFrame);
  m_scroll->setFocusPolicy(Qt::NoFocus);
  m_scroll->setWidgetResizable(true);
  m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_scroll->verticalScrollBar()->setAccessibleName(tr("Scroll the lanes"));
  m_scroll->setWidget(m_canvas);
  m_scroll->viewport()->installEventFilter(this);
  m_header = new QWidget(this);
  m_toolBar = new QToolBar(title(), m_header);
  m_toolBar->setToolButtonStyle(Qt::ToolButtonTextOnly);
  m_toolBar->setMovable(false);
  m_toolBar->setMinimumWidth(24);  // in a narrow dock all of it goes behind the arrow
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
  buildToolBar();
  setTabOrder(m_canvas, m_export);
  present(std::make_shared<SessionSnapshot>(), Selection());
}

ViewWidget::~ViewWidget() = default;

View& ViewWidget::view() {
  return *m_view;
}

QString ViewWidget::title() const {
  return QCoreApplication::translate("Views", m_info.title);
}

void ViewWidget::present(const SessionSnapshotPtr& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  m_view->present(*session, selection);
  m_canvas->setAccessibleDescription(m_view->description());
  fitToLanes();
  m_canvas->update();
  // How far a number may go depends on the model.
  const Selection at = clampTo(selection, *session);
  const void* model =
      session->lanes.empty() ? nullptr : session->lanes[static_cast<std::size_t>(at.lane)].run->model.get();
  if (std::exchange(m_toolBarOf, model) != model) rebuildToolBarSoon();
}

void ViewWidget::pointAt(const std::optional<NumberPlace>& place) {
  if (place == m_pointed) return;
  m_pointed = place;
  emit numberPointed(place);
}

void ViewWidget::setTheme(const Theme& theme) {
  m_theme = theme;
  fitToLanes();
  m_canvas->update();
}

void ViewWidget::fitToLanes() {
  QStringList offered;
  for (const ViewOption& option : m_view->options()) offered << option.id;
  if (offered != m_offered) {
    m_offered = offered;  // asked for once
    rebuildToolBarSoon();
  }
  const QSizeF room(m_scroll->viewport()->size());
  const int needed = static_cast<int>(std::floor(m_view->neededHeight(room, m_theme)));
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
  m_offered.clear();
  for (const ViewOption& option : m_view->options()) m_offered << option.id;
  const QList<QAction*> old = m_toolBar->actions();
  m_toolBar->clear();
  for (QAction* action : old) action->deleteLater();  // and the sliders in them
  for (const ViewOption& option : m_view->options()) {
    if (option.number && option.number->typed) {
      addField(option);
    } else if (option.number) {
      addSlider(option);
    } else {
      addChoice(option);
    }
  }
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

void ViewWidget::addChoice(const ViewOption& option) {
  auto* menu = new QMenu(this);
  auto* group = new QActionGroup(menu);
  QString current;
  for (const auto& [value, text] : option.choices) {
    QAction* choice = menu->addAction(text);
    choice->setCheckable(true);
    choice->setChecked(value == option.value);
    group->addAction(choice);
    if (value == option.value) current = text;
    connect(choice, &QAction::triggered, this, [this, id = option.id, v = value] {
      chooseOption(id, v);
      rebuildToolBarSoon();
    });
  }
  const QString text = tr("%1: %2").arg(option.title, current);
  QAction* action = m_toolBar->addAction(text);
  action->setMenu(menu);
  action->setToolTip(option.tip);
  if (auto* button = qobject_cast<QToolButton*>(m_toolBar->widgetForAction(action))) {
    connect(button, &QObject::destroyed, menu, &QObject::deleteLater);
    button->setPopupMode(QToolButton::InstantPopup);
    button->setFocusPolicy(Qt::TabFocus);
    button->setAccessibleName(text);
    button->setAccessibleDescription(option.tip);
  }
}

void ViewWidget::addSlider(const ViewOption& option) {
  const NumberRange range = *option.number;
  const auto shown = [range, title = option.title](double number) {
    return tr("%1: %2").arg(title, range.text(number).replace(QLatin1Char('-'), QChar(0x2212)));
  };
  auto* box = new QWidget(m_toolBar);
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(6, 0, 6, 0);
  auto* label = new QLabel(box);
  auto* slider = new QSlider(Qt::Horizontal, box);
  const double value = range.parse(option.value).value_or(range.standard);
  slider->setRange(0, static_cast<int>(std::lround((range.maximum - range.minimum) / range.step)));
  slider->setValue(static_cast<int>(std::lround((value - range.minimum) / range.step)));
  slider->setPageStep(std::max(1, slider->maximum() / 20));
  slider->setFocusPolicy(Qt::StrongFocus);
  slider->setAccessibleName(option.title);
  slider->setAccessibleDescription(option.tip);
  slider->setObjectName(QStringLiteral("option-%1").arg(option.id));
  slider->setMinimumWidth(70);
  slider->setMaximumWidth(180);
  label->setBuddy(slider);
  label->setText(shown(value));
  // As wide as its longest text, so that the slider stays under the pointer.
  label->ensurePolished();
  const QFontMetrics metrics(label->font());
  label->setMinimumWidth(std::max(metrics.horizontalAdvance(shown(range.minimum)),
                                  metrics.horizontalAdvance(shown(range.maximum))) +
                         4);
  for (QWidget* w : {static_cast<QWidget*>(label), static_cast<QWidget*>(slider)}) w->setToolTip(option.tip);
  layout->addWidget(label);
  layout->addWidget(slider);
  m_toolBar->addWidget(box);
  connect(slider, &QSlider::valueChanged, this, [this, range, label, shown, id = option.id](int at) {
    const double number =
        range.parse(QString::number(range.minimum + at * range.step, 'g', 12)).value_or(range.standard);
    label->setText(shown(number));
    chooseOption(id, range.text(number));
  });
}

void ViewWidget::addField(const ViewOption& option) {
  const NumberRange range = *option.number;
  auto* box = new QWidget(m_toolBar);
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(6, 0, 6, 0);
  auto* label = new QLabel(option.title, box);
  auto* field = new QDoubleSpinBox(box);
  const QString step = range.text(range.step);
  const qsizetype point = step.indexOf(QLatin1Char('.'));
  field->setDecimals(point < 0 ? 0 : static_cast<int>(step.size() - point - 1));
  field->setRange(range.minimum, range.maximum);
  field->setSingleStep(range.step);
  field->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
  field->setGroupSeparatorShown(true);
  field->setValue(range.parse(option.value).value_or(range.standard));
  field->setAccessibleName(option.title);
  field->setAccessibleDescription(option.tip);
  field->setObjectName(QStringLiteral("option-%1").arg(option.id));
  label->setBuddy(field);
  for (QWidget* w : {static_cast<QWidget*>(label), static_cast<QWidget*>(field)}) w->setToolTip(option.tip);
  layout->addWidget(label);
  layout->addWidget(field);
  m_toolBar->addWidget(box);
  connect(field, &QDoubleSpinBox::valueChanged, this,
          [this, range, id = option.id](double number) { chooseOption(id, range.text(number)); });
}

void ViewWidget::rebuildToolBarSoon() {
  // Not at once: what was chosen from may be among what is built anew.
  QMetaObject::invokeMethod(
      this, [this] { buildToolBar(); }, Qt::QueuedConnection);
}

void ViewWidget::chooseOption(const QString& id, const QString& value) {
  if (!m_view->setOption(id, value)) return;
  m_view->present(*m_session, m_selection);
  m_canvas->setAccessibleDescription(m_view->description());
  fitToLanes();
  m_canvas->update();
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
  m_view->present(*m_session, m_selection);
  fitToLanes();
  buildToolBar();
  m_canvas->update();
}

QString ViewWidget::command() const {
  return renderCommand(*m_session, m_selection, QLatin1String(m_info.id), *m_view,
                       figureInPixels(m_canvas->size(), m_theme.scale), m_theme.dark, QString());
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

void ViewWidget::copyPicture() {
  const FigureSize figure = figureInPixels(m_canvas->size() * 2, m_theme.scale * 2);
  QGuiApplication::clipboard()->setImage(paintedImage(*m_view, figure, m_theme.dark));
  m_canvas->update();
  emit message(tr("Copied the picture of “%1”").arg(title()), false);
}

void ViewWidget::copyData() {
  QGuiApplication::clipboard()->setText(QString::fromUtf8(csvText(m_view->tables(), command())));
  emit message(tr("Copied the numbers of “%1”").arg(title()), false);
}

void ViewWidget::copyCommand() {
  QGuiApplication::clipboard()->setText(command());
  emit message(tr("Copied the command that draws “%1”").arg(title()), false);
}

ExportItem ViewWidget::exportItem() const {
  ExportItem item{QLatin1String(m_info.id), m_view->copy(), m_session, m_selection};
  item.view->present(*m_session, m_selection);
  item.view->setZoomed(m_view->zoomed());
  return item;
}

QSize ViewWidget::pictureSize() const {
  return m_canvas->size();
}

void ViewWidget::exportAs() {
  // What is shown now is what is written, however long the dialogs stay open.
  const ExportItem item = exportItem();
  const std::optional<ExportChoice> choice = ExportDialog::ask(
      ExportDialog::Kind::oneView, tr("Export “%1”").arg(title()), m_canvas->size(), m_theme.scale, this);
  if (!choice) return;
  const QString suffix = suffixOf(choice->formats.front());
  QString path =
      QFileDialog::getSaveFileName(this, tr("Save “%1”").arg(title()), item.id + QLatin1Char('.') + suffix,
                                   tr("%1 file (*.%2)").arg(suffix.toUpper(), suffix));
  if (path.isEmpty()) return;
  if (QFileInfo(path).suffix().isEmpty()) path += QLatin1Char('.') + suffix;
  const std::optional<ExportFormat> format = exportFormatOf(QFileInfo(path).suffix());
  if (!format) {
    emit message(tr("%1: the name must end in .png, .svg, .pdf, .csv or .npy").arg(path), true);
    return;
  }
  const FigureSize figure = choice->figure(m_canvas->size(), m_theme.scale);
  const QString again =
      renderCommand(*item.session, item.selection, item.id, *item.view, figure, choice->dark, path);
  const Result<void> written = exportView(*item.view, *format, path, figure, choice->dark, again);
  if (written.ok()) {
    emit message(tr("Saved %1").arg(path), false);
  } else {
    emit message(QString::fromStdString(written.error().message()), true);
  }
}

QSize ViewWidget::sizeHint() const {
  return {640, 520};
}

QSize ViewWidget::minimumSizeHint() const {
  return {200, 160};
}

}  // namespace decodescope
