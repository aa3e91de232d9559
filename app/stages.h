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

/// A stage of the shown step, or of a neighbour of it.
struct StagePlace {
  int stage;      ///< index into the stages
  int steps = 0;  ///< −1 the step before, 0 the shown one, 1 the next

  friend bool operator==(const StagePlace&, const StagePlace&) = default;
};

enum class Direction { forward, back };

// `current` is the index of the stage that is shown; the stages' number stands for the end of a step, where
// step 0 is. Places in a neighbouring step are given whether or not there is such a step. All need at least
// one stage.

/// The stage after (before) `current`; behind the last one the first one of the next step.
StagePlace nextStage(std::span<const Stage> stages, int current, Direction direction);

/// Out of what `current` is part of: to the last stage of its layer; from there, and outside the layers, to
/// the last stage of the step; from there to the last one of the next step. Back: to the first ones.
StagePlace stageOut(std::span<const Stage> stages, int current, Direction direction);

/// To the next time (back: the last time before) that the stage `target` is computed: within the step where
/// it lies that way, else in the neighbouring step.
StagePlace runToStage(int current, int target, Direction direction);

/// The same operation in the next (previous) layer of the step; −1 where there is none.
int sameStageInLayer(std::span<const Stage> stages, int current, Direction direction);

}  // namespace decodescope
