#include "core/train/backward.h"

#include "core/ops/gemm.h"
#include "core/ops/rope.h"
#include "core/train/backward_ops.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

// Slots of the scratch workspace.
enum Slot {
  kLogits,
  kStream,
  kStream2,
  kStream3,
  kInner,
  kInner2,
  kContext,
  kQuery,
  kKey,
  kValue,
  kScores,
  kRebuilt,
  kLatent,
  kCompressed,
  kQueryLatent,
  kQueryLatent2,
  kRotaryQuery,
  kWeights,
};

/// Query rows that share one product over the keys: enough for the GEMM, few enough to skip most masked
/// cells.
constexpr int kQueryBlock = 64;

}  // namespace

/// Finds the gradients' places.
struct SequenceGradient::Pass {
  const Model& model;
  std::span<float> gradient;

  MatrixSpan matrix(ParameterRole role, LayerIndex layer) const {
    const Parameter* p = model.layout().find(role, layer);
    return p ? MatrixSpan{gradient.data() + p->offset, p->rows, p->cols} : MatrixSpan{};
  }
  float* vector(ParameterRole role, LayerIndex layer) const { return matrix(role, layer).data; }
  NormGradient norm(ParameterRole weight, ParameterRole bias, LayerIndex layer) const {
    return {vector(weight, layer), vector(bias, layer)};
  }
  LinearGradient linear(ParameterRole weight, ParameterRole bias, LayerIndex layer) const {
    return {matrix(weight, layer), vector(bias, layer)};
  }
};

SequenceGradient::SequenceGradient(const ModelConfig& config, int maxRows)
    : m_config(config), m_sink(config, maxRows), m_cache(config) {
  DECODESCOPE_REQUIRE(maxRows >= 1 && maxRows <= config.maxPositionEmbeddings);
  m_cache.reserve(maxRows);
  if (config.position == PositionKind::rotary) {
    const int pairs = config.rotaryDim() / 2;
    const auto size = static_cast<std::size_t>(maxRows) * static_cast<std::size_t>(pairs);
    m_cosines = AlignedBuffer(size);
    m_sines = AlignedBuffer(size);
    ropeTable(config, Position{0}, {m_cosines.data(), maxRows, pairs}, {m_sines.data(), maxRows, pairs});
  }
}

double SequenceGradient::add(const Model& model, std::span<const TokenId> tokens,
                             std::span<const TokenId> targets, float scale, std::span<float> gradient) {
  DECODESCOPE_REQUIRE(tokens.size() == targets.size() && gradient.size() == model.arena().size());
  m_sink.begin(static_cast<int>(tokens.size()));
  m_cache.truncate(0);
  ForwardOptions options;
  options.sink = &m_sink;
  options.logitsOfAllRows = true;
  const ForwardResult result = forward(model, tokens, m_cache, m_forward, options);
  const MatrixSpan logitGradient = scratch(kLogits, result.logits.rows, result.logits.cols);
  const double sum = crossEntropy(result.logits, targets, scale, logitGradient);
  backward(model, tokens, logitGradient, gradient);
  return sum;
}

double SequenceGradient::loss(const Model& model, std::span<const TokenId> tokens,
                              std::span<const TokenId> targets) {
  DECODESCOPE_REQUIRE(tokens.size() == targets.size());
  m_cache.truncate(0);
  ForwardOptions options;
  options.logitsOfAllRows = true;
  const ForwardResult result = forward(model, tokens, m_cache, m_forward, options);
  double sum = 0;
  for (int t = 0; t < result.logits.rows; ++t) {
    const TokenId target = targets[static_cast<std::size_t>(t)];
    if (target == kNoTarget) continue;
    sum += negativeLogLikelihood(result.logits.rowSpan(t), target);
  }
  return sum;
}

double SequenceGradient::crossEntropy(ConstMatrixSpan logits, std::span<const TokenId> targets, float scale,
                                      MatrixSpan gradient) const {
  double sum = 0;
  for (int t = 0; t < logits.rows; ++t) {
    const TokenId target = targets[static_cast<std::size_t>(t)];
    float* const row = gradient.row(t);
    if (target == kNoTarget) {
      std::fill_n(row, logits.cols, 0.0f);
      continue;
    }
    sum +=
        negativeLogLikelihood(logits.rowSpan(t), target, {row, static_cast<std::size_t>(logits.cols)}, scale);
  }
  return sum;
}

void SequenceGradient::backward(const Model& model, std::span<const TokenId> tokens, MatrixSpan logitGradient,
                                std::span<float> gradient) {
  using R = ParameterRole;
  Pass pass{model, gradient};
  const int rows = static_cast<int>(tokens.size());
  const int width = m_config.hiddenSize;
  const LayerIndex last{m_config.numHiddenLayers - 1};
  const bool preNorm = m_config.normPlacement == NormPlacement::preNorm;

  // dx is the gradient of the residual stream, from the last layer's output down to the embeddings.
  const MatrixSpan dx = scratch(kStream, rows, width);
  const MatrixSpan dNorm = scratch(kStream2, rows, width);
  const MatrixSpan dSum = scratch(kStream3, rows, width);
  const R head = m_config.tieWordEmbeddings ? R::embedTokens : R::lmHeadWeight;
  const ConstMatrixSpan beforeNorm = m_sink.rowsOf(Site::output, last);
  if (m_config.finalNorm) {
    linearBackward(m_sink.rowsOf(Site::norm), model.lmHead(), logitGradient,
                   pass.linear(head, R::lmHeadBias, kNoLayer), dNorm, false);
    normBackward(m_config, beforeNorm, model.finalNorm(), dNorm,
                 pass.norm(R::finalNormWeight, R::finalNormBias, kNoLayer), dx, false);
  } else {
    linearBackward(beforeNorm, model.lmHead(), logitGradient, pass.linear(head, R::lmHeadBias, kNoLayer), dx,
                   false);
  }

  for (int i = last.value; i >= 0; --i) {
    const LayerIndex layer{i};
    const LayerWeights& weights = model.layer(layer);
    const ConstMatrixSpan input =
        i == 0 ? m_sink.rowsOf(Site::embedTokens) : m_sink.rowsOf(Site::output, LayerIndex{i - 1});
    const ConstMatrixSpan residual = m_sink.rowsOf(Site::postAttentionResidual, layer);
    const NormGradient postAttention = pass.norm(R::postAttentionNormWeight, R::postAttentionNormBias, layer);
    if (preNorm) {
      // x' = h + mlp(norm(h)),  h = x + attention(norm(x))
      mlpBackward(pass, layer, dx, dNorm);
      normBackward(m_config, residual, weights.postAttentionNorm, dNorm, postAttention, dx, true);
      attentionBackward(pass, layer, m_sink.rowsOf(Site::inputLayernorm, layer), dx, dNorm);
      normBackward(m_config, input, weights.inputNorm, dNorm,
                   pass.norm(R::inputNormWeight, R::inputNormBias, layer), dx, true);
    } else {
      // x' = norm(n + mlp(n)),  n = norm(h),  h = x + attention(x)
      const MatrixSpan sum = dNorm;
      const ConstMatrixSpan normed = m_sink.rowsOf(Site::postAttentionLayernorm, layer);
      const ConstMatrixSpan down = m_sink.rowsOf(Site::downProj, layer);
      for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < width; ++c) sum(r, c) = normed(r, c) + down(r, c);
      }
      normBackward(m_config, sum, weights.postFeedforwardNorm, dx,
                   pass.norm(R::postFeedforwardNormWeight, R::postFeedforwardNormBias, layer), dSum, false);
      mlpBackward(pass, layer, dSum, dNorm);
      addRows(dNorm, dSum);
      normBackward(m_config, residual, weights.postAttentionNorm, dSum, postAttention, dx, false);
      attentionBackward(pass, layer, input, dx, dNorm);
      addRows(dNorm, dx);
    }
  }

  const MatrixSpan dTokens = pass.matrix(R::embedTokens, kNoLayer);
  const MatrixSpan dPositions = pass.matrix(R::embedPositions, kNoLayer);
  for (int r = 0; r < rows; ++r) {
    addTo(dx.row(r), dTokens.row(tokens[static_cast<std::size_t>(r)].value), width);
    if (dPositions.data != nullptr) addTo(dx.row(r), dPositions.row(r + m_config.positionOffset), width);
  }
}

void SequenceGradient::mlpBackward(Pass& pass, LayerIndex layer, ConstMatrixSpan dOut, MatrixSpan dIn) {
  using R = ParameterRole;
  const LayerWeights& weights = pass.model.layer(layer);
  const ConstMatrixSpan input = m_sink.rowsOf(Site::postAttentionLayernorm, layer);
  const ConstMatrixSpan up = m_sink.rowsOf(Site::upProj, layer);
  const MatrixSpan dUp = scratch(kInner, dOut.rows, m_config.intermediateSize);
  linearBackward(m_sink.rowsOf(Site::mlpActivation, layer), weights.downProj, dOut,
                 pass.linear(R::downProjWeight, R::downProjBias, layer), dUp, false);
  if (m_config.gatedMlp) {
    const MatrixSpan dGate = scratch(kInner2, dOut.rows, m_config.intermediateSize);
    const ConstMatrixSpan gate = m_sink.rowsOf(Site::gateProj, layer);
    for (int r = 0; r < dOut.rows; ++r) {
      gatedActivationBackward(m_config.activation, gate.rowSpan(r), up.rowSpan(r), dUp.rowSpan(r),
                              dGate.rowSpan(r));
    }
    linearBackward(input, weights.gateProj, dGate, pass.linear(R::gateProjWeight, R::gateProjBias, layer),
                   dIn, false);
    linearBackward(input, weights.upProj, dUp, pass.linear(R::upProjWeight, R::upProjBias, layer), dIn, true);
  } else {
    for (int r = 0; r < dOut.rows; ++r)
      activationBackward(m_config.activation, up.rowSpan(r), dUp.rowSpan(r));
    linearBackward(input, weights.upProj, dUp, pass.linear(R::upProjWeight, R::upProjBias, layer), dIn,
                   false);
  }
}

void SequenceGradient::attentionBackward(Pass& pass, LayerIndex layer, ConstMatrixSpan input,
                                         ConstMatrixSpan dOut, MatrixSpan dIn) {
  using R = ParameterRole;
  const LayerWeights& weights = pass.model.layer(layer);
  const MatrixSpan dContext = scratch(kContext, dOut.rows, m_config.contextWidth());
  linearBackward(m_sink.rowsOf(Site::context, layer), weights.oProj, dOut,
                 pass.linear(R::oProjWeight, R::oProjBias, layer), dContext, false);
  if (m_config.attention == AttentionKind::latent) {
    latentBackward(pass, layer, input, dContext, dIn);
    return;
  }
  const MatrixSpan dq = scratch(kQuery, dOut.rows, m_config.queryWidth());
  const MatrixSpan dk = scratch(kKey, dOut.rows, m_config.keyValueWidth());
  const MatrixSpan dv = scratch(kValue, dOut.rows, m_config.keyValueWidth());
  const bool rotary = m_config.position == PositionKind::rotary;
  if (m_config.attention == AttentionKind::linear) {
    linearHeadsBackward(layer, dContext, dq, dk, dv);
  } else {
    headsBackward(layer,
                  {m_sink.rowsOf(rotary ? Site::qRot : Site::qProj, layer),
                   m_sink.rowsOf(rotary ? Site::kRot : Site::kProj, layer), m_sink.rowsOf(Site::vProj, layer),
                   m_config.headDim, 0},
                  dContext, dq, dk, dv);
  }
  if (rotary) {
    unrotate(dq);
    unrotate(dk);
  }
  linearBackward(input, weights.qProj, dq, pass.linear(R::qProjWeight, R::qProjBias, layer), dIn, false);
  linearBackward(input, weights.kProj, dk, pass.linear(R::kProjWeight, R::kProjBias, layer), dIn, true);
  linearBackward(input, weights.vProj, dv, pass.linear(R::vProjWeight, R::vProjBias, layer), dIn, true);
}

/// MLA, from the last step to the first: heads, the joined queries and keys, the rotary key that all heads
/// share, kv_b_proj and its norm, kv_a_proj_with_mqa; the queries straight or through their own latent.
void SequenceGradient::latentBackward(Pass& pass, LayerIndex layer, ConstMatrixSpan input,
                                      ConstMatrixSpan dContext, MatrixSpan dIn) {
  using R = ParameterRole;
  const LayerWeights& weights = pass.model.layer(layer);
  const int rows = dContext.rows, heads = m_config.numAttentionHeads;
  const int n = m_config.qkNopeHeadDim, r = m_config.qkRopeHeadDim, rank = m_config.kvLoraRank;
  const int block = n + m_config.vHeadDim;
  const MatrixSpan dq = scratch(kQuery, rows, m_config.queryWidth());
  const MatrixSpan dk = scratch(kKey, rows, m_config.queryWidth());
  const MatrixSpan dRebuilt = scratch(kRebuilt, rows, heads * block);
  const MatrixSpan dLatent = scratch(kLatent, rows, rank);
  const MatrixSpan dCompressed = scratch(kCompressed, rows, rank + r);
  const MatrixSpan dRotaryQuery = scratch(kRotaryQuery, rows, heads * r);
  headsBackward(layer,
                {m_sink.rowsOf(Site::queryStates, layer), m_sink.rowsOf(Site::keyStates, layer),
                 m_sink.rowsOf(Site::kvBProj, layer), block, n},
                dContext, dq, dk, dRebuilt);

  MatrixSpan dRotaryKey = dCompressed;  // behind the latent's own `rank` columns
  dRotaryKey.data += rank;
  dRotaryKey.cols = r;
  for (int row = 0; row < rows; ++row) {
    std::fill_n(dRotaryKey.row(row), r, 0.0f);
    for (int h = 0; h < heads; ++h) {
      const float* const key = dk.row(row) + h * (n + r);
      std::copy_n(key, n, dRebuilt.row(row) + h * block);
      addTo(key + n, dRotaryKey.row(row), r);
      std::copy_n(dq.row(row) + h * (n + r) + n, r, dRotaryQuery.row(row) + h * r);
    }
  }
  unrotate(dRotaryKey);
  unrotate(dRotaryQuery);
  for (int row = 0; row < rows; ++row) {
    for (int h = 0; h < heads; ++h)
      std::copy_n(dRotaryQuery.row(row) + h * r, r, dq.row(row) + h * (n + r) + n);
  }

  linearBackward(m_sink.rowsOf(Site::kvALayernorm, layer), weights.kvBProj, dRebuilt,
                 {pass.matrix(R::kvBProjWeight, layer), nullptr}, dLatent, false);
  ConstMatrixSpan compressed = m_sink.rowsOf(Site::kvAProj, layer);
  compressed.cols = rank;
  MatrixSpan dCompressedLatent = dCompressed;
  dCompressedLatent.cols = rank;
  rmsNormBackward(compressed, weights.kvANorm, kLatentNormEps, dLatent, pass.vector(R::kvANormWeight, layer),
                  dCompressedLatent, false);
  linearBackward(input, weights.kvAProj, dCompressed, {pass.matrix(R::kvAProjWeight, layer), nullptr}, dIn,
                 false);

  if (m_config.qLoraRank == 0) {
    linearBackward(input, weights.qProj, dq, {pass.matrix(R::qProjWeight, layer), nullptr}, dIn, true);
    return;
  }
  const MatrixSpan dNormed = scratch(kQueryLatent, rows, m_config.qLoraRank);
  const MatrixSpan dDown = scratch(kQueryLatent2, rows, m_config.qLoraRank);
  linearBackward(m_sink.rowsOf(Site::qALayernorm, layer), weights.qBProj, dq,
                 {pass.matrix(R::qBProjWeight, layer), nullptr}, dNormed, false);
  rmsNormBackward(m_sink.rowsOf(Site::qAProj, layer), weights.qANorm, kLatentNormEps, dNormed,
                  pass.vector(R::qANormWeight, layer), dDown, false);
  linearBackward(input, weights.qAProj, dDown, {pass.matrix(R::qAProjWeight, layer), nullptr}, dIn, true);
}

/// Per query head, with c = A v and A = softmax(s), s = q kᵀ / √d, in blocks of query rows:
///   dA = dc vᵀ,  ds = A ∘ (dA − (dc · c) 1ᵀ),  dq = ds k / √d,  dk += dsᵀ q / √d,  dv += Aᵀ dc.
void SequenceGradient::headsBackward(LayerIndex layer, const HeadStates& states, ConstMatrixSpan dContext,
                                     MatrixSpan dq, MatrixSpan dk, MatrixSpan dv) {
  const ConstMatrixSpan context = m_sink.rowsOf(Site::context, layer);
  const int rows = states.q.rows;
  const int d = m_config.headDim, valueWidth = m_config.valueHeadDim();
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  const auto columns = [](auto matrix, int first, int count) {
    matrix.data += first;
    matrix.cols = count;
    return matrix;
  };
  for (int r = 0; r < rows; ++r) {
    std::fill_n(dk.row(r), dk.cols, 0.0f);
    std::fill_n(dv.row(r), dv.cols, 0.0f);
  }
  for (int head = 0; head < m_config.numAttentionHeads; ++head) {
    const int shared = m_config.keyValueHeadOf(HeadIndex{head}).value;
    const int value = shared * states.valueStride + states.valueOffset;
    const ConstMatrixSpan weights = m_sink.weightsOf(layer, HeadIndex{head});
    for (int first = 0; first < rows; first += kQueryBlock) {
      const int count = std::min(kQueryBlock, rows - first);
      const int visible = first + count;
      ConstMatrixSpan a = weights.middleRows(first, count);
      a.cols = visible;
      const ConstMatrixSpan dc = columns(dContext, head * valueWidth, valueWidth).middleRows(first, count);
      const ConstMatrixSpan c = columns(context, head * valueWidth, valueWidth).middleRows(first, count);
      const MatrixSpan ds = scratch(kScores, count, visible);
      gemmNT(dc, columns(states.v, value, valueWidth).middleRows(0, visible), ds, false);
      for (int r = 0; r < count; ++r) {
        float mean = 0;
        for (int i = 0; i < valueWidth; ++i) mean += dc(r, i) * c(r, i);
        float* const row = ds.row(r);
        const float* const weight = a.row(r);
        for (int j = 0; j < visible; ++j) row[j] = weight[j] * (row[j] - mean) * scale;
      }
      gemmNN(ds, columns(states.k, shared * d, d).middleRows(0, visible),
             columns(dq, head * d, d).middleRows(first, count), false);
      gemmTN(ds, columns(states.q, head * d, d).middleRows(first, count),
             columns(dk, shared * d, d).middleRows(0, visible), true);
      gemmTN(a, dc, columns(dv, value, valueWidth).middleRows(0, visible), true);
    }
  }
}

/// Linear attention in its parallel form, per query head: w_ij = φ(q_i)·φ(k_j) for j ≤ i, D_i = Σ_j w_ij, c_i
/// = Σ_j w_ij v_j / D_i:
///   dw_ij = (dc_i·v_j − dc_i·c_i) / D_i,  dφ(q) = dw φ(k),  dφ(k) = dwᵀ φ(q),  dv_j = Σ_i w_ij / D_i dc_i,
/// and φ'(x) = 1 for x > 0, else φ(x).
void SequenceGradient::linearHeadsBackward(LayerIndex layer, ConstMatrixSpan dContext, MatrixSpan dq,
                                           MatrixSpan dk, MatrixSpan dv) {
  const ConstMatrixSpan q = m_sink.rowsOf(Site::qFeatures, layer), k = m_sink.rowsOf(Site::kFeatures, layer);
  const ConstMatrixSpan v = m_sink.rowsOf(Site::vProj, layer), context = m_sink.rowsOf(Site::context, layer);
  const int rows = q.rows, d = m_config.headDim;
  const auto headOf = [d](auto matrix, int head) {
    matrix.data += head * d;
    matrix.cols = d;
    return matrix;
  };
  for (int r = 0; r < rows; ++r) {
    std::fill_n(dk.row(r), dk.cols, 0.0f);
    std::fill_n(dv.row(r), dv.cols, 0.0f);
  }
  for (int head = 0; head < m_config.numAttentionHeads; ++head) {
    const int shared = m_config.keyValueHeadOf(HeadIndex{head}).value;
    const ConstMatrixSpan dc = headOf(dContext, head), c = headOf(context, head);
    const MatrixSpan w = scratch(kWeights, rows, rows), dw = scratch(kScores, rows, rows);
    gemmNT(headOf(q, head), headOf(k, shared), w, false);
    gemmNT(dc, headOf(v, shared), dw, false);
    for (int i = 0; i < rows; ++i) {
      float whole = 0, mean = 0;
      for (int j = 0; j <= i; ++j) whole += w(i, j);
      for (int x = 0; x < d; ++x) mean += dc(i, x) * c(i, x);
      for (int j = 0; j < rows; ++j) {
        w(i, j) = j <= i ? w(i, j) / whole : 0.0f;
        dw(i, j) = j <= i ? (dw(i, j) - mean) / whole : 0.0f;
      }
    }
    gemmNN(dw, headOf(k, shared), headOf(dq, head), false);
    gemmTN(dw, headOf(q, head), headOf(dk, shared), true);
    gemmTN(w, dc, headOf(dv, shared), true);
  }
  const auto throughFeature = [](ConstMatrixSpan features, MatrixSpan gradient) {
    for (int r = 0; r < gradient.rows; ++r) {
      for (int i = 0; i < gradient.cols; ++i) gradient(r, i) *= std::min(features(r, i), 1.0f);
    }
  };
  throughFeature(q, dq);
  throughFeature(k, dk);
}

void SequenceGradient::unrotate(MatrixSpan rows) const {
  // A rotation's gradient turns back: by −m θ, the same cosines and negated sines.
  const int d = m_config.rotaryDim(), pairs = d / 2;
  for (int r = 0; r < rows.rows; ++r) {
    const float* const cosines = m_cosines.data() + static_cast<std::ptrdiff_t>(r) * pairs;
    const float* const sines = m_sines.data() + static_cast<std::ptrdiff_t>(r) * pairs;
    for (int base = 0; base < rows.cols; base += d) {
      float* const head = rows.row(r) + base;
      for (int i = 0; i < pairs; ++i) {
        const RopePair pair = ropePair(m_config.rotaryLayout, i, d);
        const float a = head[pair.first];
        const float b = head[pair.second];
        head[pair.first] = a * cosines[i] + b * sines[i];
        head[pair.second] = b * cosines[i] - a * sines[i];
      }
    }
  }
}

MatrixSpan SequenceGradient::scratch(int slot, int rows, int cols) {
  return m_scratch.matrix(slot, rows, cols);
}

}  // namespace decodescope
