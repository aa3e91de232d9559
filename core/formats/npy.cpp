#include "core/formats/npy.h"

#include <bit>
#include <string_view>

namespace decodescope {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");
static_assert(sizeof(float) == 4 && sizeof(std::int32_t) == 4);

/// Magic, version, length of the dictionary, the dictionary: padded so that the numbers begin on a multiple
/// of 64.
std::string header(NpyWriter::Type type, const std::vector<std::int64_t>& shape) {
  std::string dictionary = "{'descr': '";
  dictionary += type == NpyWriter::Type::float32 ? "<f4" : "<i4";
  dictionary += "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) dictionary += ", ";
    dictionary += std::to_string(shape[i]);
  }
  if (shape.size() == 1) dictionary += ",";
  dictionary += "), }";
  constexpr std::size_t kPrefix = 10;
  const std::size_t used = kPrefix + dictionary.size() + 1;
  dictionary.append((64 - used % 64) % 64, ' ');
  dictionary += '\n';

  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(dictionary.size() & 0xff);
  bytes += static_cast<char>(dictionary.size() >> 8);
  return bytes + dictionary;
}

template <class Number>
Result<void> writeWhole(const std::string& path, NpyWriter::Type type, const std::vector<std::int64_t>& shape,
                        std::span<const Number> numbers) {
  DECODESCOPE_TRY(NpyWriter writer, NpyWriter::create(path, type, shape));
  DECODESCOPE_CHECK(writer.write(numbers));
  return writer.finish();
}

}  // namespace

NpyWriter::NpyWriter(AtomicFile file, Type type, std::uint64_t remaining)
    : m_file(std::move(file)), m_type(type), m_remaining(remaining) {}

Result<NpyWriter> NpyWriter::create(const std::string& path, Type type,
                                    const std::vector<std::int64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
  DECODESCOPE_TRY(AtomicFile file, AtomicFile::create(path));
  DECODESCOPE_CHECK(file.write(header(type, shape)));
  return NpyWriter(std::move(file), type, count);
}

Result<void> NpyWriter::writeBytes(Type type, const void* data, std::size_t count) {
  DECODESCOPE_REQUIRE(type == m_type && count <= m_remaining);
  m_remaining -= count;
  return m_file.write(std::string_view(static_cast<const char*>(data), count * 4));
}

Result<void> NpyWriter::write(std::span<const float> numbers) {
  return writeBytes(Type::float32, numbers.data(), numbers.size());
}

Result<void> NpyWriter::write(std::span<const std::int32_t> numbers) {
  return writeBytes(Type::int32, numbers.data(), numbers.size());
}

Result<void> NpyWriter::finish() {
  DECODESCOPE_REQUIRE(m_remaining == 0);
  return m_file.commit();
}

Result<void> writeNpy(const std::string& path, const std::vector<std::int64_t>& shape,
                      std::span<const float> numbers) {
  return writeWhole(path, NpyWriter::Type::float32, shape, numbers);
}

Result<void> writeNpy(const std::string& path, const std::vector<std::int64_t>& shape,
                      std::span<const std::int32_t> numbers) {
  return writeWhole(path, NpyWriter::Type::int32, shape, numbers);
}

}  // namespace decodescope
