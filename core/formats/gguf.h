#pragma once

#include "core/base/file_bytes.h"
#include "core/base/result.h"
#include "core/formats/stored_floats.h"

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace decodescope {

/// The types of a GGUF file's metadata, with the file's own numbers.
enum class GgufType : std::uint32_t {
  uint8,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  float32,
  boolean,
  string,
  array,
  uint64,
  int64,
  float64,
};

/// One tensor of a GGUF file.
struct GgufTensor {
  std::string name;
  FloatType type = FloatType::f32;
  std::vector<std::uint64_t> shape;  ///< row-major, as everywhere in this project: the file's sizes reversed
  std::uint64_t begin = 0;           ///< in the file
  std::uint64_t end = 0;

  std::uint64_t elements() const;
  std::string shownShape() const;  ///< "[32, 64]"
};

/// A GGUF file of version 2 or 3, little-endian, whose header has been checked: at most 100 MB and inside the
/// file, no key or name twice, one tensor after another in the order of the header with nothing but the
/// alignment's padding between, none after the last but its own. Tensors of a type that is not read here are
/// refused by name. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
class GgufFile {
 public:
  static Result<GgufFile> open(const std::string& path);

  const RegularFile& file() const { return m_file; }
  const std::string& path() const { return m_file.path(); }
  std::uint32_t version() const { return m_version; }
  const std::vector<GgufTensor>& tensors() const { return m_tensors; }
  const GgufTensor* find(std::string_view name) const;

  // Metadata. Errors carry the file, the key, its place, what was found and what is allowed. Strings and
  // arrays point into this object.

  bool has(std::string_view key) const { return value(key) != nullptr; }
  /// A whole number of any integer type, least ≤ n ≤ most. The key must be there.
  Result<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) const;
  /// A finite number of any type but boolean.
  Result<double> number(std::string_view key) const;
  Result<bool> flag(std::string_view key, bool fallback) const;
  /// UTF-8.
  Result<std::string_view> text(std::string_view key) const;
  /// An array of strings, each UTF-8.
  Result<std::vector<std::string_view>> texts(std::string_view key) const;
  /// An array of float32, each finite.
  Result<std::vector<float>> numbers(std::string_view key) const;
  /// An array of int32 or uint32, least ≤ each ≤ most.
  Result<std::vector<std::int64_t>> integers(std::string_view key, std::int64_t least,
                                             std::int64_t most) const;

  /// An error about this key; `found` describes its value when it has one.
  Error error(std::string_view key, std::string what, std::string allowed = {}) const;

  /// Widens a tensor; see readFloats. Needs out.size() == tensor.elements().
  Result<std::uint64_t> read(const GgufTensor& tensor, std::span<float> out, std::stop_token stop = {}) const;

 private:
  /// A value as it stands in the file.
  struct Value {
    GgufType type = GgufType::uint8;
    GgufType element = GgufType::uint8;  ///< of an array
    std::uint64_t count = 0;             ///< of an array
    std::uint64_t offset = 0;            ///< of the value in the file
    std::string bytes;  ///< a string's text; an array of strings has their lengths in between
  };
  class Header;  // reads it

  explicit GgufFile(RegularFile file) : m_file(std::move(file)) {}

  const Value* value(std::string_view key) const;
  Result<const Value*> valueOf(std::string_view key, GgufType type, std::string_view allowed) const;
  Result<const Value*> arrayOf(std::string_view key, GgufType element, std::string_view allowed) const;
  static std::string described(const Value& value);

  RegularFile m_file;
  std::uint32_t m_version = 0;
  std::unordered_map<std::string, Value> m_values;
  std::vector<GgufTensor> m_tensors;
  std::unordered_map<std::string, std::size_t> m_byName;
};

}  // namespace decodescope
