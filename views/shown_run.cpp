#include "views/shown_run.h"

#include <QCoreApplication>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ShownRun", text);
}

}  // namespace

const PositionTrace* ShownRun::trace(Position position) const {
  const std::span<const PositionTracePtr> traces = run->tracesAt(selection.step);
  return position.value >= 0 && position.value < static_cast<int>(traces.size())
             ? traces[static_cast<std::size_t>(position.value)].get()
             : nullptr;
}

QString ShownRun::piece(TokenId id) const {
  return run->model->tokenizer ? QString::fromStdString(run->model->tokenizer->shownPiece(id))
                               : QString::number(id.value);
}

QString ShownRun::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), pieceAt(position));
}

QString ShownRun::emptyTitle() const {
  if (state == State::lacking) return tr("No score matrix");
  return state == State::noModel ? tr("No model is open") : tr("Nothing has been decoded yet");
}

QString ShownRun::lackingText() const {
  const int d = config().headDim;
  return tr("Linear attention compares no query with single keys: each of the %1 key/value heads of a layer "
            "keeps a running sum of φ(k) vᵀ, %2 × %2 numbers, and of φ(k), and a query reads it with φ(q). "
            "There "
            "are no scores and no weights to show.")
      .arg(config().numKeyValueHeads)
      .arg(d);
}

ShownRun shownRun(const SessionSnapshot& session, const Selection& selection) {
  ShownRun shown;
  shown.selection = clampTo(selection, session);
  if (session.lanes.empty()) return shown;
  const RunSnapshotPtr& run = session.lanes[static_cast<std::size_t>(shown.selection.lane)].run;
  if (!run->model) return shown;
  shown.run = run;
  shown.tokens = run->tokensSeenAt(shown.selection.step);
  shown.state = shown.tokens > 0 ? ShownRun::State::ready : ShownRun::State::nothingDecoded;
  return shown;
}

ShownRun shownRunWithScores(const SessionSnapshot& session, const Selection& selection) {
  ShownRun shown = shownRun(session, selection);
  if (shown.run && !siteExists(Site::scores, shown.config())) shown.state = ShownRun::State::lacking;
  return shown;
}

}  // namespace decodescope
