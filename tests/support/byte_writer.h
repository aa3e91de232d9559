#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace decodescope::test {

/// Little-endian numbers, one after another.
class ByteWriter {
 public:
  template <class T>
  ByteWriter& put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    m_bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  ByteWriter& raw(std::string_view bytes) {
    m_bytes += bytes;
    return *this;
  }
  ByteWriter& padTo(std::size_t multiple) {
    m_bytes.resize((m_bytes.size() + multiple - 1) / multiple * multiple, '\0');
    return *this;
  }
  const std::string& bytes() const { return m_bytes; }

 private:
  std::string m_bytes;
};

/// `bytes` with the number at `offset` replaced.
template <class T>
std::string patched(std::string bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

}  // namespace decodescope::test
