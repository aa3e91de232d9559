#include "core/trace/attention_rules.h"

#include <algorithm>

namespace decodescope {

bool AttentionRules::strikes(LayerIndex layer, HeadIndex head, Position query) const {
  return std::any_of(struckHeads.begin(), struckHeads.end(), [&](const StruckHead& struck) {
    return struck.layer == layer && struck.head == head && query >= struck.from;
  });
}

bool AttentionRules::hides(LayerIndex layer, KvHeadIndex head, Position key, Position query) const {
  return key != query && std::any_of(struckRows.begin(), struckRows.end(), [&](const StruckRow& struck) {
           return struck.layer == layer && struck.head == head && struck.position == key &&
                  query >= struck.from;
         });
}

}  // namespace decodescope
