#include "app/transport.h"

#include "app/elided_label.h"
#include "app/icons.h"

#include <QAction>
#include <QComboBox>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace decodescope {

Transport::Transport(SessionController& controller, QWidget* parent)
    : QWidget(parent), m_controller(controller) {
  setAccessibleName(tr("Transport"));
  buildActions();
  buildPlay();

  m_scrub = new QSlider(Qt::Horizontal, this);
  m_scrub->setAccessibleName(tr("Step shown"));
  m_scrub->setToolTip(tr("Drag to any earlier step"));
  m_scrub->setPageStep(10);
  connect(m_scrub, &QSlider::valueChanged, this, [this](int step) { m_controller.showStep(step); });

  m_position = new ElidedLabel(this);
  m_position->setAccessibleName(tr("Step and operation shown"));

  auto* row = new QHBoxLayout(this);
  for (QAction* action : {m_restart, m_back, m_stageBack, m_stageForward, m_out})
    row->addWidget(makeButton(action));
  m_stepButton = makeButton(m_step);
  m_stepButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  row->addWidget(m_stepButton);
  row->addWidget(makeButton(m_play));
  row->addWidget(m_unit);
  row->addWidget(m_speed);
  row->addWidget(m_scrub, 1);
  row->addWidget(m_position);

  connect(&m_controller, &SessionController::snapshotChanged, this, &Transport::refresh);
  connect(&m_controller, &SessionController::selectionChanged, this, &Transport::refresh);
  connect(&m_controller, &SessionController::playingChanged, this, &Transport::refresh);
  refresh();
}

void Transport::buildActions() {
  m_restart = makeAction(tr("Restart"), tr("Start the prompt again"), {QKeySequence(tr("Ctrl+R"))});
  m_restart->setIcon(icon(Icon::restart));
  m_back = makeAction(tr("Step back"), tr("Show the step before. Looking back never changes the run"),
                      {QKeySequence(Qt::Key_Backspace), QKeySequence(Qt::SHIFT | Qt::Key_Space)});
  m_back->setIcon(icon(Icon::stepBack));
  m_stageBack = makeAction(tr("Operation back"), tr("Go to the operation before"),
                           {QKeySequence(Qt::Key_Comma), QKeySequence(Qt::CTRL | Qt::Key_F11)});
  m_stageBack->setIcon(icon(Icon::stageBack));
  m_stageForward = makeAction(tr("Step into"),
                              tr("Go to the next operation; behind the step's last one comes a new token"),
                              {QKeySequence(Qt::Key_Period), QKeySequence(Qt::Key_F11)});
  m_stageForward->setIcon(icon(Icon::stageForward));
  m_out = makeAction(tr("Step out"), tr("Go to the end of the layer; from there to the end of the step"),
                     {QKeySequence(Qt::Key_O), QKeySequence(Qt::SHIFT | Qt::Key_F11)});
  m_out->setIcon(icon(Icon::stageOut));
  m_outBack = makeAction(
      tr("Step out, back"), tr("Go to the start of the layer; from there to the start of the step"),
      {QKeySequence(Qt::SHIFT | Qt::Key_O), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_F11)});
  m_layerForward = makeAction(tr("Same operation, next layer"), tr("Go to this operation in the next layer"),
                              {QKeySequence(Qt::Key_L)});
  m_layerBack =
      makeAction(tr("Same operation, previous layer"), tr("Go to this operation in the previous layer"),
                 {QKeySequence(Qt::SHIFT | Qt::Key_L)});
  m_step = makeAction(tr("Step"), tr("Show the next step; at the newest one, generate the next token"),
                      {QKeySequence(Qt::Key_Space), QKeySequence(Qt::Key_F10)});
  m_step->setIcon(icon(Icon::stepOver));
  m_play = makeAction(tr("Play"), tr("Generate token after token, or walk through the operations"),
                      {QKeySequence(Qt::Key_P), QKeySequence(Qt::Key_F5)});
  m_play->setIcon(icon(Icon::play));
  m_unlock = makeAction(tr("Unlock the selection"),
                        tr("Let query and key follow the pointer and the newest token again"),
                        {QKeySequence(Qt::Key_Escape)});

  connect(m_restart, &QAction::triggered, this, &Transport::restartRequested);
  connect(m_back, &QAction::triggered, this, [this] { m_controller.stepBack(); });
  connect(m_stageBack, &QAction::triggered, this, [this] { m_controller.stageBack(); });
  connect(m_stageForward, &QAction::triggered, this, [this] { m_controller.stageForward(); });
  connect(m_out, &QAction::triggered, this, [this] { m_controller.stageOut(Direction::forward); });
  connect(m_outBack, &QAction::triggered, this, [this] { m_controller.stageOut(Direction::back); });
  connect(m_layerForward, &QAction::triggered, this,
          [this] { m_controller.changeLayer(Direction::forward); });
  connect(m_layerBack, &QAction::triggered, this, [this] { m_controller.changeLayer(Direction::back); });
  connect(m_step, &QAction::triggered, this, [this] { m_controller.stepForward(); });
  connect(m_play, &QAction::triggered, this, [this] { m_controller.setPlaying(!m_controller.isPlaying()); });
  connect(m_unlock, &QAction::triggered, this, [this] { m_controller.unlock(); });
}

void Transport::buildPlay() {
  m_unit = new QComboBox(this);
  m_unit->setAccessibleName(tr("Play by"));
  m_unit->setToolTip(tr("What play goes by: whole tokens, or the operations within them"));
  m_unit->addItem(tr("tokens"), static_cast<int>(SessionController::PlayUnit::token));
  m_unit->addItem(tr("operations"), static_cast<int>(SessionController::PlayUnit::stage));
  connect(m_unit, &QComboBox::currentIndexChanged, this, [this] { m_controller.setPlayUnit(playUnit()); });

  m_speed = new QComboBox(this);
  m_speed->setAccessibleName(tr("Speed of play"));
  m_speed->setToolTip(tr("Speed of play, in tokens or operations a second"));
  for (const int speed : {1, 2, 4, 10, 30})
    m_speed->addItem(tr("%1 a second").arg(speed), static_cast<double>(speed));
  m_speed->addItem(tr("Fastest"), 0.0);
  m_speed->setCurrentIndex(2);
  connect(m_speed, &QComboBox::currentIndexChanged, this, [this] { m_controller.setSpeed(speed()); });
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
  return {m_step, m_back,    m_play,         m_restart,   nullptr, m_stageForward, m_stageBack,
          m_out,  m_outBack, m_layerForward, m_layerBack, nullptr, m_unlock};
}

void Transport::takeFocus() {
  m_stepButton->setFocus(Qt::OtherFocusReason);
}

double Transport::speed() const {
  return m_speed->currentData().toDouble();
}

void Transport::setSpeed(double unitsPerSecond) {
  const int index = m_speed->findData(unitsPerSecond);
  if (index >= 0) m_speed->setCurrentIndex(index);
}

SessionController::PlayUnit Transport::playUnit() const {
  return static_cast<SessionController::PlayUnit>(m_unit->currentData().toInt());
}

void Transport::setPlayUnit(SessionController::PlayUnit unit) {
  m_unit->setCurrentIndex(std::max(0, m_unit->findData(static_cast<int>(unit))));
}

QString Transport::positionText(int step, int steps, int operation, int operations) const {
  const QString text = tr("step %1 of %2").arg(step).arg(steps);
  return m_countsOperations && operations > 0
             ? tr("%1 · operation %2 of %3").arg(text).arg(operation).arg(operations)
             : text;
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
  const auto operations = static_cast<int>(m_controller.stages().size());
  m_position->setWholeText(
      positionText(shown, steps, shown >= 1 ? m_controller.currentStage() + 1 : 0, operations));
  const int most = run ? run->model->config().maxPositionEmbeddings : 0;
  m_position->setRoomFor(positionText(most, most, operations, operations));
  m_restart->setEnabled(run != nullptr);
  m_back->setEnabled(m_controller.canStepBack());
  // Always enabled: else the focus, and with it Space, would move to another button.
  m_step->setEnabled(true);
  m_stageForward->setEnabled(m_controller.canStageForward());
  m_stageBack->setEnabled(m_controller.canStageBack());
  m_out->setEnabled(m_controller.canStageForward());
  m_outBack->setEnabled(m_controller.canStageBack());
  m_layerForward->setEnabled(m_controller.canChangeLayer(Direction::forward));
  m_layerBack->setEnabled(m_controller.canChangeLayer(Direction::back));
  m_unlock->setEnabled(m_controller.selection().locked);
  const bool playing = m_controller.isPlaying();
  m_play->setEnabled(playing || m_controller.canPlayOn());
  m_play->setText(playing ? tr("Pause") : tr("Play"));
  m_play->setIcon(icon(playing ? Icon::pause : Icon::play));
}

void Transport::fitTo(double room) {
  const bool compact = room < 640;
  m_stepButton->setToolButtonStyle(compact ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
  m_position->setVisible(!compact);
  m_countsOperations = room >= 1000;
  m_unit->setVisible(room >= 560);
  m_speed->setVisible(room >= 460);
  refresh();
}

void Transport::applyTheme(const Theme& theme) {
  const int gap = static_cast<int>(std::lround(4 * theme.scale));
  layout()->setContentsMargins(2 * gap, gap, 2 * gap, gap);
  layout()->setSpacing(gap);
  m_scrub->setMinimumWidth(static_cast<int>(theme.px(60)));
  m_position->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
}

}  // namespace decodescope
