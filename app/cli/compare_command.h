#pragma once

#include <span>
#include <string>

namespace decodescope {

/// `decodescope compare [MODEL…]`: shapes, parameters, cache, work and held-out losses of models side by
/// side, measured from their files; the four matched tales models when none is named. --kv-heads and --window
/// add what deriving makes of each of them, and how much that costs; --seeds trains the bundled ones again
/// with other first weights. Progress on stderr.
int runCompareCommand(std::span<const std::string> words);

}  // namespace decodescope
