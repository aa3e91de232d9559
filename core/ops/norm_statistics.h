#pragma once

#include "core/base/matrix_span.h"
#include "core/model/model_config.h"

#include <span>
#include <vector>

namespace decodescope {

/// What a norm takes from one row of D numbers. Variance is the mean squared deviation (divided by D, as
/// LayerNorm does it).
struct RowStatistics {
  double mean = 0;
  double variance = 0;
  double meanSquare = 0;  ///< = variance + mean²

  double deviation() const;  ///< σ = √variance
  double rms() const;        ///< √meanSquare
};
/// Sums in double, the deviations from the finished mean. Needs a number at least.
RowStatistics rowStatistics(std::span<const float> x);

/// Mean and variance of each column by itself, over the rows: what BatchNorm takes in training, where the
/// rows are the examples of a batch. x (T, D) → (D) each. Ioffe and Szegedy 2015, algorithm 1.
struct ColumnStatistics {
  std::vector<double> mean;
  std::vector<double> variance;
};
ColumnStatistics columnStatistics(ConstMatrixSpan x);

/// Arithmetic of one row of D, with deviations and squares kept; a difference counts as an addition.
struct NormCost {
  int statistics;  ///< RMSNorm 1, LayerNorm 2
  long long additions;
  long long products;
  long long divisions;
  long long roots;
};
/// LayerNorm: 4D − 1 additions, 3D products, 3 divisions; RMSNorm: D, 3D, 2. One root each.
NormCost normCost(NormKind kind, int width);

/// One row through a norm of either kind. x, gamma, beta, result (D); without gamma 1, without beta 0.
std::vector<float> normOf(NormKind kind, std::span<const float> x, const float* gamma, const float* beta,
                          float eps);

/// a·x + c, element by element.
std::vector<float> scaledAndShifted(std::span<const float> x, double factor, double addend);

/// max_i |norm(a·x + c)_i − norm(x)_i|. LayerNorm's is 0 for every c (re-centring) and, like RMSNorm's with c
/// = 0, 0 for a > 0 but for ε (re-scaling). Zhang and Sennrich 2019, §3 and table 1.
double normChange(NormKind kind, std::span<const float> x, const float* gamma, const float* beta, float eps,
                  double factor, double addend);

}  // namespace decodescope
