#pragma once

#include "core/formats/loaded_model.h"

#include <optional>

namespace decodescope {

/// The model with `kvHeads` key/value heads in place of its G: neighbouring heads' k_proj and v_proj
/// averaged, G/kvHeads at a time, everything else unchanged. A what-if without the training that would follow
/// it; with kvHeads = G the same numbers. Refused where kvHeads does not divide G, for MLA and for linear
/// attention. Ainslie et al. 2023 (GQA), §2.1.
Result<LoadedModelPtr> deriveKeyValueHeads(const LoadedModelPtr& source, int kvHeads);

/// The model under a sliding window of `window` keys, the query's own among them. Refused below 1, for MLA
/// and for linear attention.
Result<LoadedModelPtr> deriveSlidingWindow(const LoadedModelPtr& source, int window);

/// The model with linear attention in place of the softmax: the same weights, which were trained for another
/// arithmetic, so that it shows what a running state is and not how well one can work. Rotary positions,
/// which φ > 0 does not survive, are left out; added ones stay. Refused for MLA and where it is linear
/// already. Katharopoulos et al. 2020.
Result<LoadedModelPtr> deriveLinear(const LoadedModelPtr& source);

/// The model with its rotary pairs taken from other elements of a head, everything else unchanged: for a file
/// that was exported with them in another order than its format has them. The source itself when it has that
/// layout; back to the file's own, `derivedRotary` is empty again. Refused without rotary positions.
Result<LoadedModelPtr> deriveRotaryLayout(const LoadedModelPtr& source, RotaryLayout layout);

/// All of it, as far as it is asked for; the source itself when nothing is. A window with linear attention is
/// refused: there are no rows to drop.
Result<LoadedModelPtr> derive(const LoadedModelPtr& source, std::optional<int> kvHeads,
                              std::optional<int> window, bool linear = false,
                              std::optional<RotaryLayout> rotary = {});

}  // namespace decodescope
