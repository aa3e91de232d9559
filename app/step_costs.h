#pragma once

#include "core/decode/run_snapshot.h"

#include <QString>

namespace decodescope {

/// What a step cost, and what it would have cost with the other setting of the cache, as the status bar says
/// it.
struct StepCosts {
  QString measured;  ///< rows, multiply-accumulates, bytes and time of the step
  QString other;     ///< the same work by the closed formulas, cache off ↔ on
};

StepCosts stepCosts(const RunSnapshot& run, const StepRecord& step);

}  // namespace decodescope
