#pragma once

#include "core/explain/explanation.h"
#include "core/explain/worked_example.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace decodescope {

using WorkedExample =
    std::variant<WorkedLinear, WorkedNorm, WorkedMask, WorkedSoftmax, WorkedCache, WorkedScaling>;

/// A number of one of an example's matrices.
struct WorkedCell {
  std::string_view matrix;  ///< NamedMatrix::name; of the five tokens for WorkedCache
  int row = 0;
  int column = 0;
};

/// Where a number of an example comes from, as numbers of a run are explained; `origin` tells the user where
/// it is worked out. Nothing for what is masked and for a cell that the example does not have.
std::optional<Explanation> explainWorked(const WorkedExample& example, const WorkedCell& cell,
                                         const std::string& origin);

}  // namespace decodescope
