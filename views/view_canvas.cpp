#include "views/view_canvas.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <utility>

namespace decodescope {

ViewCanvas::ViewCanvas(View& view, QWidget* parent)
    : QWidget(parent), m_view(view), m_theme(Theme::makeLight()) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_OpaquePaintEvent);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void ViewCanvas::setShown(const SessionSnapshotPtr& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  setAccessibleDescription(m_view.description());
  update();
}

void ViewCanvas::setTheme(const Theme& theme) {
  m_theme = theme;
  update();
}

void ViewCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  m_view.paint(painter, QRectF(rect()), m_theme);
  if (hasFocus() && m_focusFromKeyboard) {
    painter.setPen(QPen(m_theme.accent, 1.5, Qt::DotLine));
    painter.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

void ViewCanvas::focusInEvent(QFocusEvent* event) {
  m_focusFromKeyboard = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason;
  update();
}

void ViewCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() & Qt::LeftButton) return drag(event->position());
  const std::optional<Hit> hit = m_view.hitTest(event->position());
  setCursor(hit && !hit->locks ? Qt::PointingHandCursor : Qt::ArrowCursor);
  if (hit && !m_selection.locked && hit->hovered != m_selection) emit selectionProposed(hit->hovered);
  pointAt(hit ? hit->number : std::nullopt);
}

void ViewCanvas::drag(QPointF to) {
  const QPointF delta = to - m_dragged;
  if (!m_dragging && (to - m_pressed).manhattanLength() < QApplication::startDragDistance()) return;
  m_dragging = true;
  m_dragged = to;
  if (!m_view.pan(delta)) return;
  setCursor(Qt::ClosedHandCursor);
  update();
}

void ViewCanvas::leaveEvent(QEvent*) {
  pointAt(std::nullopt);
}

void ViewCanvas::pointAt(const std::optional<NumberPlace>& place) {
  if (place == m_pointed) return;
  m_pointed = place;
  emit numberPointed(place);
}

void ViewCanvas::mousePressEvent(QMouseEvent* event) {
  m_pressed = m_dragged = event->position();
  m_dragging = false;
}

void ViewCanvas::mouseReleaseEvent(QMouseEvent* event) {
  setCursor(Qt::ArrowCursor);
  if (event->button() != Qt::LeftButton || m_dragging) return;
  if (const std::optional<Hit> hit = m_view.hitTest(event->position())) click(*hit);
}

void ViewCanvas::click(const Hit& hit) {
  if (hit.option) {
    emit optionChosen(hit.option->first, hit.option->second);
    if (hit.number) emit numberChosen(*hit.number);
    return;
  }
  if (hit.measures) {
    emit measuringProposed(*hit.measures);
    return;
  }
  if (hit.branch) {
    emit branchProposed(hit.hovered, *hit.branch);
    return;
  }
  if (hit.strikesOnClick && !hit.strikes.empty()) {
    emit strikeProposed(hit.hovered, hit.strikes.front());
    return;
  }
  Selection s = hit.clicked.value_or(hit.hovered);
  const Selection& now = m_selection;
  const bool samePlace = s.lane == now.lane && s.query == now.query && s.key == now.key &&
                         s.layer == now.layer && s.head == now.head;
  const bool sameNumber = !hit.number || hit.number->row.site == now.site;
  s.locked = hit.locks ? !(now.locked && samePlace && sameNumber) : now.locked;
  emit selectionProposed(s);
  if (hit.number && (s.locked || !hit.locks)) emit numberChosen(*hit.number);
}

void ViewCanvas::mouseDoubleClickEvent(QMouseEvent*) {
  m_dragging = true;  // the release that follows is no click
  m_view.resetZoom();
  update();
}

void ViewCanvas::wheelEvent(QWheelEvent* event) {
  // Where the lanes need scrolling the wheel scrolls; with Shift it zooms.
  if (event->modifiers() & Qt::ControlModifier || (m_scrolls && !(event->modifiers() & Qt::ShiftModifier)) ||
      !zoomAt(event->position(), std::pow(1.2, event->angleDelta().y() / 120.0))) {
    event->ignore();
    return;
  }
  event->accept();
}

bool ViewCanvas::zoomAt(QPointF at, double factor) {
  if (factor == 1.0 || !m_view.zoom(at, factor)) return false;
  update();
  return true;
}

void ViewCanvas::keyPressEvent(QKeyEvent* event) {
  const bool withControl = event->modifiers() & Qt::ControlModifier;
  const bool plain = !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier));
  switch (event->key()) {
    case Qt::Key_Left:
      return plain ? proposeMoved(-1, 0) : event->ignore();
    case Qt::Key_Right:
      return plain ? proposeMoved(1, 0) : event->ignore();
    case Qt::Key_Up:
      return plain ? proposeMoved(0, -1) : event->ignore();
    case Qt::Key_Down:
      return plain ? proposeMoved(0, 1) : event->ignore();
    case Qt::Key_Escape:
      return m_selection.locked ? proposeLocked(false) : event->ignore();
    case Qt::Key_Return:
    case Qt::Key_Enter:
      return proposeLocked(!m_selection.locked);
    case Qt::Key_Plus:
    case Qt::Key_Minus:
      if (withControl) return event->ignore();
      zoomAt(QRectF(rect()).center(), event->key() == Qt::Key_Plus ? 1.25 : 0.8);
      return;
    case Qt::Key_0:
      if (withControl) return event->ignore();
      m_view.resetZoom();
      return update();
    case Qt::Key_Menu:
      emit menuRequested(mapToGlobal(rect().center()), selectedPlace());
      return;
    default:
      event->ignore();
  }
}

void ViewCanvas::proposeMoved(int dx, int dy) {
  if (!m_session) return;
  const Selection inside = clampTo(m_view.moved(m_selection, dx, dy), *m_session);
  if (inside != m_selection) emit selectionProposed(inside);
}

void ViewCanvas::proposeLocked(bool locked) {
  Selection s = m_selection;
  s.locked = locked;
  emit selectionProposed(s);
}

void ViewCanvas::contextMenuEvent(QContextMenuEvent* event) {
  // The menu key has no place of its own: it means what is selected.
  const bool pointed = event->reason() == QContextMenuEvent::Mouse;
  emit menuRequested(event->globalPos(), pointed ? m_view.hitTest(QPointF(event->pos())) : selectedPlace());
}

std::optional<Hit> ViewCanvas::selectedPlace() const {
  constexpr int kPitch = 5;
  const Selection& now = m_selection;
  std::optional<Hit> place;
  for (int y = kPitch; y < height(); y += kPitch) {
    for (int x = kPitch; x < width(); x += kPitch) {
      std::optional<Hit> hit = m_view.hitTest(QPointF(x, y));
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
        const bool known = std::any_of(place->strikes.begin(), place->strikes.end(),
                                       [&](const StrikeOffer& other) { return other.title == offer.title; });
        if (!known) place->strikes.push_back(std::move(offer));
      }
    }
  }
  return place;
}

bool ViewCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const std::optional<Hit> hit = m_view.hitTest(QPointF(help->pos()));
  if (!hit || hit->toolTip.isEmpty()) {
    QToolTip::hideText();
    event->ignore();
    return true;
  }
  // A token may look like markup.
  const QString text = QStringLiteral("<p style='white-space:pre'>%1</p>").arg(hit->toolTip.toHtmlEscaped());
  QToolTip::showText(help->globalPos(), text, this, QRect(help->pos(), QSize(1, 1)).adjusted(-3, -3, 3, 3));
  return true;
}

}  // namespace decodescope
