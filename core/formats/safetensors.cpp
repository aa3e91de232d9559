#include "core/formats/safetensors.h"

#include "core/base/atomic_file.h"
#include "core/base/float_formats.h"
#include "core/formats/file_kind.h"
#include "core/formats/json.h"
#include "core/formats/json_writer.h"
#include "core/formats/stored_floats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

namespace decodescope {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors is little-endian and read as it stands");

constexpr std::uint64_t kHeaderLimit = 100'000'000;
constexpr std::size_t kRankLimit = 8;
constexpr std::size_t kTensorLimit = 65536;

struct DtypeRow {
  std::string_view name;
  std::uint64_t bytes;
};
// All of the format's types: those that are not read here still have to fit the file.
constexpr DtypeRow kDtypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2},  {"BF16", 2},    {"I64", 8},
                                {"U64", 8}, {"I32", 4}, {"U32", 4},  {"I16", 2},     {"U16", 2},
                                {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};

std::optional<std::uint64_t> dtypeBytes(std::string_view name) {
  for (const DtypeRow& row : kDtypes) {
    if (row.name == name) return row.bytes;
  }
  return std::nullopt;
}

Error fileError(const std::string& file, std::string what, std::string found = {}, std::string allowed = {}) {
  Error error;
  error.file = file;
  error.what = std::move(what);
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  return error;
}

Result<void> checkMetadata(const JsonValue& metadata) {
  DECODESCOPE_TRY(const JsonChildren members, metadata.asObject());
  for (const JsonValue member : members) {
    const auto text = member.asString();
    if (!text.ok()) return text.error();
  }
  return {};
}

/// `dataStart` is where the tensors begin in the file, `dataSize` how many bytes follow.
Result<SafetensorsEntry> readEntry(const JsonValue& value, std::uint64_t dataStart, std::uint64_t dataSize) {
  SafetensorsEntry entry;
  entry.name = std::string(value.key());
  DECODESCOPE_TRY(const JsonChildren members, value.asObject());
  for (const JsonValue member : members) {
    if (member.key() != "dtype" && member.key() != "shape" && member.key() != "data_offsets") {
      return member.error("unknown member of a tensor", "dtype, shape, data_offsets");
    }
  }
  DECODESCOPE_TRY(const JsonValue dtype, value.at("dtype"));
  DECODESCOPE_TRY(const std::string_view dtypeName, dtype.asString());
  const std::optional<std::uint64_t> width = dtypeBytes(dtypeName);
  if (!width) return dtype.error("unknown dtype", "F32, F16, BF16");
  entry.dtype = std::string(dtypeName);

  DECODESCOPE_TRY(const JsonValue shape, value.at("shape"));
  DECODESCOPE_TRY(const JsonChildren sizes, shape.asArray());
  if (sizes.size() > kRankLimit)
    return shape.error("too many dimensions", "at most " + std::to_string(kRankLimit));
  std::uint64_t bytes = *width;
  for (const JsonValue size : sizes) {
    DECODESCOPE_TRY(const std::int64_t n, size.asInteger(0, std::int64_t{1} << 53));
    entry.shape.push_back(static_cast<std::uint64_t>(n));
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(n), &bytes)) {
      return shape.error("sizes multiply beyond 64 bits");
    }
  }

  DECODESCOPE_TRY(const JsonValue offsets, value.at("data_offsets"));
  DECODESCOPE_TRY(const JsonChildren ends, offsets.asArray());
  if (ends.size() != 2) return offsets.error("wrong number of offsets", "2");
  std::array<std::uint64_t, 2> span{};
  std::size_t i = 0;
  for (const JsonValue end : ends) {
    DECODESCOPE_TRY(const std::int64_t n, end.asInteger(0, static_cast<std::int64_t>(dataSize)));
    span[i++] = static_cast<std::uint64_t>(n);
  }
  if (span[0] > span[1] || span[1] - span[0] != bytes) {
    Error error = offsets.error("do not span the tensor's bytes");
    error.found = "[" + std::to_string(span[0]) + ", " + std::to_string(span[1]) + "]";
    error.allowed = std::to_string(bytes) + " bytes for " + entry.dtype + " " + entry.shownShape();
    return error;
  }
  entry.begin = dataStart + span[0];
  entry.end = dataStart + span[1];
  return entry;
}

}  // namespace

std::uint64_t SafetensorsEntry::elements() const {
  std::uint64_t product = 1;
  for (const std::uint64_t size : shape) product *= size;
  return product;
}

std::string SafetensorsEntry::shownShape() const {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  DECODESCOPE_TRY(RegularFile opened, RegularFile::open(path));
  SafetensorsFile file(std::move(opened));
  const std::uint64_t size = file.m_file.size();
  if (size < 8)
    return fileError(path, "too short for a safetensors file", std::to_string(size) + " bytes",
                     "at least 10");
  std::array<std::byte, 8> prefix;
  DECODESCOPE_CHECK(file.m_file.readAt(0, prefix));
  const auto headerLength = std::bit_cast<std::uint64_t>(prefix);
  const std::uint64_t most = std::min(kHeaderLimit, size - 8);
  if (headerLength < 2 || headerLength > most) {
    if (std::string kind = describeStart(fileStart(path, 64)); !kind.empty() && kind != "a safetensors file")
      return fileError(path, "not a safetensors file", std::move(kind));
    Error error = fileError(path, "header length out of range", std::to_string(headerLength),
                            "2 to " + std::to_string(most));
    error.offset = 0;
    return error;
  }
  std::string header(static_cast<std::size_t>(headerLength), '\0');
  DECODESCOPE_CHECK(file.m_file.readAt(8, std::as_writable_bytes(std::span<char>(header))));
  Result<JsonDocument> parsed = JsonDocument::parse(header, path);
  if (!parsed.ok()) {
    Error error = std::move(parsed).error();
    if (error.offset) error.offset = *error.offset + 8;
    return error;
  }
  const JsonDocument document = std::move(parsed).value();
  header = {};

  const std::uint64_t dataStart = 8 + headerLength;
  const std::uint64_t dataSize = size - dataStart;
  DECODESCOPE_TRY(const JsonChildren members, document.root().asObject());
  if (members.size() > kTensorLimit + 1) {
    return fileError(path, "too many tensors", std::to_string(members.size()),
                     "at most " + std::to_string(kTensorLimit));
  }
  file.m_entries.reserve(members.size());
  for (const JsonValue member : members) {
    if (member.key() == "__metadata__") {
      DECODESCOPE_CHECK(checkMetadata(member));
      continue;
    }
    DECODESCOPE_TRY(SafetensorsEntry entry, readEntry(member, dataStart, dataSize));
    file.m_entries.push_back(std::move(entry));
  }
  std::stable_sort(file.m_entries.begin(), file.m_entries.end(), [](const auto& a, const auto& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t expected = dataStart;
  for (const SafetensorsEntry& entry : file.m_entries) {
    if (entry.begin != expected) {
      Error error =
          fileError(path, entry.begin < expected ? "tensor overlaps another" : "hole before the tensor");
      error.field = entry.name;
      error.offset = entry.begin;
      return error;
    }
    expected = entry.end;
  }
  if (expected != size) {
    Error error =
        fileError(path, "bytes after the last tensor", std::to_string(size - expected) + " bytes", "none");
    error.offset = expected;
    return error;
  }
  for (std::size_t i = 0; i < file.m_entries.size(); ++i) file.m_byName.emplace(file.m_entries[i].name, i);
  return file;
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = m_byName.find(std::string(name));
  return found == m_byName.end() ? nullptr : &m_entries[found->second];
}

Result<std::uint64_t> SafetensorsFile::read(const SafetensorsEntry& entry, std::span<float> out,
                                            std::stop_token stop) const {
  DECODESCOPE_REQUIRE(out.size() == entry.elements());
  DECODESCOPE_TRY(const FloatType type, weightType(entry));
  return readFloats(m_file, entry.begin, type, out, stop);
}

Result<FloatType> SafetensorsFile::weightType(const SafetensorsEntry& entry) const {
  for (const FloatType type : {FloatType::f32, FloatType::f16, FloatType::bf16}) {
    if (floatTypeInfo(type).name == entry.dtype) return type;
  }
  Error error = fileError(path(), "dtype cannot be used for weights", entry.dtype, "F32, F16, BF16");
  error.field = entry.name;
  return error;
}

Result<void> writeSafetensors(const std::string& path, std::span<const TensorToStore> tensors,
                              StoredFloat dtype) {
  const std::uint64_t width = dtype == StoredFloat::f32 ? 4 : 2;
  JsonWriter json;
  // Transformers refuses files without this member.
  json.beginObject().key("__metadata__").beginObject().key("format").value("pt").endObject();
  std::uint64_t at = 0;
  for (const TensorToStore& tensor : tensors) {
    const auto rows = static_cast<std::uint64_t>(tensor.matrix.rows);
    const auto cols = static_cast<std::uint64_t>(tensor.matrix.cols);
    const std::uint64_t end = at + rows * cols * width;
    json.key(tensor.name).beginObject().key("dtype").value(dtype == StoredFloat::f32 ? "F32" : "BF16");
    json.key("shape").beginArray();
    if (!tensor.isVector) json.value(rows);
    json.value(cols).endArray();
    json.key("data_offsets").beginArray().value(at).value(end).endArray().endObject();
    at = end;
  }
  std::string header = json.endObject().take();
  header.resize((header.size() + 7) / 8 * 8, ' ');  // so that the tensors lie aligned

  DECODESCOPE_TRY(AtomicFile file, AtomicFile::create(path));
  const std::uint64_t headerLength = header.size();
  DECODESCOPE_CHECK(file.write({reinterpret_cast<const char*>(&headerLength), sizeof headerLength}));
  DECODESCOPE_CHECK(file.write(header));
  std::vector<std::uint16_t> halves;
  for (const TensorToStore& tensor : tensors) {
    for (int row = 0; row < tensor.matrix.rows; ++row) {
      const std::span<const float> numbers = tensor.matrix.rowSpan(row);
      if (dtype == StoredFloat::f32) {
        DECODESCOPE_CHECK(file.write({reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()}));
        continue;
      }
      halves.resize(numbers.size());
      std::transform(numbers.begin(), numbers.end(), halves.begin(), floatToBf16);
      DECODESCOPE_CHECK(file.write({reinterpret_cast<const char*>(halves.data()), 2 * halves.size()}));
    }
  }
  return file.commit();
}

}  // namespace decodescope
