#pragma once

#include "core/base/ids.h"
#include "core/trace/attention_rules.h"

#include <cstdint>
#include <vector>

namespace decodescope {

/// How the next token is picked from the logits.
/// Temperature divides the logits; 0 is greedy (the largest logit, the lowest id among equals).
/// Then top-k keeps the k largest, top-p the smallest set of largest probabilities that reaches p (Holtzman
/// et al. 2020).
struct SamplingSettings {
  double temperature = 0.0;  ///< ≥ 0
  int topK = 0;              ///< 0: off
  double topP = 1.0;         ///< (0, 1]; 1: off
  std::uint64_t seed = 0;

  friend bool operator==(const SamplingSettings&, const SamplingSettings&) = default;
};

/// What may be changed between two steps of a run without starting it anew.
struct RunSettings {
  bool kvCache = true;
  bool ignoreEos = false;
  SamplingSettings sampling = {};
  /// A what-if. The causal mask is fixed for the whole run: what it is at the start counts.
  AttentionRules rules = {};

  friend bool operator==(const RunSettings&, const RunSettings&) = default;
};

}  // namespace decodescope
