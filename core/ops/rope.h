#pragma once

#include "core/base/ids.h"
#include "core/base/matrix_span.h"
#include "core/model/model_config.h"

namespace decodescope {

/// θ_i = base^(−2i/d), in radians a position, for pair i of d/2, before any scaling; d is config.rotaryDim().
/// Su et al. 2021 (RoFormer), §3.2.2.
double ropeUnscaledFrequency(const ModelConfig& config, int pair);

/// θ_i as the model turns by it: scaled as config.ropeScaling says. The only source of rotary frequencies:
/// the decoder's tables, the explanations and the views all take theirs here.
double ropeFrequency(const ModelConfig& config, int pair);

/// cos and sin of m·θ_i for positions m = first … first + rows − 1. cosines, sines (rows, d/2). Angles in
/// double.
void ropeTable(const ModelConfig& config, Position first, MatrixSpan cosines, MatrixSpan sines);

/// The two elements of pair i within a head of d.
struct RopePair {
  int first;
  int second;
};
RopePair ropePair(RotaryLayout layout, int pair, int headDim);

/// Turns every pair of every head of one token's row, in place:
///   (x_a, x_b) ← (x_a cos − x_b sin, x_a sin + x_b cos).  row (heads · d); cosines, sines (d/2).
void applyRope(RotaryLayout layout, int headDim, const float* cosines, const float* sines,
               std::span<float> row);

/// The added table of the 2017 Transformer: p_2i = sin(m / 10000^(2i/D)), p_2i+1 = cos(the same). row (D).
/// Vaswani et al. 2017, §3.5.
void sinusoidalPosition(Position position, std::span<float> row);

}  // namespace decodescope
