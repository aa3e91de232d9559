#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace decodescope {

/// What scores q·k may be divided by before the softmax.
enum class ScoreDivisor { none, rootD, d, dSquared };
inline constexpr int kScoreDivisors = 4;

/// 1, √d, d, d².
double divisorOf(ScoreDivisor divisor, int headDim);

/// A softmax and how sharp it is.
struct SoftmaxShape {
  std::vector<float> weights;  ///< sum to 1
  double entropy = 0;  ///< −Σ a log₂ a, in bits: 0 for all weight on one key, log₂ n for the same on all
  double largest = 0;  ///< max a
};

/// Softmax of raw scores divided by `divisor`, by the decoder's own kernel. −∞ becomes 0. Needs one finite
/// score.
SoftmaxShape dividedSoftmax(std::span<const float> rawScores, double divisor);

/// Population variance of the finite numbers; 0 of none.
double varianceOf(std::span<const float> numbers);

/// q·k of vectors whose numbers are drawn from N(0, 1): what √d is for. Vaswani et al. 2017, §3.2.1, footnote
/// 4: products of such numbers have mean 0 and variance 1, so their sum over d has variance d.
struct NormalScoresExperiment {
  std::vector<int> dims;  ///< head widths, ascending
  std::vector<double>
      variance;  ///< of q·k, undivided: for each width the mean over draws; expected: the width
};

/// In each of `draws` draws `rows` queries and keys of the largest width; a smaller width uses their first
/// numbers. Each draw gives the variance of its rows² scores (with rows² − 1 below, so that d is expected).
NormalScoresExperiment normalScoresExperiment(std::vector<int> dims, int rows, int draws, std::uint64_t seed);

/// Scores of one normal query with n normal keys of width d, undivided: one row to look at.
std::vector<float> normalScores(int headDim, int n, std::uint64_t seed);

}  // namespace decodescope
