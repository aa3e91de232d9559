#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace decodescope {

/// One code point read from a text.
struct Utf8Unit {
  char32_t code = 0;  ///< U+FFFD when the bytes are not UTF-8
  std::size_t length =
      0;  ///< bytes it takes; for bad bytes the maximal part that could have begun a character
  bool valid = false;
};

/// The code point that begins at `at`. Needs at < text.size(). Overlong forms, surrogates and values above
/// U+10FFFF are not valid (The Unicode Standard, table 3-7).
Utf8Unit readUtf8(std::string_view text, std::size_t at);

/// Byte offset of the first byte that is not UTF-8.
std::optional<std::size_t> firstInvalidUtf8(std::string_view text);

/// Needs a code point up to U+10FFFF that is no surrogate.
void appendUtf8(std::string& out, char32_t code);

/// The text with every maximal part that is not UTF-8 replaced by one U+FFFD.
std::string replaceInvalidUtf8(std::string_view text);

/// The text between quotation marks, for a message: at most 60 characters of it, bad bytes replaced.
std::string quotedStart(std::string_view text);

}  // namespace decodescope
