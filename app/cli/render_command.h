#pragma once

#include <span>
#include <string>

namespace decodescope {

/// `decodescope render …`: decodes as `decode` does and writes what a view, or every view, shows of it. Opens
/// no window and needs no display. Prints the names of the files it wrote, one a line. Returns the exit
/// status.
int runRenderCommand(std::span<const std::string> words);

}  // namespace decodescope
