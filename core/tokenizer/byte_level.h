#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// Every byte as one visible character: GPT-2's table (Radford et al. 2019, encoder.py). A space becomes "Ġ".
std::string bytesToVisible(std::string_view bytes);

/// The bytes of all tokens in a row. A token with a character outside the table stands for its own UTF-8
/// bytes.
std::string visibleToBytes(const std::vector<std::string>& tokens);

}  // namespace decodescope
