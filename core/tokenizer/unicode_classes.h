#pragma once

namespace decodescope {

/// \p{L}: a letter.
bool isUnicodeLetter(char32_t code);
/// \p{N}: a number of any kind.
bool isUnicodeNumber(char32_t code);
/// \w: alphabetic, mark, decimal number, connector punctuation or joiner (Unicode Technical Standard 18,
/// annex C).
bool isUnicodeWord(char32_t code);
/// \s: White_Space.
bool isUnicodeSpace(char32_t code);

}  // namespace decodescope
