#include "views/kv_cache/work_model.h"

#include "core/cost/decode_cost.h"
#include "core/decode/trace_compare.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

std::uint64_t partOf(KvWorkPart part, const Counters& counters) {
  switch (part) {
    case KvWorkPart::projections:
      return counters.projectionMacs;
    case KvWorkPart::rebuild:
      return counters.rebuildMacs;
    case KvWorkPart::attention:
      return counters.attentionMacs;
    case KvWorkPart::logits:
      return counters.logitMacs;
    case KvWorkPart::weightsRead:
      return counters.weightBytesRead;
    case KvWorkPart::kvRead:
      return counters.kvBytesRead;
    case KvWorkPart::kvWritten:
      return counters.kvBytesWritten;
    case KvWorkPart::time:
      return 0;
  }
  return 0;
}

std::uint64_t partOf(KvWorkPart part, const StepRecord& step) {
  return part == KvWorkPart::time ? step.nanoseconds : partOf(part, step.counters);
}

const char* columnName(KvWorkPart part) {
  switch (part) {
    case KvWorkPart::projections:
      return "projection_macs";
    case KvWorkPart::rebuild:
      return "rebuild_macs";
    case KvWorkPart::attention:
      return "attention_macs";
    case KvWorkPart::logits:
      return "logit_macs";
    case KvWorkPart::weightsRead:
      return "weight_bytes_read";
    case KvWorkPart::kvRead:
      return "kv_bytes_read";
    case KvWorkPart::kvWritten:
      return "kv_bytes_written";
    case KvWorkPart::time:
      return "ns";
  }
  return "";
}

QString differenceText(double difference) {
  return shortNumber(difference).replace(QLatin1Char('-'), QChar(0x2212));
}

}  // namespace

void KvWorkModel::present(const SessionSnapshot& session, const Selection& selection,
                          const KvWorkSettings& settings) {
  m_selection = clampTo(selection, session);
  m_settings = settings;
  m_lanes = kvLanes(session, m_selection);
  m_sharedEnds.clear();
}

std::vector<double> KvWorkModel::scaleEnds() const {
  if (!m_sharedEnds.empty() || !ready()) return m_sharedEnds;
  // Kinds of attention plot different parts.
  std::vector<double> ends(static_cast<std::size_t>(KvWorkPart::time) + 1, 0.0);
  for (const KvWorkPart part : plotted()) {
    double& end = ends[static_cast<std::size_t>(part)];
    const auto reach = [&](const std::vector<double>& values) {
      for (const double v : values) end = std::max(end, v);
    };
    for (const KvLane& lane : m_lanes) reach(counted(part, lane));
    for (const bool cacheOn : {true, false}) reach(formula(part, cacheOn));
  }
  return ends;
}

const KvLane& KvWorkModel::own() const {
  return m_lanes.front().index == m_selection.lane ? m_lanes.front() : m_lanes.back();
}

std::uint64_t KvWorkModel::countIn(KvWorkPart part, const StepRecord& step) {
  return partOf(part, step);
}

int KvWorkModel::stepCount() const {
  int count = 0;
  for (const KvLane& lane : m_lanes) count = std::max(count, lane.run->stepCount());
  return count;
}

const KvLane* KvWorkModel::laneWith(bool cacheOn) const {
  for (const KvLane& lane : m_lanes) {
    if (lane.cacheOn() == cacheOn) return &lane;
  }
  return nullptr;
}

std::vector<KvWorkPart> KvWorkModel::parts() const {
  switch (m_settings.measure) {
    case KvWorkSettings::Measure::macs:
      if (ready() && config().attention == AttentionKind::latent)
        return {KvWorkPart::projections, KvWorkPart::rebuild, KvWorkPart::attention, KvWorkPart::logits};
      return {KvWorkPart::projections, KvWorkPart::attention, KvWorkPart::logits};
    case KvWorkSettings::Measure::bytes:
      return {KvWorkPart::weightsRead, KvWorkPart::kvRead, KvWorkPart::kvWritten};
    case KvWorkSettings::Measure::time:
      return {KvWorkPart::time};
  }
  return {};
}

std::vector<KvWorkPart> KvWorkModel::plotted() const {
  // The output layer works on the last row alone, cache or not; what is written is a row a token.
  std::vector<KvWorkPart> parts = this->parts();
  std::erase_if(parts,
                [](KvWorkPart part) { return part == KvWorkPart::logits || part == KvWorkPart::kvWritten; });
  return parts;
}

QString KvWorkModel::name(KvWorkPart part) const {
  const AttentionKind kind = ready() ? config().attention : AttentionKind::softmax;
  const bool isLinear = kind == AttentionKind::linear;
  const QString kept = isLinear                        ? tr("state")
                       : kind == AttentionKind::latent ? tr("c and kᴿ")
                                                       : tr("K and V");
  switch (part) {
    case KvWorkPart::projections:
      return tr("projections and MLP");
    case KvWorkPart::rebuild:
      return tr("rebuilding K and V");
    case KvWorkPart::attention:
      return isLinear ? tr("attention: S + φ(k)vᵀ and φ(q)S") : tr("attention: q·k and w·V");
    case KvWorkPart::logits:
      return tr("output layer");
    case KvWorkPart::weightsRead:
      return tr("weights read");
    case KvWorkPart::kvRead:
      return tr("%1 read").arg(kept);
    case KvWorkPart::kvWritten:
      return tr("%1 written").arg(kept);
    case KvWorkPart::time:
      return tr("time");
  }
  return {};
}

QString KvWorkModel::shortName(KvWorkPart part) const {
  return part == KvWorkPart::attention ? tr("attention") : name(part);
}

std::vector<double> KvWorkModel::counted(KvWorkPart part, const KvLane& lane) const {
  std::vector<double> values;
  double sum = 0;
  for (const StepRecord& step : lane.run->steps) {
    const double value = static_cast<double>(partOf(part, step));
    sum += value;
    values.push_back(m_settings.summed ? sum : value);
  }
  return values;
}

bool KvWorkModel::hasFormula() const {
  return m_settings.measure != KvWorkSettings::Measure::time && own().run->settings.rules.causalMask;
}

/// For the step's tokens, under the other setting of the cache too.
std::uint64_t KvWorkModel::formulaAt(KvWorkPart part, bool cacheOn, const StepRecord& step) const {
  const Model& model = *own().run->model->model;
  const int fed = step.firstNewPosition;
  return partOf(part, cacheOn ? forwardCost(model, step.tokensSeen - fed, fed)
                              : forwardCost(model, step.tokensSeen, 0));
}

std::vector<double> KvWorkModel::formula(KvWorkPart part, bool cacheOn) const {
  std::vector<double> values;
  if (!hasFormula()) return values;
  double sum = 0;
  for (const StepRecord& step : own().run->steps) {
    const double value = static_cast<double>(formulaAt(part, cacheOn, step));
    sum += value;
    values.push_back(m_settings.summed ? sum : value);
  }
  return values;
}

KvWorkModel::Cell KvWorkModel::cell(KvWorkPart part, bool cacheOn) const {
  Cell cell;
  const KvLane* lane = laneWith(cacheOn);
  if (!lane && !hasFormula()) return cell;
  cell.known = true;
  cell.isFormula = !lane;
  const KvLane& source = lane ? *lane : own();
  const int last = source.step.value;
  for (int s = m_settings.summed ? 1 : last; s <= last; ++s) {
    const StepRecord& step = source.run->steps[static_cast<std::size_t>(s - 1)];
    cell.value += lane ? partOf(part, step) : formulaAt(part, cacheOn, step);
  }
  return cell;
}

std::vector<KvWorkModel::Row> KvWorkModel::rows() const {
  std::vector<Row> rows;
  if (!ready()) return rows;
  Row sum;
  sum.isSum = true;
  for (const KvWorkPart part : parts()) {
    const Row row{shortName(part), cell(part, true), cell(part, false), false};
    if (part != KvWorkPart::kvWritten) {
      for (const auto& [total, add] :
           {std::pair(&sum.with, row.with), std::pair(&sum.without, row.without)}) {
        total->value += add.value;
        total->known = add.known;
        total->isFormula = add.isFormula;
      }
    }
    rows.push_back(row);
  }
  if (m_settings.measure == KvWorkSettings::Measure::time) return rows;
  sum.name = m_settings.measure == KvWorkSettings::Measure::macs ? tr("multiply-adds") : tr("bytes read");
  rows.insert(m_settings.measure == KvWorkSettings::Measure::macs ? rows.end() : rows.end() - 1, sum);
  return rows;
}

QString KvWorkModel::valueText(const Cell& cell, bool isShort) const {
  if (!cell.known) return QStringLiteral("–");
  switch (m_settings.measure) {
    case KvWorkSettings::Measure::macs:
      return isShort ? shortCount(cell.value) : countText(cell.value);
    case KvWorkSettings::Measure::bytes:
      return byteText(cell.value);
    case KvWorkSettings::Measure::time:
      return durationText(cell.value);
  }
  return {};
}

QString KvWorkModel::ratioText(const Row& row) {
  if (!row.with.known || !row.without.known || row.with.value == 0) return {};
  if (row.without.value == 0) return {};
  if (row.with.value == row.without.value) return QStringLiteral("=");
  const double ratio = static_cast<double>(row.without.value) / static_cast<double>(row.with.value);
  return QStringLiteral("×") + QLocale().toString(ratio, 'f', ratio < 10 ? 2 : ratio < 100 ? 1 : 0);
}

/// Over the positions that both lanes have fed and store; nothing when there is none, or their texts differ.
std::optional<double> KvWorkModel::laneDifference() const {
  if (m_lanes.size() < 2) return std::nullopt;
  const RunSnapshot &a = *m_lanes[0].run, &b = *m_lanes[1].run;
  if (!a.unmaskedSteps.empty() || !b.unmaskedSteps.empty()) return std::nullopt;
  if (m_firstRun != a.runId || m_secondRun != b.runId) m_differences.clear();
  m_firstRun = a.runId;
  m_secondRun = b.runId;
  const int tokens = std::min(m_lanes[0].record().tokensSeen, m_lanes[1].record().tokensSeen);
  std::optional<double> largest;
  for (int p = 0; p < tokens; ++p) {
    const auto at = static_cast<std::size_t>(p);
    if (a.tokens[at] != b.tokens[at]) return std::nullopt;
    if (at >= m_differences.size()) {
      const PositionTrace *first = a.trace(Position{p}), *second = b.trace(Position{p});
      m_differences.push_back(first && second ? largestDifference(a.model->config(), *first, *second) : -1.0);
    }
    if (m_differences[at] >= 0) largest = std::max(largest.value_or(0), m_differences[at]);
  }
  return largest;
}

QStringList KvWorkModel::differences() const {
  QStringList lines;
  if (!ready()) return lines;
  if (const KvLane* lane = laneWith(false)) {
    double largest = 0;
    bool again = false;
    for (int s = 0; s < lane->step.value; ++s) {
      const StepRecord& step = lane->run->steps[static_cast<std::size_t>(s)];
      largest = std::max(largest, step.maxAbsDiff);
      again = again || step.firstNewPosition > step.firstRow;
    }
    if (again && lane->record().traced)
      lines << tr("rows computed again differ from their first computation by at most %1")
                   .arg(differenceText(largest));
  }
  if (const std::optional<double> largest = laneDifference())
    lines << tr("the two lanes' rows differ by at most %1: the same sums, rounded in another order")
                 .arg(differenceText(*largest));
  return lines;
}

QStringList KvWorkModel::formulaLines() const {
  if (!ready() || !hasFormula() || m_settings.measure != KvWorkSettings::Measure::macs) return {};
  const ModelConfig& c = config();
  if (c.attention == AttentionKind::latent) return latentFormulaLines();
  if (c.attention == AttentionKind::linear) return linearFormulaLines();
  const auto number = [](int n) { return static_cast<std::uint64_t>(n); };
  const std::uint64_t layers = number(c.numHiddenLayers), width = number(c.hiddenSize),
                      query = number(c.queryWidth()), keys = number(c.keyValueWidth()),
                      inner = number(c.intermediateSize), products = c.gatedMlp ? 3 : 2;
  const std::uint64_t aRow = layers * (2 * width * query + 2 * width * keys + products * width * inner);
  const std::uint64_t aCell = layers * 2 * query;
  // The letters below are those of plain attention over K and V: another kind counts otherwise.
  const Counters one = forwardCost(c, 3, 5);
  const bool hasWindow = c.slidingWindow > 0;
  if (one.projectionMacs != 3 * aRow || (!hasWindow && one.attentionMacs != (3 * 5 + 6) * aCell)) return {};
  const bool shared = c.numKeyValueHeads != c.numAttentionHeads;
  return {tr("n new rows on m cached ones"),
          tr("projections  n · L · (%1 + %2·D·F)")
              .arg(shared ? QStringLiteral("2·D·H·d + 2·D·G·d") : QStringLiteral("4·D·H·d"))
              .arg(products),
          tr("  = n · %1").arg(groupedNumber(aRow)),
          hasWindow ? tr("attention  L · 2·H·d · cells, no more than %1 a row").arg(c.slidingWindow)
                    : tr("attention  L · 2·H·d · (n·m + n(n+1)/2)"),
          tr("  = %1 · cells").arg(groupedNumber(aCell)),
          tr("output layer  V·D = %1").arg(groupedNumber(one.logitMacs))};
}

/// The same of MLA: what its matrices cost is counted off forwardCost(), the letters say how.
QStringList KvWorkModel::latentFormulaLines() const {
  const ModelConfig& c = config();
  const Counters one = forwardCost(c, 1, 0), later = forwardCost(c, 1, 1);
  const QString queries = c.qLoraRank > 0 ? QStringLiteral("Q·(D + H·(n+r))") : QStringLiteral("D·H·(n+r)");
  return {tr("N new rows on m cached ones"),
          tr("projections  N · L · (%1 + D·(C+r) + C·H·(n+v) + H·v·D + %2·D·F)")
              .arg(queries)
              .arg(c.gatedMlp ? 3 : 2),
          tr("  = N · %1").arg(groupedNumber(one.projectionMacs)),
          tr("rebuilding  m · L · C·H·(n+v) = m · %1").arg(groupedNumber(later.rebuildMacs)),
          tr("attention  L · H·(n+r+v) · (N·m + N(N+1)/2)"),
          tr("  = %1 · cells").arg(groupedNumber(one.attentionMacs)),
          tr("output layer  V·D = %1").arg(groupedNumber(one.logitMacs))};
}

QStringList KvWorkModel::linearFormulaLines() const {
  const ModelConfig& c = config();
  const Counters one = forwardCost(c, 1, 0);
  return {tr("n new rows, however many came before"),
          tr("projections  n · L · (2·D·H·d + 2·D·G·d + %1·D·F)").arg(c.gatedMlp ? 3 : 2),
          tr("  = n · %1").arg(groupedNumber(one.projectionMacs)),
          tr("attention  n · L · (G·d² + H·(d² + d))"),
          tr("  = n · %1").arg(groupedNumber(one.attentionMacs)),
          tr("output layer  V·D = %1").arg(groupedNumber(one.logitMacs))};
}

QString KvWorkModel::title() const {
  const QString what = m_settings.measure == KvWorkSettings::Measure::macs    ? tr("Multiply-adds")
                       : m_settings.measure == KvWorkSettings::Measure::bytes ? tr("Bytes moved")
                                                                              : tr("Time");
  return m_settings.summed ? tr("%1, summed over the steps").arg(what) : tr("%1, step by step").arg(what);
}

QStringList KvWorkModel::subtitle() const {
  if (!ready()) return {};
  const StepRecord& step = own().record();
  QStringList parts{tr("step %1 of %2").arg(own().step.value).arg(own().run->stepCount()),
                    tr("%1 tokens").arg(step.tokensSeen)};
  const int t = step.tokensSeen, fed = step.firstNewPosition;
  if (!own().run->settings.rules.causalMask) return parts;
  if (config().attention == AttentionKind::linear) {
    parts << tr("without the cache %1 rows are added to the state anew; with it %2. There are no scores")
                 .arg(t)
                 .arg(t - fed);
    return parts;
  }
  // Cells a head: every row sees itself and what is before it, within a window.
  const auto cells = [&](int first) {
    std::uint64_t sum = 0;
    for (int row = first; row < t; ++row)
      sum += static_cast<std::uint64_t>(row + 1 - config().firstVisible(row));
    return groupedNumber(sum);
  };
  parts << tr("without the cache %1 rows and %2 score cells a head; with it %3 and %4")
               .arg(QString::number(t), cells(0), QString::number(t - fed), cells(fed));
  return parts;
}

QString KvWorkModel::note() const {
  if (!ready()) return {};
  if (m_lanes.size() < 2)
    return tr("One lane, so only its own setting is counted. Compare ▸ KV cache on · off adds the other.");
  if (m_settings.measure == KvWorkSettings::Measure::time && own().record().traced)
    return tr("These times include keeping every number for the views. The race measures without.");
  return {};
}

/// The sum of the parts, or the only part.
KvWorkModel::Row KvWorkModel::total() const {
  const std::vector<Row> rows = this->rows();
  const auto sum = std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.isSum; });
  return sum == rows.end() ? rows.front() : *sum;
}

QString KvWorkModel::cellText(const Cell& cell) const {
  return cell.isFormula ? tr("%1 (formula)").arg(valueText(cell)) : valueText(cell);
}

QString KvWorkModel::readout() const {
  if (!ready()) return {};
  const Row row = total();
  const QString words =
      tr("%1: %2 with the cache, %3 without").arg(row.name, cellText(row.with), cellText(row.without));
  const QString ratio = ratioText(row);
  return ratio.isEmpty() || ratio == QLatin1String("=") ? words : words + QStringLiteral(" (%1)").arg(ratio);
}

QString KvWorkModel::shortReadout() const {
  if (!ready()) return {};
  const Row row = total();
  return tr("%1 with, %2 without  %3")
      .arg(cellText(row.with), cellText(row.without), ratioText(row))
      .trimmed();
}

QString KvWorkModel::toolTip(StepIndex step) const {
  QString text = m_settings.summed ? tr("steps 1–%1").arg(step.value) : tr("step %1").arg(step.value);
  for (const KvLane& lane : m_lanes) {
    if (step.value > lane.run->stepCount()) continue;
    const auto at = static_cast<std::size_t>(step.value - 1);
    QStringList counts;
    for (const KvWorkPart part : parts()) {
      const auto value = static_cast<std::uint64_t>(counted(part, lane)[at]);
      counts << QStringLiteral("%1 %2").arg(name(part), valueText({value, false, true}));
    }
    text += QLatin1Char('\n') + (lane.run->steps[at].kvCache ? tr("with the cache") : tr("without")) +
            QStringLiteral(": ") + counts.join(QStringLiteral(" · "));
  }
  return text;
}

QString KvWorkModel::description() const {
  QString text = title() + QStringLiteral(". ") + readout() + QLatin1Char('.');
  for (const QString& line : differences()) text += QLatin1Char(' ') + line + QLatin1Char('.');
  return text;
}

std::vector<NamedTable> KvWorkModel::tables() const {
  if (!ready()) return {};
  NamedTable table;
  table.name = m_settings.summed ? QStringLiteral("work_summed") : QStringLiteral("work_per_step");
  std::vector<std::vector<double>> columns;
  for (const KvLane& lane : m_lanes) {
    // A lane may change its setting on the way.
    table.columns << QStringLiteral("kv_cache lane%1").arg(lane.index);
    columns.emplace_back();
    for (const StepRecord& step : lane.run->steps) columns.back().push_back(step.kvCache ? 1 : 0);
  }
  for (const KvWorkPart part : parts()) {
    for (const KvLane& lane : m_lanes) {
      table.columns
          << QStringLiteral("%1 lane%2 counted").arg(QLatin1String(columnName(part))).arg(lane.index);
      columns.push_back(counted(part, lane));
    }
    if (!hasFormula()) continue;
    for (const bool cacheOn : {true, false}) {
      const QString mode = cacheOn ? QStringLiteral("with_cache") : QStringLiteral("without_cache");
      table.columns << QStringLiteral("%1 %2 formula").arg(QLatin1String(columnName(part)), mode);
      columns.push_back(formula(part, cacheOn));
    }
  }
  const int steps = stepCount();
  for (int s = 0; s < steps; ++s) {
    table.rowLabels << QString::number(s + 1);
    for (const std::vector<double>& column : columns) {
      const auto at = static_cast<std::size_t>(s);
      table.values.push_back(at < column.size() ? static_cast<float>(column[at])
                                                : std::numeric_limits<float>::quiet_NaN());
    }
  }
  table.shape = {steps, static_cast<int>(columns.size())};
  return {table};
}

}  // namespace decodescope
