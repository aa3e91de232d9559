#pragma once

#include "core/base/matrix_span.h"
#include "core/base/weight_span.h"

namespace decodescope {

/// The inner loops that bound a decode, one set an instruction set. Every set agrees with the generic one
/// within rounding (tests); within one set a result depends on the operands alone, never on threads or on
/// what was asked before.
struct Kernels {
  const char* name;  ///< "generic", "avx2", "avx512"

  /// Σ a_i b_i over n floats.
  float (*dot)(const float* a, const float* b, int n);

  /// y_o = W_o · x + b_o for output rows `first` … first+count−1. weight (out, in), bias (out) or nullptr, x
  /// (in), y (out). A row's result does not depend on which rows are asked for with it. Weights of any stored
  /// type, with the bits that the same weights give when they have been widened to float32.
  void (*matVec)(const WeightSpan& weight, const float* bias, const float* x, float* y, int first, int count);

  /// n numbers as stored, widened as widenFloats() does: the same bits in every set (a NaN may lose its
  /// payload). Needs n to be a multiple of the type's block.
  void (*widen)(FloatType type, const std::byte* from, float* to, int n);

  /// s_j = (q · k_j) · scale for n keys. keys (n, d) with its stride. Vaswani et al. 2017, §3.2.1.
  void (*attentionScores)(const float* q, ConstMatrixSpan keys, int n, float scale, float* scores);

  /// c = Σ_j a_j v_j over n values. values (n, d) with its stride, context (d).
  void (*attentionContext)(const float* weights, ConstMatrixSpan values, int n, float* context);

  /// Softmax over n ≥ 1 scores, in place: exp(s_j − max s) / Σ exp(s_k − max s). −∞ becomes exactly 0. Needs
  /// one finite score.
  void (*softmax)(float* scores, int n);

  /// Σ exp(x_i − top) over n floats, summed in double. Needs a finite top that no x_i exceeds; a NaN adds
  /// nothing.
  double (*sumOfExp)(const float* x, int n, float top);

  /// x_i ← x_i / (1 + exp(−x_i)). Elfwing et al. 2018 (SiLU).
  void (*silu)(float* x, int n);

  /// C (m, n) = A (m, k) · B (n, k)ᵀ, added to C when `accumulate`.
  void (*gemmNT)(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate);
  /// C (m, n) = A (m, k) · B (k, n).
  void (*gemmNN)(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate);
  /// C (m, n) = A (k, m)ᵀ · B (k, n).
  void (*gemmTN)(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate);
};

/// The fastest set that this machine can run, chosen once.
const Kernels& kernels();
/// Plain C++, on every machine.
const Kernels& genericKernels();
/// nullptr where the compiler or the machine lacks AVX2, FMA or F16C.
const Kernels* avx2Kernels();
/// nullptr where the compiler or the machine lacks AVX-512 (F and DQ).
const Kernels* avx512Kernels();

}  // namespace decodescope
