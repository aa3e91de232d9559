#pragma once

#include "views/theme.h"

#include <QWidget>

class QAction;
class QComboBox;
class QLabel;
class QSlider;
class QToolButton;

namespace decodescope {

class SessionController;

/// The row of buttons that steps a run: restart, back, operation back and forward, step, play with its speed,
/// scrub.
class Transport : public QWidget {
  Q_OBJECT

 public:
  explicit Transport(SessionController& controller, QWidget* parent = nullptr);

  /// For the Run menu, in order; nullptr is a separator. They carry the shortcuts.
  QList<QAction*> menuActions() const;
  /// Space then steps wherever the focus is not in a text field.
  void takeFocus();
  void applyTheme(const Theme& theme);
  /// Leaves out what a window this many unscaled pixels wide has no room for.
  void fitTo(double room);
  double speed() const;
  void setSpeed(double tokensPerSecond);

 signals:
  void restartRequested();

 private:
  QAction* makeAction(const QString& text, const QString& tip, const QList<QKeySequence>& keys);
  QToolButton* makeButton(QAction* action);
  void refresh();

  SessionController& m_controller;
  QAction* m_restart;
  QAction* m_back;
  QAction* m_stageBack;
  QAction* m_stageForward;
  QAction* m_step;
  QAction* m_play;
  QAction* m_unlock;
  QToolButton* m_stepButton;
  QComboBox* m_speed;
  QSlider* m_scrub;
  QLabel* m_position;
};

}  // namespace decodescope
