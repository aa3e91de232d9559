#include "core/formats/gguf.h"

#include "core/base/utf8.h"
#include "core/formats/gguf_header.h"

#include <cmath>
#include <cstring>
#include <utility>

namespace decodescope {
namespace {

constexpr std::string_view kTypeNames[] = {"uint8",  "int8",    "uint16", "int16",  "uint32",
                                           "int32",  "float32", "bool",   "string", "array",
                                           "uint64", "int64",   "float64"};

std::string_view nameOf(GgufType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

template <class T>
T valueAt(std::string_view bytes, std::size_t place = 0) {
  T value;
  std::memcpy(&value, bytes.data() + place * sizeof value, sizeof value);
  return value;
}

bool isInteger(GgufType type) {
  return type != GgufType::float32 && type != GgufType::float64 && type != GgufType::boolean &&
         type != GgufType::string && type != GgufType::array;
}

/// An integer of any type as an int64; nothing when it is larger.
std::optional<std::int64_t> integerOf(GgufType type, std::string_view bytes) {
  switch (type) {
    case GgufType::uint8:
      return valueAt<std::uint8_t>(bytes);
    case GgufType::int8:
      return valueAt<std::int8_t>(bytes);
    case GgufType::uint16:
      return valueAt<std::uint16_t>(bytes);
    case GgufType::int16:
      return valueAt<std::int16_t>(bytes);
    case GgufType::uint32:
      return valueAt<std::uint32_t>(bytes);
    case GgufType::int32:
      return valueAt<std::int32_t>(bytes);
    case GgufType::int64:
      return valueAt<std::int64_t>(bytes);
    case GgufType::uint64: {
      const auto number = valueAt<std::uint64_t>(bytes);
      if (number >> 63 != 0) return std::nullopt;
      return static_cast<std::int64_t>(number);
    }
    default:
      return std::nullopt;
  }
}

std::string shownRange(std::int64_t least, std::int64_t most) {
  return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
}

}  // namespace

std::uint64_t GgufTensor::elements() const {
  std::uint64_t product = 1;
  for (const std::uint64_t size : shape) product *= size;
  return product;
}

std::string GgufTensor::shownShape() const {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Result<GgufFile> GgufFile::open(const std::string& path) {
  DECODESCOPE_TRY(RegularFile opened, RegularFile::open(path));
  GgufFile file(std::move(opened));
  DECODESCOPE_CHECK(Header(file).read());
  return file;
}

const GgufTensor* GgufFile::find(std::string_view name) const {
  const auto found = m_byName.find(std::string(name));
  return found == m_byName.end() ? nullptr : &m_tensors[found->second];
}

const GgufFile::Value* GgufFile::value(std::string_view key) const {
  const auto found = m_values.find(std::string(key));
  return found == m_values.end() ? nullptr : &found->second;
}

std::string GgufFile::described(const Value& value) {
  switch (value.type) {
    case GgufType::string:
      return "\"" + replaceInvalidUtf8(std::string_view(value.bytes).substr(0, 80)) + "\"";
    case GgufType::array:
      return "an array of " + std::to_string(value.count) + " " + std::string(nameOf(value.element));
    case GgufType::boolean:
      return value.bytes[0] != 0 ? "true" : "false";
    case GgufType::float32:
      return std::to_string(valueAt<float>(value.bytes));
    case GgufType::float64:
      return std::to_string(valueAt<double>(value.bytes));
    case GgufType::uint64:
      return std::to_string(valueAt<std::uint64_t>(value.bytes));
    default:
      return std::to_string(*integerOf(value.type, value.bytes));
  }
}

Error GgufFile::error(std::string_view key, std::string what, std::string allowed) const {
  Error error;
  error.file = path();
  error.field = std::string(key);
  error.what = std::move(what);
  error.allowed = std::move(allowed);
  if (const Value* found = value(key)) {
    error.found = described(*found);
    error.offset = found->offset;
  }
  return error;
}

Result<const GgufFile::Value*> GgufFile::valueOf(std::string_view key, GgufType type,
                                                 std::string_view allowed) const {
  const Value* found = value(key);
  if (!found) return error(key, "missing");
  if (found->type != type) return error(key, "wrong type", std::string(allowed));
  return found;
}

Result<const GgufFile::Value*> GgufFile::arrayOf(std::string_view key, GgufType element,
                                                 std::string_view allowed) const {
  DECODESCOPE_TRY(const Value* found, valueOf(key, GgufType::array, allowed));
  if (found->element != element) return error(key, "wrong type", std::string(allowed));
  return found;
}

Result<std::int64_t> GgufFile::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
  const Value* found = value(key);
  if (!found) return error(key, "missing");
  if (!isInteger(found->type)) return error(key, "wrong type", shownRange(least, most));
  const std::optional<std::int64_t> number = integerOf(found->type, found->bytes);
  if (!number || *number < least || *number > most)
    return error(key, "out of range", shownRange(least, most));
  return *number;
}

Result<double> GgufFile::number(std::string_view key) const {
  const Value* found = value(key);
  if (!found) return error(key, "missing");
  std::optional<double> number;
  if (found->type == GgufType::float32) number = static_cast<double>(valueAt<float>(found->bytes));
  if (found->type == GgufType::float64) number = valueAt<double>(found->bytes);
  if (isInteger(found->type)) {
    if (const auto whole = integerOf(found->type, found->bytes)) number = static_cast<double>(*whole);
  }
  if (!number) return error(key, "wrong type", "a number");
  if (!std::isfinite(*number)) return error(key, "not a finite number");
  return *number;
}

Result<bool> GgufFile::flag(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  DECODESCOPE_TRY(const Value* found, valueOf(key, GgufType::boolean, "a bool"));
  return found->bytes[0] != 0;
}

Result<std::string_view> GgufFile::text(std::string_view key) const {
  DECODESCOPE_TRY(const Value* found, valueOf(key, GgufType::string, "a string"));
  if (firstInvalidUtf8(found->bytes)) return error(key, "not UTF-8");
  return std::string_view(found->bytes);
}

Result<std::vector<std::string_view>> GgufFile::texts(std::string_view key) const {
  DECODESCOPE_TRY(const Value* found, arrayOf(key, GgufType::string, "an array of strings"));
  std::vector<std::string_view> texts;
  texts.reserve(static_cast<std::size_t>(found->count));
  const std::string_view bytes = found->bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto length = static_cast<std::size_t>(valueAt<std::uint64_t>(bytes.substr(at)));
    const std::string_view text = bytes.substr(at + 8, length);
    if (firstInvalidUtf8(text)) {
      Error invalid = error(std::string(key) + "[" + std::to_string(texts.size()) + "]", "not UTF-8");
      invalid.found = "\"" + replaceInvalidUtf8(text.substr(0, 80)) + "\"";
      return invalid;
    }
    texts.push_back(text);
    at += 8 + length;
  }
  return texts;
}

Result<std::vector<float>> GgufFile::numbers(std::string_view key) const {
  DECODESCOPE_TRY(const Value* found, arrayOf(key, GgufType::float32, "an array of float32"));
  std::vector<float> numbers(static_cast<std::size_t>(found->count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = valueAt<float>(found->bytes, i);
    if (std::isfinite(numbers[i])) continue;
    Error invalid = error(std::string(key) + "[" + std::to_string(i) + "]", "not a finite number");
    invalid.found = std::to_string(numbers[i]);
    return invalid;
  }
  return numbers;
}

Result<std::vector<std::int64_t>> GgufFile::integers(std::string_view key, std::int64_t least,
                                                     std::int64_t most) const {
  constexpr std::string_view kAllowed = "an array of int32";
  DECODESCOPE_TRY(const Value* found, valueOf(key, GgufType::array, kAllowed));
  if (found->element != GgufType::int32 && found->element != GgufType::uint32)
    return error(key, "wrong type", std::string(kAllowed));
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(found->count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = found->element == GgufType::int32 ? std::int64_t{valueAt<std::int32_t>(found->bytes, i)}
                                                   : std::int64_t{valueAt<std::uint32_t>(found->bytes, i)};
    if (numbers[i] >= least && numbers[i] <= most) continue;
    Error invalid =
        error(std::string(key) + "[" + std::to_string(i) + "]", "out of range", shownRange(least, most));
    invalid.found = std::to_string(numbers[i]);
    return invalid;
  }
  return numbers;
}

Result<std::uint64_t> GgufFile::read(const GgufTensor& tensor, std::span<float> out,
                                     std::stop_token stop) const {
  DECODESCOPE_REQUIRE(out.size() == tensor.elements());
  return readFloats(m_file, tensor.begin, tensor.type, out, std::move(stop));
}

}  // namespace decodescope
