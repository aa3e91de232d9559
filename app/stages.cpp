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

StagePlace nextStage(std::span<const Stage> stages, int current, Direction direction) {
  const auto count = static_cast<int>(stages.size());
  if (direction == Direction::forward)
    return current + 1 < count ? StagePlace{current + 1, 0} : StagePlace{0, 1};
  return current > 0 ? StagePlace{current - 1, 0} : StagePlace{count - 1, -1};
}

StagePlace stageOut(std::span<const Stage> stages, int current, Direction direction) {
  const auto count = static_cast<int>(stages.size());
  const bool forward = direction == Direction::forward;
  const int end = forward ? count - 1 : 0;
  const auto layerAt = [&](int index) {
    return index >= 0 && index < count ? stages[static_cast<std::size_t>(index)].layer : kNoLayer;
  };
  int out = current;
  if (layerAt(current) != kNoLayer) {
    while (layerAt(out + (forward ? 1 : -1)) == layerAt(current)) out += forward ? 1 : -1;
  }
  if (out != current) return {out, 0};
  if (forward ? current < end : current > end) return {end, 0};
  return {end, forward ? 1 : -1};
}

StagePlace runToStage(int current, int target, Direction direction) {
  if (direction == Direction::forward) return {target, target > current ? 0 : 1};
  return {target, target < current ? 0 : -1};
}

int sameStageInLayer(std::span<const Stage> stages, int current, Direction direction) {
  if (current < 0 || current >= static_cast<int>(stages.size())) return -1;
  const Stage& stage = stages[static_cast<std::size_t>(current)];
  if (stage.layer == kNoLayer) return -1;
  return stageIndex(stages, stage.site,
                    LayerIndex{stage.layer.value + (direction == Direction::forward ? 1 : -1)});
}

}  // namespace decodescope
