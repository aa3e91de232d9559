#include "core/train/backward.h"

#include "core/ops/gemm.h"
#include "core/ops/rope.h"
#include "core/train/backward_ops.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

// Slots of the scratch workspace.
enum Slot { kLogits, kStream, kStream2, kStream3, kInner, kInner2, kContext, kQuery, kKey, kValue, kScores };

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
    const auto size = static_cast<std::size_t>(maxRows) * static_cast<std::size_t>(config.headDim / 2);
    m_cosines = AlignedBuffer(size);
    m_sines = AlignedBuffer(size);
    ropeTable(config, Position{0}, {m_cosines.data(), maxRows, config.headDim / 2},
              {m_sines.data(), maxRows, config.headDim / 2});
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
  const MatrixSpan dContext = scratch(kContext, dOut.rows, m_config.queryWidth());
  const MatrixSpan dq = scratch(kQuery, dOut.rows, m_config.queryWidth());
  const MatrixSpan dk = scratch(kKey, dOut.rows, m_config.keyValueWidth());
  const MatrixSpan dv = scratch(kValue, dOut.rows, m_config.keyValueWidth());
  linearBackward(m_sink.rowsOf(Site::context, layer), weights.oProj, dOut,
                 pass.linear(R::oProjWeight, R::oProjBias, layer), dContext, false);
  headsBackward(layer, dContext, dq, dk, dv);
  if (m_config.position == PositionKind::rotary) {
    unrotate(dq);
    unrotate(dk);
  }
  linearBackward(input, weights.qProj, dq, pass.linear(R::qProjWeight, R::qProjBias, layer), dIn, false);
  linearBackward(input, weights.kProj, dk, pass.linear(R::kProjWeight, R::kProjBias, layer), dIn, true);
  linearBackward(input, weights.vProj, dv, pass.linear(R::vProjWeight, R::vProjBias, layer), dIn, true);
}

/// Per query head, with c = A v and A = softmax(s), s = q kᵀ / √d, in blocks of query rows:
///   dA = dc vᵀ,  ds = A ∘ (dA − (dc · c) 1ᵀ),  dq = ds k / √d,  dk += dsᵀ q / √d,  dv += Aᵀ dc.
void SequenceGradient::headsBackward(LayerIndex layer, ConstMatrixSpan dContext, MatrixSpan dq, MatrixSpan dk,
                                     MatrixSpan dv) {
  const bool rotary = m_config.position == PositionKind::rotary;
  const ConstMatrixSpan q = m_sink.rowsOf(rotary ? Site::qRot : Site::qProj, layer);
  const ConstMatrixSpan k = m_sink.rowsOf(rotary ? Site::kRot : Site::kProj, layer);
  const ConstMatrixSpan v = m_sink.rowsOf(Site::vProj, layer);
  const ConstMatrixSpan context = m_sink.rowsOf(Site::context, layer);
  const int rows = q.rows;
  const int d = m_config.headDim;
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  const auto headOf = [d](auto matrix, int head) {
    matrix.data += static_cast<std::ptrdiff_t>(head) * d;
    matrix.cols = d;
    return matrix;
  };
  for (int r = 0; r < rows; ++r) {
    std::fill_n(dk.row(r), dk.cols, 0.0f);
    std::fill_n(dv.row(r), dv.cols, 0.0f);
  }
  for (int head = 0; head < m_config.numAttentionHeads; ++head) {
    const int shared = m_config.keyValueHeadOf(HeadIndex{head}).value;
    const ConstMatrixSpan weights = m_sink.weightsOf(layer, HeadIndex{head});
    for (int first = 0; first < rows; first += kQueryBlock) {
      const int count = std::min(kQueryBlock, rows - first);
      const int visible = first + count;
      ConstMatrixSpan a = weights.middleRows(first, count);
      a.cols = visible;
      const ConstMatrixSpan dc = headOf(dContext, head).middleRows(first, count);
      const ConstMatrixSpan c = headOf(context, head).middleRows(first, count);
      const MatrixSpan ds = scratch(kScores, count, visible);
      gemmNT(dc, headOf(v, shared).middleRows(0, visible), ds, false);
      for (int r = 0; r < count; ++r) {
        float mean = 0;
        for (int i = 0; i < d; ++i) mean += dc(r, i) * c(r, i);
        float* const row = ds.row(r);
        const float* const weight = a.row(r);
        for (int j = 0; j < visible; ++j) row[j] = weight[j] * (row[j] - mean) * scale;
      }
      gemmNN(ds, headOf(k, shared).middleRows(0, visible), headOf(dq, head).middleRows(first, count), false);
      gemmTN(ds, headOf(q, head).middleRows(first, count), headOf(dk, shared).middleRows(0, visible), true);
      gemmTN(a, dc, headOf(dv, shared).middleRows(0, visible), true);
    }
  }
}

void SequenceGradient::unrotate(MatrixSpan rows) const {
  // A rotation's gradient turns back: by −m θ, the same cosines and negated sines.
  const int pairs = m_config.headDim / 2;
  for (int r = 0; r < rows.rows; ++r) {
    const float* const cosines = m_cosines.data() + static_cast<std::ptrdiff_t>(r) * pairs;
    const float* const sines = m_sines.data() + static_cast<std::ptrdiff_t>(r) * pairs;
    for (int base = 0; base < rows.cols; base += m_config.headDim) {
      float* const head = rows.row(r) + base;
      for (int i = 0; i < pairs; ++i) {
        const RopePair pair = ropePair(m_config.rotaryLayout, i, m_config.headDim);
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
