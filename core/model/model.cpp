#include "core/model/model.h"

namespace decodescope {

Model::Model(ModelConfig config)
    : m_config(std::move(config)), m_layout(m_config), m_arena(m_layout.arenaSize()) {
  bindViews();
}

void Model::bindViews() {
  const auto matrix = [this](ParameterRole role, LayerIndex layer) -> ConstMatrixSpan {
    const Parameter* p = m_layout.find(role, layer);
    return p ? ConstMatrixSpan{m_arena.data() + p->offset, p->rows, p->cols} : ConstMatrixSpan{};
  };
  const auto linear = [&](ParameterRole weight, ParameterRole bias, LayerIndex layer) {
    return LinearWeights{matrix(weight, layer), matrix(bias, layer).data};
  };
  const auto norm = [&](ParameterRole weight, ParameterRole bias, LayerIndex layer) {
    return NormWeights{matrix(weight, layer).data, matrix(bias, layer).data};
  };
  using R = ParameterRole;
  m_embedTokens = matrix(R::embedTokens, kNoLayer);
  m_embedPositions = matrix(R::embedPositions, kNoLayer);
  for (int i = 0; i < m_config.numHiddenLayers; ++i) {
    const LayerIndex l{i};
    LayerWeights w;
    w.inputNorm = norm(R::inputNormWeight, R::inputNormBias, l);
    w.qProj = linear(R::qProjWeight, R::qProjBias, l);
    w.kProj = linear(R::kProjWeight, R::kProjBias, l);
    w.vProj = linear(R::vProjWeight, R::vProjBias, l);
    w.oProj = linear(R::oProjWeight, R::oProjBias, l);
    const auto unbiased = [&](ParameterRole weight) { return LinearWeights{matrix(weight, l), nullptr}; };
    w.qAProj = unbiased(R::qAProjWeight);
    w.qBProj = unbiased(R::qBProjWeight);
    w.kvAProj = unbiased(R::kvAProjWeight);
    w.kvBProj = unbiased(R::kvBProjWeight);
    w.qANorm = {matrix(R::qANormWeight, l).data, nullptr};
    w.kvANorm = {matrix(R::kvANormWeight, l).data, nullptr};
    w.postAttentionNorm = norm(R::postAttentionNormWeight, R::postAttentionNormBias, l);
    w.gateProj = linear(R::gateProjWeight, R::gateProjBias, l);
    w.upProj = linear(R::upProjWeight, R::upProjBias, l);
    w.downProj = linear(R::downProjWeight, R::downProjBias, l);
    w.postFeedforwardNorm = norm(R::postFeedforwardNormWeight, R::postFeedforwardNormBias, l);
    m_layers.push_back(w);
  }
  m_finalNorm = norm(R::finalNormWeight, R::finalNormBias, kNoLayer);
  m_lmHead = linear(m_config.tieWordEmbeddings ? R::embedTokens : R::lmHeadWeight, R::lmHeadBias, kNoLayer);
}

}  // namespace decodescope
