#include "app/stages.h"

namespace decodescope {

std::vector<Stage> stagesOf(const ModelConfig& config) {
  std::vector<Stage> stages;
  bool layersDone = false;
  for (const SiteInfo& info : siteTable()) {
    if (info.perLayer && !layersDone) {
      for (int layer = 0; layer < config.numHiddenLayers; ++layer) {
        for (const SiteInfo& inner : siteTable()) {
          if (inner.perLayer && siteExists(inner.site, config))
            stages.push_back({inner.site, LayerIndex{layer}});
        }
      }
      layersDone = true;
    }
    if (!info.perLayer && siteExists(info.site, config)) stages.push_back({info.site, kNoLayer});
  }
  return stages;
}

int stageIndex(std::span<const Stage> stages, Site site, LayerIndex layer) {
  const Stage wanted{site, siteInfo(site).perLayer ? layer : kNoLayer};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i] == wanted) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace decodescope
