#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/decode/session_worker.h"
#include "views/view.h"
#endif

#include <QObject>
#include <QString>
#include <QStringList>
#include <QUndoStack>

#include <optional>
#include <vector>

namespace decodescope {

class SessionController;

/// What the user does to the lanes behind the first one: comparisons and what-ifs, each of which can be
/// undone.
///
/// A change is a whole list of lanes, handed to the worker in one call; lanes that are in the old and the new
/// list go on. A change that could not be made is taken back, and the controller says why. A new run closes
/// the lanes that branched from the old text, and there is no undoing across it.
class LaneEditor : public QObject {
  Q_OBJECT

 public:
  using LaneSpec = SessionWorker::LaneSpec;
  static constexpr int kMostLanes = 8;

  explicit LaneEditor(SessionController& controller, QObject* parent = nullptr);
  ~LaneEditor() override;

  QUndoStack& undoStack() { return m_undo; }
  /// The lanes behind the first one, as they will be when the worker has done all that was asked of it.
  const std::vector<LaneSpec>& specs() const { return m_specs; }
  /// nullptr for the first lane and unknown ids.
  const LaneSpec* spec(int laneId) const;
  /// The step at whose end the lane parted from the run that it branched from; 0: it is no branch.
  int branchStep(int laneId) const;

  /// The same run with the other setting of the cache.
  void compareCache();
  void addWithoutMask();
  /// The selected lane's weights with linear attention in place of the softmax.
  void addLinear();
  /// The same model with its rotary pairs taken from other elements of a head.
  void compareRotaryLayout();
  /// Lays out the rotary pairs of the first lane's model so. It begins a new run, which can be undone.
  void setRotaryLayout(RotaryLayout layout);
  /// `tokenizer`: LaneSpec's.
  void addModel(const QString& path, const QString& tokenizer = {});
  /// The newest change could not be made because a model needs more memory than there is.
  bool isTooLarge() const { return m_tooLarge.has_value(); }
  /// Makes that change whatever it needs.
  void addAnyway();
  /// One lane for each of these models, in place of all lanes behind the first.
  void setModels(const QStringList& paths, const QString& name);
  /// A copy of the selected lane, which keeps its present settings.
  void duplicate();
  /// The selected lane's model with its key/value heads averaged down to so many, or under a sliding window,
  /// as a lane from the prompt on.
  void derive(std::optional<int> kvHeads, std::optional<int> window);
  /// A pinned lane stands in front of the others, and stays when they are replaced or removed.
  void setPinned(int laneId, bool pinned);
  bool isPinned(int laneId) const;
  /// Whether lanes take the first one's tokens in place of their own picks. Lanes that are there begin again,
  /// but for those that chose another token themselves.
  void setSameTokens(bool same);
  bool sameTokens() const;
  /// Another model will be opened: pinned lanes are to stand beside it too, with the model that they have.
  void carryPinned();
  void remove(int laneId);
  void removeOthers();

  /// A lane in which these heads and rows are out of the attention from the selection's step on; a lane that
  /// has struck out others already is extended.
  void strikeOut(const Selection& at, const StrikeOffer& offer);
  /// A lane that goes on behind the selection's step with another token.
  void chooseOtherwise(const Selection& at, TokenId token);

 signals:
  /// The list, or what can be undone, has changed.
  void changed();
  /// A new run has closed these lanes.
  void dropped(const QStringList& labels);
  /// Something that the user should be told.
  void message(const QString& text);

 private:
  class Change;
  class LayoutChange;
  /// A change that was refused.
  struct Refused {
    std::vector<LaneSpec> specs;
    std::vector<int> pinned;
    QString text;
  };
  void push(std::vector<LaneSpec> after, const QString& text);
  void push(std::vector<LaneSpec> after, std::vector<int> pinnedAfter, const QString& text);
  void add(LaneSpec spec, const QString& text, bool select);
  void apply(const std::vector<LaneSpec>& specs, const std::vector<int>& pinned);
  std::vector<LaneSpec> pinnedSpecs() const;
  void settle();
  void dropMissing();
  std::vector<LaneSpec> missing() const;
  bool hasRoom(int more = 1);
  /// A spec that goes on from the selected lane's step with its settings.
  LaneSpec branchOf(int lane, StepIndex step) const;

  SessionController& m_controller;
  QUndoStack m_undo;
  std::vector<LaneSpec> m_specs;
  std::vector<int> m_pinned;        ///< lane ids
  std::vector<LaneSpec> m_carried;  ///< pinned lanes on their way to another first lane
  bool m_sameTokens = false;        ///< of lanes to come, while there is none
  Change* m_pushed = nullptr;       ///< the change that the worker is at; the stack's
  std::optional<Refused> m_tooLarge;
  bool m_newRun = false;
  bool m_layoutRun = false;  ///< the next new run comes of a change that can be undone
};

}  // namespace decodescope
