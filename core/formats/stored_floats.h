#pragma once

#include "core/base/file_bytes.h"
#include "core/base/float_types.h"
#include "core/base/result.h"

#include <cstdint>
#include <span>
#include <stop_token>

namespace decodescope {

/// Widens the numbers that begin at byte `offset`: exactly, and for q8_0 and q4_0 as ggml does, scale times
/// integer in float. Needs out.size() to be a multiple of the type's block. A set stop token ends with the
/// error "cancelled". Returns how many of the numbers are NaN or infinite.
Result<std::uint64_t> readFloats(const RegularFile& file, std::uint64_t offset, FloatType type,
                                 std::span<float> out, std::stop_token stop = {});

}  // namespace decodescope
