// Products with weights as stored, for kernels_avx2.cpp, which includes this in its unnamed namespace. Each
// widens eight numbers as they are needed and adds in the order of the float32 kernels: the same bits as with
// a widened matrix.

/// How eight numbers of a 16-bit type become floats.
struct Bf16 {
  static __m256 widen(__m128i eight) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16));
  }
};
struct F16 {
  static __m256 widen(__m128i eight) { return _mm256_cvtph_ps(eight); }
};

inline __m128i load16(const std::byte* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

/// The first `count` of eight 16-bit numbers, 1 … 7; the others 0. Nothing behind them is read.
inline __m128i loadSome(const std::byte* from, int count) {
  alignas(16) std::uint16_t some[8] = {};
  __builtin_memcpy(some, from, static_cast<std::size_t>(count) * 2);
  return _mm_load_si128(reinterpret_cast<const __m128i*>(some));
}

/// As eightRows: one line of 32 numbers a row and turn.
template <class Half>
void eightRowsOfHalves(const WeightSpan& weight, const float* x, float* y, int first) {
  const int n = weight.cols;
  const std::ptrdiff_t stride = weight.rowBytes;
  const std::byte* w = weight.data + first * stride;
  const std::byte* ahead = w + kBytesAhead;
  __m256 s[8];
  for (int k = 0; k < 8; ++k) s[k] = _mm256_setzero_ps();
  int i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256 x0 = _mm256_loadu_ps(x + i), x1 = _mm256_loadu_ps(x + i + 8);
    const __m256 x2 = _mm256_loadu_ps(x + i + 16), x3 = _mm256_loadu_ps(x + i + 24);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k, ahead += 64) {
      const std::byte* row = w + k * stride + 2 * i;
      _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
      s[k] = _mm256_fmadd_ps(Half::widen(load16(row)), x0, s[k]);
      s[k] = _mm256_fmadd_ps(Half::widen(load16(row + 16)), x1, s[k]);
      s[k] = _mm256_fmadd_ps(Half::widen(load16(row + 32)), x2, s[k]);
      s[k] = _mm256_fmadd_ps(Half::widen(load16(row + 48)), x3, s[k]);
      asm volatile("" ::: "memory");  // as in eightRows
    }
  }
  for (; i + 8 <= n; i += 8) {
    const __m256 xi = _mm256_loadu_ps(x + i);
    for (int k = 0; k < 8; ++k) s[k] = _mm256_fmadd_ps(Half::widen(load16(w + k * stride + 2 * i)), xi, s[k]);
  }
  if (i < n) {
    const __m256 xi = _mm256_maskload_ps(x + i, firstLanes(n - i));
    for (int k = 0; k < 8; ++k)
      s[k] = _mm256_fmadd_ps(Half::widen(loadSome(w + k * stride + 2 * i, n - i)), xi, s[k]);
  }
  _mm_storeu_ps(y + first, sumsOf(s[0], s[1], s[2], s[3]));
  _mm_storeu_ps(y + first + 4, sumsOf(s[4], s[5], s[6], s[7]));
}

template <class Half>
float oneRowOfHalves(const std::byte* row, const float* x, int n) {
  __m256 s = _mm256_setzero_ps();
  int i = 0;
  for (; i + 8 <= n; i += 8) s = _mm256_fmadd_ps(Half::widen(load16(row + 2 * i)), _mm256_loadu_ps(x + i), s);
  if (i < n) {
    s = _mm256_fmadd_ps(Half::widen(loadSome(row + 2 * i, n - i)),
                        _mm256_maskload_ps(x + i, firstLanes(n - i)), s);
  }
  return _mm_cvtss_f32(sumsOf(s, s, s, s));
}

template <class Half>
void widenHalves(const std::byte* from, float* to, int n) {
  int i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(to + i, Half::widen(load16(from + 2 * i)));
  if (i < n) _mm256_maskstore_ps(to + i, firstLanes(n - i), Half::widen(loadSome(from + 2 * i, n - i)));
}

/// A block's 32 numbers: scale times integer, in float.
struct Widened {
  __m256 part[4];
};

inline __m256 scaleOf(const std::byte* block) {
  std::uint16_t half;
  __builtin_memcpy(&half, block, 2);
  return _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

inline __m256 scaled(__m256 scale, __m128i bytes) {
  return _mm256_mul_ps(scale, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)));
}

struct Q8 {
  static constexpr int kBytes = 34;
  static Widened widen(const std::byte* block) {
    const __m256 scale = scaleOf(block);
    const __m128i low = load16(block + 2), high = load16(block + 18);
    return {{scaled(scale, low), scaled(scale, _mm_unpackhi_epi64(low, low)), scaled(scale, high),
             scaled(scale, _mm_unpackhi_epi64(high, high))}};
  }
};
struct Q4 {
  static constexpr int kBytes = 18;
  static Widened widen(const std::byte* block) {
    const __m256 scale = scaleOf(block);
    const __m128i both = load16(block + 2), nibble = _mm_set1_epi8(15), eight = _mm_set1_epi8(8);
    const __m128i low = _mm_sub_epi8(_mm_and_si128(both, nibble), eight);
    const __m128i high = _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(both, 4), nibble), eight);
    return {{scaled(scale, low), scaled(scale, _mm_unpackhi_epi64(low, low)), scaled(scale, high),
             scaled(scale, _mm_unpackhi_epi64(high, high))}};
  }
};

/// As eightRows, a block of 32 numbers a row and turn. What is asked for ahead is asked for by the block:
/// some lines twice, none left out.
template <class Block>
void eightRowsOfBlocks(const WeightSpan& weight, const float* x, float* y, int first) {
  const std::ptrdiff_t stride = weight.rowBytes;
  const std::byte* w = weight.data + first * stride;
  const std::byte* ahead = w + kBytesAhead;
  __m256 s[8];
  for (int k = 0; k < 8; ++k) s[k] = _mm256_setzero_ps();
  for (int i = 0; i < weight.cols; i += 32, w += Block::kBytes) {
    const __m256 x0 = _mm256_loadu_ps(x + i), x1 = _mm256_loadu_ps(x + i + 8);
    const __m256 x2 = _mm256_loadu_ps(x + i + 16), x3 = _mm256_loadu_ps(x + i + 24);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k, ahead += Block::kBytes) {
      _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
      const Widened block = Block::widen(w + k * stride);
      s[k] = _mm256_fmadd_ps(block.part[0], x0, s[k]);
      s[k] = _mm256_fmadd_ps(block.part[1], x1, s[k]);
      s[k] = _mm256_fmadd_ps(block.part[2], x2, s[k]);
      s[k] = _mm256_fmadd_ps(block.part[3], x3, s[k]);
      asm volatile("" ::: "memory");  // as in eightRows
    }
  }
  _mm_storeu_ps(y + first, sumsOf(s[0], s[1], s[2], s[3]));
  _mm_storeu_ps(y + first + 4, sumsOf(s[4], s[5], s[6], s[7]));
}

template <class Block>
float oneRowOfBlocks(const std::byte* row, const float* x, int n) {
  __m256 s = _mm256_setzero_ps();
  for (int i = 0; i < n; i += 32, row += Block::kBytes) {
    const Widened block = Block::widen(row);
    for (int part = 0; part < 4; ++part)
      s = _mm256_fmadd_ps(block.part[part], _mm256_loadu_ps(x + i + 8 * part), s);
  }
  return _mm_cvtss_f32(sumsOf(s, s, s, s));
}

template <class Block>
void widenBlocks(const std::byte* from, float* to, int n) {
  for (int i = 0; i < n; i += 32, from += Block::kBytes) {
    const Widened block = Block::widen(from);
    for (int part = 0; part < 4; ++part) _mm256_storeu_ps(to + i + 8 * part, block.part[part]);
  }
}

void widen(FloatType type, const std::byte* from, float* to, int n) {
  switch (type) {
    case FloatType::f32:
      __builtin_memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
      return;
    case FloatType::f16:
      return widenHalves<F16>(from, to, n);
    case FloatType::bf16:
      return widenHalves<Bf16>(from, to, n);
    case FloatType::q8_0:
      return widenBlocks<Q8>(from, to, n);
    case FloatType::q4_0:
      return widenBlocks<Q4>(from, to, n);
  }
}

using EightRows = void (*)(const WeightSpan& weight, const float* x, float* y, int first);
using OneRow = float (*)(const std::byte* row, const float* x, int n);

void eightRowsOfFloats(const WeightSpan& weight, const float* x, float* y, int first) {
  eightRows({reinterpret_cast<const float*>(weight.data), weight.rows, weight.cols,
             weight.rowBytes / static_cast<std::ptrdiff_t>(sizeof(float))},
            x, y, first);
}
float oneRowOfFloats(const std::byte* row, const float* x, int n) {
  return oneRow(reinterpret_cast<const float*>(row), x, n);
}

/// In the order of FloatType.
constexpr EightRows kEightRows[] = {eightRowsOfFloats, eightRowsOfHalves<F16>, eightRowsOfHalves<Bf16>,
                                    eightRowsOfBlocks<Q8>, eightRowsOfBlocks<Q4>};
constexpr OneRow kOneRow[] = {oneRowOfFloats, oneRowOfHalves<F16>, oneRowOfHalves<Bf16>, oneRowOfBlocks<Q8>,
                              oneRowOfBlocks<Q4>};

void matVec(const WeightSpan& weight, const float* bias, const float* x, float* y, int first, int count) {
  const EightRows eight = kEightRows[static_cast<int>(weight.type)];
  const OneRow one = kOneRow[static_cast<int>(weight.type)];
  int o = first;
  for (; o + 8 <= first + count; o += 8) eight(weight, x, y, o);
  for (; o < first + count; ++o) y[o] = one(weight.data + o * weight.rowBytes, x, weight.cols);
  if (!bias) return;
  for (o = first; o < first + count; ++o) y[o] += bias[o];
}
