#include "core/ops/activation.h"

#include "core/ops/kernels.h"

#include <cmath>
#include <numbers>

namespace decodescope {

float activate(Activation kind, float x) {
  switch (kind) {
    case Activation::silu:
      return x / (1.0f + std::exp(-x));
    case Activation::relu:
      return x > 0.0f ? x : 0.0f;
    case Activation::gelu:
      return 0.5f * x * (1.0f + std::erf(x / std::numbers::sqrt2_v<float>));
    case Activation::geluTanh:
      return 0.5f * x *
             (1.0f + std::tanh(std::sqrt(2.0f / std::numbers::pi_v<float>) * (x + 0.044715f * x * x * x)));
  }
  invariantBroken(__FILE__, __LINE__, "unknown Activation");
}

void activate(Activation kind, std::span<float> x) {
  if (kind == Activation::silu) {
    kernels().silu(x.data(), static_cast<int>(x.size()));
    return;
  }
  for (float& v : x) v = activate(kind, v);
}

float linearFeature(float x) {
  return x > 0 ? x + 1 : std::exp(x);
}

}  // namespace decodescope
