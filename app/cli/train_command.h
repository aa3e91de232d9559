#pragma once

#include <span>
#include <string>

namespace decodescope {

/// `decodescope train PRESET|all --out DIR`: makes a bundled model, or all of them, into folders of DIR.
/// Progress on stderr. Ctrl-C ends it after the step at hand, with a checkpoint that --resume goes on from,
/// and exit status 130.
int runTrainCommand(std::span<const std::string> words);

}  // namespace decodescope
