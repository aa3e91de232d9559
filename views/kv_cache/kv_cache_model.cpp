#include "views/kv_cache/kv_cache_model.h"

#include "core/attention/attention_rows.h"
#include "core/cost/decode_cost.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

float largest(std::span<const float> row) {
  float m = 0;
  for (const float v : row) {
    if (std::isfinite(v)) m = std::max(m, std::abs(v));
  }
  return m;
}

double norm(std::span<const float> row) {
  double sum = 0;
  for (const float v : row) sum += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(sum);
}

QString firstNumbers(std::span<const float> row) {
  QStringList numbers;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, row.size()); ++i)
    numbers << QString::number(static_cast<double>(row[i]), 'f', 2).replace(QLatin1Char('-'), QChar(0x2212));
  if (row.size() > 4) numbers << QString(QChar(0x2026));
  return QStringLiteral("[%1]").arg(numbers.join(QStringLiteral(", ")));
}

}  // namespace

void KvCacheModel::present(const SessionSnapshot& session, const Selection& selection) {
  m_selection = clampTo(selection, session);
  m_tokens = m_missingRows = 0;
  m_capacity = 16;
  m_keyMax = m_valueMax = 0;
  if (session.lanes.empty() || !session.lanes[static_cast<std::size_t>(m_selection.lane)].run->model) {
    m_state = State::noModel;
    m_run = nullptr;
    return;
  }
  m_run = session.lanes[static_cast<std::size_t>(m_selection.lane)].run;
  const ModelConfig& config = m_run->model->config();
  m_layers = config.numHiddenLayers;
  m_kvHeads = config.numKeyValueHeads;
  m_headsPerGroup = config.queryHeadsPerKeyValueHead();
  m_headDim = config.headDim;
  m_tokens = m_run->tokensSeenAt(m_selection.step);
  m_cacheOn = m_run->settings.kvCache;
  if (m_tokens == 0) {
    m_state = State::nothingDecoded;
    return;
  }
  m_cacheOn = step().kvCache;
  if (config.attention != AttentionKind::softmax) {
    m_state = State::lacking;
    return;
  }
  m_state = State::ready;
  while (m_capacity < m_tokens) m_capacity *= 2;
  m_capacity = std::max(m_tokens, std::min(m_capacity, config.maxPositionEmbeddings));
  measure();
}

void KvCacheModel::measure() {
  // Without a mask every step has rows of its own.
  if (m_measuredRun != m_run->runId || !m_run->unmaskedSteps.empty()) {
    m_extents.clear();
    m_measuredRun = m_run->runId;
  }
  if (static_cast<int>(m_extents.size()) < m_tokens) m_extents.resize(static_cast<std::size_t>(m_tokens));
  for (int p = 0; p < m_tokens; ++p) {
    Extent& extent = m_extents[static_cast<std::size_t>(p)];
    const bool stored = trace(p) != nullptr;
    if (!stored) ++m_missingRows;
    if (stored && !extent.known) {
      for (int layer = 0; layer < m_layers; ++layer) {
        for (int g = 0; g < m_kvHeads; ++g) {
          extent.key = std::max(extent.key, largest(keyRow(LayerIndex{layer}, KvHeadIndex{g}, p)));
          extent.value = std::max(extent.value, largest(valueRow(LayerIndex{layer}, KvHeadIndex{g}, p)));
        }
      }
      extent.known = true;
    }
    m_keyMax = std::max(m_keyMax, extent.key);
    m_valueMax = std::max(m_valueMax, extent.value);
  }
}

std::span<const StepRecord> KvCacheModel::steps() const {
  return m_run ? std::span<const StepRecord>(m_run->steps) : std::span<const StepRecord>();
}

/// The position's rows as the shown step saw them; nullptr where they are not stored.
const PositionTrace* KvCacheModel::trace(int position) const {
  const std::span<const PositionTracePtr> traces = m_run->tracesAt(m_selection.step);
  const auto at = static_cast<std::size_t>(position);
  return at < traces.size() ? traces[at].get() : nullptr;
}

/// What the step's last row was computed under.
const AttentionRules& KvCacheModel::rules() const {
  static const AttentionRules kNone;
  const PositionTrace* last = trace(m_tokens - 1);
  if (!last) return m_run->settings.rules;
  return last->rules() ? *last->rules() : kNone;
}

bool KvCacheModel::headStruck(LayerIndex layer, HeadIndex head) const {
  return rules().strikes(layer, head, Position{m_tokens - 1});
}

int KvCacheModel::struckHeadsOf(LayerIndex layer, KvHeadIndex head) const {
  int struck = 0;
  for (int h = head.value * m_headsPerGroup; h < (head.value + 1) * m_headsPerGroup; ++h)
    struck += headStruck(layer, HeadIndex{h}) ? 1 : 0;
  return struck;
}

std::vector<int> KvCacheModel::struckRows(LayerIndex layer, KvHeadIndex head) const {
  std::vector<int> rows;
  const AttentionRules& rules = this->rules();
  for (const AttentionRules::StruckRow& row : rules.struckRows) {
    if (row.position.value < m_tokens && row.layer == layer && row.head == head &&
        rules.hides(layer, head, row.position, Position{m_tokens - 1}))
      rows.push_back(row.position.value);
  }
  return rows;
}

bool KvCacheModel::anyStruck() const {
  const AttentionRules& r = rules();
  const int last = m_tokens - 1;
  return std::any_of(r.struckHeads.begin(), r.struckHeads.end(),
                     [&](const auto& struck) { return struck.from.value <= last; }) ||
         std::any_of(r.struckRows.begin(), r.struckRows.end(),
                     [&](const auto& struck) { return struck.from.value <= last; });
}

StrikeOffer KvCacheModel::strikeRow(LayerIndex layer, KvHeadIndex head, int position) const {
  StrikeOffer offer;
  offer.title = tr("Strike out K and V of position %1 in layer %2, %3")
                    .arg(tokenText(position), QString::number(layer.value), groupName(head));
  offer.rows.push_back({layer, head, Position{position}});
  return offer;
}

StrikeOffer KvCacheModel::strikeHead(LayerIndex layer, HeadIndex head) const {
  return {tr("Strike out query head %1 of layer %2").arg(head.value).arg(layer.value), {{layer, head}}, {}};
}

StrikeOffer KvCacheModel::strikeGroup(LayerIndex layer, KvHeadIndex head) const {
  if (m_headsPerGroup == 1) return strikeHead(layer, HeadIndex{head.value});
  const int first = head.value * m_headsPerGroup, last = first + m_headsPerGroup - 1;
  StrikeOffer offer;
  offer.title = tr("Strike out group %1 of layer %2: query heads %3–%4")
                    .arg(head.value)
                    .arg(layer.value)
                    .arg(first)
                    .arg(last);
  for (int h = first; h <= last; ++h) offer.heads.push_back({layer, HeadIndex{h}});
  return offer;
}

std::uint64_t KvCacheModel::bytesFor(int tokens) const {
  return kvCacheBytes(m_run->model->config(), tokens);
}

KvRowState KvCacheModel::rowState(int position) const {
  if (position >= step().firstNewPosition) return KvRowState::added;
  return position >= step().firstRow ? KvRowState::recomputed : KvRowState::kept;
}

std::span<const float> KvCacheModel::keyRow(LayerIndex layer, KvHeadIndex head, int position) const {
  const PositionTrace* row = trace(position);
  return row ? attentionKey(m_run->model->config(), *row, layer, head) : std::span<const float>();
}

std::span<const float> KvCacheModel::valueRow(LayerIndex layer, KvHeadIndex head, int position) const {
  const PositionTrace* row = trace(position);
  if (!row) return {};
  const auto d = static_cast<std::size_t>(m_headDim);
  return row->row(Site::vProj, layer).subspan(static_cast<std::size_t>(head.value) * d, d);
}

QString KvCacheModel::label(int position) const {
  const TokenId id = m_run->tokens[static_cast<std::size_t>(position)];
  return m_run->model->tokenizer ? QString::fromStdString(m_run->model->tokenizer->shownPiece(id))
                                 : QString::number(id.value);
}

QString KvCacheModel::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), label(position));
}

QString KvCacheModel::title() const {
  if (m_state == State::noModel) return tr("KV cache");
  return m_cacheOn ? tr("KV cache · on") : tr("KV cache · off");
}

QString KvCacheModel::subtitle() const {
  if (m_state != State::ready) return {};
  QString at = tr("step %1 of %2").arg(m_selection.step.value).arg(m_run->stepCount());
  if (const int window = m_run->model->config().slidingWindow; window > 0 && m_tokens > window && m_cacheOn)
    at += tr("  ·  window of %1: only the last %1 rows are held, earlier ones are shown from the trace")
              .arg(window);
  const StepRecord& s = step();
  const int again = s.firstNewPosition - s.firstRow;
  if (again > 0) {
    const QString rows =
        again == 1 ? tr("row 0 was computed again") : tr("rows 0–%1 were computed again").arg(again - 1);
    return m_cacheOn ? tr("%1  ·  the cache was just switched on: %2 to fill it").arg(at, rows)
                     : tr("%1  ·  nothing is kept from step to step: %2").arg(at, rows);
  }
  if (!m_cacheOn) return tr("%1  ·  nothing is kept: the next step computes every row again").arg(at);
  const int added = m_tokens - s.firstNewPosition;
  return added == 1
             ? tr("%1  ·  one new row of K and V in every layer and head  ·  the others are read").arg(at)
             : tr("%1  ·  %2 new rows of K and V in every layer and head").arg(at).arg(added);
}

QString KvCacheModel::heldText() const {
  return byteText(m_state == State::ready ? step().kvBytes : 0);
}

QString KvCacheModel::heldCaption() const {
  if (!m_cacheOn) return tr("held after step %1: the cache is off").arg(m_selection.step.value);
  return tr("held after step %1").arg(m_selection.step.value);
}

/// T, or no more than a window's rows.
int KvCacheModel::heldRows() const {
  const int window = m_run->model->config().slidingWindow;
  return window > 0 ? std::min(window, m_tokens) : m_tokens;
}

QStringList KvCacheModel::formula() const {
  if (m_state != State::ready) return {};
  if (!m_cacheOn) {
    return {tr("with the cache on: 2 · L · G · d · T · 4 bytes"),
            QStringLiteral("2 · %1 · %2 · %3 · %4 · 4 = %5 B")
                .arg(m_layers)
                .arg(m_kvHeads)
                .arg(m_headDim)
                .arg(heldRows())
                .arg(groupedNumber(bytesFor(m_tokens)))};
  }
  return {tr("2 (K, V) · L · G · d · T · 4 bytes"), QStringLiteral("2 · %1 · %2 · %3 · %4 · 4 = %5 B")
                                                        .arg(m_layers)
                                                        .arg(m_kvHeads)
                                                        .arg(m_headDim)
                                                        .arg(heldRows())
                                                        .arg(groupedNumber(step().kvBytes))};
}

QString KvCacheModel::sharing() const {
  if (m_state != State::ready || m_headsPerGroup == 1) return {};
  const std::uint64_t all = bytesFor(m_tokens) * static_cast<unsigned>(m_headsPerGroup);
  return tr("one K and V per query head would take %1 (×%2)").arg(byteText(all)).arg(m_headsPerGroup);
}

std::vector<std::pair<QString, QString>> KvCacheModel::facts() const {
  if (m_state != State::ready) return {};
  const StepRecord& s = step();
  std::vector<std::pair<QString, QString>> facts;
  facts.emplace_back(tr("rows computed"), groupedNumber(static_cast<std::uint64_t>(s.rowsComputed)));
  facts.emplace_back(tr("computed again"),
                     groupedNumber(static_cast<std::uint64_t>(s.firstNewPosition - s.firstRow)));
  facts.emplace_back(tr("K and V read"), byteText(s.counters.kvBytesRead));
  facts.emplace_back(tr("K and V written"), byteText(s.counters.kvBytesWritten));
  const int context = m_run->model->config().maxPositionEmbeddings;
  facts.emplace_back(tr("cache of a full context (%1)").arg(context), byteText(bytesFor(context)));
  facts.emplace_back(tr("multiply-adds"), groupedNumber(s.counters.macs()));
  if (s.firstNewPosition > s.firstRow)
    facts.emplace_back(tr("largest |Δ|"), QString::number(s.maxAbsDiff, 'g', 2));
  return facts;
}

QString KvCacheModel::groupName(KvHeadIndex head) const {
  return m_headsPerGroup == 1 ? tr("head %1").arg(head.value) : tr("KV head %1").arg(head.value);
}

QString KvCacheModel::groupReaders(KvHeadIndex head) const {
  const int first = head.value * m_headsPerGroup;
  return tr("read by query heads %1–%2").arg(first).arg(first + m_headsPerGroup - 1);
}

QString KvCacheModel::stateText(int position) const {
  switch (rowState(position)) {
    case KvRowState::kept:
      return tr("kept in the cache, read in this step");
    case KvRowState::recomputed:
      return m_cacheOn ? tr("computed again to fill the cache")
                       : tr("computed again in this step, then dropped");
    case KvRowState::added:
      return m_cacheOn ? tr("new in this step") : tr("new in this step, not kept");
  }
  return {};
}

QString KvCacheModel::readout() const {
  if (m_state != State::ready) return {};
  const int position = m_selection.key.value;
  return tr("position %1: %2").arg(tokenText(position), stateText(position));
}

QString KvCacheModel::toolTip(LayerIndex layer, KvHeadIndex head, int position) const {
  QString text = tr("layer %1, %2").arg(QString::number(layer.value), groupName(head));
  if (m_headsPerGroup > 1) text += QStringLiteral(" (%1)").arg(groupReaders(head));
  if (position >= m_tokens)
    return text + QLatin1Char('\n') + tr("position %1: not reached yet").arg(position);
  text += QLatin1Char('\n') + tr("position %1: %2").arg(tokenText(position), stateText(position));
  const std::vector<int> struck = struckRows(layer, head);
  if (std::find(struck.begin(), struck.end(), position) != struck.end())
    text += QLatin1Char('\n') + tr("struck out: no query sees it (what-if)");
  const std::span<const float> k = keyRow(layer, head, position), v = valueRow(layer, head, position);
  if (k.empty()) return text + QLatin1Char('\n') + tr("values not stored any more (trace budget)");
  text += QLatin1Char('\n') + tr("K %1  ‖k‖ = %2").arg(firstNumbers(k), shortNumber(norm(k)));
  text += QLatin1Char('\n') + tr("V %1  ‖v‖ = %2").arg(firstNumbers(v), shortNumber(norm(v)));
  return text;
}

QString KvCacheModel::headToolTip(HeadIndex head, bool wholeGroup) const {
  const KvHeadIndex group{head.value / m_headsPerGroup};
  const LayerIndex layer = m_selection.layer;
  QString text = wholeGroup ? QStringLiteral("%1: %2").arg(groupName(group), groupReaders(group))
                            : tr("query head %1 reads %2").arg(QString::number(head.value), groupName(group));
  if (!wholeGroup && headStruck(layer, head))
    text += QLatin1Char('\n') + tr("struck out in layer %1: its context is zero").arg(layer.value);
  return text;
}

/// What the architecture keeps instead of keys and values, and what it holds after the shown step.
QString KvCacheModel::lackingText() const {
  const ModelConfig& c = m_run->model->config();
  const QString held = groupedNumber(step().kvBytes);
  if (c.attention == AttentionKind::latent) {
    return tr("Multi-head latent attention keeps a latent of %1 numbers and one rotary key of %2 a token and "
              "layer, for all %3 heads; keys and values are rebuilt from the latent. Held after step %4: "
              "%5 · (%1 + %2) · %6 · 4 = %7 B.")
        .arg(c.kvLoraRank)
        .arg(c.qkRopeHeadDim)
        .arg(c.numAttentionHeads)
        .arg(m_selection.step.value)
        .arg(m_layers)
        .arg(m_cacheOn ? m_tokens : 0)
        .arg(held);
  }
  return tr("Linear attention keeps no row of any token: a running state of %1 · %2 · (%2 + 1) numbers a "
            "layer, "
            "however long the text. Held after step %3: %4 B.")
      .arg(c.numKeyValueHeads)
      .arg(c.headDim)
      .arg(m_selection.step.value)
      .arg(held);
}

QString KvCacheModel::emptyTitle() const {
  if (m_state == State::noModel) return tr("No model is open");
  if (m_state == State::lacking) return tr("No rows of K and V");
  return m_cacheOn ? tr("The cache is empty") : tr("The cache is off");
}

QString KvCacheModel::emptyText() const {
  if (m_state == State::noModel)
    return tr("Open a model: the K and V rows of every layer and head appear here as they are computed.");
  if (m_state == State::lacking) return lackingText();
  if (m_run->promptLength == 0)
    return tr("Type a prompt and make a step: each token gets a row of K and of V in each of %1 layers and "
              "%2 heads.")
        .arg(m_layers)
        .arg(m_kvHeads);
  const QString step = tr("Make a step (Space in the window): the prompt's %1 tokens get a row of K and of V "
                          "in each of %2 layers and %3 "
                          "heads.")
                           .arg(m_run->promptLength)
                           .arg(m_layers)
                           .arg(m_kvHeads);
  return m_cacheOn ? step
                   : step + QLatin1Char(' ') + tr("Without a cache nothing is kept for the step after it.");
}

QString KvCacheModel::description() const {
  if (m_state != State::ready) return emptyTitle() + QStringLiteral(". ") + emptyText();
  QString text = tr("%1, %2. %3 %4.").arg(title(), subtitle(), heldText(), heldCaption());
  const QString shared = sharing();
  return shared.isEmpty() ? text : text + QLatin1Char(' ') + shared + QLatin1Char('.');
}

std::vector<NamedTable> KvCacheModel::tables() const {
  if (m_state != State::ready) return {};
  // K and V of the selected layer as the dump names them, and the counts by step.
  const LayerIndex layer = m_selection.layer;
  const bool rotary = PositionTrace::stores(Site::kRot, m_run->model->config());
  std::vector<NamedTable> tables;
  for (const bool isKey : {true, false}) {
    NamedTable table;
    table.name = QString::fromStdString(siteDumpName(!isKey   ? Site::vProj
                                                     : rotary ? Site::kRot
                                                              : Site::kProj,
                                                     layer));
    table.shape = {m_tokens, m_kvHeads, m_headDim};
    for (int g = 0; g < m_kvHeads; ++g) {
      for (int i = 0; i < m_headDim; ++i) table.columns << QStringLiteral("head %1 [%2]").arg(g).arg(i);
    }
    for (int p = 0; p < m_tokens; ++p) {
      table.rowLabels << tokenText(p);
      for (int g = 0; g < m_kvHeads; ++g) {
        const std::span<const float> row =
            isKey ? keyRow(layer, KvHeadIndex{g}, p) : valueRow(layer, KvHeadIndex{g}, p);
        if (row.empty()) {
          table.values.insert(table.values.end(), static_cast<std::size_t>(m_headDim),
                              std::numeric_limits<float>::quiet_NaN());
        } else {
          table.values.insert(table.values.end(), row.begin(), row.end());
        }
      }
    }
    tables.push_back(std::move(table));
  }
  NamedTable steps;
  steps.name = QStringLiteral("steps");
  steps.columns = {QStringLiteral("rows_computed"), QStringLiteral("recomputed"), QStringLiteral("kv_bytes")};
  for (int s = 0; s < m_selection.step.value; ++s) {
    const StepRecord& record = m_run->steps[static_cast<std::size_t>(s)];
    steps.rowLabels << QString::number(s + 1);
    steps.values.push_back(static_cast<float>(record.rowsComputed));
    steps.values.push_back(static_cast<float>(record.firstNewPosition - record.firstRow));
    steps.values.push_back(static_cast<float>(record.kvBytes));
  }
  steps.shape = {m_selection.step.value, 3};
  tables.push_back(std::move(steps));
  return tables;
}

}  // namespace decodescope
