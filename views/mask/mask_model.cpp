#include "views/mask/mask_model.h"

#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MaskView", text);
}

/// More rows are neither legible nor quick: all pairs of them are computed for the picture.
constexpr int kMostTokens = 512;
constexpr std::uint64_t kDropoutSeed = 1;

QString number(double v) {
  return shortNumber(v).replace(QLatin1Char('-'), QChar(0x2212));
}

QString tiny(double v) {
  return v == 0 ? QStringLiteral("0") : QString::number(v, 'e', 1).replace(QLatin1Char('-'), QChar(0x2212));
}

}  // namespace

void MaskModel::present(const ShownRun& shown, const MaskSettings& settings) {
  m_shown = shown;
  m_settings = settings;
  m_maskOff = m_singleRow = m_fromPrompt = m_shortened = false;
  if (!shown.ready()) {
    m_strategies = {};
    m_of = {};
    return;
  }
  const StepRecord& step = shown.step();
  m_maskOff = !shown.run->unmaskedSteps.empty();
  m_singleRow = step.rowsComputed == 1 && !m_maskOff;
  int tokens = shown.tokens;
  // A single row on a cache needs no mask; the prompt's rows, computed together, do.
  if (m_singleRow && settings.rows == MaskSettings::Rows::step && shown.run->promptLength > 1) {
    tokens = std::min(tokens, shown.run->promptLength);
    m_fromPrompt = true;
  }
  m_shortened = tokens > kMostTokens;
  tokens = std::min(tokens, kMostTokens);
  m_key = std::min(shown.selection.key.value, tokens - 1);
  work(tokens);
  m_scoreEnd = m_scoreMax;
  // A query outside the matrix is stood for by the one that the mask changes most.
  m_query = shown.selection.query.value < tokens ? shown.selection.query.value : m_leakiest;
}

void MaskModel::work(int tokens) {
  const ShownRun& shown = m_shown;
  const std::span<const PositionTracePtr> traces = shown.run->tracesAt(shown.selection.step);
  const auto wanted = traces.first(std::min(traces.size(), static_cast<std::size_t>(tokens)));
  Key of;
  of.run = shown.run->runId;
  of.model = shown.run->model.get();
  of.lastTrace = wanted.empty() ? nullptr : wanted.back().get();
  of.layer = shown.selection.layer.value;
  of.head = shown.selection.head.value;
  of.tokens = tokens;
  of.stored = std::count_if(wanted.begin(), wanted.end(), [](const auto& trace) { return trace != nullptr; });
  of.dropout = m_settings.dropout;
  if (m_of == of) return;
  m_of = of;
  m_strategies = {};
  std::vector<float> all =
      unmaskedScores(shown.config(), traces, shown.selection.layer, shown.selection.head, tokens);
  if (all.empty()) return;
  m_scoreMax = std::max(1e-12, static_cast<double>(largestMagnitude({all.data(), tokens, tokens})));
  m_strategies = maskStrategies(std::move(all), tokens, shown.config().slidingWindow);
  m_leakiest = 0;
  for (int i = 1; i < tokens; ++i) {
    if (leak(i) > leak(m_leakiest)) m_leakiest = i;
  }
  m_difference = m_strategies.renormalised;
  for (std::size_t i = 0; i < m_difference.size(); ++i) m_difference[i] -= m_strategies.weights[i];
  m_dropped = droppedOut(m_strategies.weights, tokens, m_settings.dropout, kDropoutSeed);
}

int MaskModel::window() const {
  return m_maskOff ? 0 : m_shown.config().slidingWindow;
}

double MaskModel::leak(int row) const {
  double sum = 0;
  for (int j = 0; j < tokens(); ++j) {
    if (hides(row, j))
      sum += static_cast<double>(m_strategies.softmaxAll[static_cast<std::size_t>(row * tokens() + j)]);
  }
  return sum;
}

const std::vector<float>& MaskModel::matrix(Panel panel) const {
  switch (panel) {
    case scores:
      return m_strategies.scores;
    case softmaxAll:
      return m_strategies.softmaxAll;
    case zeroed:
      return m_strategies.zeroed;
    case renormalised:
      return m_strategies.renormalised;
    case masked:
      return m_strategies.masked;
    case difference:
      return m_difference;
    case dropout:
      return m_dropped;
    default:
      return m_strategies.weights;
  }
}

QString MaskModel::panelName(Panel panel) const {
  switch (panel) {
    case scores:
      return tr("scores q·k/√d");
    case softmaxAll:
      return tr("softmax of whole rows");
    case zeroed:
      return window() > 0 ? tr("0 where masked") : tr("0 above the diagonal");
    case renormalised:
      return tr("÷ row sum");
    case masked:
      return window() > 0 ? tr("−∞ where masked") : tr("−∞ above the diagonal");
    case weights:
      return tr("softmax");
    case difference:
      return tr("difference of the two");
    default:
      return tr("dropout p = %1 (training only)").arg(m_settings.dropout);
  }
}

CellGrid MaskModel::panel(Panel panel) const {
  CellGrid grid;
  grid.name = panelName(panel);
  grid.rows = grid.columns = tokens();
  const std::vector<float>& values = matrix(panel);
  grid.view = {values.data(), tokens(), tokens()};
  const bool computed = m_maskOff;
  switch (panel) {
    case scores:
    case masked:
      grid.scale.map = Colormap::diverging;
      grid.scale.hi = m_scoreEnd;
      grid.scale.lo = -m_scoreEnd;
      grid.beyond = panel == masked ? BeyondDiagonal::masked
                    : computed      ? BeyondDiagonal::values
                                    : BeyondDiagonal::ghost;
      break;
    case softmaxAll:
      grid.beyond = computed ? BeyondDiagonal::values : BeyondDiagonal::ghost;
      break;
    case difference:
      grid.scale.map = Colormap::diverging;
      grid.scale.hi = 1e-6;
      grid.scale.lo = -1e-6;
      grid.beyond = BeyondDiagonal::masked;
      break;
    default:
      grid.beyond = BeyondDiagonal::masked;
  }
  if (panel == dropout) grid.scale.hi = 1 / (1 - m_settings.dropout);
  grid.marks.push_back({QRect(0, m_query, tokens(), 1), GridMark::Kind::accent});
  return grid;
}

QString MaskModel::sumText(Panel panel, int row) const {
  if (panel == scores || panel == masked || panel == difference) return {};
  const double sum = m_strategies.rowSum(matrix(panel), row);
  return std::isnan(sum) ? tr("0, no weights") : QString::number(sum, 'f', 3);
}

std::vector<MaskModel::RowLine> MaskModel::rowLines() const {
  std::vector<RowLine> lines;
  std::vector<Panel> panels{scores, softmaxAll, zeroed, renormalised, masked, weights};
  if (dropsOut()) panels.push_back(dropout);
  for (const Panel which : panels) {
    CellGrid grid = panel(which);
    const std::span<const float> row = grid.cells().rowSpan(m_query);
    grid.values.assign(row.begin(), row.end());
    if (grid.beyond == BeyondDiagonal::masked && which != masked)
      std::fill(grid.values.begin() + m_query + 1, grid.values.end(), 0.0f);
    grid.view = {};
    grid.rows = 1;
    grid.beyond = BeyondDiagonal::values;
    grid.marks.clear();
    grid.decimals = 3;
    static constexpr const char* kWay[] = {"", "1  ", "1  ", "1  ", "2  ", "2  ", "", ""};
    lines.push_back({QLatin1String(kWay[which]) + grid.name, grid, sumText(which, m_query)});
  }
  return lines;
}

CellGrid MaskModel::newRow() const {
  if (!m_singleRow) return {};
  CellGrid grid;
  grid.values =
      attentionRow(m_shown.config(), m_shown.run->tracesAt(m_shown.selection.step), m_shown.selection.layer,
                   m_shown.selection.head, Position{m_shown.tokens - 1}, ScoreStage::weight);
  grid.rows = grid.values.empty() ? 0 : 1;
  grid.columns = static_cast<int>(grid.values.size());
  const int first = m_shown.config().firstVisible(m_shown.tokens - 1);
  grid.name = (first > 0 ? tr("the one row of step %1: query %2, %3 keys in its window, those before weigh 0")
                         : tr("the one row of step %1: query %2, %3 keys, none masked"))
                  .arg(QString::number(m_shown.step().index.value), m_shown.tokenText(m_shown.tokens - 1),
                       QString::number(m_shown.tokens - first));
  return grid;
}

QString MaskModel::title() const {
  return tr("Causal mask · layer %1 · head %2")
      .arg(m_shown.selection.layer.value)
      .arg(m_shown.selection.head.value);
}

QStringList MaskModel::subtitle() const {
  QStringList parts;
  if (m_fromPrompt) {
    parts << tr("shown: the %1 rows of the prompt, which step 1 computed together").arg(tokens());
  } else if (m_settings.rows == MaskSettings::Rows::all || m_singleRow) {
    parts << tr("shown: all %1 tokens so far, as one pass over them computes").arg(tokens());
  } else {
    parts << tr("step %1 of %2 computed %3 rows together")
                 .arg(m_shown.step().index.value)
                 .arg(m_shown.run->stepCount())
                 .arg(m_shown.step().rowsComputed);
  }
  if (m_shortened)
    parts << tr("the first %1 of %2 tokens: every pair is worked out several times, which takes too long for "
                "more (Attention shows all of them, masked)")
                 .arg(kMostTokens)
                 .arg(m_shown.tokens);
  parts << (m_maskOff ? tr("what lies above the diagonal is what this lane really computed")
                      : tr("what lies above the diagonal is computed for this view from the traced q and k; "
                           "the run never computes it"));
  if (window() > 0) parts << tr("window of %1: keys further back are masked too").arg(window());
  if (dropsOut())
    parts
        << tr("dropout happens in training only: each weight is dropped with p = %1, the rest × 1/(1−p) = %2")
               .arg(m_settings.dropout)
               .arg(number(1 / (1 - m_settings.dropout)));
  return parts;
}

QString MaskModel::note() const {
  if (m_maskOff)
    return tr("What-if lane: this run has no causal mask. Query %1 gives %2 of its weight to later tokens: "
              "it "
              "sees what it should predict.")
        .arg(m_shown.tokenText(m_query), number(leak(m_query)));
  if (m_singleRow && m_shown.config().firstVisible(m_shown.tokens - 1) > 0)
    return tr("Step %1 computed a single new row, query %2: no key is later, and the cache holds no more "
              "than the "
              "window of %3.")
        .arg(QString::number(m_shown.step().index.value), m_shown.tokenText(m_shown.tokens - 1))
        .arg(window());
  if (m_singleRow)
    return tr("Step %1 computed a single new row, query %2: every key is earlier or its own, so there is "
              "nothing to mask.")
        .arg(QString::number(m_shown.step().index.value), m_shown.tokenText(m_shown.tokens - 1));
  return {};
}

QString MaskModel::conclusion() const {
  QString text =
      tr("Both end in the same weights: largest difference %1.").arg(tiny(m_strategies.maxDifference));
  if (m_strategies.vanishedRows > 0)
    text +=
        QLatin1Char(' ') +
        tr("%1 rows vanish under a later score and cannot be divided by their sum, 0: one more reason for "
           "the second.")
            .arg(m_strategies.vanishedRows);
  return text;
}

QString MaskModel::readout() const {
  if (window() > 0 && hides(m_query, 0))
    return tr("query %1: without a mask %2 of its weight would lie outside its window of %3; zeroed, its row "
              "sums to "
              "%4")
        .arg(m_shown.tokenText(m_query), number(leak(m_query)), QString::number(window()),
             sumText(zeroed, m_query));
  if (m_query == tokens() - 1)
    return tr("query %1 is the last: it sees every key, and nothing of its row is masked; point at an "
              "earlier "
              "one")
        .arg(m_shown.tokenText(m_query));
  if (m_maskOff)
    return tr("query %1: %2 of its weight lies on later tokens; zeroed there, its row would sum to %3")
        .arg(m_shown.tokenText(m_query), number(leak(m_query)), sumText(zeroed, m_query));
  return tr("query %1: without a mask %2 of its weight would lie on later tokens; zeroed, its row sums to %3")
      .arg(m_shown.tokenText(m_query), number(leak(m_query)), sumText(zeroed, m_query));
}

QString MaskModel::toolTip(Panel panel, int query, int key) const {
  QString text =
      tr("query %1\nkey %2").arg(m_shown.tokenText(query), m_shown.tokenText(key)) + QLatin1Char('\n');
  const CellGrid grid = this->panel(panel);
  const double v = static_cast<double>(grid.value(query, key));
  text += QStringLiteral("%1: %2").arg(grid.name, std::isinf(v)         ? QStringLiteral("−∞")
                                                  : std::isnan(v)       ? tr("0 / 0")
                                                  : panel == difference ? tiny(v)
                                                                        : number(v));
  if (!hides(query, key)) return text;
  if (grid.beyond == BeyondDiagonal::ghost) return text + tr(" (never computed by the run)");
  if (grid.beyond != BeyondDiagonal::masked) return text;
  return key > query ? text + tr(" (masked: later than the query)")
                     : text + tr(" (masked: before the query's window)");
}

QString MaskModel::missingText() const {
  return tr("Some of the q and k rows that the mask is shown on are not stored any more (trace budget).");
}

std::vector<NamedTable> MaskModel::tables() const {
  if (!ready()) return {};
  std::vector<NamedTable> tables;
  static constexpr const char* kNames[] = {"unmasked_scores", "softmax_of_whole_rows",
                                           "zeroed",          "renormalised",
                                           "masked_scores",   "weights",
                                           "difference",      "dropout"};
  for (int p = 0; p < kPanels; ++p) {
    if (p == dropout && !dropsOut()) continue;
    NamedTable table;
    table.name = QStringLiteral("layers.%1.head%2.%3")
                     .arg(QString::number(m_shown.selection.layer.value),
                          QString::number(m_shown.selection.head.value), QLatin1String(kNames[p]));
    for (int t = 0; t < tokens(); ++t) {
      table.columns << m_shown.tokenText(t);
      table.rowLabels << m_shown.tokenText(t);
    }
    table.shape = {tokens(), tokens()};
    table.values = matrix(static_cast<Panel>(p));
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace decodescope
