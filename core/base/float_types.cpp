#include "core/base/float_types.h"

#include "core/base/float_formats.h"

#include <bit>
#include <cstring>

namespace decodescope {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they stand");

constexpr FloatTypeInfo kTypes[] = {
    {"F32", 1, 4, 4}, {"F16", 1, 2, 2}, {"BF16", 1, 2, 2}, {"Q8_0", 32, 34, 1}, {"Q4_0", 32, 18, 1}};

template <class Stored>
Stored at(const std::byte* from, std::uint64_t i) {
  Stored stored;
  std::memcpy(&stored, from + i * sizeof(Stored), sizeof(Stored));
  return stored;
}

float scaleOf(const std::byte* block) {
  return f16ToFloat(at<std::uint16_t>(block, 0));
}

void widenQ8(const std::byte* block, std::span<float> out) {
  for (std::size_t first = 0; first < out.size(); first += 32, block += 34) {
    const float scale = scaleOf(block);
    for (std::size_t i = 0; i < 32; ++i)
      out[first + i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
  }
}

void widenQ4(const std::byte* block, std::span<float> out) {
  for (std::size_t first = 0; first < out.size(); first += 32, block += 18) {
    const float scale = scaleOf(block);
    for (std::size_t i = 0; i < 16; ++i) {
      const int both = std::to_integer<int>(block[2 + i]);
      out[first + i] = scale * static_cast<float>((both & 15) - 8);
      out[first + i + 16] = scale * static_cast<float>((both >> 4) - 8);
    }
  }
}

/// Numbers whose exponent is all ones.
template <class Stored, Stored kExponent>
std::uint64_t countOnes(const std::byte* from, std::uint64_t count) {
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < count; ++i)
    found += static_cast<std::uint64_t>((at<Stored>(from, i) & kExponent) == kExponent);
  return found;
}

/// A block is as finite as its scale: 0 · ∞ is no number either.
std::uint64_t countBlocks(const FloatTypeInfo& info, const std::byte* block, std::uint64_t count) {
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < count; i += info.blockElements, block += info.blockBytes)
    found += info.blockElements * countOnes<std::uint16_t, 0x7c00>(block, 1);
  return found;
}

}  // namespace

const FloatTypeInfo& floatTypeInfo(FloatType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

std::uint64_t storedBytes(FloatType type, std::uint64_t numbers) {
  const FloatTypeInfo& info = floatTypeInfo(type);
  return numbers / info.blockElements * info.blockBytes;
}

void widenFloats(FloatType type, const std::byte* from, std::span<float> out) {
  switch (type) {
    case FloatType::f32:
      if (!out.empty()) std::memcpy(out.data(), from, out.size_bytes());
      return;
    case FloatType::f16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = f16ToFloat(at<std::uint16_t>(from, i));
      return;
    case FloatType::bf16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = bf16ToFloat(at<std::uint16_t>(from, i));
      return;
    case FloatType::q8_0:
      return widenQ8(from, out);
    case FloatType::q4_0:
      return widenQ4(from, out);
  }
}

std::uint64_t countNotFinite(FloatType type, const std::byte* from, std::uint64_t count) {
  switch (type) {
    case FloatType::f32:
      return countOnes<std::uint32_t, 0x7f800000>(from, count);
    case FloatType::f16:
      return countOnes<std::uint16_t, 0x7c00>(from, count);
    case FloatType::bf16:
      return countOnes<std::uint16_t, 0x7f80>(from, count);
    case FloatType::q8_0:
    case FloatType::q4_0:
      return countBlocks(floatTypeInfo(type), from, count);
  }
  return 0;
}

}  // namespace decodescope
