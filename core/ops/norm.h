#pragma once

#include "core/base/matrix_span.h"
#include "core/model/model.h"

namespace decodescope {

/// y = γ · x / √(mean(x²) + ε), sums in double. x, y, gamma (D); y may be x. Zhang and Sennrich 2019, eq. 4.
void rmsNorm(const float* x, const float* gamma, float eps, int width, float* y);

/// y = γ · (x − μ) / √(σ² + ε) + β with σ² the mean squared deviation, sums in double. x, y, gamma, beta (D);
/// y may be x. Ba, Kiros and Hinton 2016, eq. 4.
void layerNorm(const float* x, const float* gamma, const float* beta, float eps, int width, float* y);

/// The configuration's norm on every row. x, y (n, D).
void normRows(const ModelConfig& config, ConstMatrixSpan x, NormWeights weights, MatrixSpan y);

}  // namespace decodescope
