#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// Every byte as one visible character: GPT-2's table (Radford et al. 2019, encoder.py). A space becomes "Ġ".
std::string bytesToVisible(std::string_view bytes);

/// The bytes of all tokens in a row. A token with a character outside the table stands for its own UTF-8
/// bytes.
std::string visibleToBytes(const std::vector<std::string>& tokens);

/// Lengths in bytes of the pieces, one after another, into which GPT-2's pattern cuts a UTF-8 text:
///   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::vector<std::size_t> gpt2PieceLengths(std::string_view text);

}  // namespace decodescope
