#include "core/formats/json_writer.h"

#include "core/base/result.h"
#include "core/base/utf8.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace decodescope {
namespace {

template <class Float>
std::string shortest(Float number) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  std::string text(buffer, end);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

void appendQuoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void JsonWriter::newLine(std::size_t level) {
  m_out += '\n';
  m_out.append(2 * level, ' ');
}

void JsonWriter::beforeValue(bool container) {
  if (m_levels.empty()) {
    DECODESCOPE_REQUIRE(m_out.empty());
    return;
  }
  Level& level = m_levels.back();
  DECODESCOPE_REQUIRE(level.object == m_afterKey);
  if (!level.object) {
    if (!level.empty) m_out += ',';
    if (m_style == Style::indented) {
      if (container) {
        newLine(m_levels.size());
      } else if (!level.empty) {
        m_out += ' ';
      }
    }
    level.brokenLines = container;
    level.empty = false;
  }
  m_afterKey = false;
}

JsonWriter& JsonWriter::raw(std::string_view text) {
  beforeValue(false);
  m_out += text;
  return *this;
}

JsonWriter& JsonWriter::begin(bool object) {
  beforeValue(true);
  m_out += object ? '{' : '[';
  Level level;
  level.object = object;
  m_levels.push_back(level);
  return *this;
}

JsonWriter& JsonWriter::end(bool object) {
  DECODESCOPE_REQUIRE(!m_levels.empty() && m_levels.back().object == object && !m_afterKey);
  const Level level = m_levels.back();
  m_levels.pop_back();
  if (m_style == Style::indented && !level.empty && (object || level.brokenLines)) newLine(m_levels.size());
  m_out += object ? '}' : ']';
  return *this;
}

JsonWriter& JsonWriter::beginObject() {
  return begin(true);
}
JsonWriter& JsonWriter::endObject() {
  return end(true);
}
JsonWriter& JsonWriter::beginArray() {
  return begin(false);
}
JsonWriter& JsonWriter::endArray() {
  return end(false);
}

JsonWriter& JsonWriter::key(std::string_view name) {
  DECODESCOPE_REQUIRE(!m_levels.empty() && m_levels.back().object && !m_afterKey);
  Level& level = m_levels.back();
  if (!level.empty) m_out += ',';
  if (m_style == Style::indented) newLine(m_levels.size());
  level.empty = false;
  appendQuoted(m_out, replaceInvalidUtf8(name));
  m_out += m_style == Style::indented ? ": " : ":";
  m_afterKey = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  beforeValue(false);
  appendQuoted(m_out, replaceInvalidUtf8(text));
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) {
  return raw(flag ? "true" : "false");
}

JsonWriter& JsonWriter::value(double number) {
  return raw(std::isfinite(number) ? shortest(number) : "null");
}

JsonWriter& JsonWriter::value(float number) {
  return raw(std::isfinite(number) ? shortest(number) : "null");
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

std::string JsonWriter::take() {
  DECODESCOPE_REQUIRE(m_levels.empty() && !m_out.empty());
  if (m_style == Style::indented) m_out += '\n';
  return std::exchange(m_out, {});
}

}  // namespace decodescope
