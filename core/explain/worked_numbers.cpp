#include "core/explain/worked_numbers.h"

#include "core/explain/derived.h"

#include <cmath>
#include <span>
#include <utility>

namespace decodescope {
namespace {

std::string at(const std::string& name, int row) {
  return name + "[" + std::to_string(row) + "]";
}

Operand rowOf(const NamedMatrix& m, int row) {
  const auto first = m.values.begin() + static_cast<std::ptrdiff_t>(row) * m.columns;
  return {"x", at(m.name, row), {first, first + m.columns}, std::nullopt};
}

/// The first `count` numbers of a column.
Operand columnOf(const NamedMatrix& m, int column, int count) {
  Operand operand{"x", m.name + "[:, " + std::to_string(column) + "]", {}, std::nullopt};
  for (int r = 0; r < count; ++r) operand.values.push_back(m.at(r, column));
  return operand;
}

Operand firstOf(Operand operand, int count) {
  operand.values.resize(static_cast<std::size_t>(count));
  return operand;
}

Operand one(std::string symbol, const NamedMatrix& m, int row, int column) {
  return {std::move(symbol),
          m.name + "[" + std::to_string(row) + ", " + std::to_string(column) + "]",
          {m.at(row, column)},
          std::nullopt};
}

Operand constant(std::string symbol, double value, std::string name) {
  return {std::move(symbol), std::move(name), {static_cast<float>(value)}, std::nullopt};
}

constexpr const char* kNormal = "x ~ N(0, 1)";

/// Explains one cell: a function for each example.
class Explainer {
 public:
  Explainer(const WorkedCell& cell, const std::string& origin) : m_cell(cell) { m_name.origin = origin; }

  std::optional<Explanation> operator()(const WorkedLinear& e) {
    for (const NamedMatrix* drawn : {&e.x, &e.w, &e.b}) {
      if (is(*drawn)) return lookup(*drawn, kNormal);
    }
    if (!is(e.y)) return std::nullopt;
    return explainProduct(m_name, rowOf(e.w, column()), rowOf(e.x, row()), one("b", e.b, 0, column()),
                          m_shown);
  }

  std::optional<Explanation> operator()(const WorkedNorm& e) {
    if (is(e.x)) return lookup(e.x, "x ~ N(5, 36)");
    if (is(e.statistics)) return statistic(e.x, e.x);
    if (is(e.after)) return statistic(e.layerNorm, e.rmsNorm);
    const bool isLayer = is(e.layerNorm);
    if (!isLayer && !is(e.rmsNorm)) return std::nullopt;
    Operand gamma{"gamma", "γ", std::vector<float>(static_cast<std::size_t>(e.x.columns), 1.0f), {}};
    Operand beta{"beta", "β", {}, {}};
    if (isLayer) beta.values.resize(gamma.values.size());
    return explainNorm(m_name, isLayer ? NormKind::layerNorm : NormKind::rmsNorm, rowOf(e.x, row()),
                       std::move(gamma), std::move(beta), e.epsilon, column(), m_shown);
  }

  std::optional<Explanation> operator()(const WorkedMask& e) {
    if (is(e.scores)) return lookup(e.scores, "x = ln of the weight it is to have");
    if (is(e.softmaxAll)) return explainSoftmax(m_name, rowOf(e.scores, row()), column(), m_shown);
    // What the others have right of the diagonal is no number of theirs.
    if (m_cell.column > m_cell.row) return std::nullopt;
    if (is(e.zeroed)) return arithmetic("z", "a", {one("a", e.softmaxAll, row(), column())});
    if (is(e.masked)) return arithmetic("m", "s", {one("s", e.scores, row(), column())});
    if (is(e.weights))
      return explainSoftmax(m_name, firstOf(rowOf(e.scores, row()), row() + 1), column(), m_shown);
    if (!is(e.renormalised)) return std::nullopt;
    std::string sum;
    std::vector<Operand> operands;
    for (int c = 0; c <= row(); ++c) {
      operands.push_back(one("z_" + std::to_string(c), e.zeroed, row(), c));
      sum += (c > 0 ? " + " : "") + operands.back().symbol;
    }
    return arithmetic("a", "z_" + std::to_string(column()) + " / (" + sum + ")", std::move(operands));
  }

  std::optional<Explanation> operator()(const WorkedSoftmax& e) {
    if (is(e.logits)) {
      if (row() == 0) return lookup(e.logits, "x");
      return arithmetic("z'", row() == 1 ? "z / sqrt(3)" : "z / 3", {one("z", e.logits, 0, column())});
    }
    if (!is(e.weights)) return std::nullopt;
    return explainSoftmax(m_name, rowOf(e.logits, row()), column(), m_shown);
  }

  std::optional<Explanation> operator()(const WorkedCache& e) {
    const WorkedStep& s = e.five;
    if (is(s.x)) return lookup(s.x, kNormal);
    for (const auto& [out, weights] : {std::pair(&s.q, &e.wq), {&s.k, &e.wk}, {&s.v, &e.wv}}) {
      if (is(*out)) return explainProduct(m_name, rowOf(*weights, column()), rowOf(s.x, row()), {}, m_shown);
    }
    if (is(s.context))
      return explainWeightedSum(m_name, firstOf(rowOf(s.weights, row()), row() + 1),
                                columnOf(s.v, column(), row() + 1), m_shown);
    if (m_cell.column > m_cell.row) return std::nullopt;
    if (is(s.scores)) return explainScaledProduct(m_name, rowOf(s.q, row()), rowOf(s.k, column()), m_shown);
    if (is(s.weights))
      return explainSoftmax(m_name, firstOf(rowOf(s.scores, row()), row() + 1), column(), m_shown);
    return std::nullopt;
  }

  std::optional<Explanation> operator()(const WorkedScaling& e) {
    const bool isVariance = is(e.variances);
    if (!isVariance && !is(e.softmaxRow)) return std::nullopt;
    const double divisors[] = {1, std::sqrt(e.d), static_cast<double>(e.d), static_cast<double>(e.d) * e.d};
    const double s = divisors[row()];
    if (!isVariance) return explainDividedSoftmax(m_name, rowOf(e.scores, 0), s, column(), m_shown);
    if (column() == 0 && row() == 0) return lookup(e.variances, "x = variance of all draws");
    const Operand top = column() == 0 ? one("v", e.variances, 0, 0) : constant("v", e.d, "d");
    return arithmetic("variance", "v / (s*s)", {top, constant("s", s, "divisor")});
  }

 private:
  int row() const { return m_cell.row; }
  int column() const { return m_cell.column; }

  /// Whether the cell is one of this matrix, which it is then named after.
  bool is(const NamedMatrix& m) {
    if (m.name != m_cell.matrix || row() < 0 || row() >= m.rows || column() < 0 || column() >= m.columns)
      return false;
    m_name.name = one({}, m, row(), column()).name;
    m_name.shape = std::to_string(m.rows) + " × " + std::to_string(m.columns);
    m_shown = static_cast<double>(m.at(row(), column()));
    return true;
  }

  Explanation lookup(const NamedMatrix& m, const char* formula) {
    return explainLookup(m_name, formula, one("x", m, row(), column()));
  }

  Explanation arithmetic(const char* left, const std::string& expression, std::vector<Operand> operands) {
    return explainArithmetic(m_name, left, expression, std::move(operands), m_shown);
  }

  /// Mean and variance of a row of `centred`, mean square of one of `scaled`.
  Explanation statistic(const NamedMatrix& centred, const NamedMatrix& scaled) {
    const NamedMatrix& m = column() == 2 ? scaled : centred;
    std::vector<Operand> operands;
    std::string sum, squares, differences;
    for (int c = 0; c < m.columns; ++c) {
      operands.push_back(one("x_" + std::to_string(c), m, row(), c));
      const std::string x = operands.back().symbol, plus = c > 0 ? " + " : "";
      sum += plus + x;
      squares += plus + x + "*" + x;
      differences += plus + "(" + x + " - m)*(" + x + " - m)";
    }
    const std::string count = std::to_string(m.columns);
    if (column() == 0) return arithmetic("μ", "(" + sum + ") / " + count, std::move(operands));
    if (column() == 2) return arithmetic("RMS²", "(" + squares + ") / " + count, std::move(operands));
    double mean = 0;
    for (const Operand& x : operands) mean += static_cast<double>(x.values.front()) / m.columns;
    operands.push_back(constant("m", mean, "μ"));
    return arithmetic("σ²", "(" + differences + ") / " + count, std::move(operands));
  }

  WorkedCell m_cell;
  DerivedName m_name;
  double m_shown = 0;
};

}  // namespace

std::optional<Explanation> explainWorked(const WorkedExample& example, const WorkedCell& cell,
                                         const std::string& origin) {
  return std::visit(Explainer(cell, origin), example);
}

}  // namespace decodescope
