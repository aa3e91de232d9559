#include "core/tokenizer/byte_level.h"

#include "core/base/utf8.h"
#include "core/tokenizer/unicode_classes.h"

#include <array>
#include <cstdint>

namespace decodescope {
namespace {

constexpr std::size_t kTableEnd = 324;  // 256 + the 68 bytes that are not shown as themselves

struct Table {
  std::array<char32_t, 256> visible{};
  std::array<int, kTableEnd> byte{};

  Table() {
    byte.fill(-1);
    char32_t next = 256;
    for (int b = 0; b < 256; ++b) {
      const bool shown = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      const char32_t code = shown ? static_cast<char32_t>(b) : next++;
      visible[static_cast<std::size_t>(b)] = code;
      byte[code] = b;
    }
  }
};

const Table& table() {
  static const Table kTable;
  return kTable;
}

enum class Kind { space, letter, number, other };

Kind kindOf(char32_t code) {
  if (isUnicodeSpace(code)) return Kind::space;
  if (isUnicodeLetter(code)) return Kind::letter;
  return isUnicodeNumber(code) ? Kind::number : Kind::other;
}

/// Where the run of one kind that begins at `at` ends.
std::size_t endOfRun(std::string_view text, std::size_t at, Kind kind) {
  while (at < text.size()) {
    const Utf8Unit unit = readUtf8(text, at);
    if (kindOf(unit.code) != kind) break;
    at += unit.length;
  }
  return at;
}

std::size_t pieceEnd(std::string_view text, std::size_t at) {
  static constexpr std::string_view kContractions[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (const std::string_view contraction : kContractions) {
    if (text.substr(at).starts_with(contraction)) return at + contraction.size();
  }
  const Kind kind = kindOf(readUtf8(text, at).code);
  if (kind != Kind::space) return endOfRun(text, at, kind);
  if (text[at] == ' ' && at + 1 < text.size()) {
    const Kind next = kindOf(readUtf8(text, at + 1).code);
    if (next != Kind::space) return endOfRun(text, at + 1, next);
  }
  const std::size_t end = endOfRun(text, at, Kind::space);
  if (end == text.size()) return end;
  // \s+(?!\S) leaves the last space to what follows, unless it is the only one.
  std::size_t last = at;
  for (std::size_t i = at; i < end; i += readUtf8(text, i).length) last = i;
  return last > at ? last : end;
}

}  // namespace

std::string bytesToVisible(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) appendUtf8(out, table().visible[static_cast<unsigned char>(c)]);
  return out;
}

std::string visibleToBytes(const std::vector<std::string>& tokens) {
  std::string out;
  for (const std::string& token : tokens) {
    std::string bytes;
    bool known = true;
    for (std::size_t at = 0; at < token.size() && known;) {
      const Utf8Unit unit = readUtf8(token, at);
      known = unit.valid && unit.code < kTableEnd && table().byte[unit.code] >= 0;
      if (known) bytes += static_cast<char>(table().byte[unit.code]);
      at += unit.length;
    }
    out += known ? bytes : token;
  }
  return out;
}

std::vector<std::size_t> gpt2PieceLengths(std::string_view text) {
  std::vector<std::size_t> lengths;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = pieceEnd(text, at);
    lengths.push_back(end - at);
    at = end;
  }
  return lengths;
}

}  // namespace decodescope
