#pragma once

#include "core/base/result.h"

#include <string>

namespace decodescope {

/// The folder of the bundled models, fonts and icons. The first that exists of: the environment's
/// DECODESCOPE_ASSETS (an error when it is set and no folder); `../../assets` and
/// `../share/decodescope/assets` beside the program's own folder; the source tree that the program was built
/// from.
Result<std::string> assetsDir();

/// The folder of the model that the program opens when none is named: `models/` and the name that the first
/// line of `models/default` holds, inside assetsDir().
Result<std::string> defaultModelPath();

}  // namespace decodescope
