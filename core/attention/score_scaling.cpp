#include "core/attention/score_scaling.h"

#include "core/base/random.h"
#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

double divisorOf(ScoreDivisor divisor, int headDim) {
  const double d = headDim;
  switch (divisor) {
    case ScoreDivisor::none:
      return 1;
    case ScoreDivisor::rootD:
      return std::sqrt(d);
    case ScoreDivisor::d:
      return d;
    case ScoreDivisor::dSquared:
      return d * d;
  }
  return 1;
}

SoftmaxShape dividedSoftmax(std::span<const float> rawScores, double divisor) {
  SoftmaxShape shape;
  shape.weights.assign(rawScores.begin(), rawScores.end());
  const auto scale = static_cast<float>(1 / divisor);
  for (float& w : shape.weights) w *= scale;
  kernels().softmax(shape.weights.data(), static_cast<int>(shape.weights.size()));
  for (const float w : shape.weights) {
    const double a = static_cast<double>(w);
    if (a > 0) shape.entropy -= a * std::log2(a);
    shape.largest = std::max(shape.largest, a);
  }
  return shape;
}

double varianceOf(std::span<const float> numbers) {
  double sum = 0, squares = 0;
  int count = 0;
  for (const float x : numbers) {
    if (!std::isfinite(x)) continue;
    sum += static_cast<double>(x);
    ++count;
  }
  if (count == 0) return 0;
  const double mean = sum / count;
  for (const float x : numbers) {
    if (std::isfinite(x)) squares += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean);
  }
  return squares / count;
}

NormalScoresExperiment normalScoresExperiment(std::vector<int> dims, int rows, int draws,
                                              std::uint64_t seed) {
  std::sort(dims.begin(), dims.end());
  NormalScoresExperiment experiment;
  experiment.dims = dims;
  experiment.variance.assign(dims.size(), 0);
  if (dims.empty() || rows < 2 || draws < 1) return experiment;
  const auto n = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(dims.back());
  Random random(seed);
  std::vector<double> q(n * width), k(n * width), scores(n * n);
  for (int draw = 0; draw < draws; ++draw) {
    for (std::vector<double>* side : {&q, &k}) {
      for (double& x : *side) x = random.normal();
    }
    std::fill(scores.begin(), scores.end(), 0.0);
    std::size_t from = 0;
    for (std::size_t w = 0; w < dims.size(); ++w) {
      const auto to = static_cast<std::size_t>(dims[w]);
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          double& s = scores[i * n + j];
          for (std::size_t x = from; x < to; ++x) s += q[i * width + x] * k[j * width + x];
          sum += s;
          squares += s * s;
        }
      }
      const double count = static_cast<double>(n * n);
      experiment.variance[w] += (squares - sum * sum / count) / (count - 1) / draws;
      from = to;
    }
  }
  return experiment;
}

std::vector<float> normalScores(int headDim, int n, std::uint64_t seed) {
  Random random(seed);
  const auto d = static_cast<std::size_t>(headDim);
  std::vector<double> q(d);
  for (double& x : q) x = random.normal();
  std::vector<float> scores;
  for (int j = 0; j < n; ++j) {
    double s = 0;
    for (std::size_t i = 0; i < d; ++i) s += q[i] * random.normal();
    scores.push_back(static_cast<float>(s));
  }
  return scores;
}

}  // namespace decodescope
