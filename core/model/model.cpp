#include "core/model/model.h"

#include <utility>

namespace decodescope {

Model::Model(ModelConfig config)
    : m_config(std::move(config)), m_layout(m_config), m_arena(m_layout.arenaSize()) {
  for (const Parameter& p : m_layout.parameters())
    m_stored.parameters.push_back(ConstMatrixSpan{m_arena.data() + p.offset, p.rows, p.cols});
  bindViews();
}

Model::Model(ModelConfig config, StoredWeights weights)
    : m_config(std::move(config)), m_layout(m_config), m_stored(std::move(weights)) {
  DECODESCOPE_REQUIRE(m_stored.parameters.size() == m_layout.parameters().size());
  for (const Parameter& p : m_layout.parameters()) {
    const WeightSpan found = this->weights(p);
    DECODESCOPE_REQUIRE(found.data && found.rows == p.rows && found.cols == p.cols);
    DECODESCOPE_REQUIRE(found.type == FloatType::f32 || mayStayStored(p.role));
  }
  bindViews();
}

WeightSpan Model::weights(const Parameter& p) const {
  DECODESCOPE_REQUIRE(p.index < m_stored.parameters.size());
  return m_stored.parameters[p.index];
}

std::uint64_t Model::weightBytes() const {
  std::uint64_t bytes = 0;
  for (const WeightSpan& span : m_stored.parameters) bytes += span.bytes();
  return bytes;
}

MatrixSpan Model::parameter(const Parameter& p) {
  DECODESCOPE_REQUIRE(hasArena());
  return {m_arena.data() + p.offset, p.rows, p.cols};
}

std::span<float> Model::arena() {
  DECODESCOPE_REQUIRE(hasArena());
  return m_arena.span();
}

std::span<const float> Model::arena() const {
  DECODESCOPE_REQUIRE(hasArena());
  return m_arena.span();
}

Result<void> Model::checkFiles() const {
  for (const auto& file : m_stored.files) DECODESCOPE_CHECK(file->check());
  return {};
}

void Model::bindViews() {
  const auto matrix = [this](ParameterRole role, LayerIndex layer) -> WeightSpan {
    const Parameter* p = m_layout.find(role, layer);
    return p ? weights(*p) : WeightSpan{};
  };
  const auto floats = [&](ParameterRole role, LayerIndex layer) { return matrix(role, layer).floats(); };
  const auto linear = [&](ParameterRole weight, ParameterRole bias, LayerIndex layer) {
    return LinearWeights{matrix(weight, layer), floats(bias, layer).data};
  };
  const auto norm = [&](ParameterRole weight, ParameterRole bias, LayerIndex layer) {
    return NormWeights{floats(weight, layer).data, floats(bias, layer).data};
  };
  using R = ParameterRole;
  m_embedTokens = matrix(R::embedTokens, kNoLayer);
  m_embedPositions = floats(R::embedPositions, kNoLayer);
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
    w.qANorm = {floats(R::qANormWeight, l).data, nullptr};
    w.kvANorm = {floats(R::kvANormWeight, l).data, nullptr};
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
