#pragma once

#include "core/formats/loaded_model.h"

#include <cstdint>
#include <vector>

namespace decodescope {

/// What tales that a model was not trained on say of it.
struct TalesMeasurement {
  double lossPerToken = 0;  ///< nats, mean over every token after the start token, the end token included
  double nameLoss = 0;  ///< nats a token where the next token is a name that the tale has mentioned before
  double nameAccuracy = 0;   ///< share of those names that are the likeliest token
  std::uint64_t tokens = 0;  ///< how many tokens were predicted
  std::vector<NotableHead>
      heads;  ///< for every role the heads with the largest shares, best first, if large enough
};

/// Runs the tales 0 … tales − 1 of `seed`, each by itself with the tokenizer's start token, and measures the
/// loss and every head's mean share of weight (Σ over the role's target positions, mean over the role's
/// queries):
///   "previous token"          on the token before the query, over all queries but the first two
///   "copies a name"           on the earlier mentions of the name that comes next, over queries before a
///   repeated name "completes a pair"        on the tokens that followed earlier mentions of the current
///   title or colour, over queries after
///                             which the same name or thing comes again
///   "pronoun to name"         on earlier names of the pronoun's gender, over queries before he, she, him,
///   her, his "first token"             on the first token, over all queries but the first two
Result<TalesMeasurement> measureOnTales(const Model& model, const Tokenizer& tokenizer, std::uint64_t seed,
                                        int tales);

}  // namespace decodescope
