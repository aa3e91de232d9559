#pragma once

#include "core/decode/run_snapshot.h"
#include "core/explain/explanation.h"
#include "views/selection.h"
#include "views/theme.h"

#include <QString>

namespace decodescope {

/// The number that the inspector explains: for scores and weights the selected cell, else entry `element` of
/// the row that the query's token has in the selected head (or in all, where there are no heads). Clamped to
/// what the row has.
Cell inspectedCell(const RunSnapshot& run, const Selection& selection, int element);

/// What the inspector says of that number, as rich text: names, shape, formula, the value with its real
/// operands, and where it comes from. Every number is read from the run's trace or computed from it by the
/// shown formula. Links: "element:7" chooses an entry of the row, "code:numpy" and "code:torch" ask for the
/// code that computes the number.
QString inspectorHtml(const RunSnapshot& run, const Selection& selection, int element, const Theme& theme);

}  // namespace decodescope
