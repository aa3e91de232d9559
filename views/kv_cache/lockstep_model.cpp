#include "views/kv_cache/lockstep_model.h"

#include "core/attention/attention_rows.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

constexpr KvMatrix kMatrices[] = {KvMatrix::q, KvMatrix::k,       KvMatrix::scores,
                                  KvMatrix::v, KvMatrix::context, KvMatrix::latent};

QString matrixName(KvMatrix matrix) {
  switch (matrix) {
    case KvMatrix::q:
      return QStringLiteral("q");
    case KvMatrix::k:
      return QStringLiteral("k");
    case KvMatrix::scores:
      return QStringLiteral("scores");
    case KvMatrix::v:
      return QStringLiteral("v");
    case KvMatrix::context:
      return QStringLiteral("context");
    case KvMatrix::latent:
      return QString::fromUtf8("c and kᴿ");
  }
  return {};
}

}  // namespace

KvCellState KvLockstepLane::row(KvMatrix matrix, int position) const {
  if (matrix == KvMatrix::scores && isLinear()) return KvCellState::absent;
  if (matrix == KvMatrix::latent && !isLatent()) return KvCellState::absent;
  const bool isKept = matrix == KvMatrix::k || matrix == KvMatrix::v || matrix == KvMatrix::latent;
  if (position < firstRow()) {
    if (!isKept) return KvCellState::absent;
    if (isLinear()) return KvCellState::folded;
    // The step's first query sees furthest back.
    if (position < firstVisible(firstRow())) return KvCellState::dropped;
    return isLatent() && matrix != KvMatrix::latent ? KvCellState::rebuilt : KvCellState::reused;
  }
  if (position < firstNew()) return KvCellState::repeated;
  return !isKept && m_lastLayer && position != tokens() - 1 ? KvCellState::unused : KvCellState::added;
}

KvCellState KvLockstepLane::score(int query, int key) const {
  return sees(query, key) ? row(KvMatrix::scores, query) : KvCellState::absent;
}

std::uint64_t KvLockstepLane::count(KvMatrix matrix, KvCellState state) const {
  std::uint64_t count = 0;
  for (int p = 0; p < tokens(); ++p) {
    if (row(matrix, p) == state)
      count += matrix == KvMatrix::scores ? static_cast<std::uint64_t>(visible(p)) : 1;
  }
  return count;
}

std::uint64_t KvLockstepLane::computed(KvMatrix matrix) const {
  return count(matrix, KvCellState::added) + count(matrix, KvCellState::unused) +
         count(matrix, KvCellState::repeated);
}

void KvLockstepModel::present(const SessionSnapshot& session, const Selection& selection) {
  m_selection = clampTo(selection, session);
  m_lanes.clear();
  for (KvLane& lane : kvLanes(session, m_selection)) {
    const bool last = m_selection.layer.value == lane.run->model->config().numHiddenLayers - 1;
    m_lanes.emplace_back(std::move(lane), last);
  }
}

int KvLockstepModel::tokens() const {
  int tokens = 0;
  for (const KvLockstepLane& lane : m_lanes) tokens = std::max(tokens, lane.tokens());
  return tokens;
}

QString KvLockstepModel::label(int position) const {
  const RunSnapshot& run = *m_lanes.front().lane().run;
  const TokenId id = run.tokens[static_cast<std::size_t>(position)];
  return run.model->tokenizer ? QString::fromStdString(run.model->tokenizer->shownPiece(id))
                              : QString::number(id.value);
}

QString KvLockstepModel::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), label(position));
}

QString KvLockstepModel::title() const {
  return tr("What a step computes · layer %1 · head %2")
      .arg(m_selection.layer.value)
      .arg(m_selection.head.value);
}

QStringList KvLockstepModel::subtitle() const {
  if (!ready()) return {};
  const ModelConfig& config = m_lanes.front().config();
  QStringList parts{tr("step %1").arg(m_lanes.front().lane().step.value), tr("%1 tokens").arg(tokens())};
  if (config.attention == AttentionKind::linear)
    return parts << tr("φ(q)ᵀ·S / φ(q)·z, row by row; S = Σ φ(k)·vᵀ, z = Σ φ(k)");
  parts << tr("softmax(Q · Kᵀ / √d) · V, row by row");
  if (config.attention == AttentionKind::latent)
    parts << tr("K = [W_K c; kᴿ] and V = W_V c of every row are made from the cached c and kᴿ");
  if (config.slidingWindow > 0)
    parts << tr("a query sees itself and %1 before it").arg(config.slidingWindow - 1);
  return parts;
}

QString KvLockstepModel::note() const {
  if (!ready()) return {};
  QString text;
  if (m_lanes.size() < 2) text = tr("One lane. Compare ▸ KV cache on · off adds the other.");
  const bool unused = std::any_of(m_lanes.begin(), m_lanes.end(), [](const KvLockstepLane& lane) {
    return lane.count(KvMatrix::q, KvCellState::unused) > 0;
  });
  if (unused)
    text +=
        (text.isEmpty() ? QString() : QStringLiteral(" ")) +
        tr("Last layer: only the last token's context reaches the logits; nothing reads the other rows of "
           "q, scores and context.");
  return text;
}

QString KvLockstepModel::laneTitle(const KvLockstepLane& lane) const {
  const QString mode = lane.lane().cacheOn() ? tr("with the cache") : tr("without the cache");
  return m_lanes.size() < 2 ? mode : QStringLiteral("%1: %2").arg(lane.lane().name, mode);
}

QStringList KvLockstepModel::laneFacts(const KvLockstepLane& lane) const {
  const auto rowsIn = [&](KvMatrix matrix, KvCellState state) { return lane.count(matrix, state); };
  const std::uint64_t again = lane.count(KvMatrix::k, KvCellState::repeated);
  const std::uint64_t cells = lane.count(KvMatrix::scores, KvCellState::repeated);
  const int rows = lane.lane().record().rowsComputed;
  QStringList facts;
  if (lane.isLinear()) {
    facts << (rows == 1 ? tr("computed: %1 row of q, k and v, no scores")
                        : tr("computed: %1 rows of q, k and v, no scores"))
                 .arg(rows);
    if (again > 0) facts << tr("of these again: %1 rows").arg(groupedNumber(again));
    if (const std::uint64_t folded = rowsIn(KvMatrix::k, KvCellState::folded); folded > 0)
      facts << tr("from the cache: one state that holds %1 tokens' k and v").arg(groupedNumber(folded));
    return facts;
  }
  facts << QStringList{(rows == 1 ? tr("computed: %1 row of q, k and v, %2 score cells")
                                  : tr("computed: %1 rows of q, k and v, %2 score cells"))
                           .arg(rows)
                           .arg(groupedNumber(lane.computed(KvMatrix::scores)))};
  if (again > 0) {
    facts << (lane.lane().cacheOn() ? tr("computed again to fill the cache: %1 rows, %2 cells")
                                    : tr("of these for nothing: %1 rows, %2 cells"))
                 .arg(groupedNumber(again), groupedNumber(cells));
  }
  if (const std::uint64_t reused = rowsIn(KvMatrix::k, KvCellState::reused); reused > 0)
    facts << tr("reused from the cache: K and V of %1 tokens").arg(groupedNumber(reused));
  if (const std::uint64_t rebuilt = rowsIn(KvMatrix::k, KvCellState::rebuilt); rebuilt > 0)
    facts << tr("reused from the cache: c and kᴿ of %1 tokens; K and V rebuilt from them")
                 .arg(groupedNumber(rebuilt));
  if (const std::uint64_t dropped = rowsIn(KvMatrix::k, KvCellState::dropped); dropped > 0)
    facts << tr("out of the window: %1 tokens").arg(groupedNumber(dropped));
  return facts;
}

QString KvLockstepModel::stateText(KvCellState state) const {
  switch (state) {
    case KvCellState::absent:
      return tr("not computed, not needed");
    case KvCellState::reused:
      return tr("reused from the cache");
    case KvCellState::rebuilt:
      return tr("rebuilt from its cached latent");
    case KvCellState::dropped:
      return tr("out of the window: no query sees it, the cache holds it no more");
    case KvCellState::folded:
      return tr("part of the state S; the row itself is kept nowhere");
    case KvCellState::added:
      return tr("computed now, for the first time");
    case KvCellState::unused:
      return tr("computed now, read by nobody (last layer)");
    case KvCellState::repeated:
      return tr("computed again");
  }
  return {};
}

QString KvLockstepModel::rowToolTip(const KvLockstepLane& lane, KvMatrix matrix, int position) const {
  return tr("%1: row of %2, position %3\n%4")
      .arg(laneTitle(lane), matrixName(matrix), tokenText(position), stateText(lane.row(matrix, position)));
}

QString KvLockstepModel::scoreToolTip(const KvLockstepLane& lane, int query, int key) const {
  const KvLane& own = lane.lane();
  QString text = tr("%1: query %2, key %3").arg(laneTitle(lane), tokenText(query), tokenText(key));
  if (lane.isLinear()) return text + QLatin1Char('\n') + tr("no score: linear attention reads its state");
  if (key >= lane.endVisible(query)) return text + QLatin1Char('\n') + tr("masked: the key comes later");
  if (!lane.sees(query, key))
    return text + QLatin1Char('\n') + tr("masked: the key is out of the query's window");
  text += QLatin1Char('\n') + stateText(lane.score(query, key));
  if (lane.score(query, key) == KvCellState::absent) return text;
  const std::vector<float> row =
      attentionRow(own.run->model->config(), own.run->tracesAt(own.step), m_selection.layer, m_selection.head,
                   Position{query}, ScoreStage::scaled);
  if (key < static_cast<int>(row.size()))
    text += QLatin1Char('\n') + tr("q·k/√d = %1")
                                    .arg(shortNumber(static_cast<double>(row[static_cast<std::size_t>(key)]))
                                             .replace(QLatin1Char('-'), QChar(0x2212)));
  return text;
}

QString KvLockstepModel::laneStates() const {
  QStringList parts;
  for (const KvLockstepLane& lane : m_lanes) {
    const int query = std::min(m_selection.query.value, lane.tokens() - 1);
    const int key = std::min(m_selection.key.value, lane.tokens() - 1);
    const QString mode = lane.lane().cacheOn() ? tr("with") : tr("without");
    parts << QStringLiteral("%1: %2").arg(mode, lane.isLinear() ? tr("no scores, a state in their place")
                                                : lane.sees(query, key) ? stateText(lane.score(query, key))
                                                : key < lane.firstVisible(query) ? tr("out of the window")
                                                                                 : tr("masked"));
  }
  return parts.join(QStringLiteral("  ·  "));
}

QString KvLockstepModel::readout() const {
  if (!ready()) return {};
  const int last = m_lanes.front().tokens() - 1;
  if (m_lanes.front().isLinear()) return laneStates();
  return tr("score %1 × %2  ·  %3")
      .arg(tokenText(std::min(m_selection.query.value, last)),
           tokenText(std::min(m_selection.key.value, last)), laneStates());
}

QString KvLockstepModel::shortReadout() const {
  return ready() ? laneStates() : QString();
}

QString KvLockstepModel::description() const {
  QString text = title() + QStringLiteral(". ");
  for (const KvLockstepLane& lane : m_lanes)
    text += laneTitle(lane) + QStringLiteral(": ") + laneFacts(lane).join(QStringLiteral("; ")) +
            QStringLiteral(". ");
  return text.trimmed();
}

std::vector<NamedTable> KvLockstepModel::tables() const {
  // By position: the state of its row in each matrix, as a number in the order of KvCellState.
  std::vector<NamedTable> tables;
  for (const KvLockstepLane& lane : m_lanes) {
    NamedTable table;
    table.name =
        lane.lane().cacheOn() ? QStringLiteral("rows_with_cache") : QStringLiteral("rows_without_cache");
    for (const KvMatrix matrix : kMatrices)
      table.columns << matrixName(matrix) + QStringLiteral(
                                                " (0 absent, 1 reused, 2 rebuilt, 3 dropped, 4 in "
                                                "the state, 5 new, 6 new but unused, 7 again)");
    table.columns << QStringLiteral("score_cells");
    for (int p = 0; p < lane.tokens(); ++p) {
      table.rowLabels << tokenText(p);
      for (const KvMatrix matrix : kMatrices)
        table.values.push_back(static_cast<float>(static_cast<int>(lane.row(matrix, p))));
      table.values.push_back(
          lane.row(KvMatrix::scores, p) == KvCellState::absent ? 0.0f : static_cast<float>(lane.visible(p)));
    }
    table.shape = {lane.tokens(), static_cast<int>(std::size(kMatrices)) + 1};
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace decodescope
