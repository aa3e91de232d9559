#include "core/decode/run_snapshot.h"

namespace decodescope {

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
