#pragma once

#include "core/base/random.h"
#include "core/decode/run_settings.h"

#include <span>
#include <vector>

namespace decodescope {

struct Candidate {
  TokenId token;
  double probability;  ///< after temperature, top-k and top-p; sums to 1 over the kept ones
};

/// Candidates kept by temperature, top-k and top-p, the likeliest first (equal logits: lower id first).
///   logits (V)  →  1 … V candidates. Greedy settings keep one, of probability 1.
/// A NaN logit counts as −∞; when nothing finite is left, token 0 is kept alone.
std::vector<Candidate> keptCandidates(std::span<const float> logits, const SamplingSettings& settings);

/// The pick among the kept candidates. Depends on the logits, the settings and the index of the pick in its
/// run only
/// (`draw` = 1 for a run's first sampled token), so looking back, branching and replaying draw the same
/// token.
TokenId sampleToken(std::span<const float> logits, const SamplingSettings& settings, int draw);

/// The number in [0, 1) that sampleToken() draws for this seed and index: the pick is the first candidate at
/// which the sum of probabilities, the likeliest first, exceeds it.
double drawnNumber(const SamplingSettings& settings, int draw);

/// softmax(logits)[token] at temperature 1: exponentials to float32's precision, summed in double.
double tokenProbability(std::span<const float> logits, TokenId token);

}  // namespace decodescope
