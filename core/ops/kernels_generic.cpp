#include "core/ops/kernels.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

#include "core/ops/gemm_eigen.inl"

float dot(const float* a, const float* b, int n) {
  // Eight sums: independent, so that the compiler may keep them in vector registers without reordering
  // anything.
  float sum[8] = {};
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int lane = 0; lane < 8; ++lane) sum[lane] += a[i + lane] * b[i + lane];
  }
  float rest = 0;
  for (; i < n; ++i) rest += a[i] * b[i];
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])) + rest;
}

void widen(FloatType type, const std::byte* from, float* to, int n) {
  widenFloats(type, from, {to, static_cast<std::size_t>(n)});
}

/// dot() with a row that is widened part by part: the same additions in the same order.
float dotStored(FloatType type, const std::byte* row, const float* x, int n) {
  constexpr int kPart = 256;  // a multiple of every block
  float numbers[kPart], sum[8] = {}, rest = 0;
  for (int first = 0; first < n; first += kPart) {
    const int count = std::min(kPart, n - first);
    widen(type, row + storedBytes(type, static_cast<std::uint64_t>(first)), numbers, count);
    int i = 0;
    for (; i + 8 <= count; i += 8) {
      for (int lane = 0; lane < 8; ++lane) sum[lane] += numbers[i + lane] * x[first + i + lane];
    }
    for (; i < count; ++i) rest += numbers[i] * x[first + i];
  }
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])) + rest;
}

void matVec(const WeightSpan& weight, const float* bias, const float* x, float* y, int first, int count) {
  for (int o = first; o < first + count; ++o) {
    const std::byte* row = weight.rowData(o);
    const float product = weight.type == FloatType::f32
                              ? dot(reinterpret_cast<const float*>(row), x, weight.cols)
                              : dotStored(weight.type, row, x, weight.cols);
    y[o] = product + (bias ? bias[o] : 0.0f);
  }
}

void attentionScores(const float* q, ConstMatrixSpan keys, int n, float scale, float* scores) {
  for (int j = 0; j < n; ++j) scores[j] = dot(q, keys.row(j), keys.cols) * scale;
}

void attentionContext(const float* weights, ConstMatrixSpan values, int n, float* context) {
  std::fill_n(context, values.cols, 0.0f);
  for (int j = 0; j < n; ++j) {
    const float a = weights[j];
    const float* v = values.row(j);
    for (int i = 0; i < values.cols; ++i) context[i] += a * v[i];
  }
}

void softmax(float* scores, int n) {
  const float largest = *std::max_element(scores, scores + n);
  float sum = 0;
  for (int j = 0; j < n; ++j) {
    scores[j] = std::exp(scores[j] - largest);
    sum += scores[j];
  }
  const float scale = 1.0f / sum;
  for (int j = 0; j < n; ++j) scores[j] *= scale;
}

double sumOfExp(const float* x, int n, float top) {
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    if (!std::isnan(x[i])) sum += std::exp(static_cast<double>(x[i]) - static_cast<double>(top));
  }
  return sum;
}

void silu(float* x, int n) {
  for (int i = 0; i < n; ++i) x[i] = x[i] / (1.0f + std::exp(-x[i]));
}

}  // namespace

const Kernels& genericKernels() {
  static constexpr Kernels kSet{"generic", dot,      matVec, widen,  attentionScores, attentionContext,
                                softmax,   sumOfExp, silu,   gemmNT, gemmNN,          gemmTN};
  return kSet;
}

}  // namespace decodescope
