#pragma once

#include <vector>

namespace decodescope {

/// How the rotary frequencies θ_i are stretched, so that a model reads further than it was first trained.
/// Members carry Hugging Face's names (rope_scaling).
struct RopeScaling {
  enum class Kind {
    none,
    linear,  ///< θ_i / factor (Chen et al. 2023)
    llama3,  ///< θ_i / factor where a turn takes more than S₀/low_freq_factor positions, θ_i where fewer than
             ///< S₀/high_freq_factor, blended between (Llama 3.1)
    divisors,  ///< θ_i / divisors[i]: what GGUF's rope_freqs.weight holds
  };
  Kind kind = Kind::none;
  double factor = 1;                         ///< linear, llama3; above 0
  double lowFreqFactor = 1;                  ///< llama3; above 0
  double highFreqFactor = 4;                 ///< llama3; above lowFreqFactor
  int originalMaxPositionEmbeddings = 8192;  ///< llama3; S₀, the context of the first training
  std::vector<float> divisors = {};          ///< d/2 of them, each above 0
};

}  // namespace decodescope
