#pragma once

#include "core/decode/run_snapshot.h"
#include "views/selection.h"

#include <QString>

namespace decodescope {

/// What a selection points at: the lane's run, cut at the shown step.
struct ShownRun {
  enum class State { noModel, nothingDecoded, lacking, ready };
  State state = State::noModel;
  Selection selection;  ///< clamped
  RunSnapshotPtr run;   ///< nullptr without a model
  int tokens = 0;       ///< T at the shown step

  bool ready() const { return state == State::ready; }
  const ModelConfig& config() const { return run->model->config(); }
  /// Needs ready().
  const StepRecord& step() const { return run->steps[static_cast<std::size_t>(selection.step.value - 1)]; }
  /// The token's rows as the shown step saw them; nullptr where they are not stored.
  const PositionTrace* trace(Position position) const;
  /// What the token adds to a text, readable.
  QString piece(TokenId id) const;
  QString pieceAt(int position) const { return piece(run->tokens[static_cast<std::size_t>(position)]); }
  /// "3 “␣fox”".
  QString tokenText(int position) const;
  /// "No model is open", "Nothing has been decoded yet" or "No score matrix".
  QString emptyTitle() const;
  /// What an architecture has in place of scores, for State::lacking.
  QString lackingText() const;
};

ShownRun shownRun(const SessionSnapshot& session, const Selection& selection);
/// The same for views of scores and weights: State::lacking where the architecture has none.
ShownRun shownRunWithScores(const SessionSnapshot& session, const Selection& selection);

}  // namespace decodescope
