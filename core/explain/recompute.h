#pragma once

#include "core/explain/explanation.h"

#include <string>

namespace decodescope {

/// The number from its operands, in double precision.
double recompute(const Explanation& explanation);

/// The formula with the operands' numbers in it; sums of more than three terms show their first two and last.
std::string filledFormula(const Explanation& explanation);

}  // namespace decodescope
