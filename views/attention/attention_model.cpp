#include "views/attention/attention_model.h"

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

}  // namespace

ScoreStage scoreStage(AttentionStage stage) {
  switch (stage) {
    case AttentionStage::raw:
      return ScoreStage::raw;
    case AttentionStage::scaled:
    case AttentionStage::masked:
      return ScoreStage::scaled;
    case AttentionStage::weights:
      break;
  }
  return ScoreStage::weight;
}

void AttentionModel::present(const SessionSnapshot& session, const Selection& selection,
                             const AttentionSettings& settings) {
  m_settings = settings;
  m_sharedEnds.clear();
  m_shown = shownRunWithScores(session, selection);
  m_traces = {};
  m_layers = m_heads = m_firstNew = m_firstComputed = m_missingRows = 0;
  m_headsPerGroup = 1;
  m_causal = true;
  if (m_shown.state == ShownRun::State::noModel) return;
  const RunSnapshotPtr& run = m_shown.run;
  m_layers = config().numHiddenLayers;
  m_heads = config().numAttentionHeads;
  m_headsPerGroup = config().queryHeadsPerKeyValueHead();
  if (m_labelledRun != run->runId || m_labelledModel != run->model) m_labels.clear();
  m_labelledRun = run->runId;
  m_labelledModel = run->model;
  // Tokens of a run are never changed, only added.
  m_labels.resize(std::min<qsizetype>(m_labels.size(), tokens()));
  for (int p = static_cast<int>(m_labels.size()); p < tokens(); ++p) m_labels.append(m_shown.pieceAt(p));
  if (!ready()) return;
  m_firstNew = m_shown.step().firstNewPosition;
  m_firstComputed = std::min(m_shown.step().firstRow, m_firstNew);
  m_traces = run->tracesAt(m_shown.selection.step);
  m_cache.follow(run, m_traces);
  m_causal = m_cache.causal();
  const auto gap = std::find(m_traces.begin(), m_traces.end(), nullptr);
  if (m_causal) {
    m_missingRows = tokens() - static_cast<int>(gap - m_traces.begin());
  } else if (gap != m_traces.end() || m_traces.empty()) {
    m_missingRows = tokens();
  }
}

HeatmapRows AttentionModel::rows(AttentionStage stage) const {
  HeatmapRows matrix;
  matrix.columns = tokens();
  matrix.leftOut = withoutFirst() ? 1 : 0;
  if (m_traces.empty()) {
    matrix.rows.resize(static_cast<std::size_t>(tokens()));
    matrix.rowMax.resize(static_cast<std::size_t>(tokens()));
    return matrix;
  }
  const AttentionRowsCache::HeadRows& head =
      m_cache.rows(selection().layer, selection().head, scoreStage(stage));
  for (int q = 0; q < tokens(); ++q) {
    const auto row = static_cast<std::size_t>(q);
    const auto end = static_cast<std::size_t>(showsGhosts(stage) ? tokens() : visible(q));
    const std::span<const float> values(head.rows[row]);
    matrix.rows.push_back(values.first(std::min(end, values.size())));
    matrix.rowMax.push_back(head.max[row]);
  }
  return matrix;
}

bool AttentionModel::showsGhosts(AttentionStage stage) const {
  return m_causal && (stage == AttentionStage::raw || stage == AttentionStage::scaled);
}

std::optional<float> AttentionModel::value(AttentionStage stage, int query, int key) const {
  if (!ready() || m_traces.empty() || query < 0 || query >= tokens() || key < 0 || key >= tokens())
    return std::nullopt;
  if (!showsGhosts(stage) && key >= visible(query)) return std::nullopt;
  return m_cache.value(selection().layer, selection().head, scoreStage(stage), query, key);
}

std::vector<float> AttentionModel::row(AttentionStage stage, int query) const {
  if (m_traces.empty()) return {};
  return m_cache.row(selection().layer, selection().head, scoreStage(stage), query);
}

HeatmapRows AttentionModel::thumbnail(LayerIndex layer, HeadIndex head, int maxBins) const {
  if (m_traces.empty()) return {};
  return m_cache.thumbnail(layer, head, scoreStage(m_settings.stage), maxBins, withoutFirst());
}

double AttentionModel::largestOf(AttentionStage stage, const AttentionRowsCache::Extent& extent) const {
  if (stage == AttentionStage::weights)
    return static_cast<double>(withoutFirst() ? extent.weightRest : extent.weight);
  const auto largest = static_cast<double>(withoutFirst() ? extent.scoreRest : extent.score);
  return stage == AttentionStage::raw ? largest / static_cast<double>(scoreScale(config())) : largest;
}

ColorScale AttentionModel::colorScaleUpTo(AttentionStage stage, double largest) const {
  ColorScale scale;
  scale.kind = m_settings.scale == AttentionScale::logarithmic ? ColorScale::Kind::logarithmic
               : m_settings.scale == AttentionScale::perRow    ? ColorScale::Kind::perRow
                                                               : ColorScale::Kind::linear;
  scale.hi = largest > 0 ? largest : 1;
  if (stage == AttentionStage::weights) {
    scale.map = m_settings.map;
    if (scale.kind == ColorScale::Kind::logarithmic) scale.lo = std::min(kSmallestWeight, scale.hi / 10);
    return scale;
  }
  scale.map = Colormap::diverging;
  scale.lo = -scale.hi;
  return scale;
}

ColorScale AttentionModel::colorScale(AttentionStage stage) const {
  return colorScale(stage, selection().head);
}

ColorScale AttentionModel::colorScale(AttentionStage stage, HeadIndex head) const {
  if (!ready() || m_traces.empty()) return {};
  const LayerIndex layer = selection().layer;
  if (!m_settings.lockedRange) return colorScaleUpTo(stage, largestOf(stage, m_cache.extent(layer, head)));
  for (const auto& [shared, end] : m_sharedEnds) {
    if (shared == stage && end > 0) return colorScaleUpTo(stage, end);
  }
  return colorScaleUpTo(stage, lockedLargest(stage));
}

double AttentionModel::lockedLargest(AttentionStage stage) const {
  // Weights: 0 … 1 whatever the rows hold, so that heads and steps can be compared.
  if (stage == AttentionStage::weights && !withoutFirst()) return 1;
  double largest = 0;
  if (m_settings.arrangement == AttentionArrangement::grid) {
    const int bins = thumbnailBins(static_cast<std::size_t>(m_layers * m_heads));
    for (int l = 0; l < m_layers; ++l) {
      for (int h = 0; h < m_heads; ++h)
        largest = std::max(largest, thumbnailLargest(thumbnail(LayerIndex{l}, HeadIndex{h}, bins), stage));
    }
    return largest;
  }
  for (int h = 0; h < heads(); ++h)
    largest = std::max(largest, largestOf(stage, m_cache.extent(selection().layer, HeadIndex{h})));
  return largest;
}

std::vector<double> AttentionModel::scaleEnds(std::span<const AttentionStage> stages) const {
  std::vector<double> ends(stages.size(), 0.0);
  if (!ready() || m_traces.empty() || !m_settings.lockedRange) return ends;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i] != AttentionStage::weights || withoutFirst()) ends[i] = lockedLargest(stages[i]);
  }
  return ends;
}

void AttentionModel::setScaleEnds(std::span<const AttentionStage> stages, const std::vector<double>& ends) {
  m_sharedEnds.clear();
  for (std::size_t i = 0; i < std::min(stages.size(), ends.size()); ++i)
    m_sharedEnds.emplace_back(stages[i], ends[i]);
}

int thumbnailBins(std::size_t heads) {
  return heads > 256 ? 64 : heads > 64 ? 128 : 256;
}

double thumbnailLargest(const HeatmapRows& rows, AttentionStage stage) {
  // The first row's weight is always 1.
  float largest = 0;
  for (std::size_t r = stage == AttentionStage::weights ? 1 : 0; r < rows.rowMax.size(); ++r)
    largest = std::max(largest, rows.rowMax[r]);
  return static_cast<double>(largest);
}

bool AttentionModel::struckOut(int query, int key) const {
  const PositionTrace* trace = m_shown.trace(Position{query});
  const KvHeadIndex kvHead = config().keyValueHeadOf(selection().head);
  return trace && trace->rules() &&
         trace->rules()->hides(selection().layer, kvHead, Position{key}, Position{query});
}

std::vector<StrikeOffer> AttentionModel::strikesAt(int key) const {
  const KvHeadIndex kvHead = config().keyValueHeadOf(selection().head);
  StrikeOffer offer;
  offer.title =
      tr("Strike out key/value row %1 of KV head %2, layer %3")
          .arg(tokenText(key), QString::number(kvHead.value), QString::number(selection().layer.value));
  offer.rows.push_back({selection().layer, kvHead, Position{key}});
  return {offer};
}

std::vector<StrikeOffer> AttentionModel::strikesOf(LayerIndex layer, HeadIndex head) const {
  std::vector<StrikeOffer> offers;
  StrikeOffer one;
  one.title = tr("Strike out query head %1 of layer %2").arg(head.value).arg(layer.value);
  one.heads.push_back({layer, head});
  offers.push_back(one);
  if (m_headsPerGroup < 2) return offers;
  const int group = head.value / m_headsPerGroup;
  StrikeOffer all;
  all.title = tr("Strike out group %1 of layer %2: query heads %3–%4")
                  .arg(group)
                  .arg(layer.value)
                  .arg(group * m_headsPerGroup)
                  .arg((group + 1) * m_headsPerGroup - 1);
  for (int h = group * m_headsPerGroup; h < (group + 1) * m_headsPerGroup; ++h)
    all.heads.push_back({layer, HeadIndex{h}});
  offers.push_back(all);
  return offers;
}

NamedTable AttentionModel::table(AttentionStage stage) const {
  const char* name = stage == AttentionStage::weights  ? "weights"
                     : stage == AttentionStage::masked ? "scores"
                     : stage == AttentionStage::scaled ? "scaled_scores"
                                                       : "raw_scores";
  NamedTable table;
  table.name = QStringLiteral("layers.%1.self_attn.%2.head%3")
                   .arg(QString::number(selection().layer.value), QLatin1String(name),
                        QString::number(selection().head.value));
  table.shape = {tokens(), tokens()};
  // As in a dump: masked cells weigh nothing and score −∞; rows that are not stored are NaN.
  const float masked = stage == AttentionStage::weights ? 0.0f : -std::numeric_limits<float>::infinity();
  table.values.assign(static_cast<std::size_t>(tokens()) * static_cast<std::size_t>(tokens()), masked);
  const HeatmapRows matrix = rows(stage);
  for (int q = 0; q < tokens(); ++q) {
    table.columns << tokenText(q);
    table.rowLabels << tokenText(q);
    const std::span<const float> row = matrix.rows[static_cast<std::size_t>(q)];
    const auto start = table.values.begin() + static_cast<std::ptrdiff_t>(q) * tokens();
    if (row.empty()) std::fill_n(start, tokens(), std::numeric_limits<float>::quiet_NaN());
    std::copy(row.begin(), row.end(), start);
    for (int k = 0; k < static_cast<int>(row.size()); ++k) {
      if (struckOut(q, k)) start[k] = masked;
    }
  }
  return table;
}

}  // namespace decodescope
