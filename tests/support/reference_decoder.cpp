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

/// Every head of `d` numbers.
Vector rotate(const ModelConfig& config, const Vector& row, std::size_t d, std::size_t position) {
  Vector out = row;
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

/// The contexts of all queries; scores and weights go into the trace. A value of head h: v numbers from
/// shared · valueStride + valueStart on.
struct ValueLayout {
  std::size_t width, stride, start;
};
Rows attend(const ModelConfig& config, int layer, const Rows& q, const Rows& k, const Rows& v,
            const ValueLayout& values, ReferenceTrace& trace) {
  const std::size_t tokens = q.size(), d = static_cast<std::size_t>(config.headDim);
  const auto window = static_cast<std::size_t>(config.slidingWindow);
  const auto heads = static_cast<std::size_t>(config.numAttentionHeads);
  const std::size_t group = heads / static_cast<std::size_t>(config.numKeyValueHeads);
  Vector allScores(heads * tokens * tokens, -std::numeric_limits<double>::infinity());
  Vector allWeights(heads * tokens * tokens, 0.0);
  Rows context(tokens, Vector(heads * values.width, 0.0));
  for (std::size_t h = 0; h < heads; ++h) {
    const std::size_t shared = h / group * d;
    const std::size_t value = h / group * values.stride + values.start;
    for (std::size_t i = 0; i < tokens; ++i) {
      double* scores = &allScores[(h * tokens + i) * tokens];
      double* weights = &allWeights[(h * tokens + i) * tokens];
      double total = 0;
      const std::size_t first = window > 0 && i + 1 > window ? i + 1 - window : 0;
      for (std::size_t j = first; j <= i; ++j) {
        scores[j] = 0;
        for (std::size_t c = 0; c < d; ++c) scores[j] += q[i][h * d + c] * k[j][shared + c];
        scores[j] /= std::sqrt(static_cast<double>(d));
        total += std::exp(scores[j]);
      }
      for (std::size_t j = first; j <= i; ++j) {
        weights[j] = std::exp(scores[j]) / total;
        for (std::size_t c = 0; c < values.width; ++c)
          context[i][h * values.width + c] += weights[j] * v[j][value + c];
      }
    }
  }
  trace[{Site::scores, layer}] = allScores;
  trace[{Site::weights, layer}] = allWeights;
  return context;
}

double feature(double x) {
  return x > 0 ? x + 1 : std::exp(x);
}

/// Linear attention in its parallel form: every weight φ(q)·φ(k) / Σ φ(q)·φ(k) by itself, no state. The state
/// is summed apart, for the trace.
Rows attendLinear(const ModelConfig& config, Rows q, Rows k, const Rows& v, std::map<Site, Rows>& seen) {
  const std::size_t tokens = q.size(), d = static_cast<std::size_t>(config.headDim);
  const auto heads = static_cast<std::size_t>(config.numAttentionHeads),
             groups = static_cast<std::size_t>(config.numKeyValueHeads);
  for (Rows* rows : {&q, &k}) {
    for (Vector& row : *rows) {
      for (double& x : row) x = feature(x);
    }
  }
  seen[Site::qFeatures] = q;
  seen[Site::kFeatures] = k;
  Rows context(tokens, Vector(heads * d, 0.0));
  for (std::size_t i = 0; i < tokens; ++i) {
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t shared = h / (heads / groups) * d;
      double total = 0;
      for (std::size_t j = 0; j <= i; ++j) {
        double product = 0;
        for (std::size_t c = 0; c < d; ++c) product += q[i][h * d + c] * k[j][shared + c];
        total += product;
        for (std::size_t c = 0; c < d; ++c) context[i][h * d + c] += product * v[j][shared + c];
      }
      for (std::size_t c = 0; c < d; ++c) context[i][h * d + c] /= total;
    }
    Vector state(groups * (d + 1) * d, 0.0);
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t a = 0; a < d; ++a) {
          for (std::size_t c = 0; c < d; ++c)
            state[(g * (d + 1) + a) * d + c] += k[j][g * d + a] * v[j][g * d + c];
          state[(g * (d + 1) + d) * d + a] += k[j][g * d + a];
        }
      }
    }
    seen[Site::state].push_back(state);
  }
  return context;
}

/// MLA's tensors of one token: DeepSeek-AI 2024, eq. 9–19.
struct LatentRow {
  Vector query, key, rebuilt;
};
LatentRow latentRow(const ModelConfig& config, const LayerWeights& w, const Vector& input, std::size_t m,
                    std::map<Site, Rows>& seen) {
  const auto heads = static_cast<std::size_t>(config.numAttentionHeads),
             n = static_cast<std::size_t>(config.qkNopeHeadDim),
             r = static_cast<std::size_t>(config.qkRopeHeadDim),
             v = static_cast<std::size_t>(config.vHeadDim),
             rank = static_cast<std::size_t>(config.kvLoraRank);
  ModelConfig inner = config;
  inner.norm = NormKind::rmsNorm;
  inner.normEps = 1e-6f;
  Vector q;
  if (config.qLoraRank > 0) {
    const Vector down = project(w.qAProj, input), normed = normalise(inner, w.qANorm, down);
    seen[Site::qAProj].push_back(down);
    seen[Site::qALayernorm].push_back(normed);
    q = project(w.qBProj, normed);
    seen[Site::qBProj].push_back(q);
  } else {
    q = project(w.qProj, input);
    seen[Site::qProj].push_back(q);
  }
  const Vector compressed = project(w.kvAProj, input);
  const auto cut = compressed.begin() + static_cast<std::ptrdiff_t>(rank);
  const Vector latent = normalise(inner, w.kvANorm, Vector(compressed.begin(), cut));
  const Vector rotaryKey = rotate(config, Vector(cut, compressed.end()), r, m);
  LatentRow row;
  row.rebuilt = project(w.kvBProj, latent);
  Vector rotaryQuery;
  for (std::size_t h = 0; h < heads; ++h) {
    for (std::size_t i = 0; i < r; ++i) rotaryQuery.push_back(q[h * (n + r) + n + i]);
  }
  rotaryQuery = rotate(config, rotaryQuery, r, m);
  for (std::size_t h = 0; h < heads; ++h) {
    for (std::size_t i = 0; i < n + r; ++i) {
      row.query.push_back(i < n ? q[h * (n + r) + i] : rotaryQuery[h * r + i - n]);
      row.key.push_back(i < n ? row.rebuilt[h * (n + v) + i] : rotaryKey[i - n]);
    }
  }
  seen[Site::kvAProj].push_back(compressed);
  seen[Site::kvALayernorm].push_back(latent);
  seen[Site::kvBProj].push_back(row.rebuilt);
  seen[Site::qRot].push_back(rotaryQuery);
  seen[Site::kRot].push_back(rotaryKey);
  seen[Site::queryStates].push_back(row.query);
  seen[Site::keyStates].push_back(row.key);
  return row;
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
    Rows q, k, v;
    for (std::size_t m = 0; m < x.size(); ++m) {
      const Vector input = preNorm ? normalise(config, w.inputNorm, x[m]) : x[m];
      if (preNorm) seen[Site::inputLayernorm].push_back(input);
      if (config.attention == AttentionKind::latent) {
        const LatentRow row = latentRow(config, w, input, m, seen);
        q.push_back(row.query);
        k.push_back(row.key);
        v.push_back(row.rebuilt);
        continue;
      }
      seen[Site::qProj].push_back(project(w.qProj, input));
      seen[Site::kProj].push_back(project(w.kProj, input));
      seen[Site::vProj].push_back(project(w.vProj, input));
      v.push_back(seen[Site::vProj].back());
      const bool rotary = config.position == PositionKind::rotary;
      const auto d = static_cast<std::size_t>(config.headDim);
      q.push_back(rotary ? rotate(config, seen[Site::qProj].back(), d, m) : seen[Site::qProj].back());
      k.push_back(rotary ? rotate(config, seen[Site::kProj].back(), d, m) : seen[Site::kProj].back());
      if (rotary) seen[Site::qRot].push_back(q.back()), seen[Site::kRot].push_back(k.back());
    }
    if (config.attention == AttentionKind::linear) {
      seen[Site::context] = attendLinear(config, q, k, v, seen);
    } else {
      ValueLayout values{static_cast<std::size_t>(config.valueHeadDim()), 0, 0};
      values.stride = values.width;
      if (config.attention == AttentionKind::latent) {
        values.start = static_cast<std::size_t>(config.qkNopeHeadDim);
        values.stride += values.start;
      }
      seen[Site::context] = attend(config, l, q, k, v, values, trace);
    }
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
