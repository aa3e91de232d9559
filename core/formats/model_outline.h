#pragma once

#include "core/formats/loaded_model.h"
#include "core/formats/weight_loader.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// How many bytes of a file's tensors are of which type, the largest first in shown().
class StoredTypes {
 public:
  void add(std::string_view type, std::uint64_t bytes);
  std::uint64_t bytes() const;
  /// "BF16", "Q8_0 and F32".
  std::string shown() const;

 private:
  struct Row {
    std::string type;
    std::uint64_t bytes;
  };
  std::vector<Row> m_rows;
};

/// Readers call this when they have read all headers and no weights: tells progress.outlined what they found
/// and gives back its answer. `loaded` has name, path and format; `sources` are what loadWeights() is to
/// read.
Result<void> announce(const LoadProgress& progress, const LoadedModel& loaded, const ModelConfig& config,
                      const StoredTypes& types, const std::vector<WeightSource>& sources);

/// What loadModel() would load, from the headers alone. The tokenizer and the weights are not looked at.
Result<ModelOutline> outlineModel(const std::string& path, std::stop_token stop = {});

}  // namespace decodescope
