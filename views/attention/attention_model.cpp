#include "views/attention/attention_model.h"

#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

/// Weights below this share one colour on a logarithmic scale.
constexpr double kSmallestWeight = 1e-4;

QString minus(QString number) {
  return number.replace(QLatin1Char('-'), QChar(0x2212));
}

}  // namespace

void AttentionModel::present(const SessionSnapshot& session, const Selection& selection,
                             const AttentionSettings& settings) {
  m_settings = settings;
  m_selection = clampTo(selection, session);
  m_tokens = m_heads = m_firstNew = m_firstComputed = m_missingRows = 0;
  m_headsPerGroup = 1;
  m_causal = true;
  if (session.lanes.empty() || !session.lanes[static_cast<std::size_t>(m_selection.lane)].run->model) {
    m_state = State::noModel;
    m_run = nullptr;
    m_labels.clear();
    return;
  }
  const RunSnapshotPtr run = session.lanes[static_cast<std::size_t>(m_selection.lane)].run;
  const bool sameTokens = m_run && m_run->runId == run->runId && m_run->model == run->model;
  m_run = run;
  const ModelConfig& config = run->model->config();
  m_heads = config.numAttentionHeads;
  m_headsPerGroup = config.queryHeadsPerKeyValueHead();
  m_tokens = run->tokensSeenAt(m_selection.step);
  if (!sameTokens) m_labels.clear();
  // Tokens of a run are never changed, only added.
  m_labels.resize(std::min<qsizetype>(m_labels.size(), m_tokens));
  for (int p = static_cast<int>(m_labels.size()); p < m_tokens; ++p) {
    const TokenId id = run->tokens[static_cast<std::size_t>(p)];
    m_labels.append(run->model->tokenizer ? QString::fromStdString(run->model->tokenizer->shownPiece(id))
                                          : QString::number(id.value));
  }
  if (m_tokens == 0) {
    m_state = State::nothingDecoded;
    return;
  }
  m_state = State::ready;
  const StepRecord& step = run->steps[static_cast<std::size_t>(m_selection.step.value - 1)];
  m_firstNew = step.firstNewPosition;
  m_firstComputed = std::min(step.firstRow, step.firstNewPosition);
  m_causal = hasCausalMask(*run, m_tokens);
  m_cache.prepare(*run, m_selection.layer, settings.stage, m_tokens);
  for (int q = 0; q < m_tokens; ++q) m_missingRows += m_cache.row(m_selection.head, q).empty() ? 1 : 0;
  chooseScale();
}

void AttentionModel::chooseScale() {
  m_scale = {};
  m_scale.kind = m_settings.scale;
  if (m_settings.stage == ScoreStage::weight) {
    // The same range for every head and step: 0 … 1 whatever the rows hold, so that pictures can be compared.
    m_scale.map = m_settings.map;
    m_scale.lo = m_settings.scale == ColorScale::Kind::logarithmic ? kSmallestWeight : 0;
    m_scale.hi = 1;
    return;
  }
  // Scores: one symmetric range for all heads of the layer, so that the thumbnails share the colour bar.
  float largest = 0;
  for (int h = 0; h < m_heads; ++h) {
    for (int q = 0; q < m_tokens; ++q) largest = std::max(largest, m_cache.rowMax(HeadIndex{h}, q));
  }
  m_scale.map = Colormap::diverging;
  m_scale.hi = largest > 0 ? static_cast<double>(largest) : 1.0;
  m_scale.lo = -m_scale.hi;
}

std::optional<double> AttentionModel::scaleEnd() const {
  if (m_state != State::ready || m_settings.stage == ScoreStage::weight) return std::nullopt;
  return m_scale.hi;
}

void AttentionModel::setScaleEnd(double end) {
  if (!scaleEnd()) return;
  m_scale.hi = end;
  m_scale.lo = -end;
}

HeatmapRows AttentionModel::rows(HeadIndex head) const {
  HeatmapRows matrix;
  matrix.columns = m_tokens;
  for (int q = 0; q < m_tokens; ++q) {
    matrix.rows.push_back(m_cache.row(head, q));
    matrix.rowMax.push_back(m_cache.rowMax(head, q));
  }
  return matrix;
}

std::optional<float> AttentionModel::value(int query, int key) const {
  if (m_state != State::ready || query < 0 || query >= m_tokens || key < 0) return std::nullopt;
  const std::span<const float> row = m_cache.row(m_selection.head, query);
  if (key >= static_cast<int>(row.size())) return std::nullopt;
  return row[static_cast<std::size_t>(key)];
}

AttentionModel::Values AttentionModel::allStages(int query, int key) const {
  const auto at = [&](ScoreStage stage) -> std::optional<float> {
    if (stage == m_settings.stage) return value(query, key);
    const std::span<const PositionTracePtr> positions(m_run->positions.data(),
                                                      static_cast<std::size_t>(m_tokens));
    const std::vector<float> row = attentionRow(m_run->model->config(), positions, m_selection.layer,
                                                m_selection.head, Position{query}, stage);
    if (key >= static_cast<int>(row.size())) return std::nullopt;
    return row[static_cast<std::size_t>(key)];
  };
  return {at(ScoreStage::raw), at(ScoreStage::scaled), at(ScoreStage::weight)};
}

bool AttentionModel::struckOut(int query, int key) const {
  const PositionTrace* trace = m_run->trace(Position{query});
  const KvHeadIndex kvHead = m_run->model->config().keyValueHeadOf(m_selection.head);
  return trace && trace->rules() &&
         trace->rules()->hides(m_selection.layer, kvHead, Position{key}, Position{query});
}

QString AttentionModel::absence(int query, int key) const {
  if (m_causal && key > query) return tr("masked, a query sees keys up to itself only");
  const std::optional<float> v = value(query, key);
  if (!v) return tr("not stored any more (trace budget)");
  if (struckOut(query, key)) return tr("struck out, the query does not see this key");
  return {};
}

QString AttentionModel::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), m_labels[position]);
}

QString AttentionModel::stageName() const {
  switch (m_settings.stage) {
    case ScoreStage::raw:
      return tr("Raw scores");
    case ScoreStage::scaled:
      return tr("Scaled scores");
    case ScoreStage::weight:
      return tr("Attention weights");
  }
  return {};
}

QString AttentionModel::formula() const {
  const QString d = QString::number(m_run->model->config().headDim);
  const bool rotary = m_run->model->config().position == PositionKind::rotary;
  const QString product = rotary ? QStringLiteral("q′·k′") : QStringLiteral("q·k");
  QString text;
  switch (m_settings.stage) {
    case ScoreStage::raw:
      text = QStringLiteral("s = %1").arg(product);
      break;
    case ScoreStage::scaled:
      text = QStringLiteral("s = %1 / √d, d = %2").arg(product, d);
      break;
    case ScoreStage::weight:
      text = tr("softmax(%1 / √d) over the keys each query may see, d = %2").arg(product, d);
      break;
  }
  if (rotary) text += tr(" (q′, k′: after RoPE)");
  return text;
}

QString AttentionModel::title() const {
  if (m_state == State::noModel) return stageName();
  return tr("%1 · layer %2 · head %3")
      .arg(stageName(), QString::number(m_selection.layer.value), QString::number(m_selection.head.value));
}

QString AttentionModel::headRole(HeadIndex head) const {
  if (!m_run) return {};
  QStringList roles;
  for (const NotableHead& notable : m_run->model->card.heads) {
    if (notable.layer == m_selection.layer && notable.head == head)
      roles << QString::fromStdString(notable.role);
  }
  return roles.join(QStringLiteral(", "));
}

QStringList AttentionModel::subtitle() const {
  if (m_state != State::ready) return {};
  QStringList parts{formula()};
  parts << tr("step %1 of %2").arg(m_selection.step.value).arg(m_run->stepCount());
  if (m_headsPerGroup > 1) {
    const int kv = m_selection.head.value / m_headsPerGroup;
    parts << tr("reads key/value head %1, shared by heads %2–%3")
                 .arg(kv)
                 .arg(kv * m_headsPerGroup)
                 .arg((kv + 1) * m_headsPerGroup - 1);
  }
  const PositionTrace* last = m_run->trace(Position{m_tokens - 1});
  if (last && last->rules() &&
      last->rules()->strikes(m_selection.layer, m_selection.head, Position{m_tokens - 1}))
    parts << tr("what-if: this head is struck out, its context is zero");
  if (!m_causal) parts << tr("what-if: no causal mask, every query sees every token fed so far");
  const QString role = headRole(m_selection.head);
  if (!role.isEmpty()) parts << tr("known for: %1").arg(role);
  return parts;
}

QString AttentionModel::readout(int query, int key) const {
  if (m_state != State::ready || query >= m_tokens || key >= m_tokens) return {};
  const QString from = tr("query %1 → key %2").arg(tokenText(query), tokenText(key));
  const QString missing = absence(query, key);
  if (!missing.isEmpty()) return QStringLiteral("%1: %2").arg(from, missing);
  const Values v = allStages(query, key);
  const auto number = [](float x) { return minus(shortNumber(static_cast<double>(x))); };
  return tr("%1:  q·k %2  ÷ √%3 = %4  → softmax → weight %5")
      .arg(from, number(*v.raw), QString::number(m_run->model->config().headDim), number(*v.scaled),
           number(*v.weight));
}

QString AttentionModel::shortReadout(int query, int key) const {
  if (m_state != State::ready || query >= m_tokens || key >= m_tokens) return {};
  const QString from = tr("%1 → %2").arg(tokenText(query), tokenText(key));
  const QString missing = absence(query, key);
  return QStringLiteral("%1: %2").arg(
      from, missing.isEmpty() ? minus(shortNumber(static_cast<double>(*value(query, key)))) : missing);
}

QString AttentionModel::toolTip(int query, int key) const {
  if (m_state != State::ready || query >= m_tokens || key >= m_tokens) return {};
  QString text = tr("query %1\nkey %2").arg(tokenText(query), tokenText(key)) + QLatin1Char('\n');
  const QString missing = absence(query, key);
  if (!missing.isEmpty()) return text + missing;
  const Values v = allStages(query, key);
  const auto number = [](float x) { return minus(shortNumber(static_cast<double>(x))); };
  const QString d = QString::number(m_run->model->config().headDim);
  switch (m_settings.stage) {
    case ScoreStage::raw:
      return text + tr("raw score %1 = q·k over %2 numbers").arg(number(*v.raw), d);
    case ScoreStage::scaled:
      return text + tr("scaled score %1 = %2 / √%3").arg(number(*v.scaled), number(*v.raw), d);
    case ScoreStage::weight:
      return text + tr("weight %1 = exp(%2) / Σ exp over %3 keys")
                        .arg(number(*v.weight), number(*v.scaled),
                             QString::number(m_cache.row(m_selection.head, query).size()));
  }
  return text;
}

QString AttentionModel::headToolTip(HeadIndex head) const {
  QString text = tr("layer %1, head %2").arg(m_selection.layer.value).arg(head.value);
  if (m_headsPerGroup > 1)
    text += QLatin1Char('\n') + tr("reads key/value head %1").arg(head.value / m_headsPerGroup);
  const QString role = headRole(head);
  if (!role.isEmpty()) text += QLatin1Char('\n') + tr("known for: %1").arg(role);
  return text + QLatin1Char('\n') + tr("Click to show this head");
}

QString AttentionModel::emptyTitle() const {
  return m_state == State::noModel ? tr("No model is open") : tr("Nothing has been decoded yet");
}

QString AttentionModel::emptyText() const {
  if (m_state == State::noModel)
    return tr("Open a model: every query's attention over the keys it can see appears here, head by head.");
  if (m_run->promptLength == 0)
    return tr("Type a prompt and make a step: the attention of all %1 heads of layer %2 appears here.")
        .arg(m_heads)
        .arg(m_selection.layer.value);
  return tr("Make a step (Space in the window): the %1 tokens of the prompt are fed, and the attention of "
            "all %2 heads "
            "of layer %3 appears here.")
      .arg(m_run->promptLength)
      .arg(m_heads)
      .arg(m_selection.layer.value);
}

QString AttentionModel::scaleTitle() const {
  switch (m_settings.stage) {
    case ScoreStage::raw:
      return tr("q·k (no unit)");
    case ScoreStage::scaled:
      return tr("score (no unit)");
    case ScoreStage::weight:
      return tr("weight (a row sums to 1)");
  }
  return {};
}

QString AttentionModel::shortScaleTitle() const {
  switch (m_settings.stage) {
    case ScoreStage::raw:
      return QStringLiteral("q·k");
    case ScoreStage::scaled:
      return tr("score");
    case ScoreStage::weight:
      return tr("weight");
  }
  return {};
}

QString AttentionModel::cellText(float value) const {
  if (m_settings.stage == ScoreStage::weight) {
    if (value > 0 && value < 0.005f) return QStringLiteral("<.01");
    return QString::number(static_cast<double>(value), 'f', 2);
  }
  const double size = std::abs(static_cast<double>(value));
  return minus(QString::number(static_cast<double>(value), 'f', size >= 100 ? 0 : size >= 10 ? 1 : 2));
}

std::vector<std::pair<double, QString>> AttentionModel::ticks() const {
  std::vector<std::pair<double, QString>> result;
  if (m_scale.kind == ColorScale::Kind::perRow) {
    if (m_scale.isSigned()) return {{0, tr("−row max")}, {0.5, QStringLiteral("0")}, {1, tr("row max")}};
    return {{0, QStringLiteral("0")}, {1, tr("row max")}};
  }
  if (m_scale.kind == ColorScale::Kind::logarithmic && !m_scale.isSigned()) {
    for (double v = m_scale.lo; v <= m_scale.hi * 1.0001; v *= 10) {
      const QString text =
          v <= m_scale.lo * 1.0001 ? QStringLiteral("≤ %1").arg(v, 0, 'g', 1) : QString::number(v, 'g', 1);
      result.emplace_back(m_scale.position(v, 0), text);
    }
    return result;
  }
  if (m_scale.isSigned()) {
    // Round numbers inside the range, and its ends.
    const double step = std::pow(10, std::floor(std::log10(m_scale.hi)));
    const double tick = m_scale.hi / step >= 5 ? 2 * step : m_scale.hi / step >= 2 ? step : step / 2;
    if (m_scale.kind == ColorScale::Kind::logarithmic) {
      for (const double v : {-m_scale.hi, -m_scale.hi / 8, 0.0, m_scale.hi / 8, m_scale.hi})
        result.emplace_back(m_scale.position(v, 0), minus(QString::number(v, 'g', 2)));
      return result;
    }
    for (int i = -static_cast<int>(m_scale.hi / tick); i * tick <= m_scale.hi; ++i)
      result.emplace_back(m_scale.position(i * tick, 0), minus(QString::number(i * tick, 'g', 3)));
    return result;
  }
  for (int i = 0; i <= 4; ++i) {
    const double v = m_scale.lo + (m_scale.hi - m_scale.lo) * i / 4;
    result.emplace_back(i / 4.0, QString::number(v, 'g', 3));
  }
  return result;
}

QString AttentionModel::description() const {
  if (m_state != State::ready) return emptyTitle() + QStringLiteral(". ") + emptyText();
  QString text = tr("%1, %2 by %2 tokens, step %3.").arg(title()).arg(m_tokens).arg(m_selection.step.value);
  return text + QLatin1Char(' ') + readout(m_selection.query.value, m_selection.key.value) + QLatin1Char('.');
}

std::vector<NamedTable> AttentionModel::tables() const {
  if (m_state != State::ready) return {};
  const char* name = m_settings.stage == ScoreStage::weight   ? "weights"
                     : m_settings.stage == ScoreStage::scaled ? "scores"
                                                              : "raw_scores";
  NamedTable table;
  table.name = QStringLiteral("layers.%1.self_attn.%2.head%3")
                   .arg(QString::number(m_selection.layer.value), QLatin1String(name),
                        QString::number(m_selection.head.value));
  table.shape = {m_tokens, m_tokens};
  // As in a dump: masked cells weigh nothing and score −∞; rows that are not stored are NaN.
  const float masked =
      m_settings.stage == ScoreStage::weight ? 0.0f : -std::numeric_limits<float>::infinity();
  table.values.assign(static_cast<std::size_t>(m_tokens) * static_cast<std::size_t>(m_tokens), masked);
  for (int q = 0; q < m_tokens; ++q) {
    table.columns << tokenText(q);
    table.rowLabels << tokenText(q);
    const std::span<const float> row = m_cache.row(m_selection.head, q);
    const auto start = table.values.begin() + static_cast<std::ptrdiff_t>(q) * m_tokens;
    if (row.empty()) std::fill_n(start, m_tokens, std::numeric_limits<float>::quiet_NaN());
    std::copy(row.begin(), row.end(), start);
    for (int k = 0; k < static_cast<int>(row.size()); ++k) {
      if (struckOut(q, k)) start[k] = masked;
    }
  }
  return {table};
}

}  // namespace decodescope
