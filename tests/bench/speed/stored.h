#pragma once

#include "core/formats/loaded_model.h"

#include <string>
#include <vector>

namespace decodescope::bench {

/// One model in a file of some type, loaded as the program loads it: above 128 MiB used in place.
struct StoredModel {
  std::string name;  ///< "BF16"
  std::string path;
  LoadedModelPtr model;
};

/// F32 first. Types whose blocks do not fit the rows are left out, and what cannot be written.
std::vector<StoredModel> storedModels(const Model& model, const std::string& folder);

/// What one process took that loaded the file and decoded 256 tokens.
struct MemoryUse {
  double weights = 0;  ///< MiB as stored
  double before = 0;   ///< MiB at most before loading
  double peak = 0;     ///< MiB at most at the end
};

/// In a process of its own. `program`: this one.
MemoryUse memoryOf(const std::string& program, const std::string& path);
/// What that process does.
int tellMemoryOf(const std::string& path);

}  // namespace decodescope::bench
