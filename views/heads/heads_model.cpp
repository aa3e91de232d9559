#include "views/heads/heads_model.h"

#include "core/attention/attention_rows.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("HeadsView", text);
}

double largest(std::span<const float> row) {
  double most = 0;
  for (const float v : row) {
    if (std::isfinite(v)) most = std::max(most, static_cast<double>(std::abs(v)));
  }
  return most;
}

QString numberText(double value) {
  return shortNumber(value).replace(QLatin1Char('-'), QChar(0x2212));
}

std::span<const float> headPart(std::span<const float> row, int head, int width) {
  const auto w = static_cast<std::size_t>(width), first = static_cast<std::size_t>(head) * w;
  return first + w <= row.size() ? row.subspan(first, w) : std::span<const float>();
}

NamedTable tableOf(const QString& name, int columns) {
  NamedTable table;
  table.name = name;
  for (int i = 0; i < columns; ++i) table.columns << QStringLiteral("[%1]").arg(i);
  return table;
}

void addRow(NamedTable& table, const QString& label, std::span<const float> values) {
  table.rowLabels << label;
  const auto width = static_cast<std::size_t>(table.columns.size());
  for (std::size_t i = 0; i < width; ++i)
    table.values.push_back(i < values.size() ? values[i] : std::numeric_limits<float>::quiet_NaN());
  table.shape = {static_cast<int>(table.rowLabels.size()), static_cast<int>(width)};
}

}  // namespace

void HeadsModel::present(const ShownRun& shown, bool selectedKeyOnly, bool rebuilt) {
  m_shown = shown;
  m_rebuilt = rebuilt;
  m_ready = false;
  m_missing = 0;
  m_queryMax = m_keyMax = m_valueMax = m_contextMax = 0;
  if (!shown.ready()) return;
  const ModelConfig& config = shown.config();
  m_heads = config.numAttentionHeads;
  m_keyValueHeads = !isLatent() ? std::max(1, config.numKeyValueHeads) : rebuilt ? m_heads : 1;
  m_headDim = config.headDim;
  m_contextWidth = config.valueHeadDim();
  m_keyWidth = showsLatents() ? config.kvLoraRank : m_headDim;
  m_valueWidth = showsLatents() ? config.rotaryDim() : m_contextWidth;
  const PositionTrace* trace = shown.trace(shown.selection.query);
  if (!trace) return;
  m_ready = true;
  const int visible = visibleKeysOf(*trace, shown.tokens);
  // Keys that have left a sliding window are read by nobody.
  const bool causal = !trace->rules() || trace->rules()->causalMask;
  const int first = causal ? config.firstVisible(shown.selection.query.value) : 0;
  m_firstKey = selectedKeyOnly ? std::clamp(shown.selection.key.value, first, visible - 1) : first;
  m_keys = selectedKeyOnly ? 1 : visible - first;
  for (int h = 0; h < m_heads; ++h) {
    m_queryMax =
        std::max(m_queryMax, largest(attentionQuery(config, *trace, shown.selection.layer, HeadIndex{h})));
  }
  m_contextMax = largest(trace->row(Site::context, shown.selection.layer));
  for (int p = m_firstKey; p < m_firstKey + m_keys; ++p) {
    if (!shown.trace(Position{p})) ++m_missing;
    for (int g = 0; g < m_keyValueHeads; ++g) {
      m_keyMax = std::max(m_keyMax, largest(row(p, g, false)));
      m_valueMax = std::max(m_valueMax, largest(row(p, g, true)));
    }
  }
}

std::vector<double> HeadsModel::scaleEnds() const {
  // Latents and rotary keys have scales of their own: beside another kind's keys and values as well.
  if (showsLatents()) return {m_queryMax, 0, 0, m_contextMax, m_keyMax, m_valueMax};
  return {m_queryMax, m_keyMax, m_valueMax, m_contextMax, 0, 0};
}

void HeadsModel::setScaleEnds(const std::vector<double>& ends) {
  m_queryMax = ends[0];
  m_keyMax = ends[showsLatents() ? 4 : 1];
  m_valueMax = ends[showsLatents() ? 5 : 2];
  m_contextMax = ends[3];
}

std::span<const float> HeadsModel::row(int position, int keyValueHead, bool isValue) const {
  const PositionTrace* trace = m_shown.trace(Position{position});
  if (!trace) return {};
  const LayerIndex layer = m_shown.selection.layer;
  if (showsLatents()) return trace->row(isValue ? Site::kRot : Site::kvALayernorm, layer);
  if (isValue) return attentionValue(m_shown.config(), *trace, layer, KvHeadIndex{keyValueHead});
  return attentionKey(m_shown.config(), *trace, layer, KvHeadIndex{keyValueHead});
}

std::vector<float> HeadsModel::rowsOf(int keyValueHead, bool isValue) const {
  const int width = isValue ? m_valueWidth : m_keyWidth;
  std::vector<float> values(static_cast<std::size_t>(m_keys) * static_cast<std::size_t>(width),
                            std::numeric_limits<float>::quiet_NaN());
  for (int r = 0; r < m_keys; ++r) {
    const std::span<const float> from = row(m_firstKey + r, keyValueHead, isValue);
    if (from.size() == static_cast<std::size_t>(width))
      std::copy(from.begin(), from.end(), values.begin() + std::ptrdiff_t{r} * width);
  }
  return values;
}

CellGrid HeadsModel::grid(std::vector<float> values, int rows, int columns, Ink ink, double limit) const {
  CellGrid g;
  g.ink = ink;
  g.rows = rows;
  g.columns = columns;
  g.values = std::move(values);
  g.values.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns),
                  std::numeric_limits<float>::quiet_NaN());
  g.scale.map = Colormap::diverging;
  g.scale.hi = limit > 0 ? limit : 1;
  g.scale.lo = -g.scale.hi;
  return g;
}

CellGrid HeadsModel::queryGrid(int head) const {
  const std::span<const float> q = attentionQuery(m_shown.config(), *m_shown.trace(m_shown.selection.query),
                                                  m_shown.selection.layer, HeadIndex{head});
  return grid({q.begin(), q.end()}, 1, m_headDim, Ink::query, m_queryMax);
}

CellGrid HeadsModel::contextGrid(int head) const {
  const std::span<const float> c =
      headPart(m_shown.trace(m_shown.selection.query)->row(Site::context, m_shown.selection.layer), head,
               m_contextWidth);
  return grid({c.begin(), c.end()}, 1, m_contextWidth, Ink::plain, m_contextMax);
}

CellGrid HeadsModel::keyGrid(int keyValueHead) const {
  return grid(rowsOf(keyValueHead, false), m_keys, m_keyWidth, Ink::key, m_keyMax);
}

CellGrid HeadsModel::valueGrid(int keyValueHead) const {
  return grid(rowsOf(keyValueHead, true), m_keys, m_valueWidth, Ink::value, m_valueMax);
}

QString HeadsModel::emptyTitle() const {
  return m_shown.ready() ? tr("Not stored") : m_shown.emptyTitle();
}

QString HeadsModel::emptyText() const {
  if (m_shown.state == ShownRun::State::noModel)
    return tr("Open a model: which of its query heads read which key/value head appears here.");
  if (!m_shown.ready())
    return tr("Make a step (Space in the window): the rows that each head reads appear here.");
  return tr("The rows of token %1 are not stored any more (trace budget). Choose a later token.")
      .arg(m_shown.tokenText(query()));
}

QString HeadsModel::readersText(int keyValueHead) const {
  const int first = keyValueHead * headsPerGroup(), last = first + headsPerGroup() - 1;
  return first == last ? tr("read by query head %1").arg(first)
                       : tr("read by query heads %1–%2").arg(first).arg(last);
}

QString HeadsModel::title() const {
  return tr("Heads of layer %1: %2")
      .arg(QString::number(m_shown.selection.layer.value),
           QString::fromStdString(m_shown.config().attentionName()));
}

QStringList HeadsModel::facts() const {
  QStringList facts;
  if (isLatent()) {
    const ModelConfig& c = m_shown.config();
    facts << (showsLatents()
                  ? tr("%1 query heads all read one latent ĉ and one rotary key a token").arg(m_heads)
                  : tr("%1 heads, each with keys and values of its own, rebuilt from ĉ by kv_b_proj")
                        .arg(m_heads))
          << tr("a key: n = %1 rebuilt numbers and the shared r = %2; a value: %3")
                 .arg(c.qkNopeHeadDim)
                 .arg(c.qkRopeHeadDim)
                 .arg(m_contextWidth)
          << tr("cached a token and layer: C + r = %1 + %2 = %3 numbers")
                 .arg(c.kvLoraRank)
                 .arg(c.qkRopeHeadDim)
                 .arg(c.kvLoraRank + c.qkRopeHeadDim);
    return facts;
  }
  if (m_keyValueHeads == m_heads) {
    facts << (m_heads == 1 ? tr("one query head with its own key and value head")
                           : tr("%1 query heads, each with a key and a value head of its own").arg(m_heads));
  } else if (m_keyValueHeads == 1) {
    facts << tr("%1 query heads all read one key and one value head").arg(m_heads);
  } else {
    facts << tr("%1 query heads read %2 key/value heads: %3 read each")
                 .arg(m_heads)
                 .arg(m_keyValueHeads)
                 .arg(headsPerGroup());
  }
  facts << tr("a row has d = %1 numbers").arg(m_headDim);
  if (m_shown.config().slidingWindow > 0)
    facts << tr("a window of %1: the query sees the keys %2–%3")
                 .arg(m_shown.config().slidingWindow)
                 .arg(m_firstKey)
                 .arg(m_firstKey + m_keys - 1);
  if (isLinear()) {
    facts << tr("kept a layer: a state of %1 · %2 · (%2 + 1) = %3 numbers, none of these rows")
                 .arg(m_keyValueHeads)
                 .arg(m_headDim)
                 .arg(m_keyValueHeads * m_headDim * (m_headDim + 1));
    return facts;
  }
  facts << tr("cached a token and layer: 2 · %1 · %2 = %3 numbers")
               .arg(m_keyValueHeads)
               .arg(m_headDim)
               .arg(2 * m_keyValueHeads * m_headDim);
  return facts;
}

QString HeadsModel::note() const {
  return m_missing > 0 ? tr("Rows not stored any more (trace budget): those of %1 tokens.").arg(m_missing)
                       : QString();
}

QString HeadsModel::readout() const {
  const int head = chosenHead(), group = groupOf(head);
  if (isLatent())
    return (showsLatents()
                ? tr("Query head %1 of token %2 reads the latents that all heads read, through rows of "
                     "kv_b_proj of its own.")
                : tr("Query head %1 of token %2 reads keys and values that only it rebuilds; none of them is "
                     "kept."))
        .arg(QString::number(head), m_shown.tokenText(query()));
  if (headsPerGroup() == 1)
    return tr("Query head %1 of token %2 reads key/value head %1, which no other head reads.")
        .arg(QString::number(head), m_shown.tokenText(query()));
  return tr("Query head %1 of token %2 reads key/value head %3 = ⌊%1 / %4⌋, which is %5; what it makes of it "
            "is its own.")
      .arg(QString::number(head), m_shown.tokenText(query()), QString::number(group),
           QString::number(headsPerGroup()), readersText(group));
}

QString HeadsModel::shortReadout() const {
  const int head = chosenHead(), group = groupOf(head);
  if (isLatent())
    return (showsLatents() ? tr("Query head %1 reads the latents that all heads read")
                           : tr("Query head %1 reads keys and values that it rebuilds"))
        .arg(head);
  return headsPerGroup() == 1 ? tr("Query head %1 reads key/value head %1").arg(head)
                              : tr("Query head %1 reads key/value head %2 = ⌊%1 / %3⌋")
                                    .arg(head)
                                    .arg(group)
                                    .arg(headsPerGroup());
}

QString HeadsModel::queryToolTip(int head, int element) const {
  const CellGrid g = queryGrid(head);
  if (showsLatents())
    return tr("q of head %1, token %2\nq[%3] = %4\nreads the latents that all heads read")
        .arg(QString::number(head), m_shown.tokenText(query()), QString::number(element),
             numberText(static_cast<double>(g.value(0, element))));
  return tr("%6 of head %1, token %2\n%6[%3] = %4\nreads key/value head %5")
      .arg(QString::number(head), m_shown.tokenText(query()), QString::number(element),
           numberText(static_cast<double>(g.value(0, element))), QString::number(groupOf(head)),
           isLinear() ? QString::fromUtf8("φ(q)") : QStringLiteral("q"));
}

QString HeadsModel::contextToolTip(int head, int element) const {
  const CellGrid g = contextGrid(head);
  if (isLinear())
    return tr("context of head %1, token %2\nc[%3] = φ(q)ᵀS[%3] / φ(q)·z = %4\nread from the state of "
              "key/value head %5")
        .arg(QString::number(head), m_shown.tokenText(query()), QString::number(element),
             numberText(static_cast<double>(g.value(0, element))), QString::number(groupOf(head)));
  if (isLatent())
    return tr("context of head %1, token %2\nc[%3] = Σ_j a_j v_j[%3] = %4\nvalues that the head rebuilds "
              "from "
              "the latents, its own weights a")
        .arg(QString::number(head), m_shown.tokenText(query()), QString::number(element),
             numberText(static_cast<double>(g.value(0, element))));
  return tr("context of head %1, token %2\nc[%3] = Σ_j a_j v_j[%3] = %4\nvalues of key/value head %5, its "
            "own weights a")
      .arg(QString::number(head), m_shown.tokenText(query()), QString::number(element),
           numberText(static_cast<double>(g.value(0, element))), QString::number(groupOf(head)));
}

QString HeadsModel::keyToolTip(int keyValueHead, int rowIndex, int element, bool isValue) const {
  const int position = m_firstKey + rowIndex;
  const std::span<const float> from = row(position, keyValueHead, isValue);
  const QString name = showsLatents() ? isValue ? QStringLiteral("k_r") : QStringLiteral("ĉ")
                       : isValue ? QStringLiteral("v")
                       : isLinear()   ? QString::fromUtf8("φ(k)")
                                      : QStringLiteral("k");
  QString text = !showsLatents() ? tr("%1 of key/value head %2, token %3")
                                       .arg(name, QString::number(keyValueHead), m_shown.tokenText(position))
                 : isValue ? tr("rotary key %1 of token %2").arg(name, m_shown.tokenText(position))
                           : tr("latent %1 of token %2").arg(name, m_shown.tokenText(position));
  if (static_cast<std::size_t>(element) < from.size()) {
    text += QStringLiteral("\n%1[%2] = %3")
                .arg(name, QString::number(element),
                     numberText(static_cast<double>(from[static_cast<std::size_t>(element)])));
  } else {
    text += QLatin1Char('\n') + tr("not stored");
  }
  return text + QLatin1Char('\n') + readersText(keyValueHead);
}

std::vector<NamedTable> HeadsModel::tables() const {
  if (!m_ready) return {};
  NamedTable q = tableOf(QStringLiteral("heads.q"), m_headDim),
             k = tableOf(showsLatents() ? QStringLiteral("heads.latent") : QStringLiteral("heads.k"),
                         m_keyWidth),
             v = tableOf(showsLatents() ? QStringLiteral("heads.k_rot") : QStringLiteral("heads.v"),
                         m_valueWidth),
             context = tableOf(QStringLiteral("heads.context"), m_contextWidth);
  for (int h = 0; h < m_heads; ++h) {
    const QString label = showsLatents()
                              ? QStringLiteral("head %1 reads the latents").arg(h)
                              : QStringLiteral("head %1 reads key/value head %2").arg(h).arg(groupOf(h));
    addRow(q, label, queryGrid(h).values);
    addRow(context, label, contextGrid(h).values);
  }
  for (int g = 0; g < m_keyValueHeads; ++g) {
    for (int r = 0; r < m_keys; ++r) {
      const QString token = m_shown.tokenText(m_firstKey + r);
      const QString label = showsLatents() ? QStringLiteral("token %1").arg(token)
                                           : QStringLiteral("key/value head %1 token %2").arg(g).arg(token);
      addRow(k, label, row(m_firstKey + r, g, false));
      addRow(v, label, row(m_firstKey + r, g, true));
    }
  }
  return {q, k, v, context};
}

}  // namespace decodescope
