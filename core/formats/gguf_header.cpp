#include "core/formats/gguf_header.h"

#include "core/base/utf8.h"
#include "core/formats/file_kind.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kHeaderLimit = 100'000'000;
constexpr std::uint64_t kBufferBytes = 1 << 16;
constexpr std::uint64_t kKeyLimit = 65535;
constexpr std::uint64_t kNameLimit = 64;  // ggml's GGML_MAX_NAME
constexpr std::uint32_t kRankLimit = 4;   // ggml's GGML_MAX_DIMS
constexpr std::uint64_t kAlignmentLimit = 1 << 20;
constexpr std::uint64_t kEntryLimit = 65536;  // tensors, and pairs of metadata

/// Bytes of a value of this type; 0 for those of no fixed size.
std::uint64_t widthOf(GgufType type) {
  switch (type) {
    case GgufType::uint8:
    case GgufType::int8:
    case GgufType::boolean:
      return 1;
    case GgufType::uint16:
    case GgufType::int16:
      return 2;
    case GgufType::uint32:
    case GgufType::int32:
    case GgufType::float32:
      return 4;
    case GgufType::uint64:
    case GgufType::int64:
    case GgufType::float64:
      return 8;
    case GgufType::string:
    case GgufType::array:
      break;
  }
  return 0;
}

struct TensorType {
  std::uint32_t id;
  std::string_view name;
};
// ggml's other types (ggml.h, enum ggml_type), for the messages.
constexpr TensorType kOtherTypes[] = {
    {3, "Q4_1"},     {6, "Q5_0"},   {7, "Q5_1"},    {9, "Q8_1"},   {10, "Q2_K"},    {11, "Q3_K"},
    {12, "Q4_K"},    {13, "Q5_K"},  {14, "Q6_K"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"},
    {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {23, "IQ4_XS"},
    {24, "I8"},      {25, "I16"},   {26, "I32"},    {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},
    {34, "TQ1_0"},   {35, "TQ2_0"}, {39, "MXFP4"},
};

std::optional<FloatType> floatType(std::uint32_t id) {
  switch (id) {
    case 0:
      return FloatType::f32;
    case 1:
      return FloatType::f16;
    case 2:
      return FloatType::q4_0;
    case 8:
      return FloatType::q8_0;
    case 30:
      return FloatType::bf16;
    default:
      return std::nullopt;
  }
}

std::string typeName(std::uint32_t id) {
  for (const TensorType& type : kOtherTypes) {
    if (type.id == id) return std::string(type.name);
  }
  return "type " + std::to_string(id);
}

std::string shownBytes(std::string_view text) {
  return "\"" + replaceInvalidUtf8(text.substr(0, 80)) + "\"";
}

}  // namespace

Error GgufFile::Header::error(std::string field, std::string what, std::uint64_t offset, std::string found,
                              std::string allowed) const {
  Error error;
  error.file = m_file.path();
  error.field = std::move(field);
  error.what = std::move(what);
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  error.offset = offset;
  return error;
}

Result<void> GgufFile::Header::take(void* out, std::uint64_t count, const std::string& field) {
  if (count > m_file.size() - m_at) return error(field, "file ends inside its header", m_at);
  if (count > kHeaderLimit || m_at > kHeaderLimit - count) {
    return error(field, "header is too large", m_at, {},
                 "at most " + std::to_string(kHeaderLimit) + " bytes");
  }
  auto* target = static_cast<std::byte*>(out);
  while (count > 0) {
    const std::uint64_t inBuffer = m_at - m_bufferStart;
    if (inBuffer >= m_buffer.size()) {
      m_buffer.resize(static_cast<std::size_t>(std::min(kBufferBytes, m_file.size() - m_at)));
      DECODESCOPE_CHECK(m_file.readAt(m_at, m_buffer));
      m_bufferStart = m_at;
      continue;
    }
    const std::uint64_t part = std::min(count, m_buffer.size() - inBuffer);
    std::memcpy(target, m_buffer.data() + inBuffer, static_cast<std::size_t>(part));
    target += part;
    m_at += part;
    count -= part;
  }
  return {};
}

Result<std::uint64_t> GgufFile::Header::takeCount(const std::string& field, const char* what,
                                                  std::uint64_t least, std::uint64_t limit) {
  const std::uint64_t offset = m_at;
  DECODESCOPE_TRY(const auto count, take<std::uint64_t>(field));
  if (count > limit) {
    return error(field, std::string(what) + " is too large", offset, std::to_string(count),
                 "at most " + std::to_string(limit));
  }
  const std::uint64_t most = (m_file.size() - m_at) / least;
  if (count > most) {
    return error(field, std::string(what) + " is more than the file holds", offset, std::to_string(count),
                 "at most " + std::to_string(most));
  }
  return count;
}

Result<void> GgufFile::Header::takeString(const std::string& field, std::uint64_t most, std::string& out,
                                          bool withLength) {
  const std::uint64_t offset = m_at;
  DECODESCOPE_TRY(const std::uint64_t length, takeCount(field, "length of a string", 1));
  if (length > most) {
    return error(field, "string is too long", offset, std::to_string(length) + " bytes",
                 "at most " + std::to_string(most));
  }
  if (withLength) out.append(reinterpret_cast<const char*>(&length), sizeof length);
  const std::size_t before = out.size();
  out.resize(before + static_cast<std::size_t>(length));
  return take(out.data() + before, length, field);
}

Result<GgufType> GgufFile::Header::takeType(const std::string& field) {
  const std::uint64_t offset = m_at;
  DECODESCOPE_TRY(const auto type, take<std::uint32_t>(field));
  if (type > static_cast<std::uint32_t>(GgufType::float64)) {
    return error(field, "unknown type of metadata", offset, std::to_string(type), "0 to 12");
  }
  return static_cast<GgufType>(type);
}

Result<void> GgufFile::Header::takeVersion() {
  std::string magic(static_cast<std::size_t>(std::min<std::uint64_t>(64, m_file.size())), '\0');
  DECODESCOPE_CHECK(m_file.readAt(0, std::as_writable_bytes(std::span<char>(magic))));
  if (magic.starts_with("FUGG"))
    return error({}, "big-endian files are not supported", 0, {}, "little-endian");
  if (!magic.starts_with("GGUF")) return error({}, "not a GGUF file", 0, describeStart(magic));
  m_at = 4;
  DECODESCOPE_TRY(m_out.m_version, take<std::uint32_t>("version"));
  const std::uint32_t version = m_out.m_version;
  if (version == 2 || version == 3) return {};
  // A small number of the other byte order.
  if ((version & 0xffffu) == 0 && version != 0) {
    return error("version", "big-endian files are not supported", 4, {}, "little-endian");
  }
  return error("version", "version is not supported", 4, std::to_string(version), "2 or 3");
}

Result<void> GgufFile::Header::takeArray(const std::string& key, Value& value) {
  const std::uint64_t typeOffset = m_at;
  DECODESCOPE_TRY(value.element, takeType(key));
  if (value.element == GgufType::array) {
    return error(key, "arrays of arrays are not supported", typeOffset);
  }
  const std::uint64_t width = widthOf(value.element);
  DECODESCOPE_TRY(value.count, takeCount(key, "length of an array", width > 0 ? width : 8));
  if (width > 0) {
    const std::uint64_t first = m_at;
    if (value.count * width > kHeaderLimit) {
      return error(key, "header is too large", first, {},
                   "at most " + std::to_string(kHeaderLimit) + " bytes");
    }
    value.bytes.resize(static_cast<std::size_t>(value.count * width));
    DECODESCOPE_CHECK(take(value.bytes.data(), value.count * width, key));
    if (value.element != GgufType::boolean) return {};
    const std::size_t bad = value.bytes.find_first_not_of(std::string_view("\0\1", 2));
    if (bad == std::string::npos) return {};
    return error(key, "not a truth value", first + bad,
                 std::to_string(static_cast<unsigned char>(value.bytes[bad])), "0 or 1");
  }
  for (std::uint64_t i = 0; i < value.count; ++i) {
    DECODESCOPE_CHECK(takeString(key, kHeaderLimit, value.bytes, true));
  }
  return {};
}

Result<void> GgufFile::Header::takeValue(const std::string& key, Value& value) {
  DECODESCOPE_TRY(value.type, takeType(key));
  value.offset = m_at;
  if (value.type == GgufType::array) return takeArray(key, value);
  if (value.type == GgufType::string) return takeString(key, kHeaderLimit, value.bytes);
  const std::uint64_t width = widthOf(value.type);
  value.bytes.resize(static_cast<std::size_t>(width));
  DECODESCOPE_CHECK(take(value.bytes.data(), width, key));
  if (value.type == GgufType::boolean && static_cast<unsigned char>(value.bytes[0]) > 1) {
    return error(key, "not a truth value", value.offset,
                 std::to_string(static_cast<unsigned char>(value.bytes[0])), "0 or 1");
  }
  return {};
}

Result<void> GgufFile::Header::takePair() {
  const std::uint64_t offset = m_at;
  std::string key;
  DECODESCOPE_CHECK(takeString("metadata", kKeyLimit, key));
  if (key.empty()) return error("metadata", "key is empty", offset);
  if (firstInvalidUtf8(key)) return error("metadata", "key is not UTF-8", offset, shownBytes(key));
  if (m_out.m_values.contains(key)) return error(key, "key stands twice", offset);
  Value value;
  DECODESCOPE_CHECK(takeValue(key, value));
  m_out.m_values.emplace(std::move(key), std::move(value));
  return {};
}

Result<std::uint64_t> GgufFile::Header::alignment() const {
  constexpr std::string_view kKey = "general.alignment";
  if (!m_out.has(kKey)) return std::uint64_t{32};
  DECODESCOPE_TRY(const std::int64_t number,
                  m_out.integer(kKey, 1, static_cast<std::int64_t>(kAlignmentLimit)));
  const auto alignment = static_cast<std::uint64_t>(number);
  if (!std::has_single_bit(alignment)) return m_out.error(kKey, "out of range", "a power of two");
  return alignment;
}

Result<void> GgufFile::Header::takeTensor() {
  const std::uint64_t nameOffset = m_at;
  GgufTensor tensor;
  DECODESCOPE_CHECK(takeString("tensors", kNameLimit, tensor.name));
  if (tensor.name.empty()) return error("tensors", "name is empty", nameOffset);
  if (firstInvalidUtf8(tensor.name))
    return error("tensors", "name is not UTF-8", nameOffset, shownBytes(tensor.name));
  const std::string name = tensor.name;
  if (!m_out.m_byName.emplace(name, m_out.m_tensors.size()).second)
    return error(name, "tensor stands twice", nameOffset);
  const std::uint64_t rankOffset = m_at;
  DECODESCOPE_TRY(const auto rank, take<std::uint32_t>(name));
  if (rank < 1 || rank > kRankLimit) {
    return error(name, "number of dimensions out of range", rankOffset, std::to_string(rank), "1 to 4");
  }
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < rank; ++i) {
    const std::uint64_t sizeOffset = m_at;
    DECODESCOPE_TRY(const auto size, take<std::uint64_t>(name));
    if (size == 0) return error(name, "dimension out of range", sizeOffset, "0", "at least 1");
    // Every number takes more than half a byte, so that more cannot be in the file and no product wraps.
    if (__builtin_mul_overflow(elements, size, &elements) || elements / 2 > m_file.size()) {
      return error(name, "dimensions ask for more than the file holds", sizeOffset, std::to_string(size));
    }
    tensor.shape.insert(tensor.shape.begin(), size);
  }
  const std::uint64_t typeOffset = m_at;
  DECODESCOPE_TRY(const auto typeId, take<std::uint32_t>(name));
  const std::optional<FloatType> type = floatType(typeId);
  if (!type) {
    return error(name, "type is not supported", typeOffset, typeName(typeId), "F32, F16, BF16, Q8_0, Q4_0");
  }
  tensor.type = *type;
  const FloatTypeInfo& info = floatTypeInfo(*type);
  if (tensor.shape.back() % info.blockElements != 0) {
    return error(name, "rows do not end with a block of " + std::string(info.name), typeOffset,
                 std::to_string(tensor.shape.back()), "a multiple of " + std::to_string(info.blockElements));
  }
  const std::uint64_t offsetOffset = m_at;
  DECODESCOPE_TRY(tensor.begin, take<std::uint64_t>(name));
  if (tensor.begin > m_file.size()) {
    return error(name, "tensor begins past the end of the file", offsetOffset, std::to_string(tensor.begin));
  }
  tensor.end = tensor.begin + elements / info.blockElements * info.blockBytes;
  m_out.m_tensors.push_back(std::move(tensor));
  return {};
}

Result<void> GgufFile::Header::placeTensors(std::uint64_t alignment) {
  const auto aligned = [alignment](std::uint64_t at) { return (at + alignment - 1) / alignment * alignment; };
  const std::uint64_t start = aligned(m_at);
  std::uint64_t expected = 0;
  std::uint64_t end = 0;
  for (GgufTensor& tensor : m_out.m_tensors) {
    if (tensor.begin != expected) {
      const char* what = tensor.begin % alignment != 0 ? "tensor is not aligned"
                         : tensor.begin < expected     ? "tensor overlaps another"
                                                       : "hole before the tensor";
      Error misplaced = error(tensor.name, what, start + tensor.begin,
                              "offset " + std::to_string(tensor.begin), std::to_string(expected));
      return misplaced;
    }
    end = tensor.end;
    expected = aligned(end);
    tensor.begin += start;
    tensor.end += start;
    if (tensor.end > m_file.size()) {
      return error(tensor.name, "tensor ends past the end of the file", tensor.begin,
                   std::to_string(m_file.size() - std::min(m_file.size(), tensor.begin)) + " bytes",
                   std::to_string(tensor.end - tensor.begin));
    }
  }
  if (m_out.m_tensors.empty()) return {};
  if (m_file.size() > start + expected) {
    return error({}, "bytes after the last tensor", start + end,
                 std::to_string(m_file.size() - start - end) + " bytes", "at most the padding");
  }
  return {};
}

Result<void> GgufFile::Header::read() {
  DECODESCOPE_CHECK(takeVersion());
  // A tensor takes at least its name's length, a letter, rank, one size, type and offset; a pair of metadata
  // its key's length, a letter, type and one byte.
  DECODESCOPE_TRY(const std::uint64_t tensors,
                  takeCount("tensor_count", "number", 8 + 1 + 4 + 8 + 4 + 8, kEntryLimit));
  DECODESCOPE_TRY(const std::uint64_t pairs,
                  takeCount("metadata_kv_count", "number", 8 + 1 + 4 + 1, kEntryLimit));
  for (std::uint64_t i = 0; i < pairs; ++i) DECODESCOPE_CHECK(takePair());
  DECODESCOPE_TRY(const std::uint64_t aligned, alignment());
  for (std::uint64_t i = 0; i < tensors; ++i) DECODESCOPE_CHECK(takeTensor());
  return placeTensors(aligned);
}

}  // namespace decodescope
