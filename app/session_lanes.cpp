#include "app/session_controller.h"

#include <algorithm>

/// The part of the controller that knows several lanes.

namespace decodescope {

void SessionController::setLanes(std::vector<SessionWorker::LaneSpec> specs) {
  if (!m_worker) return;
  ++m_laneEdits;
  m_shownError.clear();
  m_worker->setLanes(std::move(specs));
  m_slowTimer.start();
}

void SessionController::race(int tokens) {
  if (!m_worker) return;
  setPlaying(false);
  m_shownError.clear();
  m_worker->race(tokens);
}

LaneMeasurer::Order SessionController::measureOrder(const LaneSnapshot& lane) const {
  const RunSnapshot& run = *lane.run;
  return {lane.laneId, run.model, run.settings,
          std::vector<TokenId>(run.tokens.begin(), run.tokens.begin() + run.promptLength)};
}

void SessionController::measureLanes() {
  if (!m_measurer) return;
  std::vector<LaneMeasurer::Order> orders;
  for (const LaneSnapshot& lane : m_session->lanes) orders.push_back(measureOrder(lane));
  m_measurer->measure(std::move(orders));
}

void SessionController::stopMeasuring() {
  if (m_measurer) m_measurer->stop();
}

bool SessionController::isMeasuring() const {
  if (!m_session->measures) return false;
  const auto& lanes = m_session->measures->lanes;
  return std::any_of(lanes.begin(), lanes.end(), [](const LaneMeasure& lane) {
    return lane.isTimed && (lane.state == MeasureState::waiting || lane.state == MeasureState::running);
  });
}

/// The worker's newest publication together with what is known of its lanes. What deriving did to a model is
/// measured without being asked for.
void SessionController::showMeasures() {
  std::vector<int> ids;
  for (const LaneSnapshot& lane : m_published->lanes) ids.push_back(lane.laneId);
  m_measurer->keepOnly(ids);
  std::shared_ptr<const LaneMeasures> measures = m_measurer->latest();
  std::vector<LaneMeasurer::Order> orders;
  for (const LaneSnapshot& lane : m_published->lanes) {
    if (!lane.run->model || !lane.run->model->derivedFrom) continue;
    const bool known =
        measures &&
        std::any_of(measures->lanes.begin(), measures->lanes.end(), [&](const LaneMeasure& measure) {
          return measure.laneId == lane.laneId && measure.model == lane.run->model;
        });
    if (known) continue;
    orders.push_back(measureOrder(lane));
    orders.back().pace = false;
  }
  if (!orders.empty()) {
    m_measurer->measure(std::move(orders));
    measures = m_measurer->latest();
  }
  if (!measures) {
    m_session = m_published;
    return;
  }
  auto session = std::make_shared<SessionSnapshot>(*m_published);
  session->measures = std::move(measures);
  m_session = std::move(session);
}

/// News of the measurements alone: run and selection are as they were.
void SessionController::takeMeasures() {
  if (m_measurer->latest() == m_session->measures) return;
  showMeasures();
  emit snapshotChanged();
}

void SessionController::selectLane(int index) {
  m_laneWanted = -1;
  Selection next = m_selection;
  next.lane = index;
  m_preview.reset();
  setSelection(next);
}

void SessionController::selectLaneOf(int laneId) {
  m_laneWanted = laneId;
}

void SessionController::selectNextLane(Direction direction) {
  const int lanes = static_cast<int>(m_session->lanes.size());
  if (lanes > 1) selectLane((m_selection.lane + (direction == Direction::forward ? 1 : lanes - 1)) % lanes);
}

/// Lanes come and go: the selected one is known by its id. Where it has gone, the one before it is selected.
void SessionController::findLane() {
  const auto indexOf = [this](int laneId) {
    const auto& lanes = m_session->lanes;
    const auto lane =
        std::find_if(lanes.begin(), lanes.end(), [&](const LaneSnapshot& l) { return l.laneId == laneId; });
    return lane == lanes.end() ? -1 : static_cast<int>(lane - lanes.begin());
  };
  int index = m_laneWanted >= 0 ? indexOf(m_laneWanted) : -1;
  if (index >= 0) m_laneWanted = -1;
  if (index < 0) index = indexOf(m_laneId);
  m_selection.lane = index >= 0 ? index : std::max(0, m_selection.lane - 1);
}

/// The selected lane by its id, and its model's operations.
void SessionController::settleLane() {
  const auto& lanes = m_session->lanes;
  if (lanes.empty()) return;
  m_selection.lane = std::clamp(m_selection.lane, 0, static_cast<int>(lanes.size()) - 1);
  const LaneSnapshot& lane = lanes[static_cast<std::size_t>(m_selection.lane)];
  m_laneId = lane.laneId;
  if (lane.run->model == m_stagesModel) return;
  m_stagesModel = lane.run->model;
  m_stages = stagesOf(m_stagesModel->config());
  m_stageOnArrival = -1;
  if (stageIndex(m_stages, m_selection.site, LayerIndex{0}) < 0) m_selection.site = Site::weights;
}

int SessionController::longestRun() const {
  int steps = 0;
  for (const LaneSnapshot& lane : m_session->lanes) steps = std::max(steps, lane.run->stepCount());
  return steps;
}

bool SessionController::anyLaneCanStep() const {
  return std::any_of(m_session->lanes.begin(), m_session->lanes.end(),
                     [](const LaneSnapshot& lane) { return lane.run->state == RunState::ready; });
}

}  // namespace decodescope
