#include "views/kv_cache/reads_model.h"

#include "core/explain/derived.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

}  // namespace

void KvReadsModel::present(const SessionSnapshot& session, const Selection& selection) {
  m_shown = shownRun(session, selection);
  m_keys.assign(static_cast<std::size_t>(m_shown.tokens), {});
  m_queries = m_keys;
  m_latents.clear();
  if (!ready()) return;
  if (isLatent()) m_latents = m_keys;
  const bool masked = m_shown.run->settings.rules.causalMask;
  const int window = masked ? m_shown.config().slidingWindow : 0;
  for (int s = 1; s <= steps(); ++s) {
    const StepRecord& step = record(s);
    const int rows = step.tokensSeen;
    for (int p = 0; p < rows; ++p) {
      const bool isNew = p >= step.firstNewPosition;
      // Queries of this step that see the key: the rows computed from the key's position on, within a window.
      // Without scores a row goes into the state once whenever it is computed.
      const int first = masked || isLinear() ? std::max(p, step.firstRow) : step.firstRow;
      const int last = isLinear() ? std::min(rows, p + 1) : window > 0 ? std::min(rows, p + window) : rows;
      const int byNew = std::max(0, last - std::max(first, step.firstNewPosition));
      const int byRepeated = std::max(0, std::min(last, step.firstNewPosition) - first);
      Reads& key = m_keys[static_cast<std::size_t>(p)];
      (isNew ? key.own : key.later) += byNew;
      key.again += byRepeated;
      if (isLatent()) {
        Reads& latent = m_latents[static_cast<std::size_t>(p)];
        (isNew ? latent.own : p >= step.firstRow ? latent.again : latent.later) += 1;
      }
      // A query is read once whenever its row is computed.
      Reads& query = m_queries[static_cast<std::size_t>(p)];
      if (isNew) query.own += 1;
      if (!isNew && p >= step.firstRow) query.again += 1;
    }
  }
}

int KvReadsModel::firstRead(const StepRecord& step) const {
  if (isLinear()) return step.firstRow;
  return m_shown.run->settings.rules.causalMask ? m_shown.config().firstVisible(step.firstRow) : 0;
}

std::uint64_t KvReadsModel::allReads() const {
  std::uint64_t reads = 0;
  for (const Reads& key : m_keys) reads += static_cast<std::uint64_t>(key.own + key.later + key.again);
  return reads;
}

std::uint64_t KvReadsModel::queryBytes() const {
  return static_cast<std::uint64_t>(m_shown.config().numHiddenLayers) *
         static_cast<std::uint64_t>(m_shown.config().queryWidth()) *
         static_cast<std::uint64_t>(m_shown.tokens) * sizeof(float);
}

QString KvReadsModel::title() const {
  if (ready() && isLinear()) return tr("Why a state is enough, and neither K, V nor Q is cached");
  return ready() && isLatent() ? tr("Why c and kᴿ are cached, and Q is not")
                               : tr("Why K and V are cached, and Q is not");
}

QStringList KvReadsModel::subtitle() const {
  return {m_shown.step().kvCache ? tr("cache on") : tr("cache off"), tr("steps 1–%1").arg(steps()),
          isLinear()
              ? tr("rows of k and v added to one head's state: %1 in all").arg(groupedNumber(allReads()))
              : tr("reads by one query head in one layer: %1 in all").arg(groupedNumber(allReads()))};
}

QString KvReadsModel::explanation() const {
  const int last = m_shown.tokens - 1;
  if (isLinear())
    return tr(
        "Each row of k and v is added to the state once, S + φ(k)·vᵀ and z + φ(k), and never read again: "
        "the sum is all that a later query asks for. It reads d · (d + 1) numbers however long the text, "
        "but no single token can be found in them again.");
  if (isLatent())
    return tr("The next token's q_%1 is compared with every k, and weighs every v. Both are made from c by "
              "W_K and "
              "W_V, and kᴿ is the same for all heads: keeping c and kᴿ keeps all of them. Each c is read "
              "once a "
              "step, then serves all heads. Keeping Q would take another %2 and save nothing.")
        .arg(QString::number(last), byteText(queryBytes()));
  if (const int window = m_shown.config().slidingWindow; window > 0)
    return tr("Row i of the scores is q_i against the %1 keys k_%2 … k_i of its window. The next token asks "
              "for the "
              "last row only, so what lies further back than %1 is never read again: the cache drops it. An "
              "old q "
              "would give an old row of scores once more, and nobody reads that. Keeping Q would save "
              "nothing.")
        .arg(window)
        .arg(QStringLiteral("(i−%1)").arg(window - 1));
  return tr("Row i of the scores is q_i against k_0 … k_i. The next token only asks for the last row: "
            "q_%1 against every k, then every v. Old rows of K and V are read in each step; an old q would "
            "give an old row of scores once more, and nobody reads that. Keeping Q would take another %2 and "
            "save nothing.")
      .arg(QString::number(last), byteText(queryBytes()));
}

QString KvReadsModel::readout() const {
  const int p = std::min(m_shown.selection.key.value, m_shown.tokens - 1);
  const Reads &key = m_keys[static_cast<std::size_t>(p)], &query = m_queries[static_cast<std::size_t>(p)];
  if (isLinear())
    return key.again == 0
               ? tr("position %1: added to the state once, never read as a row").arg(m_shown.tokenText(p))
               : tr("position %1: added to the state %2 times, never read as a row")
                     .arg(m_shown.tokenText(p))
                     .arg(key.own + key.again);
  QString text =
      (isLatent() ? tr("position %1: kᴿ read %2 times after its own step, q %3 times")
                  : tr("position %1: k and v read %2 times after their own step, q %3 times"))
          .arg(m_shown.tokenText(p), groupedNumber(static_cast<std::uint64_t>(key.later + key.again)),
               groupedNumber(static_cast<std::uint64_t>(query.later + query.again)));
  if (query.again > 0) text += tr(" (each time computed again, for nothing)");
  return text;
}

Explanation KvReadsModel::explanation(int position, bool ofQuery) const {
  const Reads& reads = (ofQuery ? m_queries : m_keys)[static_cast<std::size_t>(position)];
  const auto count = [](const char* symbol, const QString& name, int value) {
    return Operand{symbol, name.toStdString(), {static_cast<float>(value)}, std::nullopt};
  };
  const DerivedName name{
      (ofQuery ? tr("reads of q[%1], steps 1–%2") : tr("reads of k[%1], steps 1–%2"))
          .arg(position)
          .arg(steps())
          .toStdString(),
      "",
      tr("By one query head in one layer, counted from the rows that each step of the run computed.")
          .toStdString()};
  return explainArithmetic(name, "reads", "own + later + again",
                           {count("own", tr("in the step that fed the token"), reads.own),
                            count("later", tr("in later steps, by new queries"), reads.later),
                            count("again", tr("by rows computed again"), reads.again)},
                           reads.own + reads.later + reads.again);
}

QString KvReadsModel::toolTip(int position) const {
  const Reads &key = m_keys[static_cast<std::size_t>(position)],
              &query = m_queries[static_cast<std::size_t>(position)];
  if (isLinear())
    return tr("position %1\nk and v: added to the state in their own step, %2 times again\nq: %3 in its own "
              "step, %4 "
              "by rows computed again")
        .arg(m_shown.tokenText(position))
        .arg(key.again)
        .arg(query.own)
        .arg(query.again);
  if (isLatent()) {
    const Reads& latent = m_latents[static_cast<std::size_t>(position)];
    return tr("position %1\nc: read once a step by all heads together, %2 steps so far (%8 computed "
              "again)\nkᴿ, a query "
              "head: %3 reads in its own step, %4 in later ones by new queries, %5 by queries computed "
              "again\nq: %6 in "
              "its own step, %7 by rows computed again")
        .arg(m_shown.tokenText(position))
        .arg(latent.own + latent.later + latent.again)
        .arg(key.own)
        .arg(key.later)
        .arg(key.again)
        .arg(query.own)
        .arg(query.again)
        .arg(latent.again);
  }
  return tr("position %1\nk and v: %2 reads in their own step, %3 in later ones by new queries, %4 by "
            "queries computed again\nq: %5 in its own step, %6 by rows computed again")
      .arg(m_shown.tokenText(position))
      .arg(key.own)
      .arg(key.later)
      .arg(key.again)
      .arg(query.own)
      .arg(query.again);
}

QString KvReadsModel::description() const {
  return title() + QStringLiteral(". ") + explanation() + QLatin1Char(' ') + readout() + QLatin1Char('.');
}

std::vector<NamedTable> KvReadsModel::tables() const {
  if (!ready()) return {};
  NamedTable table;
  table.name = QStringLiteral("reads");
  table.columns = {QStringLiteral("kv_own_step"), QStringLiteral("kv_later_by_new_queries"),
                   QStringLiteral("kv_by_recomputed_queries"), QStringLiteral("q_own_step"),
                   QStringLiteral("q_recomputed")};
  for (int p = 0; p < tokens(); ++p) {
    const Reads &key = m_keys[static_cast<std::size_t>(p)], &query = m_queries[static_cast<std::size_t>(p)];
    table.rowLabels << m_shown.tokenText(p);
    for (const int count : {key.own, key.later, key.again, query.own, query.again})
      table.values.push_back(static_cast<float>(count));
  }
  table.shape = {tokens(), 5};
  if (!isLatent()) return {table};
  NamedTable latents;
  latents.name = QStringLiteral("latent_reads");
  latents.columns = {QStringLiteral("own_step"), QStringLiteral("later"), QStringLiteral("recomputed")};
  latents.rowLabels = table.rowLabels;
  for (const Reads& reads : m_latents) {
    for (const int count : {reads.own, reads.later, reads.again})
      latents.values.push_back(static_cast<float>(count));
  }
  latents.shape = {tokens(), 3};
  return {table, latents};
}

}  // namespace decodescope
