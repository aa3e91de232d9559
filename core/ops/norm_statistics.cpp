#include "core/ops/norm_statistics.h"

#include "core/ops/norm.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

double RowStatistics::deviation() const {
  return std::sqrt(variance);
}

double RowStatistics::rms() const {
  return std::sqrt(meanSquare);
}

RowStatistics rowStatistics(std::span<const float> x) {
  const double count = static_cast<double>(x.size());
  RowStatistics s;
  for (const float v : x) {
    s.mean += static_cast<double>(v) / count;
    s.meanSquare += static_cast<double>(v) * static_cast<double>(v) / count;
  }
  for (const float v : x) {
    const double deviation = static_cast<double>(v) - s.mean;
    s.variance += deviation * deviation / count;
  }
  return s;
}

ColumnStatistics columnStatistics(ConstMatrixSpan x) {
  const auto columns = static_cast<std::size_t>(x.cols);
  ColumnStatistics s{std::vector<double>(columns), std::vector<double>(columns)};
  for (int r = 0; r < x.rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c)
      s.mean[c] += static_cast<double>(x(r, static_cast<int>(c))) / x.rows;
  }
  for (int r = 0; r < x.rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const double deviation = static_cast<double>(x(r, static_cast<int>(c))) - s.mean[c];
      s.variance[c] += deviation * deviation / x.rows;
    }
  }
  return s;
}

NormCost normCost(NormKind kind, int width) {
  const long long d = width;
  // Σx² and + ε; squares, · 1/√, · γ; by D and 1/√.
  if (kind == NormKind::rmsNorm) return {1, d, 3 * d, 2, 1};
  // Besides: Σx, x − μ and + β; by D.
  return {2, 4 * d - 1, 3 * d, 3, 1};
}

std::vector<float> normOf(NormKind kind, std::span<const float> x, const float* gamma, const float* beta,
                          float eps) {
  const std::vector<float> ones(gamma ? 0 : x.size(), 1.0f), zeros(beta ? 0 : x.size(), 0.0f);
  std::vector<float> y(x.size());
  const int width = static_cast<int>(x.size());
  if (kind == NormKind::rmsNorm) {
    rmsNorm(x.data(), gamma ? gamma : ones.data(), eps, width, y.data());
  } else {
    layerNorm(x.data(), gamma ? gamma : ones.data(), beta ? beta : zeros.data(), eps, width, y.data());
  }
  return y;
}

std::vector<float> scaledAndShifted(std::span<const float> x, double factor, double addend) {
  std::vector<float> y;
  y.reserve(x.size());
  for (const float v : x) y.push_back(static_cast<float>(factor * static_cast<double>(v) + addend));
  return y;
}

double normChange(NormKind kind, std::span<const float> x, const float* gamma, const float* beta, float eps,
                  double factor, double addend) {
  const std::vector<float> before = normOf(kind, x, gamma, beta, eps);
  const std::vector<float> after = normOf(kind, scaledAndShifted(x, factor, addend), gamma, beta, eps);
  float largest = 0;
  for (std::size_t i = 0; i < before.size(); ++i) largest = std::max(largest, std::abs(after[i] - before[i]));
  return static_cast<double>(largest);
}

}  // namespace decodescope
