#include "core/tokenizer/byte_level.h"

#include "core/base/utf8.h"

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

}  // namespace decodescope
