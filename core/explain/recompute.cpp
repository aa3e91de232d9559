#include "core/explain/recompute.h"

#include "core/explain/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace decodescope {
namespace {

using Values = std::vector<float>;

const Values& valuesOf(const Explanation& e, std::string_view symbol) {
  static const Values kNone;
  for (const Operand& operand : e.operands) {
    if (operand.symbol == symbol) return operand.values;
  }
  return kNone;
}

double numberOf(const Explanation& e, std::string_view symbol) {
  const Values& values = valuesOf(e, symbol);
  return values.empty() ? 0.0 : static_cast<double>(values.front());
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

double activated(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::relu:
      return std::max(0.0, x);
    case Activation::gelu:
      return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::geluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  return 0;
}

double meanOf(const Values& x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v);
  return sum / static_cast<double>(x.size());
}

/// mean((x − center)²)
double meanSquare(const Values& x, double center) {
  double sum = 0;
  for (const float v : x) sum += (static_cast<double>(v) - center) * (static_cast<double>(v) - center);
  return sum / static_cast<double>(x.size());
}

double normalised(const Explanation& e) {
  const Values &x = valuesOf(e, "x"), &gamma = valuesOf(e, "gamma"), &beta = valuesOf(e, "beta");
  const auto i = static_cast<std::size_t>(e.element);
  const double center = e.norm == NormKind::layerNorm ? meanOf(x) : 0.0;
  const double y = static_cast<double>(gamma[i]) * (static_cast<double>(x[i]) - center) /
                   std::sqrt(meanSquare(x, center) + e.epsilon);
  return beta.empty() ? y : y + static_cast<double>(beta[i]);
}

/// What the softmax of a row is made of: exp(s/c − top) / sum.
struct SoftmaxParts {
  double score = 0, top = 0, sum = 0;
};

SoftmaxParts softmaxParts(const Explanation& e) {
  const Values& s = valuesOf(e, "s");
  const double c = e.kind == ExplanationKind::dividedSoftmax ? numberOf(e, "c") : 1.0;
  SoftmaxParts parts;
  parts.score = static_cast<double>(s[static_cast<std::size_t>(e.element)]) / c;
  parts.top = static_cast<double>(*std::max_element(s.begin(), s.end())) / c;
  for (const float v : s) parts.sum += std::exp(static_cast<double>(v) / c - parts.top);
  return parts;
}

double softmaxOf(const Explanation& e) {
  const SoftmaxParts parts = softmaxParts(e);
  return std::exp(parts.score - parts.top) / parts.sum;
}

double totalOf(const Values& x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v);
  return sum;
}

double arithmeticOf(const Explanation& e) {
  const auto valueOf = [&](std::string_view symbol) -> std::optional<double> {
    const Values& values = valuesOf(e, symbol);
    return values.size() == 1 ? std::optional<double>(static_cast<double>(values.front())) : std::nullopt;
  };
  return evaluateArithmetic(e.expression, valueOf).value_or(std::nan(""));
}

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  std::string out;
  for (const char* c = text; *c; ++c) out += *c == '-' ? std::string("−") : std::string(1, *c);
  return out;
}

/// A number as a factor or summand: negative ones in brackets.
std::string term(double value) {
  return value < 0 ? "(" + shown(value) + ")" : shown(value);
}

/// The first two and the last of `count` terms.
template <typename Term>
std::string shortSum(std::size_t count, const Term& one) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (count > 4 && i == 2) {
      text += " + …";
      i = count - 1;
    }
    text += (text.empty() ? "" : " + ") + one(i);
  }
  return text;
}

std::string sumOfProducts(const Values& a, const Values& b) {
  return shortSum(a.size(), [&](std::size_t i) {
    return term(static_cast<double>(a[i])) + "·" + term(static_cast<double>(b[i]));
  });
}

std::string sumOfAll(const Values& x) {
  return shortSum(x.size(), [&](std::size_t i) { return term(static_cast<double>(x[i])); });
}

}  // namespace

double recompute(const Explanation& e) {
  switch (e.kind) {
    case ExplanationKind::embedding:
    case ExplanationKind::sum:
      return numberOf(e, "a") + numberOf(e, "b");
    case ExplanationKind::sinusoid: {
      const double angle = numberOf(e, "m") / std::pow(10000.0, 2 * numberOf(e, "i") / numberOf(e, "D"));
      return e.element ? std::cos(angle) : std::sin(angle);
    }
    case ExplanationKind::norm:
      return normalised(e);
    case ExplanationKind::product:
      return dot(valuesOf(e, "w"), valuesOf(e, "x")) + numberOf(e, "b");
    case ExplanationKind::rotation: {
      const double a = numberOf(e, "x_a"), b = numberOf(e, "x_b"), cosine = numberOf(e, "cosine"),
                   sine = numberOf(e, "sine");
      return e.element ? a * sine + b * cosine : a * cosine - b * sine;
    }
    case ExplanationKind::scaledProduct:
      return dot(valuesOf(e, "q"), valuesOf(e, "k")) /
             std::sqrt(static_cast<double>(valuesOf(e, "q").size()));
    case ExplanationKind::feature: {
      const double x = numberOf(e, "x");
      return x > 0 ? x + 1 : std::exp(x);
    }
    case ExplanationKind::stateUpdate:
      return numberOf(e, "a") + numberOf(e, "k") * numberOf(e, "v");
    case ExplanationKind::stateReading:
      return dot(valuesOf(e, "q"), valuesOf(e, "s")) / dot(valuesOf(e, "q"), valuesOf(e, "z"));
    case ExplanationKind::softmax:
    case ExplanationKind::dividedSoftmax:
      return softmaxOf(e);
    case ExplanationKind::innerProduct:
      return dot(valuesOf(e, "a"), valuesOf(e, "b"));
    case ExplanationKind::total:
      return totalOf(valuesOf(e, "x"));
    case ExplanationKind::arithmetic:
      return arithmeticOf(e);
    case ExplanationKind::weightedSum:
      return dot(valuesOf(e, "a"), valuesOf(e, "v"));
    case ExplanationKind::activation:
      return activated(e.activation, numberOf(e, "u"));
    case ExplanationKind::gatedActivation:
      return activated(e.activation, numberOf(e, "g")) * numberOf(e, "u");
    case ExplanationKind::lookup:
      return static_cast<double>(e.operands.front().values.front());
  }
  return 0;
}

std::string filledFormula(const Explanation& e) {
  const auto number = [&](const char* symbol) { return term(numberOf(e, symbol)); };
  const auto at = static_cast<std::size_t>(e.element);
  std::string text;
  switch (e.kind) {
    case ExplanationKind::embedding:
    case ExplanationKind::sum:
      text = number("a") + (valuesOf(e, "b").empty() ? "" : " + " + number("b"));
      break;
    case ExplanationKind::sinusoid:
      text = std::string(e.element ? "cos" : "sin") + "(" + number("m") + " / 10000^(2·" + number("i") + "/" +
             number("D") + "))";
      break;
    case ExplanationKind::norm: {
      const Values &x = valuesOf(e, "x"), &gamma = valuesOf(e, "gamma"), &beta = valuesOf(e, "beta");
      const bool centred = e.norm == NormKind::layerNorm;
      const double mean = centred ? meanOf(x) : 0.0;
      const std::string top = centred ? "(" + shown(static_cast<double>(x[at])) + " − " + term(mean) + ")"
                                      : term(static_cast<double>(x[at]));
      text = term(static_cast<double>(gamma[at])) + " · " + top + " / √(" + shown(meanSquare(x, mean)) +
             " + " + shown(e.epsilon) + ")";
      if (!beta.empty()) text += " + " + term(static_cast<double>(beta[at]));
      break;
    }
    case ExplanationKind::product:
      text = sumOfProducts(valuesOf(e, "w"), valuesOf(e, "x"));
      if (!valuesOf(e, "b").empty()) text += " + " + number("b");
      break;
    case ExplanationKind::rotation:
      text = number("x_a") + "·" + number(e.element ? "sine" : "cosine") + (e.element ? " + " : " − ") +
             number("x_b") + "·" + number(e.element ? "cosine" : "sine");
      break;
    case ExplanationKind::scaledProduct:
      text = "(" + sumOfProducts(valuesOf(e, "q"), valuesOf(e, "k")) + ") / √" +
             std::to_string(valuesOf(e, "q").size());
      break;
    case ExplanationKind::feature:
      text = numberOf(e, "x") > 0 ? shown(numberOf(e, "x")) + " + 1" : "exp(" + shown(numberOf(e, "x")) + ")";
      break;
    case ExplanationKind::stateUpdate:
      text = number("a") + " + " + number("k") + "·" + number("v");
      break;
    case ExplanationKind::stateReading:
      text = "(" + sumOfProducts(valuesOf(e, "q"), valuesOf(e, "s")) + ") / (" +
             sumOfProducts(valuesOf(e, "q"), valuesOf(e, "z")) + ")";
      break;
    case ExplanationKind::softmax:
    case ExplanationKind::dividedSoftmax: {
      const SoftmaxParts parts = softmaxParts(e);
      text = "exp(" + shown(parts.score) + " − " + term(parts.top) + ") / " + shown(parts.sum);
      break;
    }
    case ExplanationKind::innerProduct:
      text = sumOfProducts(valuesOf(e, "a"), valuesOf(e, "b"));
      break;
    case ExplanationKind::total:
      text = sumOfAll(valuesOf(e, "x"));
      break;
    case ExplanationKind::arithmetic:
      return writtenArithmetic(
                 e.expression,
                 [&](std::string_view symbol) { return arithmeticNumber(numberOf(e, symbol)); }) +
             " = " + arithmeticNumber(e.recomputed);
    case ExplanationKind::weightedSum:
      text = sumOfProducts(valuesOf(e, "a"), valuesOf(e, "v"));
      break;
    case ExplanationKind::activation:
      text = "act(" + shown(numberOf(e, "u")) + ")";
      break;
    case ExplanationKind::gatedActivation:
      text = "act(" + shown(numberOf(e, "g")) + ") · " + number("u");
      break;
    case ExplanationKind::lookup:
      text = shown(static_cast<double>(e.operands.front().values.front()));
      break;
  }
  return text + " = " + shown(e.recomputed);
}

}  // namespace decodescope
