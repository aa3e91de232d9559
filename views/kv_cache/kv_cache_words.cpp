// The words and tables of what the KV cache holds.

#include "views/kv_cache/kv_cache_model.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
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
  if (firstHeld() > 0)
    at += tr("  ·  window of %1: positions 0–%2 have left it, the cache holds them no more")
              .arg(config().slidingWindow)
              .arg(firstHeld() - 1);
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
  if (isState())
    return added == 1
               ? tr("%1  ·  the new token is added to each state: S + φ(k)·vᵀ and z + φ(k)  ·  no row is "
                    "kept, nothing grows")
                     .arg(at)
               : tr("%1  ·  %2 tokens are added to each state, one after the other: S + φ(k)·vᵀ and z + "
                    "φ(k)  ·  no row is kept")
                     .arg(at)
                     .arg(added);
  if (isLatent()) {
    const QString rows = added == 1 ? tr("one new row of c and kᴿ in every layer, for all heads")
                                    : tr("%1 new rows of c and kᴿ in every layer, for all heads").arg(added);
    return tr("%1  ·  %2  ·  K and V are rebuilt from c in every step and not kept").arg(at, rows);
  }
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

/// The size in letters, and the same with numbers.
QStringList KvCacheModel::lettersOfSize() const {
  const ModelConfig& c = config();
  const auto whole = [](int n) { return QString::number(n); };
  if (isLatent())
    return {tr("L · (C + r) · T · 4 bytes"),
            QStringLiteral("%1 · (%2 + %3) · %4 · 4")
                .arg(whole(m_layers), whole(c.kvLoraRank), whole(c.qkRopeHeadDim), whole(heldRows()))};
  if (isState())
    return {tr("L · G · d · (d + 1) · 4 bytes"),
            QStringLiteral("%1 · %2 · %3 · (%3 + 1) · 4")
                .arg(whole(m_layers), whole(m_kvHeads), whole(m_headDim))};
  const QString rows = c.slidingWindow > 0 ? tr("min(T, W)") : tr("T");
  return {
      (m_cacheOn ? tr("2 (K, V) · L · G · d · %1 · 4 bytes") : tr("2 · L · G · d · %1 · 4 bytes")).arg(rows),
      QStringLiteral("2 · %1 · %2 · %3 · %4 · 4")
          .arg(whole(m_layers), whole(m_kvHeads), whole(m_headDim), whole(heldRows()))};
}

QStringList KvCacheModel::formula() const {
  if (m_state != State::ready) return {};
  QStringList lines = lettersOfSize();
  if (!m_cacheOn) lines[0] = tr("with the cache on: %1").arg(lines[0]);
  lines[1] += QStringLiteral(" = %1 B").arg(groupedNumber(m_cacheOn ? step().kvBytes : bytesFor(m_tokens)));
  return lines;
}

QString KvCacheModel::sharing() const {
  if (m_state != State::ready) return {};
  const ModelConfig& c = config();
  const std::uint64_t bytes = sizeof(float) * static_cast<std::uint64_t>(m_layers * m_tokens);
  const std::uint64_t rows =
      bytes * static_cast<std::uint64_t>(c.numAttentionHeads * (c.headDim + c.valueHeadDim()));
  if (isLatent())
    return tr("K and V of all %1 heads would take %2 (×%3)")
        .arg(c.numAttentionHeads)
        .arg(byteText(rows))
        .arg(QString::number(static_cast<double>(rows) / static_cast<double>(bytesFor(m_tokens)), 'g', 3));
  if (isState()) {
    const std::uint64_t kept = bytes * 2 * static_cast<std::uint64_t>(c.keyValueWidth());
    return tr("rows of K and V would take %1 by now, and more with each token").arg(byteText(kept));
  }
  if (m_headsPerGroup == 1) return {};
  const std::uint64_t all = bytesFor(m_tokens) * static_cast<unsigned>(m_headsPerGroup);
  return tr("one K and V per query head would take %1 (×%2)").arg(byteText(all)).arg(m_headsPerGroup);
}

std::vector<std::pair<KvNumbers, double>> KvCacheModel::heldShares() const {
  const KvColumn& held = m_columns.front();
  const double upper = isState() ? m_headDim : held.upper.height, lower = held.lower.height;
  return {{held.upper.numbers, upper / (upper + lower)}, {held.lower.numbers, lower / (upper + lower)}};
}

QString KvCacheModel::columnName(const KvColumn& column) const {
  if (!isLatent()) return groupName(column.head);
  return column.isHeld ? tr("cached, for all heads")
                       : tr("K and V of head %1, rebuilt").arg(column.head.value);
}

std::vector<std::pair<QString, QString>> KvCacheModel::facts() const {
  if (m_state != State::ready) return {};
  const StepRecord& s = step();
  std::vector<std::pair<QString, QString>> facts;
  facts.emplace_back(tr("rows computed"), groupedNumber(static_cast<std::uint64_t>(s.rowsComputed)));
  facts.emplace_back(tr("computed again"),
                     groupedNumber(static_cast<std::uint64_t>(s.firstNewPosition - s.firstRow)));
  const QString what = isLatent() ? tr("c and kᴿ") : isState() ? tr("state") : tr("K and V");
  facts.emplace_back(tr("%1 read").arg(what), byteText(s.counters.kvBytesRead));
  facts.emplace_back(tr("%1 written").arg(what), byteText(s.counters.kvBytesWritten));
  const int context = m_run->model->config().maxPositionEmbeddings;
  facts.emplace_back(tr("cache of a full context (%1)").arg(context), byteText(bytesFor(context)));
  facts.emplace_back(tr("multiply-adds"), groupedNumber(s.counters.macs()));
  if (isLatent()) facts.emplace_back(tr("for rebuilding"), groupedNumber(s.counters.rebuildMacs));
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
    case KvRowState::dropped:
      return position >= step().firstNewPosition
                 ? tr("new in this step, and out of the window already: not kept")
                 : tr("left the window of %1: held no more").arg(config().slidingWindow);
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
  if (isState()) return tr("after %1 tokens: the same size as after one").arg(m_tokens);
  const int position = m_selection.key.value;
  return tr("position %1: %2").arg(tokenText(position), stateText(position));
}

QString KvCacheModel::toolTip(LayerIndex layer, const KvColumn& column, int across) const {
  if (isState()) return stateToolTip(layer, column);
  QString text = tr("layer %1, %2").arg(QString::number(layer.value), columnName(column));
  if (m_headsPerGroup > 1) text += QStringLiteral(" (%1)").arg(groupReaders(column.head));
  if (across >= m_tokens) return text + QLatin1Char('\n') + tr("position %1: not reached yet").arg(across);
  text += QLatin1Char('\n') + tr("position %1: %2").arg(tokenText(across), stateText(across));
  if (!column.isHeld) text += QLatin1Char('\n') + tr("rebuilt from its latent c in every step, never cached");
  const std::vector<int> struck = struckRows(layer, column.head);
  if (std::find(struck.begin(), struck.end(), across) != struck.end())
    text += QLatin1Char('\n') + tr("struck out: no query sees it (what-if)");
  for (const bool isUpper : {true, false}) {
    const std::span<const float> numbers = row(layer, column, isUpper, across);
    if (numbers.empty()) return text + QLatin1Char('\n') + tr("values not stored any more (trace budget)");
    text += QStringLiteral("\n%1 %2  ‖%3‖ = %4")
                .arg(isUpper ? column.upper.letter : column.lower.letter, firstNumbers(numbers),
                     (isUpper ? column.upper : column.lower).letter.toLower(), shortNumber(norm(numbers)));
  }
  return text;
}

QString KvCacheModel::stateToolTip(LayerIndex layer, const KvColumn& column) const {
  QString text = tr("layer %1, %2: S = Σ φ(k)·vᵀ (%3 × %3), z = Σ φ(k) (%3)")
                     .arg(QString::number(layer.value), columnName(column))
                     .arg(m_headDim);
  if (m_headsPerGroup > 1) text += QStringLiteral("\n%1").arg(groupReaders(column.head));
  return text + QLatin1Char('\n') + tr("after %1 tokens; φ(x) = elu(x) + 1").arg(m_tokens);
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

QString KvCacheModel::emptyTitle() const {
  if (m_state == State::noModel) return tr("No model is open");
  return m_cacheOn ? tr("The cache is empty") : tr("The cache is off");
}

QString KvCacheModel::emptyText() const {
  if (m_state == State::noModel)
    return tr("Open a model: the K and V rows of every layer and head appear here as they are computed.");
  const QString gets =
      isLatent() ? tr("each token gets a latent and a rotary key, for all heads, in each of %1 layers.")
                       .arg(m_layers)
      : isState() ? tr("each token is added to a state of fixed size in each of %1 layers and %2 heads.")
                        .arg(m_layers)
                        .arg(m_kvHeads)
                  : tr("each token gets a row of K and of V in each of %1 layers and %2 heads.")
                        .arg(m_layers)
                        .arg(m_kvHeads);
  if (m_run->promptLength == 0) return tr("Type a prompt and make a step: %1").arg(gets);
  const QString step = tr("Make a step (Space in the window) to read the prompt's %1 tokens: %2")
                           .arg(QString::number(m_run->promptLength), gets);
  return m_cacheOn ? step
                   : step + QLatin1Char(' ') + tr("Without a cache nothing is kept for the step after it.");
}

QString KvCacheModel::description() const {
  if (m_state != State::ready) return emptyTitle() + QStringLiteral(". ") + emptyText();
  QString text = tr("%1, %2. %3 %4.").arg(title(), subtitle(), heldText(), heldCaption());
  const QString shared = sharing();
  return shared.isEmpty() ? text : text + QLatin1Char(' ') + shared + QLatin1Char('.');
}

/// A site's rows of a layer as the dump stacks them.
NamedTable KvCacheModel::rowsTable(Site site, LayerIndex layer) const {
  NamedTable table;
  table.name = QString::fromStdString(siteDumpName(site, layer));
  const SiteHeads heads = siteHeads(site, config());
  table.shape = {m_tokens, heads.count, heads.width};
  for (int g = 0; g < heads.count; ++g) {
    for (int i = 0; i < heads.width; ++i)
      table.columns << (heads.count == 1 && isLatent() ? QStringLiteral("[%1]").arg(i)
                                                       : QStringLiteral("head %1 [%2]").arg(g).arg(i));
  }
  for (int p = 0; p < m_tokens; ++p) {
    table.rowLabels << tokenText(p);
    const PositionTrace* stored = trace(p);
    const std::span<const float> row = stored ? stored->row(site, layer) : std::span<const float>();
    if (row.empty()) {
      table.values.insert(table.values.end(), static_cast<std::size_t>(heads.count * heads.width),
                          std::numeric_limits<float>::quiet_NaN());
    } else {
      table.values.insert(table.values.end(), row.begin(), row.end());
    }
  }
  return table;
}

std::vector<NamedTable> KvCacheModel::tables() const {
  if (m_state != State::ready) return {};
  // What the selected layer keeps, as the dump names it, and the counts by step.
  const LayerIndex layer = m_selection.layer;
  const bool rotary = siteExists(Site::kRot, config());
  std::vector<NamedTable> tables;
  if (isState()) {
    NamedTable table;
    table.name = QString::fromStdString(siteDumpName(Site::state, layer));
    table.shape = {m_kvHeads, m_headDim + 1, m_headDim};
    for (int g = 0; g < m_kvHeads; ++g) {
      const ConstMatrixSpan s = state(layer, KvHeadIndex{g});
      for (int i = 0; i <= m_headDim; ++i) {
        table.rowLabels << (i < m_headDim ? QStringLiteral("head %1 S[%2]").arg(g).arg(i)
                                          : QStringLiteral("head %1 z").arg(g));
        for (int c = 0; c < m_headDim; ++c)
          table.values.push_back(s.data ? s(i, c) : std::numeric_limits<float>::quiet_NaN());
      }
    }
    for (int c = 0; c < m_headDim; ++c) table.columns << QStringLiteral("[%1]").arg(c);
    tables.push_back(std::move(table));
  } else if (isLatent()) {
    tables = {rowsTable(Site::kvALayernorm, layer), rowsTable(Site::kRot, layer)};
  } else {
    tables = {rowsTable(rotary ? Site::kRot : Site::kProj, layer), rowsTable(Site::vProj, layer)};
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
