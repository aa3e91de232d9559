#pragma once

#include "core/model/model.h"

#include <span>

namespace decodescope {

/// Where the gradients of a linear layer are added: weight (out, in); bias (out) or nullptr.
struct LinearGradient {
  MatrixSpan weight;
  float* bias = nullptr;
};

/// Where the gradients of a norm are added: γ (D); β (D) or nullptr.
struct NormGradient {
  float* weight = nullptr;
  float* bias = nullptr;
};

/// Of y = W x + b:  dW += dyᵀ x,  db += Σ_t dy_t,  dx = dy W (added to dx when `accumulate`).
///   x (T, in), dy (T, out), dx (T, in).
void linearBackward(ConstMatrixSpan x, const LinearWeights& weights, ConstMatrixSpan dy,
                    const LinearGradient& gradient, MatrixSpan dx, bool accumulate);

/// Of the configuration's norm, row by row; with g = γ ∘ dy:
///   RMSNorm, r = 1/√(mean(x²) + ε):   dx = r g − x r³ mean(g ∘ x),  dγ += dy ∘ x r
///   LayerNorm, x̂ = (x − μ)/√(σ² + ε):  dx = (g − mean(g) − x̂ mean(g ∘ x̂))/√(σ² + ε),  dγ += dy ∘ x̂,  dβ +=
///   dy
/// x, dy, dx (T, D); dx may be dy; dx is added to when `accumulate`.
void normBackward(const ModelConfig& config, ConstMatrixSpan x, NormWeights weights, ConstMatrixSpan dy,
                  const NormGradient& gradient, MatrixSpan dx, bool accumulate);

/// The RMSNorm part of it by itself, with an ε of its own: MLA's inner norms. dGamma (D).
void rmsNormBackward(ConstMatrixSpan x, NormWeights weights, float eps, ConstMatrixSpan dy, float* dGamma,
                     MatrixSpan dx, bool accumulate);

/// d act(x) / dx.
float activationDerivative(Activation kind, float x);

/// Of y = act(x): dy becomes dx, in place.
void activationBackward(Activation kind, std::span<const float> x, std::span<float> dy);

/// Of y = act(gate) ∘ up: dy becomes d up, in place, and dGate is set.
void gatedActivationBackward(Activation kind, std::span<const float> gate, std::span<const float> up,
                             std::span<float> dy, std::span<float> dGate);

/// −ln softmax(logits)[target] in nats, summed in double.
double negativeLogLikelihood(std::span<const float> logits, TokenId target);

/// The same by the decoder's kernels; gradient = scale · (softmax(logits) − one-hot(target)). logits,
/// gradient (V).
double negativeLogLikelihood(std::span<const float> logits, TokenId target, std::span<float> gradient,
                             float scale);

/// target += source over n floats.
void addTo(const float* source, float* target, int n);
/// target += source, row by row.
void addRows(ConstMatrixSpan source, MatrixSpan target);

}  // namespace decodescope
