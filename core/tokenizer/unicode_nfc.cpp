#include "core/tokenizer/unicode_nfc.h"

#include "core/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace decodescope {
namespace {

struct CombiningRange {
  std::uint32_t first;
  std::uint32_t last;
  std::uint8_t combining;
};

struct Decomposition {
  std::uint32_t whole;
  std::uint32_t first;
  std::uint32_t second;
  std::uint8_t composes;
};

// clang-format off
#include "core/tokenizer/unicode_nfc_tables.inc"
// clang-format on

/// Below, every character is its own form and no mark.
constexpr char32_t kFirstConcerned = 0x300;

// Hangul syllables are put together by arithmetic (The Unicode Standard, section 3.12).
constexpr char32_t kSyllables = 0xac00, kLead = 0x1100, kVowel = 0x1161, kTail = 0x11a7;
constexpr char32_t kLeads = 19, kVowels = 21, kTails = 28;

bool isSyllable(char32_t code) {
  return code >= kSyllables && code < kSyllables + kLeads * kVowels * kTails;
}

int combiningClass(char32_t code) {
  const CombiningRange* after =
      std::upper_bound(std::begin(kCombining), std::end(kCombining), code,
                       [](char32_t c, const CombiningRange& range) { return c < range.first; });
  if (after == std::begin(kCombining)) return 0;
  const CombiningRange& range = *std::prev(after);
  return code <= range.last ? range.combining : 0;
}

void appendDecomposed(char32_t code, std::u32string& out) {
  if (isSyllable(code)) {
    const char32_t index = code - kSyllables;
    out += kLead + index / (kVowels * kTails);
    out += kVowel + index / kTails % kVowels;
    if (index % kTails != 0) out += kTail + index % kTails;
    return;
  }
  const Decomposition* found =
      std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions), code,
                       [](const Decomposition& d, char32_t c) { return d.whole < c; });
  if (found == std::end(kDecompositions) || found->whole != code) {
    out += code;
    return;
  }
  appendDecomposed(found->first, out);
  // A second part is never taken apart further.
  if (found->second != 0) out += static_cast<char32_t>(found->second);
}

/// The character that NFC makes of two; 0 for none.
char32_t composed(char32_t first, char32_t second) {
  if (first >= kLead && first < kLead + kLeads && second >= kVowel && second < kVowel + kVowels)
    return kSyllables + ((first - kLead) * kVowels + (second - kVowel)) * kTails;
  if (isSyllable(first) && (first - kSyllables) % kTails == 0 && second > kTail && second < kTail + kTails)
    return first + (second - kTail);
  static const std::vector<Decomposition> kByParts = [] {
    std::vector<Decomposition> rows;
    std::copy_if(std::begin(kDecompositions), std::end(kDecompositions), std::back_inserter(rows),
                 [](const Decomposition& d) { return d.composes != 0; });
    std::sort(rows.begin(), rows.end(), [](const Decomposition& a, const Decomposition& b) {
      return std::pair(a.first, a.second) < std::pair(b.first, b.second);
    });
    return rows;
  }();
  const std::pair<std::uint32_t, std::uint32_t> wanted(first, second);
  const auto found = std::lower_bound(
      kByParts.begin(), kByParts.end(), wanted,
      [](const Decomposition& d, const auto& parts) { return std::pair(d.first, d.second) < parts; });
  return found != kByParts.end() && std::pair(found->first, found->second) == wanted ? found->whole : 0;
}

/// Marks behind a character stand by rising class, those of one class as they came.
void putInOrder(std::u32string& text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && combiningClass(text[end]) != 0) ++end;
    std::stable_sort(text.begin() + static_cast<std::ptrdiff_t>(at),
                     text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char32_t a, char32_t b) { return combiningClass(a) < combiningClass(b); });
    at = std::max(end, at + 1);
  }
}

std::u32string putTogether(const std::u32string& text) {
  std::u32string out;
  std::size_t starter = std::u32string::npos;  // in `out`
  int previous = 0;                            // class of the last character behind the starter that stayed
  for (const char32_t code : text) {
    const int combining = combiningClass(code);
    const bool adjacent = starter != std::u32string::npos && starter + 1 == out.size();
    // Blocked when a character of the same or a higher class, or another starter, stands between.
    if (starter != std::u32string::npos && (adjacent || previous < combining)) {
      if (const char32_t whole = composed(out[starter], code); whole != 0) {
        out[starter] = whole;
        continue;
      }
    }
    if (combining == 0) starter = out.size();
    previous = combining;
    out += code;
  }
  return out;
}

}  // namespace

std::string toNfc(std::string_view text) {
  std::u32string codes;
  bool concerned = false;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = readUtf8(text, at);
    concerned = concerned || unit.code >= kFirstConcerned;
    codes += unit.code;
    at += unit.length;
  }
  if (!concerned) return std::string(text);
  std::u32string apart;
  for (const char32_t code : codes) appendDecomposed(code, apart);
  putInOrder(apart);
  std::string out;
  for (const char32_t code : putTogether(apart)) appendUtf8(out, code);
  return out;
}

}  // namespace decodescope
