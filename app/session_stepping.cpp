#include "app/session_controller.h"

#include <algorithm>
#include <cmath>

/// The part of the controller that moves through a run: by token, by operation, by itself.

namespace decodescope {
namespace {

// More key presses than this are dropped while a slow model works, so that letting go of Space stops it soon.
constexpr int kMostStepsAwaited = 3;

}  // namespace

bool SessionController::canStepForward() const {
  const RunSnapshot* shown = run();
  return shown && (m_selection.step.value < shown->stepCount() || anyLaneCanStep());
}

bool SessionController::canStepBack() const {
  return run() && m_selection.step.value > 0;
}

bool SessionController::canStageForward() const {
  const bool insideStep =
      m_selection.step.value >= 1 && currentPlace() + 1 < static_cast<int>(m_stages.size());
  return run() && (insideStep || canStepForward());
}

bool SessionController::canStageBack() const {
  return run() && (m_selection.step.value > 1 || (m_selection.step.value == 1 && currentPlace() > 0));
}

bool SessionController::canChangeLayer(Direction direction) const {
  return run() && sameStageInLayer(m_stages, currentPlace(), direction) >= 0;
}

void SessionController::requestStep() {
  if (!m_worker || m_stepsAwaited >= kMostStepsAwaited) return;
  ++m_stepsAwaited;
  m_stageOnArrival = -1;
  m_follows = true;
  m_shownError.clear();
  m_worker->step(1);
}

void SessionController::stepForward() {
  const RunSnapshot* shown = run();
  if (!shown) return;
  if (m_selection.step.value < shown->stepCount()) {
    moveToStep(m_selection.step.value + 1);
  } else if (anyLaneCanStep()) {
    requestStep();
  } else {
    emit endReached();
  }
}

void SessionController::stepBack() {
  setPlaying(false);
  if (canStepBack()) moveToStep(m_selection.step.value - 1);
}

void SessionController::showStep(int step) {
  const RunSnapshot* shown = run();
  if (!shown || step == m_selection.step.value) return;
  if (step < shown->stepCount()) setPlaying(false);
  moveToStep(std::clamp(step, 0, shown->stepCount()));
}

void SessionController::moveToStep(int step) {
  const RunSnapshot* shown = run();
  m_follows = step >= shown->stepCount();
  m_preview.reset();
  Selection next = m_selection;
  next.step = StepIndex{step};
  setSelection(next);
}

/// The selected operation; at step 0, where none has been computed, the end of it.
int SessionController::currentPlace() const {
  return m_selection.step.value < 1 ? static_cast<int>(m_stages.size())
                                    : stageIndex(m_stages, m_selection.site, m_selection.layer);
}

void SessionController::setStage(Selection& selection, int stage) const {
  const Stage& target = m_stages[static_cast<std::size_t>(stage)];
  selection.site = target.site;
  if (target.layer != kNoLayer) selection.layer = target.layer;
}

void SessionController::go(const StagePlace& place) {
  const RunSnapshot* shown = run();
  const int step = m_selection.step.value + place.steps;
  if (!shown || step < 1) return;
  if (step <= shown->stepCount()) {
    Selection next = m_selection;
    next.step = StepIndex{step};
    setStage(next, place.stage);
    select(next);
    return;
  }
  // One token at a time: until it is there, the operation in it cannot be stepped on from.
  if (m_stepsAwaited == 0) {
    stepForward();
    if (m_stepsAwaited > 0) m_stageOnArrival = place.stage;
  }
}

void SessionController::stageForward() {
  if (!m_stages.empty()) go(nextStage(m_stages, currentPlace(), Direction::forward));
}

void SessionController::stageBack() {
  setPlaying(false);
  if (canStageBack()) go(nextStage(m_stages, currentPlace(), Direction::back));
}

void SessionController::stageOut(Direction direction) {
  if (direction == Direction::back) setPlaying(false);
  if (!m_stages.empty()) go(decodescope::stageOut(m_stages, currentPlace(), direction));
}

void SessionController::runToStage(const Stage& target, Direction direction) {
  if (direction == Direction::back) setPlaying(false);
  const int index = stageIndex(m_stages, target.site, target.layer);
  if (index >= 0) go(decodescope::runToStage(currentPlace(), index, direction));
}

void SessionController::changeLayer(Direction direction) {
  const int target = sameStageInLayer(m_stages, currentPlace(), direction);
  if (target >= 0) go({target, 0});
}

void SessionController::setPlayUnit(PlayUnit unit) {
  m_playUnit = unit;
}

void SessionController::setSpeed(double unitsPerSecond) {
  m_speed = unitsPerSecond;
  m_playTimer.setInterval(m_speed > 0 ? static_cast<int>(std::lround(1000 / m_speed)) : 0);
}

bool SessionController::canPlayOn() const {
  return m_playUnit == PlayUnit::token ? canStepForward() : canStageForward();
}

void SessionController::setPlaying(bool playing) {
  if (playing == m_playing || (playing && !canPlayOn())) return;
  m_playing = playing;
  if (playing) {
    setSpeed(m_speed);
    if (m_speed > 0) m_playTimer.start();
    playOn();
  } else {
    m_playTimer.stop();
  }
  emit playingChanged(m_playing);
}

void SessionController::playOn() {
  if (!m_playing) return;
  if (!canPlayOn()) {
    if (m_stepsAwaited == 0) setPlaying(false);
    return;
  }
  if (m_stepsAwaited == 0) m_playUnit == PlayUnit::token ? stepForward() : stageForward();
  // Without a pace, what is stored comes as fast as the event loop turns; new tokens call back when they
  // arrive.
  if (m_playing && m_speed <= 0) {
    if (m_stepsAwaited == 0) QTimer::singleShot(0, this, &SessionController::playOn);
    m_playTimer.stop();
  } else if (m_playing && !m_playTimer.isActive()) {
    m_playTimer.start();
  }
}

}  // namespace decodescope
