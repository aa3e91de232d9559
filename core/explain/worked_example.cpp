#include "core/explain/worked_example.h"

#include "core/attention/mask_strategies.h"
#include "core/base/random.h"
#include "core/ops/kernels.h"
#include "core/ops/linear.h"
#include "core/ops/norm.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

NamedMatrix matrix(std::string name, int rows, int columns) {
  NamedMatrix m{std::move(name), rows, columns, {}};
  m.values.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  return m;
}

NamedMatrix normals(std::string name, int rows, int columns, Random& random, double mean = 0,
                    double deviation = 1) {
  NamedMatrix m = matrix(std::move(name), rows, columns);
  for (float& v : m.values) v = static_cast<float>(mean + deviation * random.normal());
  return m;
}

ConstMatrixSpan span(const NamedMatrix& m) {
  return {m.values.data(), m.rows, m.columns};
}

MatrixSpan span(NamedMatrix& m) {
  return {m.values.data(), m.rows, m.columns};
}

NamedMatrix product(std::string name, const NamedMatrix& x, const NamedMatrix& w,
                    const float* bias = nullptr) {
  NamedMatrix y = matrix(std::move(name), x.rows, w.rows);
  linear(span(x), {span(w), bias}, span(y), nullptr);
  return y;
}

NamedMatrix firstRows(const NamedMatrix& m, int rows) {
  NamedMatrix part = matrix(m.name, rows, m.columns);
  std::copy_n(m.values.begin(), part.values.size(), part.values.begin());
  return part;
}

struct Moments {
  double mean = 0, variance = 0, meanSquare = 0;
};

Moments moments(const float* x, int n) {
  Moments m;
  for (int i = 0; i < n; ++i) m.mean += static_cast<double>(x[i]) / n;
  for (int i = 0; i < n; ++i) {
    const double v = static_cast<double>(x[i]);
    m.variance += (v - m.mean) * (v - m.mean) / n;
    m.meanSquare += v * v / n;
  }
  return m;
}

constexpr int kRows = 10, kColumns = 3;

WorkedStep attend(const NamedMatrix& x, const WorkedCache& weights) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  WorkedStep s;
  s.x = x;
  s.q = product("Q", x, weights.wq);
  s.k = product("K", x, weights.wk);
  s.v = product("V", x, weights.wv);
  const int t = x.rows, d = s.q.columns;
  s.scores = matrix("Q·Kᵀ/√d", t, t);
  s.context = matrix("context", t, d);
  std::fill(s.scores.values.begin(), s.scores.values.end(), -kInfinity);
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  for (int i = 0; i < t; ++i)
    kernels().attentionScores(span(s.q).row(i), span(std::as_const(s.k)), i + 1, scale,
                              span(s.scores).row(i));
  s.weights = s.scores;
  s.weights.name = "weights";
  for (int i = 0; i < t; ++i) {
    float* row = span(s.weights).row(i);
    kernels().softmax(row, t);
    kernels().attentionContext(row, span(std::as_const(s.v)), i + 1, span(s.context).row(i));
  }
  return s;
}

double largestDifference(const NamedMatrix& few, const NamedMatrix& many) {
  double largest = 0;
  for (int r = 0; r < few.rows; ++r) {
    for (int c = 0; c < few.columns; ++c) {
      const float a = few.at(r, c), b = many.at(r, c);
      if (a != b) largest = std::max(largest, std::abs(static_cast<double>(a) - static_cast<double>(b)));
    }
  }
  return largest;
}

}  // namespace

WorkedLinear workedLinear(std::uint64_t seed) {
  Random random(seed);
  WorkedLinear e;
  e.x = normals("X", kRows, kColumns, random);
  e.w = normals("W", 5, kColumns, random);
  e.b = normals("b", 1, 5, random);
  e.y = product("Y", e.x, e.w, e.b.values.data());
  return e;
}

WorkedNorm workedNorm(std::uint64_t seed) {
  Random random(seed);
  WorkedNorm e;
  e.x = normals("X", kRows, kColumns, random, 5, 6);
  e.statistics = matrix("of each row of X", kRows, 3);
  e.layerNorm = matrix("LayerNorm(X)", kRows, kColumns);
  e.rmsNorm = matrix("RMSNorm(X)", kRows, kColumns);
  e.after = matrix("of each row after", kRows, 3);
  const auto epsilon = static_cast<float>(e.epsilon);
  const std::vector<float> ones(kColumns, 1.0f), zeros(kColumns, 0.0f);
  for (int r = 0; r < kRows; ++r) {
    const float* x = span(e.x).row(r);
    layerNorm(x, ones.data(), zeros.data(), epsilon, kColumns, span(e.layerNorm).row(r));
    rmsNorm(x, ones.data(), epsilon, kColumns, span(e.rmsNorm).row(r));
    const Moments before = moments(x, kColumns), layer = moments(span(e.layerNorm).row(r), kColumns),
                  rms = moments(span(e.rmsNorm).row(r), kColumns);
    const double first[] = {before.mean, before.variance, before.meanSquare};
    const double second[] = {layer.mean, layer.variance, rms.meanSquare};
    for (int c = 0; c < 3; ++c) {
      span(e.statistics)(r, c) = static_cast<float>(first[c]);
      span(e.after)(r, c) = static_cast<float>(second[c]);
    }
  }
  NamedMatrix many = normals("", 1, 30000, random, 5, 6);
  const Moments drawn = moments(many.values.data(), many.columns);
  for (float& v : many.values) v = (v - 5) / 6;
  const Moments standard = moments(many.values.data(), many.columns);
  e.drawnMean = drawn.mean;
  e.drawnVariance = drawn.variance;
  e.standardMean = standard.mean;
  e.standardVariance = standard.variance;
  return e;
}

WorkedMask workedMask() {
  // Logarithms of the weights are scores that softmax turns into them.
  NamedMatrix scores{"S", 3, 3, {}};
  for (const double w : {0.6, 0.3, 0.1, 0.1, 0.4, 0.5, 0.2, 0.3, 0.5})
    scores.values.push_back(static_cast<float>(std::log(w)));
  const MaskStrategies m = maskStrategies(scores.values, 3);
  return {scores,
          {"softmax(S)", 3, 3, m.softmaxAll},
          {"0 above the diagonal", 3, 3, m.zeroed},
          {"÷ row sum", 3, 3, m.renormalised},
          {"S, −∞ above the diagonal", 3, 3, m.masked},
          {"softmax", 3, 3, m.weights}};
}

WorkedSoftmax workedSoftmax() {
  WorkedSoftmax e;
  e.logits = matrix("z", 3, 3);
  const double z[] = {10, 1, 2}, divisors[] = {1, std::sqrt(3.0), 3};
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) span(e.logits)(r, c) = static_cast<float>(z[c] / divisors[r]);
  }
  e.weights = e.logits;
  e.weights.name = "softmax(z)";
  for (int r = 0; r < 3; ++r) kernels().softmax(span(e.weights).row(r), 3);
  return e;
}

WorkedCache workedCache(std::uint64_t seed) {
  Random random(seed);
  WorkedCache e;
  e.tokens = {"The", "next", "day", "is", "bright"};
  const NamedMatrix x = normals("X", 5, 8, random);
  const double deviation = 1 / std::sqrt(8.0);
  e.wq = normals("W_q", 4, 8, random, 0, deviation);
  e.wk = normals("W_k", 4, 8, random, 0, deviation);
  e.wv = normals("W_v", 4, 8, random, 0, deviation);
  e.four = attend(firstRows(x, 4), e);
  e.five = attend(x, e);
  for (const auto member : {&WorkedStep::q, &WorkedStep::k, &WorkedStep::v, &WorkedStep::scores,
                            &WorkedStep::weights, &WorkedStep::context})
    e.largestDifference = std::max(e.largestDifference, largestDifference(e.four.*member, e.five.*member));
  return e;
}

WorkedHeads workedHeads(std::uint64_t seed, int heads) {
  constexpr int kTokens = 3, kWidth = 6;
  Random random(seed);
  WorkedHeads e;
  e.heads = heads;
  e.x = normals("X", kTokens, kWidth, random);
  const double deviation = 1 / std::sqrt(static_cast<double>(kWidth));
  e.wq = normals("W_q", kWidth, kWidth, random, 0, deviation);
  e.wk = normals("W_k", kWidth, kWidth, random, 0, deviation);
  e.wv = normals("W_v", kWidth, kWidth, random, 0, deviation);
  e.wo = normals("W_o", kWidth, kWidth, random, 0, deviation);
  e.q = product("Q", e.x, e.wq);
  e.k = product("K", e.x, e.wk);
  e.v = product("V", e.x, e.wv);
  e.context = matrix("context", kTokens, kWidth);
  const int d = kWidth / heads;
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  for (int h = 0; h < heads; ++h) {
    // A head's block: d columns of the same rows.
    const ConstMatrixSpan q(e.q.values.data() + h * d, kTokens, d, kWidth),
        k(e.k.values.data() + h * d, kTokens, d, kWidth), v(e.v.values.data() + h * d, kTokens, d, kWidth);
    NamedMatrix scores = matrix("scores", kTokens, kTokens), weights = matrix("weights", kTokens, kTokens);
    for (int i = 0; i < kTokens; ++i) {
      kernels().attentionScores(q.row(i), k, kTokens, 1.0f, span(scores).row(i));
      float* row = span(weights).row(i);
      kernels().attentionScores(q.row(i), k, i + 1, scale, row);
      kernels().softmax(row, i + 1);
      kernels().attentionContext(row, v, i + 1, span(e.context).row(i) + h * d);
    }
    e.scores.push_back(std::move(scores));
    e.weights.push_back(std::move(weights));
  }
  e.output = product("output", e.context, e.wo);
  return e;
}

WorkedScaling workedScaling(std::uint64_t seed) {
  Random random(seed);
  WorkedScaling e;
  const double d = e.d;
  const double divisors[] = {1, std::sqrt(d), d, d * d};
  double sum = 0, squares = 0;
  NamedMatrix last;
  for (int draw = 0; draw < e.draws; ++draw) {
    const NamedMatrix q = normals("q", e.rows, e.d, random), k = normals("k", e.rows, e.d, random);
    last = product("q·k", q, k);
    for (const float s : last.values) {
      sum += static_cast<double>(s);
      squares += static_cast<double>(s) * static_cast<double>(s);
    }
  }
  const double count = static_cast<double>(e.draws) * e.rows * e.rows;
  const double variance = squares / count - (sum / count) * (sum / count);
  e.variances = matrix("variance of q·k ÷ s", 4, 2);
  e.scores = firstRows(last, 1);
  e.scores.name = "q·k";
  e.softmaxRow = matrix("softmax of one query's scores ÷ s", 4, e.rows);
  for (int i = 0; i < 4; ++i) {
    const double s = divisors[i];
    span(e.variances)(i, 0) = static_cast<float>(variance / (s * s));
    span(e.variances)(i, 1) = static_cast<float>(d / (s * s));
    for (int c = 0; c < e.rows; ++c)
      span(e.softmaxRow)(i, c) = static_cast<float>(static_cast<double>(e.scores.at(0, c)) / s);
    kernels().softmax(span(e.softmaxRow).row(i), e.rows);
  }
  return e;
}

}  // namespace decodescope
