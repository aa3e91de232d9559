#pragma once

#include "core/base/file_bytes.h"
#include "core/base/float_types.h"
#include "core/formats/loaded_model.h"
#include "core/model/model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope {

/// Where one parameter's numbers lie in a file that has been checked.
struct WeightSource {
  const RegularFile* file = nullptr;
  std::string name;  ///< of the tensor, for messages
  FloatType type = FloatType::f32;
  std::uint64_t offset = 0;  ///< of the parameter's first number
  /// 0: the parameter (out, in) lies row after row. Else it lies transposed, as `out` neighbouring columns of
  /// a matrix (in, features); a type of single numbers.
  std::uint64_t features = 0;
};

/// What loading takes.
struct WeightMemory {
  std::uint64_t copied = 0;   ///< bytes of memory of its own
  std::uint64_t inPlace = 0;  ///< bytes of the file that stay mapped: the system may drop and read them again
};

/// From so many bytes of weights on, matrices are not copied but used where they lie in the mapped file.
inline constexpr std::uint64_t kInPlaceFrom = std::uint64_t{128} << 20;

/// Sources in the order of the layout's parameters, one each. Rows of q8_0 and q4_0 must be whole blocks.
WeightMemory weightMemoryOf(const ParameterLayout& layout, const std::vector<WeightSource>& sources);

/// Reads them: up to kInPlaceFrom bytes matrices are copied as they are stored, above it they stay in the
/// mapped file and are only looked through; what is stored transposed or off its alignment is copied all the
/// same, and what is no matrix is widened. Copying never maps the source. A tensor with numbers that are NaN
/// or infinite gives one of `warnings`. Errors: "cancelled" soon after the stop token is set, no memory,
/// files that change or end meanwhile.
Result<std::unique_ptr<Model>> loadWeights(const ModelConfig& config,
                                           const std::vector<WeightSource>& sources,
                                           const LoadProgress& progress, std::vector<std::string>& warnings,
                                           std::uint64_t inPlaceFrom = kInPlaceFrom);

}  // namespace decodescope
