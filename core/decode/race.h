#pragma once

#include "core/decode/lane.h"

#include <functional>
#include <stop_token>
#include <vector>

namespace decodescope {

/// The same tokens with and without the KV cache, each on a thread of its own, untraced, kernels on one
/// thread, end-of-text ignored. `report` is called on the calling thread about 30 times a second and once at
/// the end. Stops within a layer. Both runners generate the same tokens; only greedy or seeded sampling of
/// `settings` decides which.
RaceProgress runRace(const LoadedModelPtr& model, const std::vector<TokenId>& prompt, RunSettings settings,
                     int tokens, const std::function<void(const RaceProgress&)>& report,
                     std::stop_token stop);

}  // namespace decodescope
