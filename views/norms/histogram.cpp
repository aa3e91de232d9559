#include "views/norms/histogram.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

Histogram histogramOf(std::span<const float> values) {
  Histogram histogram;
  if (values.empty()) return histogram;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double first = static_cast<double>(*low), range = static_cast<double>(*high) - first;
  if (!(range > 0)) {
    histogram.first = first - 0.5;
    histogram.counts = {static_cast<int>(values.size())};
    return histogram;
  }
  const int bins = std::clamp(static_cast<int>(2 * std::cbrt(static_cast<double>(values.size()))), 8, 60);
  histogram.first = first;
  histogram.width = range / bins;
  histogram.counts.resize(static_cast<std::size_t>(bins));
  for (const float v : values) {
    const int bin = static_cast<int>((static_cast<double>(v) - first) / histogram.width);
    ++histogram.counts[static_cast<std::size_t>(std::min(bin, bins - 1))];
  }
  return histogram;
}

}  // namespace decodescope
