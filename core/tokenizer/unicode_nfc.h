#pragma once

#include <string>
#include <string_view>

namespace decodescope {

/// Normalization Form C: characters taken apart canonically, marks in canonical order, then put together
/// again where Unicode has one character for them. Needs UTF-8. The Unicode Standard, section 3.11; Unicode
/// Standard Annex 15.
std::string toNfc(std::string_view text);

}  // namespace decodescope
