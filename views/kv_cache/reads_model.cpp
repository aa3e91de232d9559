#include "views/kv_cache/reads_model.h"

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
  if (!ready()) return;
  const bool masked = m_shown.run->settings.rules.causalMask;
  for (int s = 1; s <= steps(); ++s) {
    const StepRecord& step = record(s);
    const int rows = step.tokensSeen;
    for (int p = 0; p < rows; ++p) {
      const bool isNew = p >= step.firstNewPosition;
      // Queries of this step that see the key: the rows computed from the key's position on.
      const int first = masked ? std::max(p, step.firstRow) : step.firstRow;
      const int byNew = rows - std::max(first, step.firstNewPosition);
      const int byRepeated = std::max(0, step.firstNewPosition - first);
      Reads& key = m_keys[static_cast<std::size_t>(p)];
      (isNew ? key.own : key.later) += byNew;
      key.again += byRepeated;
      // A query is read once whenever its row is computed.
      Reads& query = m_queries[static_cast<std::size_t>(p)];
      if (isNew) query.own += 1;
      if (!isNew && p >= step.firstRow) query.again += 1;
    }
  }
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
  return tr("Why K and V are cached, and Q is not");
}

QStringList KvReadsModel::subtitle() const {
  return {m_shown.step().kvCache ? tr("cache on") : tr("cache off"), tr("steps 1–%1").arg(steps()),
          tr("reads by one query head in one layer: %1 in all").arg(groupedNumber(allReads()))};
}

QString KvReadsModel::explanation() const {
  const int last = m_shown.tokens - 1;
  return tr("Row i of the scores is q_i against k_0 … k_i. The next token only asks for the last row: "
            "q_%1 against every k, then every v. Old rows of K and V are read in each step; an old q would "
            "give an old row of scores once more, and nobody reads that. Keeping Q would take another %2 and "
            "save nothing.")
      .arg(QString::number(last), byteText(queryBytes()));
}

QString KvReadsModel::readout() const {
  const int p = std::min(m_shown.selection.key.value, m_shown.tokens - 1);
  const Reads &key = m_keys[static_cast<std::size_t>(p)], &query = m_queries[static_cast<std::size_t>(p)];
  QString text =
      tr("position %1: k and v read %2 times after their own step, q %3 times")
          .arg(m_shown.tokenText(p), groupedNumber(static_cast<std::uint64_t>(key.later + key.again)),
               groupedNumber(static_cast<std::uint64_t>(query.later + query.again)));
  if (query.again > 0) text += tr(" (each time computed again, for nothing)");
  return text;
}

QString KvReadsModel::toolTip(int position) const {
  const Reads &key = m_keys[static_cast<std::size_t>(position)],
              &query = m_queries[static_cast<std::size_t>(position)];
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
  return {table};
}

}  // namespace decodescope
