#pragma once

#include "core/decode/run_snapshot.h"
#include "core/explain/explanation.h"
#include "views/theme.h"
#include "views/view.h"

#include <QString>
#include <QUrl>

#include <optional>

namespace decodescope {

/// The number that the inspector explains: for scores and weights the row's cell, else entry `element` of the
/// row that the query's token has in the selected head (or in all, where there are no heads), clamped to what
/// the row has; for logits without an element the token that followed. Nothing for a masked cell and where
/// nothing has been computed or kept.
std::optional<Cell> inspectedCell(const RunSnapshot& run, const NumberPlace& place);

/// What the inspector says of that number, as rich text: names, shape, formula, the value with its real
/// operands, and where it comes from. Every number is read from the run's trace or computed from it by the
/// shown formula. Links: "element:7" chooses an entry of the row, "cell:…" an operand (see linkedCell()),
/// "code:numpy" and "code:torch" ask for the code that computes the number, "back:" for the place before.
QString inspectorHtml(const RunSnapshot& run, const NumberPlace& place, const Theme& theme,
                      bool canGoBack = false);

/// The cell that a link of the page names.
std::optional<Cell> linkedCell(const QUrl& link);

}  // namespace decodescope
