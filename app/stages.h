#pragma once

#include "core/trace/site.h"

#include <span>
#include <vector>

namespace decodescope {

/// One operation of a step: a site of a layer (kNoLayer outside the layers).
struct Stage {
  Site site;
  LayerIndex layer;

  friend bool operator==(const Stage&, const Stage&) = default;
};

/// Every operation of a step in the order in which it is computed, from the configuration's site list.
std::vector<Stage> stagesOf(const ModelConfig& config);

/// Index of the stage; for a site outside the layers the layer is not looked at. −1 when the configuration
/// has no such stage.
int stageIndex(std::span<const Stage> stages, Site site, LayerIndex layer);

}  // namespace decodescope
