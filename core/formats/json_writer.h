#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace decodescope {

/// Builds a JSON text, value by value; what is written depends on nothing but the calls (numbers are the
/// shortest that read back exactly). Strings are escaped, and bytes in them that are not UTF-8 become U+FFFD.
/// Doubles that are not finite become null.
///   JsonWriter json; json.beginObject().key("ids").beginArray().value(1).value(2).endArray().endObject();
/// Calls out of order (a value without its key, an end too many) are broken invariants.
class JsonWriter {
 public:
  /// Compact: everything on one line. Indented: two spaces a level, a line for each member of an object and
  /// for each array or object inside an array; numbers and strings of an array share a line.
  enum class Style { compact, indented };
  explicit JsonWriter(Style style = Style::compact) : m_style(style) {}

  JsonWriter& beginObject();
  JsonWriter& endObject();
  JsonWriter& beginArray();
  JsonWriter& endArray();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  template <class Integer>
  requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>) JsonWriter& value(Integer number) {
    return raw(std::to_string(number));
  }
  /// With ".0" when it is a whole number, so that readers keep it a float.
  JsonWriter& value(double number);
  /// The shortest text that reads back as this float: 1e-05, not 9.99999974737875e-06.
  JsonWriter& value(float number);
  JsonWriter& null();

  /// The text; needs every container closed. Indented texts end in a newline.
  std::string take();

 private:
  struct Level {
    bool object = false;
    bool empty = true;
    bool brokenLines = false;  // its last element stands on a line of its own
  };

  JsonWriter& raw(std::string_view text);
  void beforeValue(bool container);
  void newLine(std::size_t level);
  JsonWriter& begin(bool object);
  JsonWriter& end(bool object);

  Style m_style;
  std::string m_out;
  std::vector<Level> m_levels;
  bool m_afterKey = false;
};

}  // namespace decodescope
