#include "views/kv_cache/kv_cache_model.h"

#include "core/cost/decode_cost.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

float largestOf(std::span<const float> row) {
  float m = 0;
  for (const float v : row) {
    if (std::isfinite(v)) m = std::max(m, std::abs(v));
  }
  return m;
}

/// A head's S and z as they stood after the token: (d + 1, d).
ConstMatrixSpan stateOf(const PositionTrace& trace, const ModelConfig& config, LayerIndex layer,
                        KvHeadIndex head) {
  const int d = config.headDim;
  const std::span<const float> row = trace.row(Site::state, layer);
  if (row.empty()) return {};
  return {row.data() + static_cast<std::ptrdiff_t>(head.value) * (d + 1) * d, d + 1, d};
}

}  // namespace

std::vector<double> KvCacheModel::scaleEnds() const {
  std::vector<double> ends(m_largest.begin(), m_largest.end());
  ends.insert(ends.end(), {m_bytesEnd, m_rowsEnd});
  return ends;
}

void KvCacheModel::setScaleEnds(const std::vector<double>& ends) {
  for (std::size_t i = 0; i < m_largest.size(); ++i) m_largest[i] = static_cast<float>(ends[i]);
  m_bytesEnd = ends[m_largest.size()];
  m_rowsEnd = ends[m_largest.size() + 1];
}

void KvCacheModel::present(const SessionSnapshot& session, const Selection& selection) {
  m_selection = clampTo(selection, session);
  m_tokens = m_missingRows = 0;
  m_capacity = 16;
  m_largest = {};
  m_columns.clear();
  m_bytesEnd = m_rowsEnd = 1;
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
  m_state = State::ready;
  while (m_capacity < m_tokens) m_capacity *= 2;
  m_capacity = std::max(m_tokens, std::min(m_capacity, config.maxPositionEmbeddings));
  if (isState()) m_capacity = m_headDim;
  makeColumns();
  measure();
  for (const StepRecord& s : steps()) {
    m_bytesEnd =
        std::max({m_bytesEnd, static_cast<double>(s.kvBytes), static_cast<double>(bytesFor(s.tokensSeen))});
    m_rowsEnd = std::max(m_rowsEnd, static_cast<double>(s.rowsComputed));
  }
}

void KvCacheModel::makeColumns() {
  const ModelConfig& c = config();
  const auto words = [](const char* utf8) { return QString::fromUtf8(utf8); };
  const KvPart keys{KvNumbers::keys, m_headDim, words("K"), words("|k|")};
  const KvPart values{KvNumbers::values, c.valueHeadDim(), words("V"), words("|v|")};
  if (isLatent()) {
    const KvPart latents{KvNumbers::latents, c.kvLoraRank, words("c"), words("|c|")};
    const KvPart rotary{KvNumbers::keys, c.qkRopeHeadDim, words("kᴿ"), words("|kᴿ|")};
    m_columns = {{KvHeadIndex{0}, true, latents, rotary},
                 {KvHeadIndex{m_selection.head.value}, false, keys, values}};
    return;
  }
  for (int g = 0; g < m_kvHeads; ++g) {
    if (isState()) {
      m_columns.push_back({KvHeadIndex{g},
                           true,
                           {KvNumbers::state, m_headDim, words("S"), words("|S|")},
                           {KvNumbers::normalizer, 1, words("z"), words("|z|")}});
    } else {
      m_columns.push_back({KvHeadIndex{g}, true, keys, values});
    }
  }
}

int KvCacheModel::chosenColumn() const {
  return isLatent() ? 0 : m_selection.head.value / m_headsPerGroup;
}

HeadIndex KvCacheModel::readerOf(int column) const {
  const bool reads = isLatent() || m_selection.head.value / m_headsPerGroup == column;
  return reads ? m_selection.head : HeadIndex{column * m_headsPerGroup};
}

int KvCacheModel::firstHeld() const {
  const int window = config().slidingWindow;
  return window > 0 && m_cacheOn ? std::max(0, m_tokens - window) : 0;
}

void KvCacheModel::measure() {
  // Without a mask every step has rows of its own.
  if (m_measuredRun != m_run->runId || !m_run->unmaskedSteps.empty()) {
    m_extents.clear();
    m_measuredRun = m_run->runId;
  }
  if (static_cast<int>(m_extents.size()) < m_tokens) m_extents.resize(static_cast<std::size_t>(m_tokens));
  const auto add = [](Extent& extent, KvNumbers numbers, std::span<const float> row) {
    float& most = extent.largest[static_cast<std::size_t>(numbers)];
    most = std::max(most, largestOf(row));
  };
  for (int p = 0; p < m_tokens; ++p) {
    Extent& extent = m_extents[static_cast<std::size_t>(p)];
    const PositionTrace* stored = trace(p);
    if (!stored) ++m_missingRows;
    for (int layer = 0; stored && !extent.known && layer < m_layers; ++layer) {
      const LayerIndex l{layer};
      if (isLatent()) {
        add(extent, KvNumbers::latents, stored->row(Site::kvALayernorm, l));
        add(extent, KvNumbers::keys, stored->row(Site::kRot, l));
      }
      for (int g = 0; g < m_kvHeads; ++g) {
        const KvHeadIndex head{g};
        if (isState()) {
          const ConstMatrixSpan state = stateOf(*stored, config(), l, head);
          const std::span<const float> all(state.data, static_cast<std::size_t>(state.rows * state.cols));
          const auto z = static_cast<std::size_t>(m_headDim);
          if (all.empty()) continue;
          add(extent, KvNumbers::state, all.first(all.size() - z));
          add(extent, KvNumbers::normalizer, all.last(z));
        } else {
          add(extent, KvNumbers::keys, keyRow(l, head, p));
          add(extent, KvNumbers::values, valueRow(l, head, p));
        }
      }
    }
    extent.known = extent.known || stored;
    for (std::size_t i = 0; i < m_largest.size(); ++i)
      m_largest[i] = std::max(m_largest[i], extent.largest[i]);
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

StrikeOffer KvCacheModel::strikeRow(LayerIndex layer, const KvColumn& column, int position) const {
  StrikeOffer offer;
  const bool isShared = isLatent() && column.isHeld;
  offer.title = isShared
                    ? tr("Strike out the latent of position %1 in layer %2, for all heads")
                          .arg(tokenText(position), QString::number(layer.value))
                    : tr("Strike out K and V of position %1 in layer %2, %3")
                          .arg(tokenText(position), QString::number(layer.value), groupName(column.head));
  for (int g = isShared ? 0 : column.head.value; g < (isShared ? m_kvHeads : column.head.value + 1); ++g)
    offer.rows.push_back({layer, KvHeadIndex{g}, Position{position}});
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
  if (position < firstHeld()) return KvRowState::dropped;
  if (position >= step().firstNewPosition) return KvRowState::added;
  return position >= step().firstRow ? KvRowState::recomputed : KvRowState::kept;
}

std::span<const float> KvCacheModel::keyRow(LayerIndex layer, KvHeadIndex head, int position) const {
  const PositionTrace* row = trace(position);
  return row ? attentionKey(m_run->model->config(), *row, layer, head) : std::span<const float>();
}

std::span<const float> KvCacheModel::valueRow(LayerIndex layer, KvHeadIndex head, int position) const {
  const PositionTrace* row = trace(position);
  return row ? attentionValue(config(), *row, layer, head) : std::span<const float>();
}

TracePlace KvCacheModel::place(const KvColumn& column, bool isUpper) const {
  const KvPart& part = isUpper ? column.upper : column.lower;
  if (part.numbers == KvNumbers::latents) return {Site::kvALayernorm, 0};
  if (isState()) return {Site::state, column.head.value * (m_headDim + 1) * m_headDim};
  if (part.numbers == KvNumbers::values) return attentionValuePlace(config(), column.head);
  return isLatent() && column.isHeld ? rotaryKeyPlace(config(), column.head, true)
                                     : attentionKeyPlace(config(), column.head);
}

std::span<const float> KvCacheModel::row(LayerIndex layer, const KvColumn& column, bool isUpper,
                                         int position) const {
  const PositionTrace* stored = trace(position);
  if (!stored || isState()) return {};
  return numbersAt(*stored, layer, place(column, isUpper), (isUpper ? column.upper : column.lower).height);
}

ConstMatrixSpan KvCacheModel::state(LayerIndex layer, KvHeadIndex head) const {
  const PositionTrace* last = trace(m_tokens - 1);
  return last && isState() ? stateOf(*last, config(), layer, head) : ConstMatrixSpan();
}

}  // namespace decodescope
