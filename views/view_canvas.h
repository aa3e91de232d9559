#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "views/view.h"
#endif

#include <QPoint>
#include <QPointF>
#include <QString>
#include <QWidget>

#include <optional>

namespace decodescope {

/// A view's picture. Turns mouse and keys into proposals; zoom and drag it does by itself.
class ViewCanvas : public QWidget {
  Q_OBJECT

 public:
  /// `view` outlives it.
  explicit ViewCanvas(View& view, QWidget* parent = nullptr);
  /// What the view has been made to present.
  void setShown(const SessionSnapshotPtr& session, const Selection& selection);
  void setTheme(const Theme& theme);
  /// The wheel is needed for scrolling: it zooms with Shift only.
  void setScrolls(bool scrolls) { m_scrolls = scrolls; }

 signals:
  void selectionProposed(const decodescope::Selection& selection);
  void numberPointed(const std::optional<decodescope::NumberPlace>& place);
  void numberChosen(const decodescope::NumberPlace& place);
  void measuringProposed(bool start);
  void branchProposed(const decodescope::Selection& at, decodescope::TokenId token);
  void strikeProposed(const decodescope::Selection& at, const decodescope::StrikeOffer& offer);
  /// A click that sets this option of the view.
  void optionChosen(const QString& id, const QString& value);
  /// The context menu is wanted there, for what is at that place.
  void menuRequested(const QPoint& globalPosition, const std::optional<decodescope::Hit>& place);

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void drag(QPointF to);
  void click(const Hit& hit);
  void pointAt(const std::optional<NumberPlace>& place);
  /// Where the selection stands in the picture and can be struck out, with all that is offered there (a cell
  /// and the name of its head); nothing when it is not seen.
  std::optional<Hit> selectedPlace() const;
  void proposeMoved(int dx, int dy);
  void proposeLocked(bool locked);
  bool zoomAt(QPointF at, double factor);

  View& m_view;
  Theme m_theme;
  SessionSnapshotPtr m_session;
  Selection m_selection;
  std::optional<NumberPlace> m_pointed;
  QPointF m_pressed;
  QPointF m_dragged;
  bool m_dragging = false;
  bool m_scrolls = false;
  bool m_focusFromKeyboard = false;
};

}  // namespace decodescope
