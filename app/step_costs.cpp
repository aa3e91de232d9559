#include "app/step_costs.h"

#include "app/format.h"
#include "core/cost/decode_cost.h"
#include "views/text_fit.h"

#include <QCoreApplication>

namespace decodescope {
namespace {

QString tr(const char* text, int n = -1) {
  return QCoreApplication::translate("StatusBar", text, nullptr, n);
}

QString rows(int count) {
  return count == 1 ? tr("1 row") : tr("%1 rows").arg(count);
}

}  // namespace

StepCosts stepCosts(const RunSnapshot& run, const StepRecord& step) {
  const Model& model = *run.model->model;
  StepCosts costs;
  QStringList parts{tr("Step %1").arg(step.index.value),
                    rows(step.rowsComputed),
                    tr("%1 MACs").arg(shownCount(step.counters.macs())),
                    tr("%1 read").arg(byteText(step.counters.bytesRead())),
                    step.kvCache ? tr("cache %1").arg(byteText(step.kvBytes)) : tr("no cache"),
                    shownTime(step.nanoseconds)};
  if (!step.kvCache) {
    parts << (step.maxAbsDiff == 0
                  ? tr("recomputed rows identical")
                  : tr("recomputed rows differ by at most %1").arg(shownNumber(step.maxAbsDiff)));
  }
  costs.measured = parts.join(QStringLiteral("  ·  "));

  // The cache keeps every row before the step's new ones; without it all T rows are computed.
  const int newRows = step.tokensSeen - step.firstNewPosition;
  const int otherRows = step.kvCache ? step.tokensSeen : newRows;
  const int otherCached = step.kvCache ? 0 : step.firstNewPosition;
  const Counters other = forwardCost(model, otherRows, otherCached);
  costs.other = (step.kvCache ? tr("Without the cache: %1, %2 MACs, %3 read")
                              : tr("With the cache: %1, %2 MACs, %3 read"))
                    .arg(rows(otherRows), shownCount(other.macs()), byteText(other.bytesRead()));
  return costs;
}

}  // namespace decodescope
