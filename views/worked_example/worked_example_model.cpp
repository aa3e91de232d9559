#include "views/worked_example/worked_example_model.h"

#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("WorkedExampleView", text);
}

const QString kTransposedW = QStringLiteral("Wᵀ");

QString number(double v) {
  return shortNumber(v).replace(QLatin1Char('-'), QChar(0x2212));
}

/// As a factor or summand behind a sign.
QString bracketed(double v) {
  return v < 0 ? QStringLiteral("(%1)").arg(number(v)) : number(v);
}

CellGrid gridOf(const NamedMatrix& m, int decimals = 2) {
  CellGrid grid;
  grid.name = QString::fromStdString(m.name);
  grid.shape = QStringLiteral("%1 × %2").arg(m.rows).arg(m.columns);
  grid.rows = m.rows;
  grid.columns = m.columns;
  grid.values = m.values;
  grid.decimals = decimals;
  grid.useOwnSignedScale();
  return grid;
}

CellGrid weightsOf(const NamedMatrix& m, int decimals = 2) {
  CellGrid grid = gridOf(m, decimals);
  grid.scale = {};
  return grid;
}

CellGrid transposed(const NamedMatrix& m, const QString& name) {
  NamedMatrix t{name.toStdString(), m.columns, m.rows, {}};
  for (int c = 0; c < m.columns; ++c) {
    for (int r = 0; r < m.rows; ++r) t.values.push_back(m.at(r, c));
  }
  return gridOf(t);
}

GridMark marked(int column, int row, int width, int height, GridMark::Kind kind = GridMark::Kind::accent) {
  return {QRect(column, row, width, height), kind};
}

}  // namespace

void WorkedExampleModel::present(Example example, int seed) {
  if (m_made && m_example == example && m_seed == seed) return;
  m_made = true;
  m_example = example;
  m_seed = seed;
  m_lines.clear();
  m_subtitle.clear();
  m_remarks.clear();
  switch (example) {
    case Example::linear:
      return makeLinear();
    case Example::norm:
      return makeNorm();
    case Example::mask:
      return makeMask();
    case Example::softmax:
      return makeSoftmax();
    case Example::cache:
      return makeCache();
    case Example::scaling:
      return makeScaling();
  }
}

QString WorkedExampleModel::note() const {
  const bool drawn = m_example != Example::mask && m_example != Example::softmax;
  return drawn
             ? tr("Worked example: numbers drawn with seed %1, worked through by the decoder's own kernels; "
                  "not from the run.")
                   .arg(m_seed)
             : tr("Worked example: the lecture's own numbers, worked through by the decoder's own kernels; "
                  "not from the run.");
}

void WorkedExampleModel::makeLinear() {
  const auto& e = m_worked.emplace<WorkedLinear>(workedLinear(static_cast<std::uint64_t>(m_seed)));
  m_title = tr("Worked example: a linear layer");
  m_subtitle << tr("Y = X · Wᵀ + b") << tr("(10 × 3) · (3 × 5) + (5) → 10 × 5")
             << tr("b is added to every row");
  CellGrid x = gridOf(e.x), w = transposed(e.w, kTransposedW), b = gridOf(e.b), y = gridOf(e.y);
  b.shape = QStringLiteral("5");
  x.marks.push_back(marked(0, 0, 3, 1));
  w.marks.push_back(marked(1, 0, 1, 3));
  b.marks.push_back(marked(1, 0, 1, 1));
  y.marks.push_back(marked(1, 0, 1, 1));
  m_lines = {{{QString(), x}, {QStringLiteral("·"), w}, {QStringLiteral("+"), b}, {QStringLiteral("="), y}}};
  QString sum;
  for (int i = 0; i < 3; ++i)
    sum += QStringLiteral("%1%2 · %3")
               .arg(i > 0 ? QStringLiteral(" + ") : QString(),
                    i > 0 ? bracketed(static_cast<double>(e.x.at(0, i)))
                          : number(static_cast<double>(e.x.at(0, i))),
                    bracketed(static_cast<double>(e.w.at(1, i))));
  m_remarks << tr("Outlined: Y[0, 1] = %1 + %2 = %3: row 0 of X times neuron 1, which is row 1 of W.")
                   .arg(sum, bracketed(static_cast<double>(e.b.at(0, 1))),
                        number(static_cast<double>(e.y.at(0, 1))))
            << tr("A row of W (a column of Wᵀ) is one neuron: it looks at all 3 features of a row of X.");
}

void WorkedExampleModel::makeNorm() {
  const auto& e = m_worked.emplace<WorkedNorm>(workedNorm(static_cast<std::uint64_t>(m_seed)));
  m_title = tr("Worked example: normalising rows of N(5, 36)");
  m_subtitle << tr("LayerNorm: (x − μ) / √(σ² + ε)") << tr("RMSNorm: x / √(mean x² + ε)")
             << tr("γ = 1, β = 0, ε = 1e−5");
  CellGrid x = gridOf(e.x), before = gridOf(e.statistics), layer = gridOf(e.layerNorm),
           rms = gridOf(e.rmsNorm), after = gridOf(e.after);
  before.columnLabels = QStringList{QStringLiteral("μ"), QStringLiteral("σ²"), QStringLiteral("RMS²")};
  after.columnLabels = before.columnLabels;
  after.caption = tr("μ, σ² after LayerNorm; RMS² after RMSNorm");
  m_lines = {{{QString(), x},
              {QStringLiteral("→"), before},
              {QStringLiteral("→"), layer},
              {QString(), rms},
              {QStringLiteral("→"), after}}};
  m_remarks
      << tr("LayerNorm needs two statistics of each row, RMSNorm one: RMS² = mean x² = σ² + μ².")
      << tr("30,000 draws of N(5, 36): mean %1, variance %2; after (x − 5) / 6: mean %3, variance %4, that "
            "is N(0, 1). One divides by σ = 6, not by the variance 36.")
             .arg(number(e.drawnMean), number(e.drawnVariance), number(e.standardMean),
                  number(e.standardVariance))
      << tr("Normalising gives mean 0 and variance 1; it does not make a Gaussian of three numbers.");
}

void WorkedExampleModel::makeMask() {
  const auto& e = m_worked.emplace<WorkedMask>(workedMask());
  m_title = tr("Worked example: two ways to mask");
  m_subtitle << tr("a query may not see later keys") << tr("0.1, 0.4 → 0.2, 0.8 in the second row");
  CellGrid scores = gridOf(e.scores), all = weightsOf(e.softmaxAll), zeroed = weightsOf(e.zeroed),
           renormalised = weightsOf(e.renormalised), masked = gridOf(e.masked),
           weights = weightsOf(e.weights);
  all.caption = tr("rows sum to 1");
  zeroed.caption = tr("row 2 sums to 0.5");
  renormalised.caption = weights.caption = tr("rows sum to 1");
  for (CellGrid* grid : {&zeroed, &renormalised, &masked, &weights}) grid->beyond = BeyondDiagonal::masked;
  for (CellGrid* grid : {&all, &zeroed, &renormalised, &weights}) grid->marks.push_back(marked(0, 1, 2, 1));
  m_lines = {{{QStringLiteral("1"), scores},
              {QStringLiteral("softmax →"), all},
              {QStringLiteral("→"), zeroed},
              {QStringLiteral("→"), renormalised}},
             {{QStringLiteral("2"), masked}, {QStringLiteral("softmax →"), weights}}};
  m_remarks
      << tr("1: softmax, then 0 above the diagonal, then each row divided by its sum: 0.1 / 0.5 = 0.2 and "
            "0.4 / 0.5 = 0.8.")
      << tr("2: −∞ before softmax: exp(−∞) = 0, so the rest shares everything at once. Both end in the "
            "same weights.")
      << tr("The mask hides successors. In attention dropout (training only) each weight is dropped with "
            "p = 0.05 and the rest multiplied by 1 / 0.95.");
}

void WorkedExampleModel::makeSoftmax() {
  const auto& e = m_worked.emplace<WorkedSoftmax>(workedSoftmax());
  m_title = tr("Worked example: softmax of 10, 1, 2");
  m_subtitle << tr("softmax(z)_j = exp(z_j) / Σ_k exp(z_k)");
  CellGrid logits = gridOf(e.logits), weights = weightsOf(e.weights, 4);
  logits.rowLabels = QStringList{tr("as they are"), tr("÷ √3"), tr("÷ 3")};
  weights.marks.push_back(marked(0, 0, 3, 1));
  m_lines = {{{QString(), logits}, {QStringLiteral("softmax →"), weights}}};
  m_remarks << tr("softmax([10, 1, 2]) = [%1, %2, %3]: the largest takes nearly all, and a small change of a "
                  "score hardly changes anything: softmax is saturated.")
                   .arg(QString::number(static_cast<double>(e.weights.at(0, 0)), 'f', 4),
                        QString::number(static_cast<double>(e.weights.at(0, 1)), 'f', 4),
                        QString::number(static_cast<double>(e.weights.at(0, 2)), 'f', 4))
            << tr("Smaller scores share more evenly: why attention divides its scores by √d.");
}

void WorkedExampleModel::makeCache() {
  const auto& e = m_worked.emplace<WorkedCache>(workedCache(static_cast<std::uint64_t>(m_seed)));
  m_title = tr("Worked example: “The next day is” → “bright”");
  m_subtitle << tr("X 5 × 8, W 4 × 8: Q, K, V 5 × 4") << tr("dashed: known from the 4 tokens before")
             << tr("outlined: new with “bright”");
  QStringList tokens;
  for (const std::string& token : e.tokens) tokens << QString::fromStdString(token);
  const auto rows = [&](const NamedMatrix& m, Ink ink) {
    CellGrid grid = gridOf(m);
    grid.ink = ink;
    grid.marks = {marked(0, 0, m.columns, 4, GridMark::Kind::known), marked(0, 4, m.columns, 1)};
    return grid;
  };
  CellGrid x = rows(e.five.x, Ink::plain);
  x.rowLabels = tokens;
  CellGrid scores = rows(e.five.scores, Ink::plain), weights = rows(e.five.weights, Ink::plain);
  weights.scale = {};
  for (CellGrid* grid : {&scores, &weights}) {
    grid->beyond = BeyondDiagonal::masked;
    grid->marks.front() = marked(0, 0, 4, 4, GridMark::Kind::known);
    grid->columnLabels = tokens;
  }
  m_lines = {{{QString(), x},
              {QStringLiteral("· W_qᵀ ="), rows(e.five.q, Ink::query)},
              {QStringLiteral("· W_kᵀ ="), rows(e.five.k, Ink::key)},
              {QStringLiteral("· W_vᵀ ="), rows(e.five.v, Ink::value)}},
             {{QString(), scores},
              {QStringLiteral("softmax →"), weights},
              {QStringLiteral("· V ="), rows(e.five.context, Ink::plain)}}};
  m_remarks
      << tr("With 4 tokens X is 4 × 8 and every dashed block was computed already: computed again with 5 "
            "tokens, nothing in it changes (largest difference %1).")
             .arg(e.largestDifference == 0 ? QStringLiteral("0")
                                           : QString::number(e.largestDifference, 'e', 1))
      << tr("Kept K and V leave for “bright” one row of Q, K and V, one row of scores, and one row of "
            "context. Q is not kept: no later row needs it.");
}

void WorkedExampleModel::makeScaling() {
  const auto& e = m_worked.emplace<WorkedScaling>(workedScaling(static_cast<std::uint64_t>(m_seed)));
  m_title = tr("Worked example: why scores are divided by √d");
  m_subtitle << tr("q and k of d = %1 normal numbers").arg(e.d)
             << tr("%1 draws of %2 queries and %2 keys")
                    .arg(groupedNumber(static_cast<std::uint64_t>(e.draws)), QString::number(e.rows))
             << tr("q·k has variance d; divided by s, d / s²");
  CellGrid variances = gridOf(e.variances, -1), softmax = weightsOf(e.softmaxRow);
  variances.shape.clear();
  softmax.shape.clear();
  variances.scale.kind = ColorScale::Kind::logarithmic;
  const QStringList scales{tr("s = 1"), tr("s = √d = 8"), tr("s = d = 64"), tr("s = d² = 4096")};
  variances.rowLabels = scales;
  softmax.rowLabels = scales;
  variances.columnLabels = QStringList{tr("measured"), tr("expected")};
  variances.marks.push_back(marked(0, 1, 2, 1));
  softmax.marks.push_back(marked(0, 1, e.rows, 1));
  m_lines = {{{QString(), variances}}, {{QString(), softmax}}};
  m_remarks << tr("Expected: 64, 1, 1/64 and 1/64³. Only √d leaves the variance at 1 whatever d is.")
            << tr("Undivided, softmax saturates; divided by d or d² all weights become alike and attention "
                  "chooses nothing. d is head_dim, not the width of the model.");
}

std::optional<Explanation> WorkedExampleModel::explanation(const GridSheet::Spot& spot) const {
  const CellGrid& grid = m_lines[spot.line][spot.item].grid;
  if (!grid.hasValue(spot.row, spot.column)) return std::nullopt;
  // W stands transposed beside X.
  if (grid.name == kTransposedW)
    return explainWorked(m_worked, {"W", spot.column, spot.row}, note().toStdString());
  const std::string name = grid.name.toStdString();
  return explainWorked(m_worked, {name, spot.row, spot.column}, note().toStdString());
}

QString WorkedExampleModel::toolTip(const GridSheet::Spot& spot) const {
  const CellGrid& grid = m_lines[spot.line][spot.item].grid;
  QString text =
      QStringLiteral("%1[%2, %3]").arg(grid.name, QString::number(spot.row), QString::number(spot.column));
  if (!grid.hasValue(spot.row, spot.column)) return text + QLatin1Char('\n') + tr("masked: a later key");
  const double v = static_cast<double>(grid.value(spot.row, spot.column));
  return text + QStringLiteral(" = ") + (std::isinf(v) ? QStringLiteral("−∞") : number(v)) +
         QLatin1Char('\n') + tr("worked example, not from the run");
}

QString WorkedExampleModel::description() const {
  return m_title + QStringLiteral(". ") + note() + QLatin1Char(' ') + m_remarks.join(QLatin1Char(' '));
}

std::vector<NamedTable> WorkedExampleModel::tables() const {
  std::vector<NamedTable> tables;
  for (const GridLine& line : m_lines) {
    for (const GridItem& item : line) {
      const CellGrid& grid = item.grid;
      NamedTable table;
      table.name = QStringLiteral("worked_example.%1.%2").arg(QString::number(tables.size()), grid.name);
      for (int c = 0; c < grid.columns; ++c)
        table.columns << (c < grid.columnLabels.size() ? grid.columnLabels[c] : QString::number(c));
      for (int r = 0; r < grid.rows; ++r)
        table.rowLabels << (r < grid.rowLabels.size() ? grid.rowLabels[r] : QString::number(r));
      table.shape = {grid.rows, grid.columns};
      table.values = grid.values;
      tables.push_back(std::move(table));
    }
  }
  return tables;
}

}  // namespace decodescope
