#include "core/formats/stored_floats.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace decodescope {
namespace {

constexpr std::size_t kChunkFloats = std::size_t{1} << 18;  // a multiple of every block

}  // namespace

Result<std::uint64_t> readFloats(const RegularFile& file, std::uint64_t offset, FloatType type,
                                 std::span<float> out, std::stop_token stop) {
  const FloatTypeInfo& info = floatTypeInfo(type);
  DECODESCOPE_REQUIRE(out.size() % info.blockElements == 0);
  std::vector<std::byte> chunk(storedBytes(type, std::min(out.size(), kChunkFloats)));
  std::uint64_t notFinite = 0;
  while (!out.empty()) {
    if (stop.stop_requested()) {
      Error error;
      error.file = file.path();
      error.what = "cancelled";
      return error;
    }
    const std::span<float> part = out.first(std::min(out.size(), kChunkFloats));
    const std::span<std::byte> bytes = std::span(chunk).first(storedBytes(type, part.size()));
    DECODESCOPE_CHECK(file.readAt(offset, bytes));
    notFinite += countNotFinite(type, bytes.data(), part.size());
    widenFloats(type, bytes.data(), part);
    offset += bytes.size();
    out = out.subspan(part.size());
  }
  return notFinite;
}

}  // namespace decodescope
