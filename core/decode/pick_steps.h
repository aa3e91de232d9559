#pragma once

#include "core/base/ids.h"
#include "core/decode/run_settings.h"

#include <optional>
#include <span>
#include <vector>

namespace decodescope {

/// What became of a candidate between its logit and the pick.
enum class CandidateFate {
  kept,
  notLargest,  ///< temperature 0 keeps the largest logit alone
  cutByTopK,
  cutByTopP,
};

/// One token on its way from logit to pick.
struct CandidateSteps {
  TokenId token;
  int rank = 0;            ///< 1: the largest logit; equal logits: lower id first
  float logit = 0;         ///< z
  double probability = 0;  ///< softmax(z) at temperature 1
  double tempered = 0;     ///< softmax(z / temperature) over the whole vocabulary, before anything is cut
  double kept = 0;         ///< what the pick is drawn from; 0 where cut; sums to 1 over the vocabulary
  double keptBefore = 0;   ///< sum of `kept` over the candidates of a lower rank
  CandidateFate fate = CandidateFate::kept;
};

/// The way of a whole vocabulary.
struct PickSteps {
  std::vector<CandidateSteps> candidates;  ///< the likeliest first
  int vocabulary = 0;                      ///< V
  int keptCount = 0;                       ///< candidates that the pick is drawn from
  double probabilityEntropy = 0;           ///< −Σ p log2 p of the probabilities at temperature 1, in bits
  double keptEntropy = 0;                  ///< the same of `kept`
};

/// Follows the `count` likeliest tokens, and `also` when it is not among them, through temperature, top-k and
/// top-p, as keptCandidates() does for the pick. logits (V), NaN as −∞. Softmax and entropies in double.
/// With temperature 0 `tempered` is its limit: 1 for the largest logit.
PickSteps pickSteps(std::span<const float> logits, const SamplingSettings& settings, int count,
                    std::optional<TokenId> also = {});

}  // namespace decodescope
