#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope {

/// The lectures' small tensors, worked through with the decoder's own kernels on seeded numbers. They belong
/// to no run.

/// A matrix with the name that formulas give it; row-major.
struct NamedMatrix {
  std::string name;
  int rows = 0;
  int columns = 0;
  std::vector<float> values;

  float at(int row, int column) const {
    return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                  static_cast<std::size_t>(column)];
  }
};

/// Y = X · Wᵀ + b for X (10, 3), W (5, 3), b (5): Y (10, 5).
struct WorkedLinear {
  NamedMatrix x, w, b, y;
};
WorkedLinear workedLinear(std::uint64_t seed);

/// 10 rows drawn from N(5, 36), 3 numbers each, normalised by row: LayerNorm (γ 1, β 0, ε 1e−5) gives mean 0
/// and variance 1; RMSNorm (γ 1) a mean square of 1.
struct WorkedNorm {
  NamedMatrix x;           ///< (10, 3)
  NamedMatrix statistics;  ///< (10, 3): mean, variance, mean square of each row of x
  NamedMatrix layerNorm;   ///< (10, 3)
  NamedMatrix rmsNorm;     ///< (10, 3)
  double epsilon = 1e-5;
  NamedMatrix after;  ///< (10, 3): mean and variance of LayerNorm's rows, mean square of RMSNorm's
  /// Of 30 000 further draws of N(5, 36), and of the same after (x − 5) / 6.
  double drawnMean = 0, drawnVariance = 0, standardMean = 0, standardVariance = 0;
};
WorkedNorm workedNorm(std::uint64_t seed);

/// A row of softmax 0.1, 0.4, 0.5 among three queries and keys: zeroed above the diagonal, divided by its
/// sum; and −∞ before softmax. All (3, 3).
struct WorkedMask {
  NamedMatrix scores, softmaxAll, zeroed, renormalised, masked, weights;
};
WorkedMask workedMask();

/// softmax([10, 1, 2]), then with the logits divided by √3 and by 3: a saturating row and two softer ones.
struct WorkedSoftmax {
  NamedMatrix logits;   ///< (3, 3): as they are, ÷ √3, ÷ 3
  NamedMatrix weights;  ///< (3, 3)
};
WorkedSoftmax workedSoftmax();

/// "The next day is", 4 tokens of 8 numbers, then with "bright" 5: X (5, 8) through W_q, W_k, W_v (4, 8),
/// causal attention, context. Everything twice: the first 4 rows alone, then all 5; the first 4 rows (and the
/// 4 × 4 block of the scores) come out the same.
struct WorkedStep {
  NamedMatrix x, q, k, v, scores, weights, context;  ///< of the first 4 or of all 5 tokens
};
struct WorkedCache {
  NamedMatrix wq, wk, wv;
  WorkedStep four, five;
  std::vector<std::string> tokens;
  double largestDifference = 0;  ///< of `five` from `four` where both have a number
};
WorkedCache workedCache(std::uint64_t seed);

/// Multi-head attention on 3 tokens of 6 numbers, 2 heads of 3 (or `heads` of 6/heads), causal, without
/// biases and positions: X (3, 6) through W_q, W_k, W_v (6, 6), every head by itself, W_o (6, 6).
struct WorkedHeads {
  int heads = 2;
  NamedMatrix x, wq, wk, wv, wo;
  NamedMatrix q, k, v;                       ///< (3, 6): head h's block is columns h·d … (h+1)·d − 1
  std::vector<NamedMatrix> scores, weights;  ///< (3, 3) a head; scores unscaled and unmasked
  NamedMatrix context;                       ///< (3, 6): the heads' rows beside each other
  NamedMatrix output;                        ///< (3, 6)
};
/// Needs heads ∈ {1, 2, 3, 6}.
WorkedHeads workedHeads(std::uint64_t seed, int heads);

/// Variance of q·k ÷ s for seeded normal q and k of d numbers: none, √d, d, d².
struct WorkedScaling {
  int d = 64;
  int draws = 1000;
  int rows = 10;           ///< queries and keys a draw: rows² products
  NamedMatrix variances;   ///< (4, 2): measured, expected d, 1, 1/d, 1/d³
  NamedMatrix scores;      ///< (1, rows): one query's, of the last draw
  NamedMatrix softmaxRow;  ///< (4, rows): softmax of them under each scale
};
WorkedScaling workedScaling(std::uint64_t seed);

}  // namespace decodescope
