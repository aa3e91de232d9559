#pragma once

#include "core/base/ids.h"
#include "core/decode/run_snapshot.h"
#include "core/trace/site.h"

namespace decodescope {

/// What the user looks at: one object for all views. Views write to it and read from it, never to each other.
struct Selection {
  int lane = 0;       ///< index into SessionSnapshot::lanes
  StepIndex step{0};  ///< 0: nothing decoded yet; else the step that is shown
  LayerIndex layer{0};
  HeadIndex head{0};
  Position query{0};          ///< row of the attention matrix
  Position key{0};            ///< column
  Site site = Site::weights;  ///< the tensor that the map and the inspector show
  bool locked = false;        ///< a click locks query and key; hovering then changes nothing

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// The selection with every index inside what the snapshot has (step ≤ its steps, layer < L, query < tokens
/// seen at the step …).
Selection clampTo(const Selection& selection, const SessionSnapshot& session);

}  // namespace decodescope
