#include "views/selection.h"

#include <algorithm>

namespace decodescope {
namespace {

int clampIndex(int value, int count) {
  return std::clamp(value, 0, std::max(0, count - 1));
}

}  // namespace

Selection clampTo(const Selection& selection, const SessionSnapshot& session) {
  Selection s = selection;
  s.lane = clampIndex(s.lane, static_cast<int>(session.lanes.size()));
  if (session.lanes.empty()) return Selection{.site = s.site};
  const RunSnapshot& run = *session.lanes[static_cast<std::size_t>(s.lane)].run;
  s.step = StepIndex{std::clamp(s.step.value, 0, run.stepCount())};
  if (run.model) {
    const ModelConfig& config = run.model->config();
    s.layer = LayerIndex{clampIndex(s.layer.value, config.numHiddenLayers)};
    s.head = HeadIndex{clampIndex(s.head.value, config.numAttentionHeads)};
  }
  const int tokens = run.tokensSeenAt(s.step);
  s.query = Position{clampIndex(s.query.value, tokens)};
  s.key = Position{clampIndex(s.key.value, tokens)};
  return s;
}

}  // namespace decodescope
