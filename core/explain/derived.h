#pragma once

#include "core/explain/explanation.h"

#include <span>

namespace decodescope {

// Numbers that are no cell of a trace but that a view works out, explained as those are. `shown` is what the
// view shows, `origin` tells the user where it is worked out.

/// What stands in front of every explanation of this kind.
struct DerivedName {
  std::string name;    ///< "x[3] · x[1]"
  std::string shape;   ///< of what it is a number of; may be ""
  std::string origin;  ///< a sentence
};

/// A head's or a token's row of the trace, or the part of it that begins at `first`.
Operand tracedRow(const ModelConfig& config, std::string symbol, const Cell& first,
                  std::span<const float> values);

/// y = a · b, two vectors as long as each other.
Explanation explainInnerProduct(const DerivedName& name, Operand a, Operand b, double shown);

/// y = w · x + b. The bias may have no values.
Explanation explainProduct(const DerivedName& name, Operand w, Operand x, Operand b, double shown);

/// s = q · k / √d
Explanation explainScaledProduct(const DerivedName& name, Operand q, Operand k, double shown);

/// LayerNorm or RMSNorm of x, its entry `element`. RMSNorm has a β without values.
Explanation explainNorm(const DerivedName& name, NormKind kind, Operand x, Operand gamma, Operand beta,
                        double epsilon, int element, double shown);

/// softmax(s), its entry `element`.
Explanation explainSoftmax(const DerivedName& name, Operand scores, int element, double shown);

/// softmax(s ÷ divisor), its entry `element`.
Explanation explainDividedSoftmax(const DerivedName& name, Operand scores, double divisor, int element,
                                  double shown);

/// c = Σ_j a_j · v_j
Explanation explainWeightedSum(const DerivedName& name, Operand a, Operand v, double shown);

/// Σ x
Explanation explainTotal(const DerivedName& name, Operand x, double shown);

/// The number itself: drawn, or a parameter.
Explanation explainLookup(const DerivedName& name, const std::string& formula, Operand number);

/// left = expression of the operands' symbols, one number each (core/explain/arithmetic.h has the grammar).
Explanation explainArithmetic(const DerivedName& name, const std::string& left, const std::string& expression,
                              std::vector<Operand> operands, double shown);

}  // namespace decodescope
