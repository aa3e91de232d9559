#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace decodescope {

/// How many of the values fall into each of some bins of one width.
struct Histogram {
  double first = 0;  ///< where the first bin begins
  double width = 1;
  std::vector<int> counts;

  double edge(std::size_t bin) const { return first + static_cast<double>(bin) * width; }
  double centre(std::size_t bin) const { return edge(bin) + width / 2; }
};

/// From the smallest to the largest value in about 2·∛n bins, at least 8, at most 60 (Rice's rule). Equal
/// values fall into one bin of width 1 around them.
Histogram histogramOf(std::span<const float> values);

}  // namespace decodescope
