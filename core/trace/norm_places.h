#pragma once

#include "core/model/model.h"
#include "core/trace/position_trace.h"
#include "core/trace/site.h"

#include <optional>
#include <vector>

namespace decodescope {

/// One norm of a decoder: the site of its output.
struct NormPlace {
  Site site = Site::inputLayernorm;
  LayerIndex layer = kNoLayer;  ///< kNoLayer for the final norm

  friend bool operator==(const NormPlace&, const NormPlace&) = default;
};

/// Every norm that the configuration has, in the order of computation.
std::vector<NormPlace> normPlaces(const ModelConfig& config);

/// Whether the site is some norm's output.
bool isNormSite(Site site);

/// The row (D) that enters the norm: what was stored of it, or the sum of what was. Empty where that is not
/// stored.
std::vector<float> normInput(const ModelConfig& config, const PositionTrace& trace, NormPlace place);

/// γ and β of the norm.
NormWeights normWeightsAt(const Model& model, NormPlace place);

}  // namespace decodescope
