#pragma once

#include <span>
#include <string>

namespace decodescope {

/// `decodescope decode …`: decodes a prompt and prints its text and the continuation, or JSON; writes the
/// dump. Returns the exit status.
int runDecodeCommand(std::span<const std::string> words);

}  // namespace decodescope
