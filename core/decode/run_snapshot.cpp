#include "core/decode/run_snapshot.h"

namespace decodescope {

std::span<const PositionTracePtr> RunSnapshot::tracesAt(StepIndex step) const {
  const auto seen = static_cast<std::size_t>(tokensSeenAt(step));
  if (unmaskedSteps.empty()) return std::span(positions).first(seen);
  if (step.value <= 0) return {};
  const auto& rows = unmaskedSteps[static_cast<std::size_t>(step.value - 1)];
  return rows ? std::span<const PositionTracePtr>(*rows) : std::span<const PositionTracePtr>();
}

const char* stopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      return "";
    case StopReason::endOfText:
      return "eos";
    case StopReason::context:
      return "context";
    case StopReason::steps:
      return "steps";
  }
  return "";
}

}  // namespace decodescope
