#include "core/base/utf8.h"

namespace decodescope {

Utf8Unit readUtf8(std::string_view text, std::size_t at) {
  const auto byteAt = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byteAt(at);
  if (lead < 0x80) return {lead, 1, true};
  const Utf8Unit bad{0xfffd, 1, false};
  std::size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
  } else {
    return bad;
  }
  // The second byte alone rules out overlong forms, surrogates and what lies above U+10FFFF.
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  char32_t code = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {0xfffd, i, false};
    const unsigned next = byteAt(at + i);
    if (next < low || next > high) return {0xfffd, i, false};
    code = (code << 6) | (next & 0x3fu);
    low = 0x80;
    high = 0xbf;
  }
  return {code, length, true};
}

std::optional<std::size_t> firstInvalidUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = readUtf8(text, at);
    if (!unit.valid) return at;
    at += unit.length;
  }
  return std::nullopt;
}

void appendUtf8(std::string& out, char32_t code) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

std::string replaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = readUtf8(text, at);
    if (unit.valid) {
      out += text.substr(at, unit.length);
    } else {
      appendUtf8(out, 0xfffd);
    }
    at += unit.length;
  }
  return out;
}

std::string quotedStart(std::string_view text) {
  std::size_t end = 0;
  for (int characters = 0; end < text.size() && characters < 60; ++characters)
    end += readUtf8(text, end).length;
  return "\"" + replaceInvalidUtf8(text.substr(0, end)) + (end < text.size() ? "…\"" : "\"");
}

}  // namespace decodescope
