#pragma once

#include "core/model/model.h"
#include "core/trace/site.h"

#include <map>
#include <span>
#include <utility>
#include <vector>

namespace decodescope::test {

/// Every site's tensor of a sequence, written out from the papers in double precision with plain loops:
/// shares no code with the decoder. Rows as in siteInfo(site).shape; attention sites are (H, T, T) with −∞
/// (scores) or 0 (weights) above the diagonal.
using ReferenceTrace = std::map<std::pair<Site, int>, std::vector<double>>;  // {site, layer or −1}

ReferenceTrace referenceDecode(const Model& model, std::span<const TokenId> tokens);

}  // namespace decodescope::test
