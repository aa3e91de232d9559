#pragma once

#include "core/decode/run_snapshot.h"
#include "views/selection.h"
#include "views/text_cache.h"
#include "views/theme.h"

#include <QColor>
#include <QString>
#include <QStringList>

#include <vector>

namespace decodescope {

/// A lane of the session, cut at a step.
struct KvLane {
  int index = 0;  ///< in the session
  QString name;
  RunSnapshotPtr run;
  StepIndex step;  ///< the shown one, or the lane's last where it ended before

  const StepRecord& record() const { return run->steps[static_cast<std::size_t>(step.value - 1)]; }
  bool cacheOn() const { return record().kvCache; }
};

/// The selected lane and, where the session has one, a lane of the same model and prompt whose step used the
/// other setting of the cache; in the session's order. Empty without a step.
///   selection  clamped to the session
std::vector<KvLane> kvLanes(const SessionSnapshot& session, const Selection& selection);

/// What stands for a step with the cache and for one without it, in every picture of the cache.
QColor cacheColor(bool cacheOn, const Theme& theme);
/// Work that was done before and is done again.
QColor repeatedColor(const Theme& theme);

/// "1,234,567", or "12.3 G" from 10^10 on.
QString countText(std::uint64_t count);
/// "1.23 M": three digits.
QString shortCount(std::uint64_t count);
/// "412 µs", "3.1 ms", "2.05 s".
QString durationText(std::uint64_t nanoseconds);

/// The first of the texts that is no wider; the last where none is.
QString firstFitting(const QStringList& texts, const TextMetrics& metrics, double width);

}  // namespace decodescope
