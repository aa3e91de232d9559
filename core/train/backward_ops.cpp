#include "core/train/backward_ops.h"

#include "core/ops/activation.h"
#include "core/ops/gemm.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace decodescope {
namespace {

void rmsNormRowBackward(const float* x, const float* gamma, const float* dy, float eps, int n, float* dGamma,
                        float* dx, bool accumulate) {
  double squares = 0;
  double dot = 0;
  for (int i = 0; i < n; ++i) {
    squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    dot += static_cast<double>(gamma[i] * dy[i]) * static_cast<double>(x[i]);
  }
  const double inverse = 1.0 / std::sqrt(squares / n + static_cast<double>(eps));
  const auto r = static_cast<float>(inverse);
  const auto back = static_cast<float>(inverse * inverse * inverse * dot / n);
  for (int i = 0; i < n; ++i) {
    const float d = dy[i];
    dGamma[i] += d * x[i] * r;
    const float value = r * gamma[i] * d - x[i] * back;
    dx[i] = accumulate ? dx[i] + value : value;
  }
}

void layerNormRowBackward(const float* x, const float* gamma, const float* dy, float eps, int n,
                          float* dGamma, float* dBeta, float* dx, bool accumulate) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / n;
  double squares = 0;
  double gSum = 0;
  double gxSum = 0;
  for (int i = 0; i < n; ++i) {
    const double centred = static_cast<double>(x[i]) - mean;
    const double g = static_cast<double>(gamma[i] * dy[i]);
    squares += centred * centred;
    gSum += g;
    gxSum += g * centred;
  }
  const double inverse = 1.0 / std::sqrt(squares / n + static_cast<double>(eps));
  const auto r = static_cast<float>(inverse);
  const auto gMean = static_cast<float>(gSum / n);
  const auto gxMean = static_cast<float>(gxSum * inverse / n);
  for (int i = 0; i < n; ++i) {
    const float d = dy[i];
    const float xHat = static_cast<float>(static_cast<double>(x[i]) - mean) * r;
    dGamma[i] += d * xHat;
    if (dBeta != nullptr) dBeta[i] += d;
    const float value = (gamma[i] * d - gMean - xHat * gxMean) * r;
    dx[i] = accumulate ? dx[i] + value : value;
  }
}

}  // namespace

void linearBackward(ConstMatrixSpan x, const LinearWeights& weights, ConstMatrixSpan dy,
                    const LinearGradient& gradient, MatrixSpan dx, bool accumulate) {
  gemmTN(dy, x, gradient.weight, true);
  if (gradient.bias != nullptr) {
    for (int r = 0; r < dy.rows; ++r) addTo(dy.row(r), gradient.bias, dy.cols);
  }
  gemmNN(dy, weights.weight.floats(), dx, accumulate);
}

void normBackward(const ModelConfig& config, ConstMatrixSpan x, NormWeights weights, ConstMatrixSpan dy,
                  const NormGradient& gradient, MatrixSpan dx, bool accumulate) {
  for (int r = 0; r < x.rows; ++r) {
    if (config.norm == NormKind::rmsNorm) {
      rmsNormRowBackward(x.row(r), weights.weight, dy.row(r), config.normEps, x.cols, gradient.weight,
                         dx.row(r), accumulate);
    } else {
      layerNormRowBackward(x.row(r), weights.weight, dy.row(r), config.normEps, x.cols, gradient.weight,
                           gradient.bias, dx.row(r), accumulate);
    }
  }
}

void rmsNormBackward(ConstMatrixSpan x, NormWeights weights, float eps, ConstMatrixSpan dy, float* dGamma,
                     MatrixSpan dx, bool accumulate) {
  for (int r = 0; r < x.rows; ++r) {
    rmsNormRowBackward(x.row(r), weights.weight, dy.row(r), eps, x.cols, dGamma, dx.row(r), accumulate);
  }
}

float activationDerivative(Activation kind, float x) {
  switch (kind) {
    case Activation::silu: {
      const float s = 1.0f / (1.0f + std::exp(-x));
      return s * (1.0f + x * (1.0f - s));
    }
    case Activation::relu:
      return x > 0.0f ? 1.0f : 0.0f;
    case Activation::gelu: {
      const double wide = static_cast<double>(x);
      const double phi = 0.5 * (1.0 + std::erf(wide / std::numbers::sqrt2));
      const double density = std::exp(-0.5 * wide * wide) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      return static_cast<float>(phi + wide * density);
    }
    case Activation::geluTanh: {
      const double wide = static_cast<double>(x);
      const double c = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
      const double t = std::tanh(c * (wide + 0.044715 * wide * wide * wide));
      return static_cast<float>(0.5 * (1.0 + t) +
                                0.5 * wide * (1.0 - t * t) * c * (1.0 + 3.0 * 0.044715 * wide * wide));
    }
  }
  invariantBroken(__FILE__, __LINE__, "unknown Activation");
}

void activationBackward(Activation kind, std::span<const float> x, std::span<float> dy) {
  for (std::size_t i = 0; i < x.size(); ++i) dy[i] *= activationDerivative(kind, x[i]);
}

void gatedActivationBackward(Activation kind, std::span<const float> gate, std::span<const float> up,
                             std::span<float> dy, std::span<float> dGate) {
  for (std::size_t i = 0; i < gate.size(); ++i) {
    dGate[i] = dy[i] * up[i] * activationDerivative(kind, gate[i]);
    dy[i] *= activate(kind, gate[i]);
  }
}

double negativeLogLikelihood(std::span<const float> logits, TokenId target) {
  const double top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float z : logits) sum += std::exp(static_cast<double>(z) - top);
  return top + std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(target.value)]);
}

double negativeLogLikelihood(std::span<const float> logits, TokenId target, std::span<float> gradient,
                             float scale) {
  std::copy(logits.begin(), logits.end(), gradient.begin());
  kernels().softmax(gradient.data(), static_cast<int>(gradient.size()));
  float& atTarget = gradient[static_cast<std::size_t>(target.value)];
  // Under 1e-38 the kernel rounds to 0; such a token is worth 87 nats.
  const double loss = -std::log(std::max(static_cast<double>(atTarget), 1e-38));
  atTarget -= 1.0f;
  for (float& g : gradient) g *= scale;
  return loss;
}

void addTo(const float* source, float* target, int n) {
  for (int i = 0; i < n; ++i) target[i] += source[i];
}

void addRows(ConstMatrixSpan source, MatrixSpan target) {
  for (int r = 0; r < source.rows; ++r) addTo(source.row(r), target.row(r), source.cols);
}

}  // namespace decodescope
