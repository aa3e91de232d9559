#include "tests/support/reference_decoder.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace decodescope::test {
namespace {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;

Vector project(const LinearWeights& linear, const Vector& x) {
  Vector y(static_cast<std::size_t>(linear.weight.rows));
  for (std::size_t o = 0; o < y.size(); ++o) {
    y[o] = linear.bias ? static_cast<double>(linear.bias[o]) : 0.0;
    for (std::size_t i = 0; i < x.size(); ++i)
      y[o] += static_cast<double>(linear.weight(static_cast<int>(o), static_cast<int>(i))) * x[i];
  }
  return y;
}

Vector normalise(const ModelConfig& config, const NormWeights& norm, const Vector& x) {
  const auto n = static_cast<double>(x.size());
  double mean = 0;
  if (config.norm == NormKind::layerNorm) {
    for (const double v : x) mean += v / n;
  }
  double power = 0;
  for (const double v : x) power += (v - mean) * (v - mean) / n;
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = (x[i] - mean) / std::sqrt(power + static_cast<double>(config.normEps)) *
           static_cast<double>(norm.weight[i]);
    if (norm.bias) y[i] += static_cast<double>(norm.bias[i]);
  }
  return y;
}

double activation(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::relu:
      return x < 0 ? 0 : x;
    case Activation::gelu:
      return x * std::erfc(-x / std::numbers::sqrt2) / 2;
    case Activation::geluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  return 0;
}

/// What an angle is divided by, from the wavelength (positions a turn), as Transformers computes it.
double angleDivisor(const RopeScaling& scaling, double wavelength, std::size_t pair) {
  switch (scaling.kind) {
    case RopeScaling::Kind::none:
      return 1;
    case RopeScaling::Kind::linear:
      return scaling.factor;
    case RopeScaling::Kind::llama3: {
      const double trained = scaling.originalMaxPositionEmbeddings;
      if (wavelength < trained / scaling.highFreqFactor) return 1;
      if (wavelength > trained / scaling.lowFreqFactor) return scaling.factor;
      const double smooth =
          (trained / wavelength - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor);
      return 1 / ((1 - smooth) / scaling.factor + smooth);
    }
    case RopeScaling::Kind::divisors:
      return static_cast<double>(scaling.divisors[pair]);
  }
  return 1;
}

Vector rotate(const ModelConfig& config, const Vector& row, std::size_t position) {
  Vector out = row;
  const auto d = static_cast<std::size_t>(config.headDim);
  for (std::size_t start = 0; start < row.size(); start += d) {
    for (std::size_t i = 0; i < d / 2; ++i) {
      const double unit = std::pow(config.ropeTheta, 2 * static_cast<double>(i) / static_cast<double>(d));
      const double angle = static_cast<double>(position) / unit /
                           angleDivisor(config.ropeScaling, 2 * std::numbers::pi * unit, i);
      const bool halves = config.rotaryLayout == RotaryLayout::rotateHalf;
      const std::size_t a = start + (halves ? i : 2 * i), b = start + (halves ? i + d / 2 : 2 * i + 1);
      out[a] = std::cos(angle) * row[a] - std::sin(angle) * row[b];
      out[b] = std::sin(angle) * row[a] + std::cos(angle) * row[b];
    }
  }
  return out;
}

Vector flat(const Rows& rows) {
  Vector all;
  for (const Vector& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

Vector sum(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

/// The contexts of all queries; scores and weights go into the trace.
Rows attend(const ModelConfig& config, int layer, const Rows& q, const Rows& k, const Rows& v,
            ReferenceTrace& trace) {
  const std::size_t tokens = q.size(), d = static_cast<std::size_t>(config.headDim);
  const auto heads = static_cast<std::size_t>(config.numAttentionHeads);
  const std::size_t group = heads / static_cast<std::size_t>(config.numKeyValueHeads);
  Vector allScores(heads * tokens * tokens, -std::numeric_limits<double>::infinity());
  Vector allWeights(heads * tokens * tokens, 0.0);
  Rows context(tokens, Vector(heads * d, 0.0));
  for (std::size_t h = 0; h < heads; ++h) {
    const std::size_t shared = h / group * d;
    for (std::size_t i = 0; i < tokens; ++i) {
      double* scores = &allScores[(h * tokens + i) * tokens];
      double* weights = &allWeights[(h * tokens + i) * tokens];
      double total = 0;
      for (std::size_t j = 0; j <= i; ++j) {
        scores[j] = 0;
        for (std::size_t c = 0; c < d; ++c) scores[j] += q[i][h * d + c] * k[j][shared + c];
        scores[j] /= std::sqrt(static_cast<double>(d));
        total += std::exp(scores[j]);
      }
      for (std::size_t j = 0; j <= i; ++j) {
        weights[j] = std::exp(scores[j]) / total;
        for (std::size_t c = 0; c < d; ++c) context[i][h * d + c] += weights[j] * v[j][shared + c];
      }
    }
  }
  trace[{Site::scores, layer}] = allScores;
  trace[{Site::weights, layer}] = allWeights;
  return context;
}

}  // namespace

ReferenceTrace referenceDecode(const Model& model, std::span<const TokenId> tokens) {
  const ModelConfig& config = model.config();
  ReferenceTrace trace;
  const bool preNorm = config.normPlacement == NormPlacement::preNorm;

  Rows x, positions;
  for (std::size_t m = 0; m < tokens.size(); ++m) {
    Vector row, position(static_cast<std::size_t>(config.hiddenSize), 0.0);
    for (int i = 0; i < config.hiddenSize; ++i) {
      row.push_back(static_cast<double>(model.embedTokens()(tokens[m].value, i)));
      double& p = position[static_cast<std::size_t>(i)];
      if (config.position == PositionKind::learned) {
        p = static_cast<double>(model.embedPositions()(static_cast<int>(m) + config.positionOffset, i));
      } else if (config.position == PositionKind::sinusoidal) {
        const double angle =
            static_cast<double>(m) / std::pow(10000.0, static_cast<double>(i - i % 2) / config.hiddenSize);
        p = i % 2 ? std::cos(angle) : std::sin(angle);
      }
    }
    x.push_back(sum(row, position));
    positions.push_back(position);
  }
  if (siteExists(Site::embedPositions, config)) trace[{Site::embedPositions, -1}] = flat(positions);
  trace[{Site::embedTokens, -1}] = flat(x);

  for (int l = 0; l < config.numHiddenLayers; ++l) {
    const LayerWeights& w = model.layer(LayerIndex{l});
    std::map<Site, Rows> seen;
    Rows q, k;
    for (std::size_t m = 0; m < x.size(); ++m) {
      const Vector input = preNorm ? normalise(config, w.inputNorm, x[m]) : x[m];
      if (preNorm) seen[Site::inputLayernorm].push_back(input);
      seen[Site::qProj].push_back(project(w.qProj, input));
      seen[Site::kProj].push_back(project(w.kProj, input));
      seen[Site::vProj].push_back(project(w.vProj, input));
      const bool rotary = config.position == PositionKind::rotary;
      q.push_back(rotary ? rotate(config, seen[Site::qProj].back(), m) : seen[Site::qProj].back());
      k.push_back(rotary ? rotate(config, seen[Site::kProj].back(), m) : seen[Site::kProj].back());
    }
    if (config.position == PositionKind::rotary) seen[Site::qRot] = q, seen[Site::kRot] = k;
    seen[Site::context] = attend(config, l, q, k, seen[Site::vProj], trace);
    for (std::size_t m = 0; m < x.size(); ++m) {
      const Vector o = project(w.oProj, seen[Site::context][m]);
      const Vector h = sum(x[m], o);
      const Vector n = normalise(config, w.postAttentionNorm, h);
      const Vector up = project(w.upProj, n);
      Vector inner = up;
      if (config.gatedMlp) {
        const Vector gate = project(w.gateProj, n);
        seen[Site::gateProj].push_back(gate);
        for (std::size_t i = 0; i < inner.size(); ++i) inner[i] *= activation(config.activation, gate[i]);
      } else {
        for (double& value : inner) value = activation(config.activation, value);
      }
      const Vector down = project(w.downProj, inner);
      x[m] = preNorm ? sum(h, down) : normalise(config, w.postFeedforwardNorm, sum(n, down));
      seen[Site::oProj].push_back(o);
      seen[Site::postAttentionResidual].push_back(h);
      seen[Site::postAttentionLayernorm].push_back(n);
      seen[Site::upProj].push_back(up);
      seen[Site::mlpActivation].push_back(inner);
      seen[Site::downProj].push_back(down);
      if (!preNorm) seen[Site::postFeedforwardLayernorm].push_back(x[m]);
      seen[Site::output].push_back(x[m]);
    }
    for (const auto& [site, rows] : seen) trace[{site, l}] = flat(rows);
  }

  Rows normed = x, logits;
  for (Vector& row : normed) {
    if (config.finalNorm) row = normalise(config, model.finalNorm(), row);
    logits.push_back(project(model.lmHead(), row));
  }
  if (config.finalNorm) trace[{Site::norm, -1}] = flat(normed);
  trace[{Site::logits, -1}] = flat(logits);
  return trace;
}

}  // namespace decodescope::test
