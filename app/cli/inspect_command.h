#pragma once

#include <span>
#include <string>

namespace decodescope {

/// `decodescope inspect M`: what is in a model, a `name: value` a line, then its tensors. Returns the exit
/// status.
int runInspectCommand(std::span<const std::string> words);

}  // namespace decodescope
