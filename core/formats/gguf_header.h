#pragma once

#include "core/formats/gguf.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

namespace decodescope {

/// Reads a GGUF file from its front to the end of the list of tensors, and checks all that can be checked
/// without a model.
class GgufFile::Header {
 public:
  explicit Header(GgufFile& file) : m_out(file), m_file(file.m_file) {}

  Result<void> read();

 private:
  Error error(std::string field, std::string what, std::uint64_t offset, std::string found = {},
              std::string allowed = {}) const;

  /// The next bytes; an error when the file or the header's limit ends before.
  Result<void> take(void* out, std::uint64_t count, const std::string& field);
  template <class T>
  Result<T> take(const std::string& field) {
    T value;
    DECODESCOPE_CHECK(take(&value, sizeof value, field));
    return value;
  }
  /// A length or count of 64 bits whose elements take `least` bytes each, at most `limit` and
  /// checked against what remains.
  Result<std::uint64_t> takeCount(const std::string& field, const char* what, std::uint64_t least,
                                  std::uint64_t limit = ~std::uint64_t{0});
  /// A string of at most `most` bytes, appended to `out`, its length in front of it when `withLength`.
  Result<void> takeString(const std::string& field, std::uint64_t most, std::string& out,
                          bool withLength = false);
  Result<GgufType> takeType(const std::string& field);

  Result<void> takeVersion();
  Result<void> takeValue(const std::string& key, Value& value);
  Result<void> takeArray(const std::string& key, Value& value);
  Result<void> takePair();
  Result<std::uint64_t> alignment() const;
  Result<void> takeTensor();
  Result<void> placeTensors(std::uint64_t alignment);

  GgufFile& m_out;
  const RegularFile& m_file;
  std::uint64_t m_at = 0;
  std::vector<std::byte> m_buffer;  // the bytes from m_bufferStart on
  std::uint64_t m_bufferStart = 0;
};

}  // namespace decodescope
