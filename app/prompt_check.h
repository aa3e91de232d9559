#pragma once

#include "core/decode/run_snapshot.h"

namespace decodescope {

/// Share of the prompt's tokens (special ones left out) that are single letters or bytes: words that the
/// tokenizer does not know fall into such pieces. 0 for an empty prompt.
double brokenShare(const RunSnapshot& run);

/// Above this share a model of ours has not seen text like this.
inline constexpr double kUnusualShare = 0.4;

}  // namespace decodescope
