#include "core/ops/norm.h"

#include <cmath>

namespace decodescope {

void rmsNorm(const float* x, const float* gamma, float eps, int width, float* y) {
  double squares = 0;
  for (int i = 0; i < width; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares / width + static_cast<double>(eps)));
  for (int i = 0; i < width; ++i) y[i] = gamma[i] * (x[i] * scale);
}

void layerNorm(const float* x, const float* gamma, const float* beta, float eps, int width, float* y) {
  double sum = 0;
  for (int i = 0; i < width; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / width;
  double squares = 0;
  for (int i = 0; i < width; ++i) {
    const double deviation = static_cast<double>(x[i]) - mean;
    squares += deviation * deviation;
  }
  const double scale = 1.0 / std::sqrt(squares / width + static_cast<double>(eps));
  for (int i = 0; i < width; ++i) {
    y[i] = gamma[i] * static_cast<float>((static_cast<double>(x[i]) - mean) * scale) + beta[i];
  }
}

void normRows(const ModelConfig& config, ConstMatrixSpan x, NormWeights weights, MatrixSpan y) {
  for (int r = 0; r < x.rows; ++r) {
    if (config.norm == NormKind::rmsNorm) {
      rmsNorm(x.row(r), weights.weight, config.normEps, x.cols, y.row(r));
    } else {
      layerNorm(x.row(r), weights.weight, weights.bias, config.normEps, x.cols, y.row(r));
    }
  }
}

}  // namespace decodescope
