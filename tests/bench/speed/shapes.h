#pragma once

#include "core/model/model.h"

#include <string>
#include <vector>

namespace decodescope::bench {

/// A decoder's size as it is known by; the weights are random, times do not depend on them.
struct Shape {
  const char* name;
  ModelConfig config;

  std::uint64_t parameters() const;
  /// Bytes of weights that one cached step reads: all but the embedding rows of other tokens.
  std::uint64_t bytesPerStep() const;
};

/// The published sizes of llama2.c's models: 260K, 15M, 42M and 110M parameters.
std::vector<Shape> shapes();

}  // namespace decodescope::bench
