#include "core/trace/norm_places.h"

namespace decodescope {

std::vector<NormPlace> normPlaces(const ModelConfig& config) {
  std::vector<NormPlace> places;
  for (int i = 0; i < config.numHiddenLayers; ++i) {
    for (const Site site :
         {Site::inputLayernorm, Site::postAttentionLayernorm, Site::postFeedforwardLayernorm}) {
      if (siteExists(site, config)) places.push_back({site, LayerIndex{i}});
    }
  }
  if (siteExists(Site::norm, config)) places.push_back({Site::norm, kNoLayer});
  return places;
}

bool isNormSite(Site site) {
  return site == Site::inputLayernorm || site == Site::postAttentionLayernorm ||
         site == Site::postFeedforwardLayernorm || site == Site::norm;
}

std::vector<float> normInput(const ModelConfig& config, const PositionTrace& trace, NormPlace place) {
  const auto copied = [&](Site site, LayerIndex layer) {
    const std::span<const float> row = trace.row(site, layer);
    return std::vector<float>(row.begin(), row.end());
  };
  const auto residual = [&](int layersBefore) {
    return layersBefore == 0 ? copied(Site::embedTokens, kNoLayer)
                             : copied(Site::output, LayerIndex{layersBefore - 1});
  };
  switch (place.site) {
    case Site::inputLayernorm:
      return residual(place.layer.value);
    case Site::postAttentionLayernorm:
      return copied(Site::postAttentionResidual, place.layer);
    case Site::postFeedforwardLayernorm: {
      std::vector<float> sum = copied(Site::postAttentionLayernorm, place.layer);
      const std::span<const float> branch = trace.row(Site::downProj, place.layer);
      if (branch.size() != sum.size()) return {};
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += branch[i];
      return sum;
    }
    case Site::norm:
      return residual(config.numHiddenLayers);
    default:
      return {};
  }
}

NormWeights normWeightsAt(const Model& model, NormPlace place) {
  switch (place.site) {
    case Site::inputLayernorm:
      return model.layer(place.layer).inputNorm;
    case Site::postAttentionLayernorm:
      return model.layer(place.layer).postAttentionNorm;
    case Site::postFeedforwardLayernorm:
      return model.layer(place.layer).postFeedforwardNorm;
    default:
      return model.finalNorm();
  }
}

}  // namespace decodescope
