#pragma once

#include "core/decode/run_snapshot.h"
#include "views/selection.h"
#include "views/theme.h"

#include <QString>

namespace decodescope {

/// What the inspector says of the selected number, as rich text: names, shape, formula, the value with its
/// real operands, and where it comes from. Every number is read from the run's trace or computed from it by
/// the shown formula.
QString inspectorHtml(const RunSnapshot& run, const Selection& selection, const Theme& theme);

}  // namespace decodescope
