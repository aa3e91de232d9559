#include "core/trace/position_trace.h"

#include "core/base/result.h"

#include <algorithm>
#include <utility>

namespace decodescope {

bool PositionTrace::stores(Site site, const ModelConfig& config) {
  return siteExists(site, config) && siteInfo(site).layout != SiteShape::attention;
}

PositionTrace::PositionTrace(const ModelConfig& config, Position position, TokenId token, bool storesLogits,
                             std::shared_ptr<const AttentionRules> rules)
    : m_position(position), m_token(token), m_rules(std::move(rules)), m_layers(config.numHiddenLayers) {
  m_slots.resize(static_cast<std::size_t>(m_layers + 1) * kSiteCount);
  std::uint32_t used = 0;
  for (const SiteInfo& info : siteTable()) {
    if (!stores(info.site, config) || (info.site == Site::logits && !storesLogits)) continue;
    const auto width = static_cast<std::uint32_t>(siteRowWidth(info.site, config));
    const int first = info.perLayer ? 0 : kNoLayer.value;
    const int last = info.perLayer ? m_layers - 1 : kNoLayer.value;
    for (int layer = first; layer <= last; ++layer) {
      m_slots[slotIndex(info.site, LayerIndex{layer})] = {used, width};
      used += width;
    }
  }
  m_arena.resize(used);
}

std::size_t PositionTrace::slotIndex(Site site, LayerIndex layer) const {
  DECODESCOPE_REQUIRE(layer.value >= -1 && layer.value < m_layers);
  return static_cast<std::size_t>(layer.value + 1) * kSiteCount + static_cast<std::size_t>(site);
}

std::span<const float> PositionTrace::row(Site site, LayerIndex layer) const {
  const Slot slot = m_slots[slotIndex(site, layer)];
  return {m_arena.data() + slot.offset, slot.size};
}

std::span<float> PositionTrace::mutableRow(Site site, LayerIndex layer) {
  const Slot slot = m_slots[slotIndex(site, layer)];
  return {m_arena.data() + slot.offset, slot.size};
}

PositionTraceSink::PositionTraceSink(const ModelConfig& config, Position first,
                                     std::span<const TokenId> tokens, bool storesLogits,
                                     std::shared_ptr<const AttentionRules> rules)
    : m_config(config), m_first(first), m_storesLogits(storesLogits) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Position position{first.value + static_cast<int>(i)};
    m_traces.push_back(std::make_shared<PositionTrace>(config, position, tokens[i], storesLogits, rules));
  }
}

bool PositionTraceSink::wants(Site site, LayerIndex) const {
  return PositionTrace::stores(site, m_config) && (site != Site::logits || m_storesLogits);
}

void PositionTraceSink::record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) {
  for (int r = 0; r < rows.rows; ++r) {
    PositionTrace& trace = *m_traces[static_cast<std::size_t>(first.value - m_first.value + r)];
    const std::span<float> target = trace.mutableRow(site, layer);
    DECODESCOPE_REQUIRE(target.size() == static_cast<std::size_t>(rows.cols));
    std::copy_n(rows.row(r), rows.cols, target.data());
  }
}

std::vector<PositionTracePtr> PositionTraceSink::take() {
  return {m_traces.begin(), m_traces.end()};
}

}  // namespace decodescope
