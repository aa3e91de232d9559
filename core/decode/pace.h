#pragma once

#include "core/decode/lane.h"
#include "core/decode/lane_measures.h"

#include <functional>
#include <stop_token>
#include <vector>

namespace decodescope {

/// How many steps a pace is measured over, and how long that may take at most once three are done.
inline constexpr int kPaceTokens = 64;
inline constexpr std::uint64_t kPaceNanoseconds = 3'000'000'000;

/// A run on this prompt under these settings, untraced, kernels on the calling thread, end-of-text ignored:
/// the median time of its steps behind the prompt's. `report` hears the share that is done, 0 … 1. Nothing
/// when it was stopped; an error where the prompt cannot be run or leaves no room for a step.
Result<std::optional<MeasuredPace>> measurePace(const LoadedModelPtr& model, RunSettings settings,
                                                std::vector<TokenId> prompt,
                                                const std::function<void(double)>& report,
                                                std::stop_token stop);

}  // namespace decodescope
