// Compiled with -mavx2 -mfma -mf16c -DEigen=EigenAvx2 on x86-64 (core/CMakeLists.txt); offers one C++ symbol
// besides Eigen's renamed ones. No standard algorithms here: an inline function of the library, compiled for
// AVX2, could be the copy that the linker keeps for all.
#include "core/ops/kernels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include <Eigen/Core>
#include <cpuid.h>
#include <immintrin.h>

namespace decodescope {
namespace {

#include "core/ops/gemm_eigen.inl"

inline float sumOf(__m256 v) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps(pair, pair, 1)));
}

float dot(const float* a, const float* b, int n) {
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  int i = 0;
  for (; i + 32 <= n; i += 32) {
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s1);
    s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s2);
    s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s3);
  }
  for (; i + 8 <= n; i += 8) s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
  float rest = 0;
  for (; i < n; ++i) rest += a[i] * b[i];
  return sumOf(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3))) + rest;
}

/// A mask of the first `count` lanes, 0 … 8.
inline __m256i firstLanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/// The eight lanes' sums of four vectors, in order.
inline __m128 sumsOf(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 four = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(four), _mm256_extractf128_ps(four, 1));
}

/// How far ahead weights are asked for: 64 KiB. The rows of a matrix lie one after another, so
/// what comes next is known, whereas the machine's own prefetchers lose eight short streams at each row's
/// end.
constexpr std::ptrdiff_t kBytesAhead = 1 << 16;
constexpr std::ptrdiff_t kAhead = kBytesAhead / static_cast<std::ptrdiff_t>(sizeof(float));

/// Eight rows at a time: they share the loads of x and the additions across lanes.
void eightRows(ConstMatrixSpan weight, const float* x, float* y, int first) {
  const int n = weight.cols;
  const std::ptrdiff_t stride = weight.stride;
  const float* w = weight.row(first);
  const float* ahead = w + kAhead;  // may lie behind the matrix: asking for what is not there does nothing
  __m256 s[8];
  for (int k = 0; k < 8; ++k) s[k] = _mm256_setzero_ps();
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256 x0 = _mm256_loadu_ps(x + i), x1 = _mm256_loadu_ps(x + i + 8);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k, ahead += 16) {
      const float* row = w + k * stride + i;
      _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
      s[k] = _mm256_fmadd_ps(_mm256_loadu_ps(row), x0, s[k]);
      s[k] = _mm256_fmadd_ps(_mm256_loadu_ps(row + 8), x1, s[k]);
      // Line after line: left alone, the compiler reads all first halves, then all second ones, which takes a
      // quarter longer.
      asm volatile("" ::: "memory");
    }
  }
  for (; i < n; i += 8) {
    const __m256i lanes = firstLanes(n - i);
    const __m256 xi = _mm256_maskload_ps(x + i, lanes);
    for (int k = 0; k < 8; ++k)
      s[k] = _mm256_fmadd_ps(_mm256_maskload_ps(w + k * stride + i, lanes), xi, s[k]);
  }
  _mm_storeu_ps(y + first, sumsOf(s[0], s[1], s[2], s[3]));
  _mm_storeu_ps(y + first + 4, sumsOf(s[4], s[5], s[6], s[7]));
}

/// One row, its additions in eightRows' order.
float oneRow(const float* row, const float* x, int n) {
  __m256 s = _mm256_setzero_ps();
  for (int i = 0; i < n; i += 8) {
    const __m256i lanes = firstLanes(n - i);
    s = _mm256_fmadd_ps(_mm256_maskload_ps(row + i, lanes), _mm256_maskload_ps(x + i, lanes), s);
  }
  return _mm_cvtss_f32(sumsOf(s, s, s, s));
}

#include "core/ops/stored_avx2.inl"

void attentionScores(const float* q, ConstMatrixSpan keys, int n, float scale, float* scores) {
  const int d = keys.cols;
  int j = 0;
  if (d % 8 == 0) {
    // Four keys at a time: their sums share the additions across lanes.
    for (; j + 4 <= n; j += 4) {
      __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
      const float *k0 = keys.row(j), *k1 = keys.row(j + 1), *k2 = keys.row(j + 2), *k3 = keys.row(j + 3);
      for (int i = 0; i < d; i += 8) {
        const __m256 qi = _mm256_loadu_ps(q + i);
        s0 = _mm256_fmadd_ps(qi, _mm256_loadu_ps(k0 + i), s0);
        s1 = _mm256_fmadd_ps(qi, _mm256_loadu_ps(k1 + i), s1);
        s2 = _mm256_fmadd_ps(qi, _mm256_loadu_ps(k2 + i), s2);
        s3 = _mm256_fmadd_ps(qi, _mm256_loadu_ps(k3 + i), s3);
      }
      _mm_storeu_ps(scores + j, _mm_mul_ps(sumsOf(s0, s1, s2, s3), _mm_set1_ps(scale)));
    }
    // The rest in the same order of additions, so that a score does not depend on how many keys follow it.
    for (; j < n; ++j) {
      __m256 s = _mm256_setzero_ps();
      const float* k = keys.row(j);
      for (int i = 0; i < d; i += 8) s = _mm256_fmadd_ps(_mm256_loadu_ps(q + i), _mm256_loadu_ps(k + i), s);
      scores[j] = _mm_cvtss_f32(sumsOf(s, s, s, s)) * scale;
    }
    return;
  }
  for (; j < n; ++j) scores[j] = dot(q, keys.row(j), d) * scale;
}

void attentionContext(const float* weights, ConstMatrixSpan values, int n, float* context) {
  const int d = values.cols;
  int i = 0;
  for (; i + 8 <= d; i += 8) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    int j = 0;
    for (; j + 4 <= n; j += 4) {
      s0 = _mm256_fmadd_ps(_mm256_set1_ps(weights[j]), _mm256_loadu_ps(values.row(j) + i), s0);
      s1 = _mm256_fmadd_ps(_mm256_set1_ps(weights[j + 1]), _mm256_loadu_ps(values.row(j + 1) + i), s1);
      s2 = _mm256_fmadd_ps(_mm256_set1_ps(weights[j + 2]), _mm256_loadu_ps(values.row(j + 2) + i), s2);
      s3 = _mm256_fmadd_ps(_mm256_set1_ps(weights[j + 3]), _mm256_loadu_ps(values.row(j + 3) + i), s3);
    }
    for (; j < n; ++j)
      s0 = _mm256_fmadd_ps(_mm256_set1_ps(weights[j]), _mm256_loadu_ps(values.row(j) + i), s0);
    _mm256_storeu_ps(context + i, _mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
  }
  for (; i < d; ++i) {
    float sum = 0;
    for (int j = 0; j < n; ++j) sum += weights[j] * values.row(j)[i];
    context[i] = sum;
  }
}

/// exp of eight floats, within 2 units in the last place over the normal range; below about −87.3 it is
/// exactly 0. 2^k · e^r with k = round(x / ln 2) and |r| ≤ ln 2 / 2, e^r by its Taylor polynomial of
/// degree 7.
inline __m256 exp8(__m256 x) {
  const __m256 tooSmall = _mm256_cmp_ps(x, _mm256_set1_ps(-87.33654f), _CMP_LT_OQ);
  // Of a NaN and a number these two give their second operand: a NaN stays one.
  x = _mm256_min_ps(_mm256_set1_ps(88.02f), _mm256_max_ps(_mm256_set1_ps(-87.33654f), x));
  const __m256 k = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  // ln 2 in two parts: the first has few enough bits that k times it is exact.
  __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(0.693359375f), x);
  r = _mm256_fnmadd_ps(k, _mm256_set1_ps(-2.12194440e-4f), r);
  __m256 p = _mm256_set1_ps(1.0f / 5040);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 720));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 120));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 24));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
  const __m256i exponent =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23);
  return _mm256_andnot_ps(tooSmall, _mm256_mul_ps(p, _mm256_castsi256_ps(exponent)));
}

void softmax(float* scores, int n) {
  float largest = scores[0];
  for (int j = 1; j < n; ++j) largest = scores[j] > largest ? scores[j] : largest;
  const __m256 top = _mm256_set1_ps(largest);
  __m256 sums = _mm256_setzero_ps();
  for (int j = 0; j < n; j += 8) {
    const __m256i lanes = firstLanes(n - j);
    __m256 e = exp8(_mm256_sub_ps(_mm256_maskload_ps(scores + j, lanes), top));
    e = _mm256_and_ps(e, _mm256_castsi256_ps(lanes));
    _mm256_maskstore_ps(scores + j, lanes, e);
    sums = _mm256_add_ps(sums, e);
  }
  const __m256 scale = _mm256_set1_ps(1.0f / sumOf(sums));
  for (int j = 0; j < n; j += 8) {
    const __m256i lanes = firstLanes(n - j);
    _mm256_maskstore_ps(scores + j, lanes, _mm256_mul_ps(_mm256_maskload_ps(scores + j, lanes), scale));
  }
}

double sumOfExp(const float* x, int n, float top) {
  const __m256 largest = _mm256_set1_ps(top);
  __m256d low = _mm256_setzero_pd(), high = low;
  for (int i = 0; i < n; i += 8) {
    const __m256i lanes = firstLanes(n - i);
    const __m256 v = _mm256_sub_ps(_mm256_maskload_ps(x + i, lanes), largest);
    __m256 e = _mm256_and_ps(exp8(v), _mm256_castsi256_ps(lanes));
    e = _mm256_and_ps(e, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(e)));
    high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(e, 1)));
  }
  alignas(32) double sums[4];
  _mm256_store_pd(sums, _mm256_add_pd(low, high));
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void silu(float* x, int n) {
  const __m256 one = _mm256_set1_ps(1.0f);
  for (int i = 0; i < n; i += 8) {
    const __m256i lanes = firstLanes(n - i);
    const __m256 v = _mm256_maskload_ps(x + i, lanes);
    const __m256 e = exp8(_mm256_sub_ps(_mm256_setzero_ps(), v));
    _mm256_maskstore_ps(x + i, lanes, _mm256_div_ps(v, _mm256_add_ps(one, e)));
  }
}

/// Clang 14's __builtin_cpu_supports does not know it. Intel SDM, vol. 2, CPUID leaf 1.
bool hasF16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace

const Kernels* avx2Kernels() {
  static constexpr Kernels kSet{"avx2",  dot,      matVec, widen,  attentionScores, attentionContext,
                                softmax, sumOfExp, silu,   gemmNT, gemmNN,          gemmTN};
  const bool runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && hasF16c();
  return runs ? &kSet : nullptr;
}

}  // namespace decodescope

#else

namespace decodescope {

const Kernels* avx2Kernels() {
  return nullptr;
}

}  // namespace decodescope

#endif
