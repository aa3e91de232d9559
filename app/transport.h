#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "app/session_controller.h"
#endif
#include "views/theme.h"

#include <QWidget>

class QAction;
class QComboBox;
class QSlider;
class QToolButton;

namespace decodescope {

class ElidedLabel;

/// The row of buttons that steps a run: restart, back, operation back, forward and out, step, play with its
/// unit and speed, scrub.
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
  void setSpeed(double unitsPerSecond);
  SessionController::PlayUnit playUnit() const;
  void setPlayUnit(SessionController::PlayUnit unit);

 signals:
  void restartRequested();

 private:
  QAction* makeAction(const QString& text, const QString& tip, const QList<QKeySequence>& keys);
  QToolButton* makeButton(QAction* action);
  void buildActions();
  void buildPlay();
  void refresh();
  QString positionText(int step, int steps, int operation, int operations) const;

  SessionController& m_controller;
  QAction* m_restart;
  QAction* m_back;
  QAction* m_stageBack;
  QAction* m_stageForward;
  QAction* m_out;
  QAction* m_outBack;
  QAction* m_layerForward;
  QAction* m_layerBack;
  QAction* m_step;
  QAction* m_play;
  QAction* m_unlock;
  QToolButton* m_stepButton;
  QComboBox* m_unit;
  QComboBox* m_speed;
  QSlider* m_scrub;
  ElidedLabel* m_position;
  bool m_countsOperations = true;  ///< beside the step
};

}  // namespace decodescope
