#include "core/explain/derived.h"

#include "core/explain/arithmetic.h"
#include "core/explain/recompute.h"

#include <utility>

namespace decodescope {
namespace {

/// `e` with kind, formula and operands.
Explanation finished(const DerivedName& name, Explanation e, double shown) {
  e.name = name.name;
  e.shape = name.shape;
  e.origin = name.origin;
  e.traced = shown;
  e.recomputed = recompute(e);
  e.filled = filledFormula(e);
  return e;
}

Explanation of(ExplanationKind kind, std::string formula, std::vector<Operand> operands) {
  Explanation e;
  e.kind = kind;
  e.formula = std::move(formula);
  e.operands = std::move(operands);
  return e;
}

Operand called(const char* symbol, Operand operand) {
  operand.symbol = symbol;
  return operand;
}

}  // namespace

Operand tracedRow(const ModelConfig& config, std::string symbol, const Cell& first,
                  std::span<const float> values) {
  const SiteShape layout = siteInfo(first.site).layout;
  std::string name = siteDumpName(first.site, first.layer) + "[" + std::to_string(first.position.value);
  if (layout == SiteShape::queryHeads || layout == SiteShape::keyHeads)
    name += ", head " + std::to_string(first.index / siteHeads(first.site, config).width);
  return {std::move(symbol), name + "]", {values.begin(), values.end()}, first};
}

Explanation explainInnerProduct(const DerivedName& name, Operand a, Operand b, double shown) {
  std::string formula = a.symbol + "·" + b.symbol + " = Σ_i " + a.symbol + "_i · " + b.symbol + "_i";
  return finished(name,
                  of(ExplanationKind::innerProduct, std::move(formula),
                     {called("a", std::move(a)), called("b", std::move(b))}),
                  shown);
}

Explanation explainProduct(const DerivedName& name, Operand w, Operand x, Operand b, double shown) {
  const bool hasBias = !b.values.empty();
  // As the explanations of the trace have it: the input first.
  std::vector<Operand> operands{called("x", std::move(x)), called("w", std::move(w))};
  if (hasBias) operands.push_back(called("b", std::move(b)));
  return finished(
      name,
      of(ExplanationKind::product, hasBias ? "y_o = Σ_i W[o, i] · x_i + b_o" : "y_o = Σ_i W[o, i] · x_i",
         std::move(operands)),
      shown);
}

Explanation explainScaledProduct(const DerivedName& name, Operand q, Operand k, double shown) {
  return finished(name,
                  of(ExplanationKind::scaledProduct, "s = q·k / √d",
                     {called("q", std::move(q)), called("k", std::move(k))}),
                  shown);
}

Explanation explainNorm(const DerivedName& name, NormKind kind, Operand x, Operand gamma, Operand beta,
                        double epsilon, int element, double shown) {
  const bool isLayer = kind == NormKind::layerNorm;
  Explanation e =
      of(ExplanationKind::norm,
         isLayer ? "n_i = γ_i · (x_i − mean x) / √(var x + ε) + β_i" : "n_i = γ_i · x_i / √(mean(x²) + ε)",
         {called("x", std::move(x)), called("gamma", std::move(gamma))});
  if (isLayer) e.operands.push_back(called("beta", std::move(beta)));
  e.norm = kind;
  e.epsilon = epsilon;
  e.element = element;
  return finished(name, std::move(e), shown);
}

Explanation explainSoftmax(const DerivedName& name, Operand scores, int element, double shown) {
  Explanation e = of(ExplanationKind::softmax, "a_j = exp(s_j − max s) / Σ_k exp(s_k − max s)",
                     {called("s", std::move(scores))});
  e.element = element;
  return finished(name, std::move(e), shown);
}

Explanation explainDividedSoftmax(const DerivedName& name, Operand scores, double divisor, int element,
                                  double shown) {
  Explanation e = of(ExplanationKind::dividedSoftmax, "a_j = exp(s_j/c − max s/c) / Σ_k exp(s_k/c − max s/c)",
                     {called("s", std::move(scores)), {"c", "divisor", {static_cast<float>(divisor)}, {}}});
  e.element = element;
  return finished(name, std::move(e), shown);
}

Explanation explainWeightedSum(const DerivedName& name, Operand a, Operand v, double shown) {
  return finished(name,
                  of(ExplanationKind::weightedSum, "c = Σ_j a_j · v_j",
                     {called("a", std::move(a)), called("v", std::move(v))}),
                  shown);
}

Explanation explainTotal(const DerivedName& name, Operand x, double shown) {
  return finished(name, of(ExplanationKind::total, "Σ_i x_i", {called("x", std::move(x))}), shown);
}

Explanation explainLookup(const DerivedName& name, const std::string& formula, Operand number) {
  const double value = number.values.empty() ? 0 : static_cast<double>(number.values.front());
  return finished(name, of(ExplanationKind::lookup, formula, {std::move(number)}), value);
}

Explanation explainArithmetic(const DerivedName& name, const std::string& left, const std::string& expression,
                              std::vector<Operand> operands, double shown) {
  Explanation e =
      of(ExplanationKind::arithmetic,
         left + " = " + writtenArithmetic(expression, [](std::string_view n) { return std::string(n); }),
         std::move(operands));
  e.expression = expression;
  return finished(name, std::move(e), shown);
}

}  // namespace decodescope
