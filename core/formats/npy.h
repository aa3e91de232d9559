#pragma once

#include "core/base/atomic_file.h"
#include "core/base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace decodescope {

/// Writes one NumPy array (.npy, version 1.0, little-endian, C order) piece by piece; the file appears whole
/// or not at all. Format: numpy.lib.format, NEP 1.
class NpyWriter {
 public:
  enum class Type { float32, int32 };

  static Result<NpyWriter> create(const std::string& path, Type type, const std::vector<std::int64_t>& shape);

  /// The next numbers in C order. The kind must be the file's.
  Result<void> write(std::span<const float> numbers);
  Result<void> write(std::span<const std::int32_t> numbers);
  /// Needs as many numbers as the shape says.
  Result<void> finish();

 private:
  NpyWriter(AtomicFile file, Type type, std::uint64_t remaining);
  Result<void> writeBytes(Type type, const void* data, std::size_t count);

  AtomicFile m_file;
  Type m_type;
  std::uint64_t m_remaining;
};

/// Writes a whole array. Needs as many numbers as the shape says.
Result<void> writeNpy(const std::string& path, const std::vector<std::int64_t>& shape,
                      std::span<const float> numbers);
Result<void> writeNpy(const std::string& path, const std::vector<std::int64_t>& shape,
                      std::span<const std::int32_t> numbers);

}  // namespace decodescope
