#include "core/train/training_sink.h"

#include "core/base/result.h"

#include <algorithm>

namespace decodescope {

TrainingSink::TrainingSink(const ModelConfig& config, int maxRows) : m_config(config), m_maxRows(maxRows) {
  m_sites.resize(static_cast<std::size_t>(config.numHiddenLayers + 1) * kSiteCount);
  for (const SiteInfo& info : siteTable()) {
    if (info.site == Site::weights || !wants(info.site, kNoLayer)) continue;
    const auto size =
        static_cast<std::size_t>(maxRows) * static_cast<std::size_t>(siteRowWidth(info.site, config));
    const int first = info.perLayer ? 0 : kNoLayer.value;
    const int last = info.perLayer ? config.numHiddenLayers - 1 : kNoLayer.value;
    for (int layer = first; layer <= last; ++layer)
      m_sites[index(info.site, LayerIndex{layer})] = AlignedBuffer(size);
  }
  const auto square = static_cast<std::size_t>(maxRows) * static_cast<std::size_t>(maxRows);
  for (int i = 0; i < config.numHiddenLayers * config.numAttentionHeads; ++i) m_weights.emplace_back(square);
}

void TrainingSink::begin(int rows) {
  DECODESCOPE_REQUIRE(rows >= 1 && rows <= m_maxRows);
  m_rows = rows;
}

bool TrainingSink::wants(Site site, LayerIndex) const {
  if (!siteExists(site, m_config)) return false;
  const bool postNorm = m_config.normPlacement == NormPlacement::postNorm;
  const bool rotary = m_config.position == PositionKind::rotary;
  const bool latent = m_config.attention == AttentionKind::latent;
  const bool linear = m_config.attention == AttentionKind::linear;
  switch (site) {
    case Site::qAProj:
    case Site::qALayernorm:
    case Site::kvAProj:
    case Site::kvALayernorm:
    case Site::kvBProj:
    case Site::queryStates:
    case Site::keyStates:
    case Site::qFeatures:
    case Site::kFeatures:
    case Site::embedTokens:
    case Site::inputLayernorm:
    case Site::vProj:
    case Site::weights:
    case Site::context:
    case Site::postAttentionResidual:
    case Site::postAttentionLayernorm:
    case Site::gateProj:
    case Site::upProj:
    case Site::mlpActivation:
    case Site::output:
    case Site::norm:
      return true;
    case Site::qProj:
    case Site::kProj:
      return !rotary && !latent && !linear;
    case Site::qRot:
    case Site::kRot:
      return rotary && !latent;
    case Site::downProj:
      return postNorm;
    default:
      return false;
  }
}

void TrainingSink::record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) {
  if (site == Site::weights) {
    for (int head = 0; head < rows.rows; ++head) {
      AlignedBuffer& target =
          m_weights[static_cast<std::size_t>(layer.value * m_config.numAttentionHeads + head)];
      std::copy_n(rows.row(head), rows.cols,
                  target.data() + static_cast<std::ptrdiff_t>(first.value) * m_maxRows);
    }
    return;
  }
  DECODESCOPE_REQUIRE(first.value + rows.rows <= m_rows);
  float* const target = m_sites[index(site, layer)].data();
  for (int r = 0; r < rows.rows; ++r) {
    std::copy_n(rows.row(r), rows.cols, target + static_cast<std::ptrdiff_t>(first.value + r) * rows.cols);
  }
}

ConstMatrixSpan TrainingSink::rowsOf(Site site, LayerIndex layer) const {
  const AlignedBuffer& buffer = m_sites[index(site, layer)];
  DECODESCOPE_REQUIRE(buffer.size() > 0);
  return {buffer.data(), m_rows, siteRowWidth(site, m_config)};
}

ConstMatrixSpan TrainingSink::weightsOf(LayerIndex layer, HeadIndex head) const {
  const AlignedBuffer& buffer =
      m_weights[static_cast<std::size_t>(layer.value * m_config.numAttentionHeads + head.value)];
  return {buffer.data(), m_rows, m_rows, m_maxRows};
}

std::size_t TrainingSink::index(Site site, LayerIndex layer) const {
  return static_cast<std::size_t>(layer.value + 1) * kSiteCount + static_cast<std::size_t>(site);
}

}  // namespace decodescope
