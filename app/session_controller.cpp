#include "app/session_controller.h"

#include "app/model_library.h"
#include "core/attention/attention_rows.h"

#include <QCoreApplication>
#include <QEvent>

#include <algorithm>

namespace decodescope {
namespace {

constexpr int kSlowMilliseconds = 1000;

QEvent::Type wakeEvent() {
  static const auto type = static_cast<QEvent::Type>(QEvent::registerEventType());
  return type;
}

/// The visible key that the selected query looks at most; the query itself when that is not known.
Position strongestKey(const RunSnapshot& run, const Selection& selection) {
  const std::vector<float> row = attentionRow(run.model->config(), run.positions, selection.layer,
                                              selection.head, selection.query, ScoreStage::weight);
  if (row.empty()) return selection.query;
  return Position{static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin())};
}

}  // namespace

SessionController::SessionController(QObject* parent) : QObject(parent) {
  m_playTimer.setTimerType(Qt::PreciseTimer);
  connect(&m_playTimer, &QTimer::timeout, this, &SessionController::playOn);
  m_slowTimer.setSingleShot(true);
  m_slowTimer.setInterval(kSlowMilliseconds);
  connect(&m_slowTimer, &QTimer::timeout, this, &SessionController::slow);
  wakeEvent();
  const auto wake = [this] {
    if (!m_wakePending.exchange(true)) QCoreApplication::postEvent(this, new QEvent(wakeEvent()));
  };
  m_worker = std::make_unique<SessionWorker>(wake);
  std::vector<std::string> trained;
  for (const QString& path : bundledModelPaths()) trained.push_back(path.toStdString());
  m_measurer = std::make_unique<LaneMeasurer>(wake, std::move(trained));
  m_session = m_published = m_worker->latest();
}

SessionController::~SessionController() {
  shutDown();
}

void SessionController::shutDown() {
  m_playTimer.stop();
  m_slowTimer.stop();
  m_playing = false;
  m_measurer.reset();
  m_worker.reset();
}

const RunSnapshot* SessionController::run() const {
  if (m_session->lanes.empty()) return nullptr;
  const auto lane = static_cast<std::size_t>(selection().lane);
  return lane < m_session->lanes.size() ? m_session->lanes[lane].run.get() : nullptr;
}

const RunSnapshot* SessionController::firstRun() const {
  return m_session->lanes.empty() ? nullptr : m_session->lanes.front().run.get();
}

const StepRecord* SessionController::shownStep() const {
  const RunSnapshot* shown = run();
  const int step = selection().step.value;
  return shown && step >= 1 && step <= shown->stepCount() ? &shown->steps[static_cast<std::size_t>(step - 1)]
                                                          : nullptr;
}

int SessionController::currentStage() const {
  return stageIndex(m_stages, selection().site, selection().layer);
}

void SessionController::watchForSlowness() {
  m_shownError.clear();
  m_slowTimer.start();
}

void SessionController::open(const SessionWorker::OpenRequest& request) {
  if (!m_worker) return;
  setPlaying(false);
  m_worker->interrupt();
  m_worker->open(request);
  watchForSlowness();
}

void SessionController::restart(const QString& prompt, int stepsAfterwards) {
  if (!m_worker) return;
  setPlaying(false);
  m_worker->interrupt();
  m_worker->restart(prompt.toStdString(), stepsAfterwards);
  watchForSlowness();
}

void SessionController::setRotaryLayout(RotaryLayout layout) {
  if (!m_worker) return;
  setPlaying(false);
  m_worker->interrupt();
  m_worker->setRotaryLayout(layout);
  watchForSlowness();
}

void SessionController::setSettings(const RunSettings& settings) {
  if (m_worker) m_worker->setSettings(settings);
}

void SessionController::interrupt() {
  setPlaying(false);
  if (m_worker) m_worker->interrupt();
}

void SessionController::setSelection(const Selection& selection) {
  const Selection next = clampTo(selection, *m_session);
  if (next.site != m_selection.site) m_element = -1;
  m_rowPosition = -1;
  m_derived = nullptr;
  m_pointed.reset();
  m_selection = next;
  settleLane();
  if (!m_selection.locked) followUnlocked();
  emit selectionChanged();
}

/// Unlocked, query and key depend on step, layer and head alone: going back and forth gives the same picture.
void SessionController::followUnlocked() {
  const RunSnapshot* shown = run();
  if (!shown || m_selection.step.value < 1) return;
  m_selection.query = Position{shown->tokensSeenAt(m_selection.step) - 1};
  m_selection.key = strongestKey(*shown, m_selection);
}

void SessionController::select(const Selection& selection) {
  m_preview.reset();
  const RunSnapshot* shown = run();
  if (shown) m_follows = selection.step.value >= shown->stepCount();
  setSelection(selection);
}

void SessionController::preview(const std::optional<Selection>& hovered) {
  if (m_selection.locked && hovered) return;
  std::optional<Selection> next;
  if (hovered) {
    next = *hovered;
    next->step = m_selection.step;
    next->locked = false;
    next = clampTo(*next, *m_session);
  }
  if (next == m_preview) return;
  m_preview = next;
  emit selectionChanged();
}

void SessionController::selectPosition(Position p) {
  const RunSnapshot* shown = run();
  if (!shown || shown->steps.empty()) return;
  Selection next = m_selection;
  if (next.step.value < 1 || p.value >= shown->tokensSeenAt(next.step)) {
    const auto fed = std::find_if(shown->steps.begin(), shown->steps.end(),
                                  [&](const StepRecord& s) { return s.tokensSeen > p.value; });
    next.step = fed == shown->steps.end() ? shown->steps.back().index : fed->index;
  }
  next.query = Position{std::min(p.value, shown->tokensSeenAt(next.step) - 1)};
  next.key = strongestKey(*shown, next);
  // The newest row is what an unlocked selection shows anyway: there following goes on.
  next.locked = next.query.value != shown->tokensSeenAt(next.step) - 1;
  select(next);
}

void SessionController::unlock() {
  if (!m_selection.locked) return;
  Selection next = m_selection;
  next.locked = false;
  select(next);
}

NumberPlace SessionController::explained() const {
  return m_pointed ? *m_pointed : NumberPlace{selection(), m_element, m_rowPosition, m_derived};
}

void SessionController::pointAt(const std::optional<NumberPlace>& place) {
  std::optional<NumberPlace> next = m_selection.locked || !run() ? std::nullopt : place;
  if (next) {
    next->row.step = m_selection.step;
    next->row = clampTo(next->row, *m_session);
    next->position = std::min(next->position, run()->tokensSeenAt(next->row.step) - 1);
  }
  if (next == m_pointed) return;
  m_pointed = next;
  emit explainedChanged();
}

void SessionController::chooseElement(int element) {
  if (element == m_element && !m_derived) return;
  m_derived = nullptr;
  m_element = element;
  emit explainedChanged();
}

void SessionController::goTo(const NumberPlace& place) {
  const RunSnapshot* shown = run();
  if (!shown) return;
  Selection next = place.row;
  next.step = m_selection.step;
  const int newest = shown->tokensSeenAt(next.step) - 1;
  // The newest row is what an unlocked selection shows anyway; any other would be left at the next move.
  next.locked =
      m_selection.locked || next.query.value != newest || siteInfo(next.site).layout == SiteShape::attention;
  next.locked = next.locked || place.position >= 0;
  // It is held without: it belongs to no row.
  if (place.derived) next.locked = m_selection.locked;
  select(next);
  m_element = place.element;
  m_rowPosition = place.position;
  m_derived = place.derived;
  emit explainedChanged();
}

bool SessionController::event(QEvent* event) {
  if (event->type() != wakeEvent()) return QObject::event(event);
  // Cleared first: a publication from here on posts another event.
  m_wakePending = false;
  takeLatest();
  return true;
}

void SessionController::takeLatest() {
  if (!m_worker) return;
  SessionSnapshotPtr latest = m_worker->latest();
  if (latest == m_published) return takeMeasures();
  const int stepsBefore = longestRun();
  const StepIndex stepBefore = m_selection.step;
  const bool followed = m_follows;
  m_published = std::move(latest);
  showMeasures();
  m_preview.reset();
  m_pointed.reset();

  findLane();

  const RunSnapshot* shown = run();
  const RunSnapshot* first = firstRun();
  const bool newRun = first && first->runId != m_runId;
  const bool newModel = first && first->model != m_model;
  if (newModel) m_model = first->model;
  settleLane();
  if (newRun) {
    m_runId = first->runId;
    m_follows = true;
    m_selection.locked = false;
    m_stepsAwaited = 0;
  } else if (shown) {
    const int arrived = longestRun() - stepsBefore;
    m_stepsAwaited = std::max(0, m_stepsAwaited - arrived);
    if (arrived > 0 && followed && m_stageOnArrival >= 0) setStage(m_selection, m_stageOnArrival);
    if (arrived > 0) m_stageOnArrival = -1;
  }
  // Not when the worker rests: that may be news from before the step was asked for.
  if (newRun) m_stageOnArrival = -1;
  if (!m_session->busy) {
    m_stepsAwaited = 0;
    m_slowTimer.stop();
  }

  if (shown && m_follows) m_selection.step = StepIndex{shown->stepCount()};
  m_selection = clampTo(m_selection, *m_session);
  if (!m_selection.locked) followUnlocked();
  // What was worked out there holds no more.
  if (newRun || newModel || m_selection.step != stepBefore) m_derived = nullptr;

  if (newRun) emit runStarted(newModel);
  emit snapshotChanged();
  if (!m_session->busy) emit idle();
  if (!m_session->error.empty() && m_session->error != m_shownError) {
    m_shownError = m_session->error;
    emit failed(QString::fromStdString(m_session->error));
  }
  if (m_playing && (m_speed <= 0 || !canPlayOn())) playOn();
}

}  // namespace decodescope
