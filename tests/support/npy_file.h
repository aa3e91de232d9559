#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope::test {

/// A .npy file as it was read back. Either `floats` or `ints` holds the numbers.
struct NpyFile {
  std::string type;  ///< "<f4", "<i4"
  std::vector<std::int64_t> shape;
  std::vector<float> floats;
  std::vector<std::int32_t> ints;
};

/// Reads what NumPy writes and reads: version 1.0, C order, float32 or int32. Anything else is a failure of
/// the running test, and gives an empty array.
NpyFile readNpy(const std::string& path);

}  // namespace decodescope::test
