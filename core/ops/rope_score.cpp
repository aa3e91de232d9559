#include "core/ops/rope_score.h"

#include "core/ops/kernels.h"
#include "core/ops/rope.h"

#include <algorithm>
#include <cmath>
#include <complex>

namespace decodescope {
namespace {

using Complex = std::complex<double>;

/// h_i = q_i k_i*, i = 0 … d/2 − 1.
std::vector<Complex> pairProducts(RotaryLayout layout, std::span<const float> q, std::span<const float> k) {
  const int d = static_cast<int>(q.size());
  const auto pairOf = [&](std::span<const float> x, int i) {
    const RopePair pair = ropePair(layout, i, d);
    return Complex(static_cast<double>(x[static_cast<std::size_t>(pair.first)]),
                   static_cast<double>(x[static_cast<std::size_t>(pair.second)]));
  };
  std::vector<Complex> products;
  for (int i = 0; i < d / 2; ++i) products.push_back(pairOf(q, i) * std::conj(pairOf(k, i)));
  return products;
}

std::vector<float> turned(const ModelConfig& config, RotaryLayout layout, std::span<const float> x,
                          Position position) {
  const int half = config.rotaryDim() / 2;
  std::vector<float> cosines(static_cast<std::size_t>(half)), sines(cosines.size());
  ropeTable(config, position, {cosines.data(), 1, half}, {sines.data(), 1, half});
  std::vector<float> row(x.begin(), x.end());
  applyRope(layout, config.rotaryDim(), cosines.data(), sines.data(), row);
  return row;
}

}  // namespace

void ropeMatrix(RotaryLayout layout, std::span<const float> cosines, std::span<const float> sines,
                MatrixSpan matrix) {
  for (int r = 0; r < matrix.rows; ++r) std::fill_n(matrix.row(r), matrix.cols, 0.0f);
  for (int i = 0; i < matrix.rows / 2; ++i) {
    const RopePair pair = ropePair(layout, i, matrix.rows);
    const float c = cosines[static_cast<std::size_t>(i)], s = sines[static_cast<std::size_t>(i)];
    matrix(pair.first, pair.first) = c;
    matrix(pair.first, pair.second) = -s;
    matrix(pair.second, pair.first) = s;
    matrix(pair.second, pair.second) = c;
  }
}

std::vector<float> withPairLayout(RotaryLayout from, RotaryLayout to, std::span<const float> head) {
  const int d = static_cast<int>(head.size());
  std::vector<float> moved(head.begin(), head.end());
  for (int i = 0; i < d / 2; ++i) {
    const RopePair source = ropePair(from, i, d), target = ropePair(to, i, d);
    moved[static_cast<std::size_t>(target.first)] = head[static_cast<std::size_t>(source.first)];
    moved[static_cast<std::size_t>(target.second)] = head[static_cast<std::size_t>(source.second)];
  }
  return moved;
}

RopeCost ropeCost(int headDim) {
  const long long d = headDim;
  return {d * d, d * d - 2 * d, 2 * d, d};
}

float ropeScore(const ModelConfig& config, RotaryLayout layout, std::span<const float> q,
                std::span<const float> k, Position m, Position n) {
  const std::vector<float> query = turned(config, layout, q, m), key = turned(config, layout, k, n);
  float score = 0;
  kernels().attentionScores(query.data(), {key.data(), 1, config.rotaryDim()}, 1,
                            1.0f / std::sqrt(static_cast<float>(config.headDim)), &score);
  return score;
}

std::vector<double> ropeScoresByDistance(const ModelConfig& config, RotaryLayout layout,
                                         std::span<const float> q, std::span<const float> k, int distances) {
  const std::vector<Complex> products = pairProducts(layout, q, k);
  std::vector<double> scores(static_cast<std::size_t>(distances));
  for (int i = 0; i < config.rotaryDim() / 2; ++i) {
    const double frequency = ropeFrequency(config, i);
    for (int r = 0; r < distances; ++r)
      scores[static_cast<std::size_t>(r)] +=
          (products[static_cast<std::size_t>(i)] * std::polar(1.0, r * frequency)).real();
  }
  for (double& score : scores) score /= std::sqrt(static_cast<double>(config.headDim));
  return scores;
}

std::vector<double> ropeDecay(const ModelConfig& config, int distances) {
  const int half = config.rotaryDim() / 2;
  std::vector<Complex> sums(static_cast<std::size_t>(distances));
  std::vector<double> decay(sums.size());
  for (int i = 0; i < half; ++i) {
    const double frequency = ropeFrequency(config, i);
    for (int r = 0; r < distances; ++r) {
      const auto at = static_cast<std::size_t>(r);
      sums[at] += std::polar(1.0, r * frequency);
      decay[at] += std::abs(sums[at]) / half;
    }
  }
  return decay;
}

double ropeBoundFactor(const ModelConfig& config, RotaryLayout layout, std::span<const float> q,
                       std::span<const float> k) {
  std::vector<Complex> products = pairProducts(layout, q, k);
  products.emplace_back(0.0);
  double largest = 0;
  for (std::size_t i = 0; i + 1 < products.size(); ++i)
    largest = std::max(largest, std::abs(products[i + 1] - products[i]));
  return largest * (config.rotaryDim() / 2) / std::sqrt(static_cast<double>(config.headDim));
}

}  // namespace decodescope
