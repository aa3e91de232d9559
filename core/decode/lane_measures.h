#pragma once

#include "core/decode/run_settings.h"
#include "core/formats/loaded_model.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// A model's loss on a text that no bundled model was trained on.
struct MeasuredLoss {
  double lossPerToken = 0;   ///< nats; the mean so far while it runs
  std::uint64_t tokens = 0;  ///< predicted
};

/// A derived model beside the one that it was made of, over the same positions of the same text.
struct MeasuredDamage {
  MeasuredLoss source;            ///< of the model it was made of
  double rmsLogitDifference = 0;  ///< √ of the mean of (derived − source)² over all logits
  double largestLogitDifference = 0;
  double divergence = 0;     ///< mean KL(source ‖ derived) of the next-token probabilities, nats
  double sameLikeliest = 0;  ///< share of positions with the same likeliest token, 0 … 1
};

/// A step of a lane without a trace: the wall clock, kernels on one thread.
struct MeasuredPace {
  double nanosecondsPerToken = 0;  ///< median of the steps behind the prompt
  int tokens = 0;                  ///< how many of those
};

/// A bundled model that was trained from the start in the shape that a derived one has got.
struct TrainedAlike {
  std::string name;  ///< "tales-gqa"
  ModelCard card;
};

enum class MeasureState { waiting, running, finished, stopped };

/// What is known of a lane besides its run. Immutable.
struct LaneMeasure {
  int laneId = -1;
  // What it was measured of: it says nothing of the lane once one of these is another.
  LoadedModelPtr model;
  RunSettings settings = {};
  int promptLength = 0;

  MeasureState state = MeasureState::waiting;
  double progress = 0;   ///< 0 … 1
  bool isTimed = false;  ///< the time was asked for too
  std::optional<MeasuredPace> pace = {};
  /// Of models whose card says none.
  std::optional<MeasuredLoss> loss = {};
  std::string text = {};                      ///< what that was measured on: "200 tales of seed 1009"
  std::optional<MeasuredDamage> damage = {};  ///< of a derived model
  std::vector<TrainedAlike> alike = {};       ///< of a derived model
  std::string failure = {};
};

/// All that was asked for, the lanes in the order of asking.
struct LaneMeasures {
  std::vector<LaneMeasure> lanes;

  bool isBusy() const {
    for (const LaneMeasure& lane : lanes) {
      if (lane.state == MeasureState::waiting || lane.state == MeasureState::running) return true;
    }
    return false;
  }
};

}  // namespace decodescope
