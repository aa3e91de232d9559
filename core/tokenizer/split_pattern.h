#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace decodescope {

/// The regular expressions by which byte-level tokenizers cut a text into pieces before the merges. No others
/// are interpreted: each is written out as code.
enum class SplitPattern {
  gpt2,    ///< Radford et al. 2019, encoder.py
  llama3,  ///< up to three digits a piece, line breaks kept with what precedes them
  qwen2,   ///< the same with one digit a piece
};

/// As a tokenizer.json writes it.
std::string_view splitRegex(SplitPattern pattern);

/// The pattern that is written exactly so.
std::optional<SplitPattern> splitPatternOf(std::string_view regex);

/// Lengths in bytes of the pieces, one after another, into which the pattern cuts a UTF-8 text. They add up
/// to the text's.
std::vector<std::size_t> pieceLengths(SplitPattern pattern, std::string_view text);

}  // namespace decodescope
