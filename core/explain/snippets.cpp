#include "core/explain/explanation.h"

#include <charconv>

namespace decodescope {
namespace {

/// Where the two libraries differ.
struct Dialect {
  const char* import;  ///< the line that brings it in
  const char* prefix;  ///< "np" or "torch"
  const char* array;   ///< opens an array of doubles
  const char* close;
  const char* erf;  ///< the call that NumPy lacks comes from math
};

constexpr Dialect kNumpy{"import math\nimport numpy as np", "np", "np.array([", "], dtype=np.float64)",
                         "math.erf"};
constexpr Dialect kTorch{"import math\nimport torch", "torch", "torch.tensor([", "], dtype=torch.float64)",
                         "torch.erf"};

template <typename Number>
std::string shortest(Number value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return {text, end};
}

std::string declare(const Operand& operand, const Dialect& dialect) {
  std::string line = operand.symbol + " = " + dialect.array;
  for (std::size_t i = 0; i < operand.values.size(); ++i)
    line += (i ? ", " : "") + shortest(operand.values[i]);
  return line + dialect.close + "  # " + operand.name + "\n";
}

bool has(const Explanation& e, std::string_view symbol) {
  for (const Operand& operand : e.operands) {
    if (operand.symbol == symbol) return true;
  }
  return false;
}

/// act(x) as an expression over one-element arrays.
std::string activated(const Explanation& e, const std::string& x, const Dialect& dialect) {
  const std::string lib = std::string(dialect.prefix) + ".";
  switch (e.activation) {
    case Activation::silu:
      return x + " / (1 + " + lib + "exp(-" + x + "))";
    case Activation::relu:
      return lib + "where(" + x + " > 0, " + x + ", 0 * " + x + ")";
    case Activation::gelu: {
      const std::string inner = std::string(dialect.erf) + "(" + x + "[0] / math.sqrt(2))";
      return "0.5 * " + x + " * (1 + " + inner + ")";
    }
    case Activation::geluTanh:
      return "0.5 * " + x + " * (1 + " + lib + "tanh(math.sqrt(2 / math.pi) * (" + x + " + 0.044715 * " + x +
             "**3)))";
  }
  return x;
}

/// sqrt() is the library's, min() Python's own.
std::string withLibrary(std::string expression, const std::string& lib) {
  for (std::size_t at = expression.find("sqrt("); at != std::string::npos;
       at = expression.find("sqrt(", at + lib.size() + 1))
    expression.insert(at, lib);
  return expression;
}

/// One expression whose value is the number, or a one-element array of it.
std::string expression(const Explanation& e, const Dialect& dialect) {
  const std::string lib = std::string(dialect.prefix) + ".", at = "[" + std::to_string(e.element) + "]";
  switch (e.kind) {
    case ExplanationKind::embedding:
    case ExplanationKind::sum:
      return has(e, "b") ? "a + b" : "a";
    case ExplanationKind::sinusoid:
      return lib + (e.element ? "cos" : "sin") + "(m / 10000 ** (2 * i / D))";
    case ExplanationKind::norm: {
      const std::string centred = e.norm == NormKind::layerNorm ? "(x - x.mean())" : "x";
      std::string eps(40, '\0');
      eps.resize(static_cast<std::size_t>(std::to_chars(eps.data(), eps.data() + eps.size(), e.epsilon).ptr -
                                          eps.data()));
      return "(gamma * " + centred + " / " + lib + "sqrt((" + centred + "**2).mean() + " + eps + ")" +
             (has(e, "beta") ? " + beta" : "") + ")" + at;
    }
    case ExplanationKind::product:
      return has(e, "b") ? "w @ x + b" : "w @ x";
    case ExplanationKind::rotation:
      return e.element ? "x_a * sine + x_b * cosine" : "x_a * cosine - x_b * sine";
    case ExplanationKind::scaledProduct:
      return "q @ k / math.sqrt(len(q))";
    case ExplanationKind::feature:
      return lib + "where(x > 0, x + 1, " + lib + "exp(x))";
    case ExplanationKind::stateUpdate:
      return "a + k * v";
    case ExplanationKind::stateReading:
      return "(q @ s) / (q @ z)";
    case ExplanationKind::softmax:
      return "(" + lib + "exp(s - s.max()) / " + lib + "exp(s - s.max()).sum())" + at;
    case ExplanationKind::weightedSum:
      return "a @ v";
    case ExplanationKind::innerProduct:
      return "a @ b";
    case ExplanationKind::dividedSoftmax:
      return "(" + lib + "exp(s / c - (s / c).max()) / " + lib + "exp(s / c - (s / c).max()).sum())" + at;
    case ExplanationKind::total:
      return "x.sum()";
    case ExplanationKind::arithmetic:
      return withLibrary(e.expression, lib);
    case ExplanationKind::activation:
      return activated(e, "u", dialect);
    case ExplanationKind::gatedActivation:
      return "(" + activated(e, "g", dialect) + ") * u";
    case ExplanationKind::lookup:
      return e.operands.front().symbol;
  }
  return {};
}

std::string code(const Explanation& e, const Dialect& dialect) {
  std::string text = std::string(dialect.import) + "\n\n# " + e.name + "\n# " + e.formula + "\n";
  for (const Operand& operand : e.operands) text += declare(operand, dialect);
  text += "result = " + expression(e, dialect) + "\n";
  // One number, whether the expression gave a scalar or an array of one.
  text += "print(float(" +
          std::string(dialect.prefix == std::string("np") ? "np.ravel(result)[0]" : "result.reshape(-1)[0]") +
          "))";
  if (!e.origin.empty()) return text + "  # shown: " + shortest(e.traced) + "\n";
  return text + "  # the run has " + shortest(static_cast<float>(e.traced)) + "\n";
}

}  // namespace

std::string numpyCode(const Explanation& explanation) {
  return code(explanation, kNumpy);
}

std::string torchCode(const Explanation& explanation) {
  return code(explanation, kTorch);
}

}  // namespace decodescope
