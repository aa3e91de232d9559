#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "app/stages.h"
#include "core/decode/session_worker.h"
#include "core/train/lane_measurer.h"
#include "views/view.h"
#endif

#include <QObject>
#include <QString>
#include <QTimer>

#include <atomic>
#include <memory>
#include <optional>

namespace decodescope {

/// Owns the worker and the one Selection, on the GUI thread. Everything the user does to a run goes through
/// here.
///
/// The worker's wake-ups are coalesced: at most one event is pending, and after it the newest publication has
/// been taken. The selected step follows the newest one until the user goes back; looking back never changes
/// the run.
class SessionController : public QObject {
  Q_OBJECT

 public:
  explicit SessionController(QObject* parent = nullptr);
  /// Stops and joins the worker before anything else goes.
  ~SessionController() override;

  /// Stops and joins the worker; what was published stays. Commands do nothing from then on.
  void shutDown();

  const SessionSnapshotPtr& session() const { return m_session; }
  /// What the views show: the hover preview where there is one, else the selection itself.
  const Selection& selection() const { return m_preview ? *m_preview : m_selection; }
  /// The selection without the preview.
  const Selection& lastingSelection() const { return m_selection; }
  /// The selected lane's run; nullptr before a model is loaded.
  const RunSnapshot* run() const;
  /// The first lane's run, whose prompt and settings the others share; nullptr before a model is loaded.
  const RunSnapshot* firstRun() const;
  /// The shown step's record; nullptr at step 0 and without a run.
  const StepRecord* shownStep() const;
  std::span<const Stage> stages() const { return m_stages; }
  /// Index of the selected operation in stages(), or −1.
  int currentStage() const;

  bool isPlaying() const { return m_playing; }
  /// What play does again and again.
  enum class PlayUnit { token, stage };
  void setPlayUnit(PlayUnit unit);
  PlayUnit playUnit() const { return m_playUnit; }
  /// Tokens or stages a second while playing; 0 is as fast as it goes.
  void setSpeed(double unitsPerSecond);
  double speed() const { return m_speed; }

  bool canStepForward() const;
  bool canStepBack() const;
  bool canStageForward() const;
  bool canStageBack() const;
  /// Whether the selected operation has a counterpart in the next (previous) layer.
  bool canChangeLayer(Direction direction) const;
  bool canPlayOn() const;

  void open(const SessionWorker::OpenRequest& request);
  void restart(const QString& prompt, int stepsAfterwards);
  void setSettings(const RunSettings& settings);
  /// SessionWorker::setRotaryLayout(): new runs up to where they were.
  void setRotaryLayout(RotaryLayout layout);
  void interrupt();

  /// SessionWorker::setLanes(). Safe at any time, also while playing.
  void setLanes(std::vector<SessionWorker::LaneSpec> specs);
  /// Every setLanes() so far has been carried out, and the session shows what came of it.
  bool lanesSettled() const { return m_session->laneEdits == m_laneEdits; }
  /// Selects the lane as soon as it is there.
  void selectLaneOf(int laneId);
  void selectLane(int index);
  /// The next lane, behind the last one the first.
  void selectNextLane(Direction direction);
  /// Measures all lanes, beside whatever runs; SessionSnapshot::measures tells how far it has come.
  void measureLanes();
  void stopMeasuring();
  /// What was asked for is under way; what deriving did may be measured without being asked for.
  bool isMeasuring() const;
  /// Lets the first lane's prompt run with and without the cache; play stops.
  void race(int tokens);

  /// The next stored step; at the newest one, a new token.
  void stepForward();
  void stepBack();
  // Moving by operation goes on in the next or the previous step where the shown one ends, and asks for a new
  // token behind the newest step; the operation is then reached when the token arrives.

  /// The next operation of the shown step; behind the last one, the first operation of the next step.
  void stageForward();
  void stageBack();
  /// To the end (back: the start) of the layer; from there, of the step; see stages.h.
  void stageOut(Direction direction);
  /// To the next (back: the previous) time that this operation is computed.
  void runToStage(const Stage& target, Direction direction);
  /// The same operation in the next or the previous layer.
  void changeLayer(Direction direction);
  void showStep(int step);
  void setPlaying(bool playing);

  /// Makes this the selection, every index clamped.
  void select(const Selection& selection);
  /// Shows a selection without keeping it; nothing happens while the selection is locked. std::nullopt ends
  /// the preview.
  void preview(const std::optional<Selection>& hovered);
  /// Shows position `p` as the query; beyond the shown step's tokens the step that fed it comes first.
  void selectPosition(Position p);
  void unlock();

  /// The number that the inspector explains: the one pointed at, else the selected row with the chosen
  /// element.
  NumberPlace explained() const;
  /// The pointer is on this number; nothing happens while the selection is locked.
  void pointAt(const std::optional<NumberPlace>& place);
  /// Chooses a number of the selected row; −1: none in particular.
  void chooseElement(int element);
  /// Goes to a number and stays there.
  void goTo(const NumberPlace& place);

  bool event(QEvent* event) override;

 signals:
  void snapshotChanged();
  void selectionChanged();
  /// Another number is to be explained.
  void explainedChanged();
  void playingChanged(bool playing);
  /// A new run began: another prompt, a restart, another model.
  void runStarted(bool newModel);
  /// A step was asked for, but the run has ended.
  void endReached();
  /// A load or a prompt has been running for a second.
  void slow();
  /// Nothing runs any more.
  void idle();
  /// A command failed; the old run, if any, is untouched.
  void failed(const QString& message);

 private:
  void takeLatest();
  void takeMeasures();
  void showMeasures();
  LaneMeasurer::Order measureOrder(const LaneSnapshot& lane) const;
  void findLane();
  void settleLane();
  int longestRun() const;
  bool anyLaneCanStep() const;
  void moveToStep(int step);
  int currentPlace() const;
  void setStage(Selection& selection, int stage) const;
  void go(const StagePlace& place);
  void followUnlocked();
  void setSelection(const Selection& selection);
  void requestStep();
  void watchForSlowness();
  void playOn();

  std::atomic<bool> m_wakePending{false};
  SessionSnapshotPtr m_published;  ///< the worker's
  SessionSnapshotPtr m_session;    ///< the same with what was measured
  Selection m_selection;
  std::optional<Selection> m_preview;
  std::optional<NumberPlace> m_pointed;
  int m_element = -1;                            ///< of the selected row
  int m_rowPosition = -1;                        ///< see NumberPlace::position
  std::shared_ptr<const Explanation> m_derived;  ///< what a view works out and the user holds
  std::vector<Stage> m_stages;
  std::uint64_t m_runId = 0;  ///< of the first lane
  int m_laneId = -1;          ///< of the selected lane
  int m_laneWanted = -1;      ///< selected when it appears
  std::uint64_t m_laneEdits = 0;
  LoadedModelPtr m_stagesModel;
  LoadedModelPtr m_model;
  std::string m_shownError;
  bool m_follows = true;
  bool m_playing = false;
  PlayUnit m_playUnit = PlayUnit::token;
  double m_speed = 4;
  int m_stageOnArrival = -1;  ///< shown when the awaited step arrives
  int m_stepsAwaited = 0;
  QTimer m_playTimer;
  QTimer m_slowTimer;
  std::unique_ptr<SessionWorker> m_worker;
  std::unique_ptr<LaneMeasurer> m_measurer;
};

}  // namespace decodescope
