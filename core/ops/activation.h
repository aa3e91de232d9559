#pragma once

#include "core/model/model_config.h"

#include <span>

namespace decodescope {

/// One number through the activation: SiLU x·σ(x), ReLU max(0, x), GELU x·Φ(x), or GELU's tanh approximation
/// (Hendrycks and Gimpel 2016; the last is Hugging Face's gelu_new).
float activate(Activation kind, float x);

/// The same for many, in place, by the fast kernels where there is one.
void activate(Activation kind, std::span<float> x);

/// The feature map of linear attention: elu(x) + 1 = x + 1 for x > 0, else e^x. Katharopoulos et al. 2020,
/// eq. 7.
float linearFeature(float x);

}  // namespace decodescope
