#pragma once

#include "core/base/result.h"

#include <string>

namespace decodescope {

/// Makes the folder and those above it. Well when it exists; an error when it cannot be made or a file has
/// its name.
Result<void> makeFolders(const std::string& path);

}  // namespace decodescope
