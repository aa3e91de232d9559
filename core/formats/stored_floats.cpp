#include "core/formats/stored_floats.h"

#include "core/base/float_formats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

namespace decodescope {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they stand");

constexpr std::size_t kChunkFloats = std::size_t{1} << 18;  // a multiple of every block

constexpr FloatTypeInfo kTypes[] = {
    {"F32", 1, 4}, {"F16", 1, 2}, {"BF16", 1, 2}, {"Q8_0", 32, 34}, {"Q4_0", 32, 18}};

template <class Stored, class Widen>
void widen(std::span<const std::byte> bytes, std::span<float> out, Widen&& toFloat) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = toFloat(stored);
  }
}

float scaleOf(const std::byte* block) {
  std::uint16_t half;
  std::memcpy(&half, block, sizeof half);
  return f16ToFloat(half);
}

void widenQ8(std::span<const std::byte> bytes, std::span<float> out) {
  const std::byte* block = bytes.data();
  for (std::size_t first = 0; first < out.size(); first += 32, block += 34) {
    const float scale = scaleOf(block);
    for (std::size_t i = 0; i < 32; ++i) {
      out[first + i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
    }
  }
}

void widenQ4(std::span<const std::byte> bytes, std::span<float> out) {
  const std::byte* block = bytes.data();
  for (std::size_t first = 0; first < out.size(); first += 32, block += 18) {
    const float scale = scaleOf(block);
    for (std::size_t i = 0; i < 16; ++i) {
      const int both = std::to_integer<int>(block[2 + i]);
      out[first + i] = scale * static_cast<float>((both & 15) - 8);
      out[first + i + 16] = scale * static_cast<float>((both >> 4) - 8);
    }
  }
}

void widenAny(FloatType type, std::span<const std::byte> bytes, std::span<float> out) {
  switch (type) {
    case FloatType::f32:
      return widen<float>(bytes, out, [](float x) { return x; });
    case FloatType::f16:
      return widen<std::uint16_t>(bytes, out, f16ToFloat);
    case FloatType::bf16:
      return widen<std::uint16_t>(bytes, out, bf16ToFloat);
    case FloatType::q8_0:
      return widenQ8(bytes, out);
    case FloatType::q4_0:
      return widenQ4(bytes, out);
  }
}

}  // namespace

const FloatTypeInfo& floatTypeInfo(FloatType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

Result<std::uint64_t> readFloats(const RegularFile& file, std::uint64_t offset, FloatType type,
                                 std::span<float> out, std::stop_token stop) {
  const FloatTypeInfo& info = floatTypeInfo(type);
  DECODESCOPE_REQUIRE(out.size() % info.blockElements == 0);
  const auto bytesOf = [&](std::size_t numbers) { return numbers / info.blockElements * info.blockBytes; };
  std::vector<std::byte> chunk(bytesOf(std::min(out.size(), kChunkFloats)));
  std::uint64_t notFinite = 0;
  while (!out.empty()) {
    if (stop.stop_requested()) {
      Error error;
      error.file = file.path();
      error.what = "cancelled";
      return error;
    }
    const std::span<float> part = out.first(std::min(out.size(), kChunkFloats));
    const std::span<std::byte> bytes = std::span(chunk).first(bytesOf(part.size()));
    DECODESCOPE_CHECK(file.readAt(offset, bytes));
    widenAny(type, bytes, part);
    for (const float number : part) notFinite += std::isfinite(number) ? 0 : 1;
    offset += bytes.size();
    out = out.subspan(part.size());
  }
  return notFinite;
}

}  // namespace decodescope
