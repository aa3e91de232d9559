#pragma once

#include "core/base/result.h"
#include "core/formats/loaded_model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope {

/// A tensor as its file has it.
struct StoredTensor {
  std::string name;  ///< in the file
  std::string type;  ///< "BF16", "Q8_0" …
  std::vector<std::uint64_t> shape;
  std::uint64_t bytes = 0;
};

/// The tensors of the file or files that a loaded model came from, in their order. Reads headers only; an
/// error when they have gone since.
Result<std::vector<StoredTensor>> storedTensorsOf(const LoadedModel& model);

}  // namespace decodescope
