#include "core/ops/kernels.h"

#include "core/base/float_formats.h"
#include "core/base/random.h"
#include "tests/support/gguf_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace decodescope {
namespace {

std::vector<float> normals(int count, std::uint64_t seed, double scale = 1.0) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(scale * random.normal());
  return values;
}

double dotInDoubles(const float* a, const float* b, int n, int strideB = 1) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i * strideB]);
  return sum;
}

std::vector<const Kernels*> allSets() {
  std::vector<const Kernels*> sets{&genericKernels()};
  if (avx2Kernels()) sets.push_back(avx2Kernels());
  if (avx512Kernels()) sets.push_back(avx512Kernels());
  return sets;
}

class KernelSet : public testing::TestWithParam<const Kernels*> {};

TEST_P(KernelSet, DotAgreesWithDoublesAtEveryLength) {
  const std::vector<float> a = normals(100, 1), b = normals(100, 2);
  for (int n = 0; n <= 100; ++n) {
    EXPECT_NEAR(GetParam()->dot(a.data(), b.data(), n), dotInDoubles(a.data(), b.data(), n), 1e-5 * (n + 1))
        << n;
  }
}

TEST_P(KernelSet, MatVecAgreesWithDoublesAtEveryShape) {
  for (const int in : {1, 7, 8, 15, 16, 17, 24, 40, 129}) {
    const int out = 21, stride = in + 5;
    const std::vector<float> weight = normals(out * stride, 8), x = normals(in, 9), bias = normals(out, 10);
    const ConstMatrixSpan matrix{weight.data(), out, in, stride};
    std::vector<float> y(static_cast<std::size_t>(out) + 1, 99.0f), plain = y;
    GetParam()->matVec(matrix, bias.data(), x.data(), y.data(), 0, out);
    GetParam()->matVec(matrix, nullptr, x.data(), plain.data(), 0, out);
    for (int o = 0; o < out; ++o) {
      const auto at = static_cast<std::size_t>(o);
      const double expected = dotInDoubles(matrix.row(o), x.data(), in);
      EXPECT_NEAR(plain[at], expected, 1e-5 * (in + 1)) << in << " " << o;
      EXPECT_NEAR(y[at], expected + static_cast<double>(bias[at]), 1e-5 * (in + 1)) << in << " " << o;
    }
    EXPECT_EQ(y.back(), 99.0f) << "written past the end";
  }
}

TEST_P(KernelSet, ARowOfMatVecDoesNotDependOnWhatIsAskedForWithIt) {
  const std::vector<float> weight = normals(30 * 37, 11), x = normals(37, 12);
  const ConstMatrixSpan matrix{weight.data(), 30, 37};
  std::vector<float> whole(30), part(30);
  GetParam()->matVec(matrix, nullptr, x.data(), whole.data(), 0, 30);
  for (const auto& [first, count] : {std::pair{0, 3}, {3, 9}, {12, 8}, {20, 10}})
    GetParam()->matVec(matrix, nullptr, x.data(), part.data(), first, count);
  EXPECT_EQ(part, whole);
}

/// A weight matrix as a file stores it, and the same numbers as float32 by the tests' own reading.
struct Stored {
  Stored(FloatType type, int out, int in, std::uint64_t seed) {
    constexpr test::GgmlType kNames[] = {test::kF32, test::kF16, test::kBf16, test::kQ8_0, test::kQ4_0};
    const test::GgmlType name = kNames[static_cast<std::size_t>(type)];
    // At an odd address, except for types whose own alignment is promised.
    const std::size_t lead = floatTypeInfo(type).alignment == 1 ? 1 : 0;
    bytes = std::string(lead, 'x') + test::ggmlBytes(normals(out * in, seed), name);
    floats = test::fromGgmlBytes(std::string_view(bytes).substr(lead), name);
    span = WeightSpan(reinterpret_cast<const std::byte*>(bytes.data() + lead), type, out, in);
  }

  std::string bytes;
  std::vector<float> floats;
  WeightSpan span;
};

constexpr FloatType kAllTypes[] = {FloatType::f32, FloatType::f16, FloatType::bf16, FloatType::q8_0,
                                   FloatType::q4_0};

TEST_P(KernelSet, StoredWeightsGiveTheBitsOfWidenedOnes) {
  for (const FloatType type : kAllTypes) {
    for (const int in : {1, 7, 8, 15, 16, 17, 24, 31, 32, 33, 40, 63, 64, 96, 129, 288, 600}) {
      if (in % static_cast<int>(floatTypeInfo(type).blockElements) != 0) continue;
      SCOPED_TRACE(std::string(floatTypeInfo(type).name) + " " + std::to_string(in));
      const int out = 21;
      const Stored stored(type, out, in, 8);
      const std::vector<float> x = normals(in, 9), bias = normals(out, 10);
      std::vector<float> y(static_cast<std::size_t>(out) + 1, 99.0f), expected = y;
      GetParam()->matVec(stored.span, bias.data(), x.data(), y.data(), 0, out);
      GetParam()->matVec(ConstMatrixSpan(stored.floats.data(), out, in), bias.data(), x.data(),
                         expected.data(), 0, out);
      EXPECT_EQ(y, expected);
      // Row by row, the same.
      std::vector<float> single(static_cast<std::size_t>(out) + 1, 99.0f);
      for (int o = 0; o < out; ++o)
        GetParam()->matVec(stored.span, bias.data(), x.data(), single.data(), o, 1);
      EXPECT_EQ(single, expected);
      std::vector<float> widened(static_cast<std::size_t>(in) + 1, 99.0f);
      for (int o = 0; o < out; ++o) {
        GetParam()->widen(type, stored.span.rowData(o), widened.data(), in);
        for (int i = 0; i < in; ++i) {
          ASSERT_EQ(widened[static_cast<std::size_t>(i)], stored.floats[static_cast<std::size_t>(o * in + i)])
              << o << " " << i;
        }
      }
      EXPECT_EQ(widened.back(), 99.0f) << "written past the end";
    }
  }
}

TEST_P(KernelSet, EveryHalfIsWidenedExactly) {
  std::vector<std::uint16_t> all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  std::vector<float> widened(all.size());
  for (const bool brain : {false, true}) {
    GetParam()->widen(brain ? FloatType::bf16 : FloatType::f16,
                      reinterpret_cast<const std::byte*>(all.data()), widened.data(), 1 << 16);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const float expected = brain ? bf16ToFloat(all[i]) : f16ToFloat(all[i]);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(widened[i])) << i;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(widened[i]), std::bit_cast<std::uint32_t>(expected)) << i;
      }
    }
  }
}

TEST_P(KernelSet, SumOfExpAgreesWithDoubles) {
  for (const int n : {1, 7, 8, 9, 1000}) {
    std::vector<float> x = normals(n, 13, 8.0);
    const float top = *std::max_element(x.begin(), x.end());
    double expected = 0;
    for (const float v : x) expected += std::exp(static_cast<double>(v) - static_cast<double>(top));
    EXPECT_NEAR(GetParam()->sumOfExp(x.data(), n, top), expected, 1e-6 * expected) << n;
  }
  const std::vector<float> odd{1.0f, std::numeric_limits<float>::quiet_NaN(),
                               -std::numeric_limits<float>::infinity()};
  EXPECT_DOUBLE_EQ(GetParam()->sumOfExp(odd.data(), 3, 1.0f), 1.0);
}

TEST_P(KernelSet, AttentionScoresAndContextAgreeWithDoubles) {
  for (const int d : {2, 4, 6, 8, 16, 20, 64}) {
    for (const int n : {1, 2, 3, 4, 5, 7, 8, 33}) {
      const int stride = d + 3;
      const std::vector<float> q = normals(d, 3), rows = normals(n * stride, 4);
      const ConstMatrixSpan matrix{rows.data(), n, d, stride};
      std::vector<float> scores(static_cast<std::size_t>(n)), context(static_cast<std::size_t>(d));
      GetParam()->attentionScores(q.data(), matrix, n, 0.25f, scores.data());
      GetParam()->attentionContext(scores.data(), matrix, n, context.data());
      for (int j = 0; j < n; ++j) {
        EXPECT_NEAR(scores[static_cast<std::size_t>(j)], dotInDoubles(q.data(), matrix.row(j), d) / 4, 1e-5)
            << d << " " << n;
      }
      for (int i = 0; i < d; ++i) {
        const double expected = dotInDoubles(scores.data(), rows.data() + i, n, stride);
        EXPECT_NEAR(context[static_cast<std::size_t>(i)], expected, 1e-5 * n) << d << " " << n;
      }
    }
  }
}

TEST_P(KernelSet, AScoreDoesNotDependOnHowManyKeysFollow) {
  const std::vector<float> q = normals(16, 5), keys = normals(16 * 9, 6);
  std::vector<float> all(9), one(1);
  GetParam()->attentionScores(q.data(), {keys.data(), 9, 16}, 9, 0.5f, all.data());
  for (int j = 0; j < 9; ++j) {
    GetParam()->attentionScores(q.data(), {keys.data() + j * 16, 1, 16}, 1, 0.5f, one.data());
    EXPECT_EQ(one[0], all[static_cast<std::size_t>(j)]) << j;
  }
}

TEST_P(KernelSet, SoftmaxAgreesWithDoubles) {
  for (const int n : {1, 2, 7, 8, 9, 31, 300}) {
    std::vector<float> scores = normals(n, 7, 6.0);
    double largest = -1e30, sum = 0;
    for (const float s : scores) largest = std::max(largest, static_cast<double>(s));
    std::vector<double> expected;
    for (const float s : scores) expected.push_back(std::exp(static_cast<double>(s) - largest));
    for (const double e : expected) sum += e;
    GetParam()->softmax(scores.data(), n);
    for (std::size_t j = 0; j < scores.size(); ++j)
      EXPECT_NEAR(scores[j], expected[j] / sum, 3e-7) << n << " " << j;
  }
}

TEST_P(KernelSet, SoftmaxOfTheLecturesExample) {
  std::vector<float> scores{10, 1, 2};
  GetParam()->softmax(scores.data(), 3);
  EXPECT_NEAR(scores[0], 0.999541, 1e-6);
  EXPECT_NEAR(scores[1], 0.000123, 1e-6);
  EXPECT_NEAR(scores[2], 0.000335, 1e-6);
}

TEST_P(KernelSet, SoftmaxSendsMinusInfinityAndHopelessScoresToExactlyZero) {
  std::vector<float> scores{0.0f, -std::numeric_limits<float>::infinity(), -1e4f, 1.0f};
  GetParam()->softmax(scores.data(), 4);
  EXPECT_EQ(scores[1], 0.0f);
  EXPECT_EQ(scores[2], 0.0f);
}

TEST_P(KernelSet, ANotANumberIsNotMadeIntoOne) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int place = 0; place < 10; ++place) {
    std::vector<float> scores(10, 1.0f);
    scores[static_cast<std::size_t>(place)] = nan;
    GetParam()->softmax(scores.data(), 10);
    for (const float weight : scores) EXPECT_TRUE(std::isnan(weight)) << place;
  }
  float values[] = {nan, 1.0f};
  GetParam()->silu(values, 2);
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_FALSE(std::isnan(values[1]));
}

TEST_P(KernelSet, SiluAgreesWithDoublesFromEndToEnd) {
  std::vector<float> x;
  for (float v = -100.0f; v <= 100.0f; v += 0.37f) x.push_back(v);
  std::vector<float> y = x;
  GetParam()->silu(y.data(), static_cast<int>(y.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = static_cast<double>(x[i]);
    EXPECT_NEAR(y[i], v / (1 + std::exp(-v)), 1e-6 * std::abs(v / (1 + std::exp(-v))) + 1e-30) << v;
  }
}

TEST_P(KernelSet, MatrixProductsAgreeWithDoubles) {
  const int m = 7, n = 11, k = 13;
  const std::vector<float> a = normals(m * k, 1), b = normals(n * k, 2);
  std::vector<float> aT(a.size()), bT(b.size());
  for (int p = 0; p < k; ++p) {
    for (int i = 0; i < m; ++i)
      aT[static_cast<std::size_t>(p * m + i)] = a[static_cast<std::size_t>(i * k + p)];
    for (int j = 0; j < n; ++j)
      bT[static_cast<std::size_t>(p * n + j)] = b[static_cast<std::size_t>(j * k + p)];
  }
  std::vector<float> nt(static_cast<std::size_t>(m * n), 1.0f), nn = nt, tn = nt, fresh = nt;
  GetParam()->gemmNT({a.data(), m, k}, {b.data(), n, k}, {nt.data(), m, n}, true);
  GetParam()->gemmNN({a.data(), m, k}, {bT.data(), k, n}, {nn.data(), m, n}, true);
  GetParam()->gemmTN({aT.data(), k, m}, {bT.data(), k, n}, {tn.data(), m, n}, true);
  GetParam()->gemmNT({a.data(), m, k}, {b.data(), n, k}, {fresh.data(), m, n}, false);
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      const double expected = dotInDoubles(a.data() + i * k, b.data() + j * k, k);
      const auto cell = static_cast<std::size_t>(i * n + j);
      EXPECT_NEAR(nt[cell], expected + 1, 1e-4);
      EXPECT_NEAR(nn[cell], expected + 1, 1e-4);
      EXPECT_NEAR(tn[cell], expected + 1, 1e-4);
      EXPECT_NEAR(fresh[cell], expected, 1e-4);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, KernelSet, testing::ValuesIn(allSets()),
                         [](const auto& set) { return std::string(set.param->name); });

}  // namespace
}  // namespace decodescope
