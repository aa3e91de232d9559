#include "views/number_place.h"

#include <algorithm>

namespace decodescope {

NumberPlace placeOf(const RunSnapshot& run, const Cell& cell, const Selection& near) {
  const ModelConfig& config = run.model->config();
  const SiteInfo& info = siteInfo(cell.site);
  NumberPlace place{near, cell.index};
  place.row.site = cell.site;
  if (info.perLayer) place.row.layer = cell.layer;
  if (info.layout == SiteShape::keyHeads) {
    place.position = cell.position == near.query ? -1 : cell.position.value;
  } else {
    place.row.query = cell.position;
  }
  if (info.layout == SiteShape::attention) {
    const int visible = std::max(
        1, cellCount(run, cell.site, cell.position, run.tokensSeenAt(near.step)) / config.numAttentionHeads);
    place.row.head = HeadIndex{cell.index / visible};
    place.row.key = Position{cell.index % visible};
    place.element = -1;
    return place;
  }
  const int width = std::max(siteHeads(cell.site, config).width, 1), head = cell.index / width;
  place.element = cell.index % width;
  // Any of the query heads that read it shows it; the selected one stays when it does.
  for (int h = config.numAttentionHeads - 1; h >= 0 && siteHeadOf(cell.site, config, place.row.head) != head;
       --h) {
    if (siteHeadOf(cell.site, config, HeadIndex{h}) == head) place.row.head = HeadIndex{h};
  }
  return place;
}

}  // namespace decodescope
