#pragma once

#include "core/base/ids.h"
#include "core/base/matrix_span.h"
#include "core/model/model_config.h"

#include <span>
#include <vector>

namespace decodescope {

/// R_m, the matrix that turns a head's row: x' = R_m x, two cosines and two sines a pair, zero elsewhere.
/// cosines, sines (d/2); matrix (d, d). Block-diagonal under the interleaved layout. Su et al. 2021
/// (RoFormer), eq. 15.
void ropeMatrix(RotaryLayout layout, std::span<const float> cosines, std::span<const float> sines,
                MatrixSpan matrix);

/// A head's row in the order of another pair layout: pair i's two elements move together. head (d) → (d).
std::vector<float> withPairLayout(RotaryLayout from, RotaryLayout to, std::span<const float> head);

/// What turning one row of d costs.
struct RopeCost {
  long long matrixProducts;  ///< d², with the matrix
  long long zeroProducts;    ///< d² − 2d of them are with a zero
  long long products;        ///< 2d, pair by pair: x ⊙ cos + x̃ ⊙ sin
  long long additions;       ///< d, pair by pair
};
RopeCost ropeCost(int headDim);

/// q'·k' / √d of a query at position m and a key at n, turned and multiplied as the decoder does it. q, k (d)
/// as projected, in this layout. Under MLA q and k are the rotary parts (r), whose product is a summand of
/// the score: divided by the same √d.
float ropeScore(const ModelConfig& config, RotaryLayout layout, std::span<const float> q,
                std::span<const float> k, Position m, Position n);

/// The same score from the relative distance r = m − n alone, in double:
///   Re Σ_i h_i e^{i r θ_i} / √d with h_i = q_i k_i* of the pairs as complex numbers.
/// One value for r = 0 … distances − 1. RoFormer, §3.4.3, eq. 35.
std::vector<double> ropeScoresByDistance(const ModelConfig& config, RotaryLayout layout,
                                         std::span<const float> q, std::span<const float> k, int distances);

/// Σ_i |S_i| / (d/2) with S_i = Σ_{j<i} e^{i r θ_j}, i = 1 … d/2: the part of the bound that depends on the
/// distance alone. One value for r = 0 … distances − 1. RoFormer, §3.4.3, figure 2.
std::vector<double> ropeDecay(const ModelConfig& config, int distances);

/// By how much ropeDecay() is multiplied to bound this pair's |score|:
///   |q'·k'| / √d ≤ max_i |h_{i+1} − h_i| · Σ_i |S_i| / √d, with h_{d/2} = 0.
/// A bound from above: single scores oscillate below it. RoFormer, §3.4.3, eq. 37.
double ropeBoundFactor(const ModelConfig& config, RotaryLayout layout, std::span<const float> q,
                       std::span<const float> k);

}  // namespace decodescope
