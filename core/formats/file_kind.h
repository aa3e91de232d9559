#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace decodescope {

/// The first bytes of a file, at most `most`; empty when it cannot be read.
std::string fileStart(const std::string& path, std::size_t most);

/// What a file that begins like this looks like, for the `found` of a message: "a zip archive", "a Git LFS
/// pointer", "text" …; empty when it looks like nothing in particular.
std::string describeStart(std::string_view start);

/// Same for a file that should be text: nothing when it may be.
std::string describeWrongText(std::string_view start);

}  // namespace decodescope
