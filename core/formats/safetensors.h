#pragma once

#include "core/base/file_bytes.h"
#include "core/base/float_types.h"
#include "core/base/matrix_span.h"
#include "core/base/result.h"

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace decodescope {

/// One tensor of a safetensors file: row-major, its bytes from `begin` to `end` of the file.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;  ///< "F32", "BF16" …
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t elements() const;
  std::string shownShape() const;  ///< "[32, 64]"
};

/// A safetensors file whose header has been checked: at most 100 MB and inside the file, shapes and dtypes
/// that multiply to the bytes given, tensors that fill the rest of the file without overlap, hole or trailing
/// byte. https://github.com/huggingface/safetensors (README, "Format").
class SafetensorsFile {
 public:
  static Result<SafetensorsFile> open(const std::string& path);

  const RegularFile& file() const { return m_file; }
  const std::string& path() const { return m_file.path(); }
  const std::vector<SafetensorsEntry>& entries() const { return m_entries; }  ///< by position in the file
  const SafetensorsEntry* find(std::string_view name) const;

  /// F32, F16 or BF16; another dtype is an error.
  Result<FloatType> weightType(const SafetensorsEntry& entry) const;
  /// Widens an F32, F16 or BF16 tensor, exactly. Needs out.size() == entry.elements(). Other dtypes are an
  /// error, a set stop token ends with the error "cancelled". Returns how many of the numbers are NaN or
  /// infinite.
  Result<std::uint64_t> read(const SafetensorsEntry& entry, std::span<float> out,
                             std::stop_token stop = {}) const;

 private:
  explicit SafetensorsFile(RegularFile file) : m_file(std::move(file)) {}

  RegularFile m_file;
  std::vector<SafetensorsEntry> m_entries;
  std::unordered_map<std::string, std::size_t> m_byName;
};

enum class StoredFloat { f32, bf16 };

/// A tensor to be written. Vectors have one dimension of `matrix.cols`.
struct TensorToStore {
  std::string name;
  ConstMatrixSpan matrix;
  bool isVector = false;
};

/// Writes the tensors in the order given, through AtomicFile. bf16 rounds to nearest, ties to even.
/// Names must be different and not empty.
Result<void> writeSafetensors(const std::string& path, std::span<const TensorToStore> tensors,
                              StoredFloat dtype);

}  // namespace decodescope
