#pragma once

#include "views/selection.h"

namespace decodescope::test {

/// What is shown of a run's attention.
inline Selection at(int step, int layer, int head, int query, int key) {
  Selection s;
  s.step = StepIndex{step};
  s.layer = LayerIndex{layer};
  s.head = HeadIndex{head};
  s.query = Position{query};
  s.key = Position{key};
  return s;
}

}  // namespace decodescope::test
