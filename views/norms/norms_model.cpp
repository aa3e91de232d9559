#include "views/norms/norms_model.h"

#include "core/ops/norm.h"
#include "views/panel_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("NormsView", text);
}

constexpr std::array kKinds{NormKind::layerNorm, NormKind::rmsNorm};

double largestDifference(std::span<const float> a, std::span<const float> b) {
  float largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]));
  return static_cast<double>(largest);
}

double valueOf(const RowStatistics& s, NormStatistic statistic) {
  switch (statistic) {
    case NormStatistic::mean:
      return s.mean;
    case NormStatistic::variance:
      return s.variance;
    case NormStatistic::rms:
      return s.rms();
  }
  return 0;
}

QString numbers(const RowStatistics& s) {
  return tr("mean %1, variance %2, RMS %3")
      .arg(signedNumber(s.mean, 4), signedNumber(s.variance, 4), signedNumber(s.rms(), 4));
}

}  // namespace

void NormsModel::present(const SessionSnapshot& session, const Selection& selection,
                         const NormsSettings& settings) {
  m_selection = clampTo(selection, session);
  m_settings = settings;
  m_run = session.lanes.empty() ? nullptr : session.lanes[static_cast<std::size_t>(m_selection.lane)].run;
  rebuild();
}

void NormsModel::setSettings(const NormsSettings& settings) {
  m_settings = settings;
  rebuild();
}

void NormsModel::choosePlace() {
  m_places = normPlaces(config());
  const Site wanted =
      m_settings.site.value_or(isNormSite(m_selection.site) ? m_selection.site : Site::inputLayernorm);
  m_place = {wanted, wanted == Site::norm ? kNoLayer : m_selection.layer};
  m_placeIsAsked = std::find(m_places.begin(), m_places.end(), m_place) != m_places.end();
  if (m_placeIsAsked) return;
  // A post-norm model has no norm in front of a layer, and none at the end: the layer's first.
  for (const NormPlace place : m_places) {
    if (place.layer == m_selection.layer) {
      m_place = place;
      return;
    }
  }
}

void NormsModel::rebuild() {
  m_rows.clear();
  m_columns.reset();
  for (std::vector<float>& map : m_maps) map.clear();
  m_tokens = 0;
  if (!m_run || !m_run->model) {
    m_state = State::noModel;
    m_run = nullptr;
    return;
  }
  choosePlace();
  m_tokens = m_run->tokensSeenAt(m_selection.step);
  if (m_tokens == 0) {
    m_state = State::nothingDecoded;
    return;
  }
  const PositionTrace* row = trace(m_selection.query);
  m_input = row ? normInput(config(), *row, m_place) : std::vector<float>();
  if (m_input.empty()) {
    m_state = State::notStored;
    return;
  }
  m_state = State::ready;
  m_changed = scaledAndShifted(m_input, m_settings.factor, m_settings.addend);
  m_statistics = rowStatistics(m_changed);
  const NormWeights weights = normWeightsAt(*m_run->model->model, m_place);
  const float eps = config().normEps;
  for (const NormKind kind : kKinds) {
    const float* beta = kind == NormKind::layerNorm ? weights.bias : nullptr;
    m_before[index(kind)] = normOf(kind, m_input, weights.weight, beta, eps);
    m_after[index(kind)] = normOf(kind, m_changed, weights.weight, beta, eps);
    m_plain[index(kind)] = normOf(kind, m_changed, nullptr, nullptr, eps);
    m_change[index(kind)] = largestDifference(m_before[index(kind)], m_after[index(kind)]);
  }
  m_difference.resize(m_input.size());
  for (std::size_t i = 0; i < m_difference.size(); ++i) m_difference[i] = m_after[0][i] - m_after[1][i];
  m_traceDifference =
      largestDifference(m_before[index(config().norm)], row->row(m_place.site, m_place.layer));
}

const PositionTrace* NormsModel::trace(Position position) const {
  const std::span<const PositionTracePtr> traces = m_run->tracesAt(m_selection.step);
  const auto at = static_cast<std::size_t>(position.value);
  return at < traces.size() ? traces[at].get() : nullptr;
}

void NormsModel::measure() const {
  const int step = m_run->unmaskedSteps.empty() ? 0 : m_selection.step.value;
  if (m_measuredRun != m_run->runId || m_measuredStep != step) {
    m_measured.clear();
    m_measuredRun = m_run->runId;
    m_measuredStep = step;
  }
  if (static_cast<int>(m_measured.size()) < m_tokens) m_measured.resize(static_cast<std::size_t>(m_tokens));
  for (int t = 0; t < m_tokens; ++t) {
    std::vector<RowStatistics>& row = m_measured[static_cast<std::size_t>(t)];
    const PositionTrace* rows = trace(Position{t});
    if (!rows || !row.empty()) continue;
    for (const NormPlace place : m_places) row.push_back(rowStatistics(normInput(config(), *rows, place)));
  }
}

const std::vector<float>& NormsModel::statisticMap(NormStatistic statistic) const {
  std::vector<float>& map = m_maps[static_cast<std::size_t>(statistic)];
  if (!map.empty()) return map;
  measure();
  map.assign(m_places.size() * static_cast<std::size_t>(m_tokens), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t p = 0; p < m_places.size(); ++p) {
    for (std::size_t t = 0; t < static_cast<std::size_t>(m_tokens); ++t) {
      // What was dropped from the trace is not shown, measured before or not.
      if (isStored(static_cast<int>(t)))
        map[p * static_cast<std::size_t>(m_tokens) + t] =
            static_cast<float>(valueOf(m_measured[t][p], statistic));
    }
  }
  return map;
}

const std::vector<float>& NormsModel::rows() const {
  if (!m_rows.empty()) return m_rows;
  const auto d = static_cast<std::size_t>(width());
  m_rows.assign(static_cast<std::size_t>(m_tokens) * d, std::numeric_limits<float>::quiet_NaN());
  for (int t = 0; t < m_tokens; ++t) {
    const PositionTrace* rows = trace(Position{t});
    if (!rows) continue;
    const std::vector<float> row = normInput(config(), *rows, m_place);
    std::copy(row.begin(), row.end(),
              m_rows.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(t) * d));
  }
  return m_rows;
}

const ColumnStatistics& NormsModel::columns() const {
  if (m_columns) return *m_columns;
  const auto d = static_cast<std::size_t>(width());
  std::vector<float> stored;
  for (int t = 0; t < m_tokens; ++t) {
    if (!isStored(t)) continue;
    const auto first = rows().begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(t) * d);
    stored.insert(stored.end(), first, first + static_cast<std::ptrdiff_t>(d));
  }
  m_columns = columnStatistics({stored.data(), static_cast<int>(stored.size() / d), width()});
  return *m_columns;
}

RowStatistics NormsModel::rowStatisticsOf(int token) const {
  const auto d = static_cast<std::size_t>(width());
  return rowStatistics(std::span(rows()).subspan(static_cast<std::size_t>(token) * d, d));
}

QString NormsModel::label(int position) const {
  const TokenId id = m_run->tokens[static_cast<std::size_t>(position)];
  return m_run->model->tokenizer ? QString::fromStdString(m_run->model->tokenizer->shownPiece(id))
                                 : QString::number(id.value);
}

QString NormsModel::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), label(position));
}

QString NormsModel::shortPlaceName(NormPlace place) const {
  switch (place.site) {
    case Site::inputLayernorm:
      return QStringLiteral("input_layernorm");
    case Site::postAttentionLayernorm:
      return QStringLiteral("post_attention_layernorm");
    case Site::postFeedforwardLayernorm:
      return QStringLiteral("post_feedforward_layernorm");
    default:
      return QStringLiteral("norm");
  }
}

QString NormsModel::placeName(NormPlace place) const {
  if (place.layer == kNoLayer) return tr("norm, before the output layer");
  return tr("layer %1 · %2").arg(QString::number(place.layer.value), shortPlaceName(place));
}

QString NormsModel::statisticName(NormStatistic statistic) const {
  switch (statistic) {
    case NormStatistic::mean:
      return tr("mean μ");
    case NormStatistic::variance:
      return tr("variance σ²");
    case NormStatistic::rms:
      return tr("RMS");
  }
  return {};
}

QString NormsModel::kindName(NormKind kind) const {
  return kind == NormKind::layerNorm ? QStringLiteral("LayerNorm") : QStringLiteral("RMSNorm");
}

QString NormsModel::formula(NormKind kind) const {
  if (kind == NormKind::rmsNorm) return QStringLiteral("γ · x / √(mean(x²) + ε)");
  const bool hasBeta = normWeightsAt(*m_run->model->model, m_place).bias != nullptr;
  return hasBeta ? QStringLiteral("γ · (x − μ) / √(σ² + ε) + β") : tr("γ · (x − μ) / √(σ² + ε), β = 0");
}

QString NormsModel::costText(NormKind kind) const {
  const NormCost cost = normCost(kind, width());
  const auto grouped = [](long long n) { return groupedNumber(static_cast<std::uint64_t>(n)); };
  return (cost.statistics == 1 ? tr("1 statistic: %1 +, %2 ×, %3 ÷, 1 √")
                               : tr("2 statistics: %1 +, %2 ×, %3 ÷, 1 √"))
      .arg(grouped(cost.additions), grouped(cost.products), grouped(cost.divisions));
}

QString NormsModel::changeText(NormKind kind) const {
  const double change = m_change[index(kind)];
  return change == 0 ? tr("output unchanged") : tr("output changed by at most %1").arg(shortNumber(change));
}

QString NormsModel::title() const {
  if (m_state != State::ready) return tr("Norms");
  switch (m_settings.panel) {
    case NormsPanel::row:
      return tr("LayerNorm and RMSNorm · %1").arg(placeName(m_place));
    case NormsPanel::histogram:
      return tr("Before and after the norm · %1").arg(placeName(m_place));
    case NormsPanel::layers:
      return tr("What enters each norm");
    case NormsPanel::columns:
      return tr("By row or by column · %1").arg(placeName(m_place));
  }
  return {};
}

QStringList NormsModel::facts() const {
  if (m_state != State::ready) return {};
  QStringList facts;
  if (m_settings.panel == NormsPanel::layers) {
    facts << tr("each token's residual before the norm, over its D = %1 numbers").arg(width());
  } else if (m_settings.panel == NormsPanel::columns) {
    facts << tr("%1 tokens × D = %2").arg(m_tokens).arg(width());
  } else {
    facts << tr("the residual of token %1, D = %2").arg(tokenText(m_selection.query.value)).arg(width());
  }
  if (!m_placeIsAsked && m_settings.panel != NormsPanel::layers)
    facts << tr("this model has no such norm: the layer's first is shown");
  facts << tr("this model's norm: %1, ε = %2")
               .arg(kindName(config().norm), QString::number(static_cast<double>(config().normEps), 'g', 3));
  if (m_settings.panel == NormsPanel::row || m_settings.panel == NormsPanel::histogram) {
    if (isChanged())
      facts << tr("what if: x is multiplied by %1, plus %2")
                   .arg(signedNumber(m_settings.factor, 1), signedNumber(m_settings.addend, 1));
    else if (!m_settings.site)
      facts << (isNormSite(m_selection.site) ? tr("as on the map")
                                             : tr("the map shows no norm: the layer's first"));
  }
  return facts;
}

QStringList NormsModel::notes() const {
  if (m_state != State::ready) return {};
  switch (m_settings.panel) {
    case NormsPanel::row:
      return {
          tr("Adding a constant moves the mean only: LayerNorm takes it out again (re-centring), RMSNorm "
             "does not. Multiplying moves σ and RMS alike: both divide it out, but for ε (re-scaling).")};
    case NormsPanel::histogram:
      return {
          tr("A norm shifts and scales: LayerNorm's row has mean 0 and variance 1, RMSNorm's a mean "
             "square of 1. The shape stays: it does not become Gaussian. Shown without γ and β.")};
    case NormsPanel::layers:
      return {tr("Click a cell to see that token and that norm.")};
    case NormsPanel::columns:
      return {
          tr("LayerNorm and RMSNorm take each row by itself, so a token's output does not depend on the "
             "others. BatchNorm takes each column over the batch: every further token would change it.")};
  }
  return {};
}

QString NormsModel::elementToolTip(int element) const {
  const auto i = static_cast<std::size_t>(element);
  const NormWeights weights = normWeightsAt(*m_run->model->model, m_place);
  const auto number = [](float v) { return signedNumber(static_cast<double>(v), 4); };
  QString text = tr("element %1: x = %2, γ = %3")
                     .arg(QString::number(element), number(m_changed[i]), number(weights.weight[i]));
  if (weights.bias) text += tr(", β = %1").arg(number(weights.bias[i]));
  for (const NormKind kind : kKinds)
    text += QStringLiteral("\n%1: %2").arg(kindName(kind), number(m_after[index(kind)][i]));
  return text + QLatin1Char('\n') + tr("difference: %1").arg(number(m_difference[i]));
}

QString NormsModel::mapToolTip(int place, int token) const {
  const NormPlace at = m_places[static_cast<std::size_t>(place)];
  QString text = tr("token %1\n%2").arg(tokenText(token), placeName(at));
  if (!isStored(token)) return text + QLatin1Char('\n') + tr("not stored any more (trace budget)");
  measure();
  return text + QLatin1Char('\n') +
         numbers(m_measured[static_cast<std::size_t>(token)][static_cast<std::size_t>(place)]);
}

QString NormsModel::cellToolTip(int token, int element) const {
  const QString place = tr("token %1, element %2").arg(tokenText(token), QString::number(element));
  if (!isStored(token)) return place + QLatin1Char('\n') + tr("not stored any more (trace budget)");
  const auto column = static_cast<std::size_t>(element);
  const float v = rows()[static_cast<std::size_t>(token) * static_cast<std::size_t>(width()) + column];
  return tr("%1: %2\nits row: %3\nits column: mean %4, variance %5")
      .arg(place, signedNumber(static_cast<double>(v), 4), numbers(rowStatisticsOf(token)),
           signedNumber(columns().mean[column], 4), signedNumber(columns().variance[column], 4));
}

QString NormsModel::emptyTitle() const {
  switch (m_state) {
    case State::noModel:
      return tr("No model is open");
    case State::notStored:
      return tr("Not stored any more");
    default:
      return tr("Nothing is normalised yet");
  }
}

QString NormsModel::emptyText() const {
  switch (m_state) {
    case State::noModel:
      return tr("Open a model: the residual of each token appears here, before and after each norm.");
    case State::notStored:
      return tr("The rows of token %1 were dropped to keep within the trace budget. Choose a later token.")
          .arg(m_selection.query.value);
    default:
      return tr("Make a step: each token's residual passes %1 norms.").arg(m_places.size());
  }
}

QString NormsModel::description() const {
  if (m_state != State::ready) return emptyTitle() + QStringLiteral(". ") + emptyText();
  return tr("%1. %2. %3. LayerNorm: %4. RMSNorm: %5.")
      .arg(title(), facts().join(QStringLiteral(", ")), numbers(m_statistics),
           changeText(NormKind::layerNorm), changeText(NormKind::rmsNorm));
}

}  // namespace decodescope
