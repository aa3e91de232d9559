#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "app/architecture_layout.h"
#include "app/stages.h"
#include "views/kept_image.h"
#endif

#include <QSize>
#include <QWidget>

#include <cstdint>
#include <optional>

class QLabel;
class QMenu;
class QScrollArea;
class QSpinBox;

namespace decodescope {

class SessionController;

/// The block diagram itself: the selected operation lit, a click selects one, the arrow keys walk. With Ctrl
/// they move a mark alone; Enter runs to it, Shift+Enter goes back to it, and so does the context menu.
class ArchitectureDiagram : public QWidget {
  Q_OBJECT

 public:
  explicit ArchitectureDiagram(SessionController& controller, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);
  void refresh();
  const ArchitectureLayout& diagram() const { return m_layout; }

 signals:
  /// The selected operation moved to here.
  void currentMoved(const QRectF& box);

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  void rebuild();
  /// What the picture depends on besides the selected operation and the pointer.
  struct Shown {
    std::uint64_t runId = 0;
    int tokens = 0;
    int layer = 0;
    QSize size;
    double available = 0;  ///< the height that there is
    bool dark = false;
    double scale = 1;
    friend bool operator==(const Shown&, const Shown&) = default;
  };
  Shown shown() const;
  int nodeAt(QPointF point) const;
  int currentNode() const;
  void selectNode(int index);
  /// Where the keyboard is: the mark, else the selected operation.
  int markedNode() const { return m_mark >= 0 ? m_mark : currentNode(); }
  void mark(int index);
  void describe();
  void runTo(int index, Direction direction);
  void fillMenu(QMenu& menu, int index);
  /// Everything but words: the same for every step.
  void paintShapes(QPainter& painter) const;
  void paintBox(QPainter& painter, int index, bool lit) const;
  static QRectF wordsOf(const MapNode& node);
  void paintWords(QPainter& painter, int index) const;
  QString toolTipOf(const MapNode& node) const;

  SessionController& m_controller;
  Theme m_theme;
  ArchitectureLayout m_layout;
  std::optional<Shown> m_shown;
  KeptImage<Shown> m_shapes;
  int m_hovered = -1;
  int m_current = -1;
  int m_mark = -1;
};

/// The map with the choice of layer and head above it.
class ArchitectureMap : public QWidget {
  Q_OBJECT

 public:
  explicit ArchitectureMap(SessionController& controller, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);

 private:
  void refresh();

  SessionController& m_controller;
  QSpinBox* m_layer;
  QSpinBox* m_head;
  QLabel* m_kind;
  QScrollArea* m_scroll;
  ArchitectureDiagram* m_diagram;
};

}  // namespace decodescope
