#pragma once

#include "core/trace/trace_sink.h"

#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace decodescope::test {

/// Wants everything (or what a predicate says) and keeps every row by {site, layer} and position.
class CollectingSink : public TraceSink {
 public:
  using Rows = std::map<int, std::vector<float>>;  // position → row; attention sites: (H, visible)

  explicit CollectingSink(std::function<bool(Site)> wanted = [](Site) { return true; })
      : m_wanted(std::move(wanted)) {}

  bool wants(Site site, LayerIndex) const override { return m_wanted(site); }

  void record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) override {
    Rows& target = sites[{site, layer.value}];
    if (siteInfo(site).layout == SiteShape::attention) {
      std::vector<float>& row = target[first.value];
      row.clear();
      for (int h = 0; h < rows.rows; ++h) row.insert(row.end(), rows.row(h), rows.row(h) + rows.cols);
      return;
    }
    for (int r = 0; r < rows.rows; ++r) target[first.value + r].assign(rows.row(r), rows.row(r) + rows.cols);
  }

  std::map<std::pair<Site, int>, Rows> sites;

 private:
  std::function<bool(Site)> m_wanted;
};

}  // namespace decodescope::test
