#pragma once

#include "core/explain/explanation.h"
#include "views/view.h"

namespace decodescope {

/// Where a number of the trace is; `near` keeps what the cell leaves open (lane, step, and the query head
/// among those that share a key/value head). The rows of keys and values leave the query where it is.
NumberPlace placeOf(const RunSnapshot& run, const Cell& cell, const Selection& near);

}  // namespace decodescope
