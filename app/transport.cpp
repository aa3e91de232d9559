#include "app/transport.h"

#include "app/icons.h"
#include "app/session_controller.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <cmath>

namespace decodescope {

Transport::Transport(SessionController& controller, QWidget* parent)
    : QWidget(parent), m_controller(controller) {
  setAccessibleName(tr("Transport"));
  m_restart = makeAction(tr("Restart"), tr("Start the prompt again"), {QKeySequence(tr("Ctrl+R"))});
  m_restart->setIcon(icon(Icon::restart));
  m_back = makeAction(tr("Step back"), tr("Show the step before. Looking back never changes the run"),
                      {QKeySequence(Qt::Key_Backspace), QKeySequence(Qt::SHIFT | Qt::Key_Space)});
  m_back->setIcon(icon(Icon::stepBack));
  m_stageBack = makeAction(tr("Operation back"), tr("Go to the operation before"),
                           {QKeySequence(Qt::Key_Comma), QKeySequence(Qt::SHIFT | Qt::Key_F11)});
  m_stageBack->setIcon(icon(Icon::stageBack));
  m_stageForward = makeAction(tr("Step into"), tr("Go to the next operation within the step"),
                              {QKeySequence(Qt::Key_Period), QKeySequence(Qt::Key_F11)});
  m_stageForward->setIcon(icon(Icon::stageForward));
  m_step = makeAction(tr("Step"), tr("Show the next step; at the newest one, generate the next token"),
                      {QKeySequence(Qt::Key_Space), QKeySequence(Qt::Key_F10)});
  m_step->setIcon(icon(Icon::stepOver));
  m_play = makeAction(tr("Play"), tr("Generate token after token"),
                      {QKeySequence(Qt::Key_P), QKeySequence(Qt::Key_F5)});
  m_play->setIcon(icon(Icon::play));
  m_unlock = makeAction(tr("Unlock the selection"),
                        tr("Let query and key follow the pointer and the newest token again"),
                        {QKeySequence(Qt::Key_Escape)});

  m_speed = new QComboBox(this);
  m_speed->setAccessibleName(tr("Speed of play"));
  m_speed->setToolTip(tr("Speed of play, in tokens a second"));
  for (const int speed : {1, 2, 4, 10, 30})
    m_speed->addItem(tr("%1 tokens/s").arg(speed), static_cast<double>(speed));
  m_speed->addItem(tr("Fastest"), 0.0);
  m_speed->setCurrentIndex(2);
  connect(m_speed, &QComboBox::currentIndexChanged, this, [this] { m_controller.setSpeed(speed()); });

  m_scrub = new QSlider(Qt::Horizontal, this);
  m_scrub->setAccessibleName(tr("Step shown"));
  m_scrub->setToolTip(tr("Drag to any earlier step"));
  m_scrub->setPageStep(10);
  connect(m_scrub, &QSlider::valueChanged, this, [this](int step) { m_controller.showStep(step); });

  m_position = new QLabel(this);

  auto* row = new QHBoxLayout(this);
  row->addWidget(makeButton(m_restart));
  row->addWidget(makeButton(m_back));
  row->addWidget(makeButton(m_stageBack));
  row->addWidget(makeButton(m_stageForward));
  m_stepButton = makeButton(m_step);
  m_stepButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  row->addWidget(m_stepButton);
  row->addWidget(makeButton(m_play));
  row->addWidget(m_speed);
  row->addWidget(m_scrub, 1);
  row->addWidget(m_position);

  connect(m_restart, &QAction::triggered, this, &Transport::restartRequested);
  connect(m_back, &QAction::triggered, this, [this] { m_controller.stepBack(); });
  connect(m_stageBack, &QAction::triggered, this, [this] { m_controller.stageBack(); });
  connect(m_stageForward, &QAction::triggered, this, [this] { m_controller.stageForward(); });
  connect(m_step, &QAction::triggered, this, [this] { m_controller.stepForward(); });
  connect(m_play, &QAction::triggered, this, [this] { m_controller.setPlaying(!m_controller.isPlaying()); });
  connect(m_unlock, &QAction::triggered, this, [this] { m_controller.unlock(); });
  connect(&m_controller, &SessionController::snapshotChanged, this, &Transport::refresh);
  connect(&m_controller, &SessionController::selectionChanged, this, &Transport::refresh);
  connect(&m_controller, &SessionController::playingChanged, this, &Transport::refresh);
  refresh();
}

QAction* Transport::makeAction(const QString& text, const QString& tip, const QList<QKeySequence>& keys) {
  auto* action = new QAction(text, this);
  action->setShortcuts(keys);
  action->setShortcutContext(Qt::WindowShortcut);
  action->setToolTip(
      keys.isEmpty() ? tip : tr("%1 (%2)").arg(tip, keys.front().toString(QKeySequence::NativeText)));
  addAction(action);
  return action;
}

QToolButton* Transport::makeButton(QAction* action) {
  auto* button = new QToolButton(this);
  button->setDefaultAction(action);
  button->setAutoRaise(true);
  button->setFocusPolicy(Qt::StrongFocus);
  button->setAccessibleName(action->text());
  button->setAccessibleDescription(action->toolTip());
  return button;
}

QList<QAction*> Transport::menuActions() const {
  return {m_step, m_back, m_play, m_restart, nullptr, m_stageForward, m_stageBack, nullptr, m_unlock};
}

void Transport::takeFocus() {
  m_stepButton->setFocus(Qt::OtherFocusReason);
}

double Transport::speed() const {
  return m_speed->currentData().toDouble();
}

void Transport::setSpeed(double tokensPerSecond) {
  const int index = m_speed->findData(tokensPerSecond);
  if (index >= 0) m_speed->setCurrentIndex(index);
}

void Transport::refresh() {
  const RunSnapshot* run = m_controller.run();
  const int steps = run ? run->stepCount() : 0;
  const int shown = run ? m_controller.selection().step.value : 0;
  {
    const QSignalBlocker blocker(m_scrub);
    m_scrub->setRange(0, steps);
    m_scrub->setValue(shown);
    m_scrub->setEnabled(steps > 0);
  }
  m_position->setText(tr("step %1 of %2").arg(shown).arg(steps));
  m_restart->setEnabled(run != nullptr);
  m_back->setEnabled(m_controller.canStepBack());
  // Always enabled: else the focus, and with it Space, would move to another button.
  m_step->setEnabled(true);
  m_stageForward->setEnabled(run != nullptr && (shown >= 1 || m_controller.canStepForward()));
  m_stageBack->setEnabled(run != nullptr && shown >= 1);
  m_unlock->setEnabled(m_controller.selection().locked);
  const bool playing = m_controller.isPlaying();
  m_play->setEnabled(playing || m_controller.canStepForward());
  m_play->setText(playing ? tr("Pause") : tr("Play"));
  m_play->setIcon(icon(playing ? Icon::pause : Icon::play));
}

void Transport::fitTo(double room) {
  const bool compact = room < 640;
  m_stepButton->setToolButtonStyle(compact ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
  m_position->setVisible(!compact);
  m_speed->setVisible(room >= 460);
}

void Transport::applyTheme(const Theme& theme) {
  const int gap = static_cast<int>(std::lround(4 * theme.scale));
  layout()->setContentsMargins(2 * gap, gap, 2 * gap, gap);
  layout()->setSpacing(gap);
  m_scrub->setMinimumWidth(static_cast<int>(theme.px(60)));
  // The widest text that it will show, so that the slider does not move as steps come.
  m_position->setMinimumWidth(
      m_position->fontMetrics().horizontalAdvance(tr("step %1 of %2").arg(8888).arg(8888)));
  m_position->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
}

}  // namespace decodescope
