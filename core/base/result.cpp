#include "core/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace decodescope {
namespace {

void appendOneLine(std::string& out, const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string Error::message() const {
  std::string out;
  for (const std::string* part : {&file, &field}) {
    if (part->empty()) continue;
    appendOneLine(out, *part);
    out += ": ";
  }
  appendOneLine(out, what);
  if (!found.empty()) {
    out += ": found ";
    appendOneLine(out, found);
  }
  if (!allowed.empty()) {
    out += found.empty() ? ": allowed " : ", allowed ";
    appendOneLine(out, allowed);
  }
  if (offset) out += " (at byte " + std::to_string(*offset) + ")";
  return out;
}

void invariantBroken(const char* file, int line, const char* what) {
  std::fprintf(stderr, "decodescope: internal error at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace decodescope
