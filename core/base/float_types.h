#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace decodescope {

/// How numbers lie in a file, and in memory where they are kept as the file has them. Little-endian.
enum class FloatType {
  f32,
  f16,
  bf16,
  q8_0,  ///< ggml: 32 numbers as a binary16 scale and 32 signed bytes
  q4_0,  ///< ggml: 32 numbers as a binary16 scale and 32 nibbles less 8; byte i holds numbers i and i + 16
};

struct FloatTypeInfo {
  std::string_view name;        ///< "F32", "Q4_0" …
  std::uint64_t blockElements;  ///< numbers that are stored together, 1 or 32
  std::uint64_t blockBytes;
  std::uint64_t alignment;  ///< what an address of such numbers must be a multiple of to be read in place
};
const FloatTypeInfo& floatTypeInfo(FloatType type);

/// Bytes of so many numbers, a multiple of the type's block.
std::uint64_t storedBytes(FloatType type, std::uint64_t numbers);

/// Widens out.size() numbers, a multiple of the type's block: exactly, and for q8_0 and q4_0 as ggml does,
/// scale times integer in float. Any address. The plain form of Kernels::widen.
void widenFloats(FloatType type, const std::byte* from, std::span<float> out);

/// How many of the numbers are NaN or infinite. Any address; count a multiple of the type's block.
std::uint64_t countNotFinite(FloatType type, const std::byte* from, std::uint64_t count);

}  // namespace decodescope
