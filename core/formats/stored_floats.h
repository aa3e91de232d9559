#pragma once

#include "core/base/file_bytes.h"
#include "core/base/result.h"

#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>

namespace decodescope {

/// How numbers lie in a file.
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
};
const FloatTypeInfo& floatTypeInfo(FloatType type);

/// Widens the numbers that begin at byte `offset`: exactly, and for q8_0 and q4_0 as ggml does, scale times
/// integer in float. Needs out.size() to be a multiple of the type's block. A set stop token ends with the
/// error "cancelled". Returns how many of the numbers are NaN or infinite.
Result<std::uint64_t> readFloats(const RegularFile& file, std::uint64_t offset, FloatType type,
                                 std::span<float> out, std::stop_token stop = {});

}  // namespace decodescope
