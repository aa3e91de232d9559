#include "core/model/parameter_layout.h"

namespace decodescope {

bool mayStayStored(ParameterRole role) {
  using R = ParameterRole;
  switch (role) {
    case R::embedTokens:
    case R::qProjWeight:
    case R::kProjWeight:
    case R::vProjWeight:
    case R::oProjWeight:
    case R::gateProjWeight:
    case R::upProjWeight:
    case R::downProjWeight:
    case R::lmHeadWeight:
    case R::qAProjWeight:
    case R::qBProjWeight:
    case R::kvAProjWeight:
    case R::kvBProjWeight:
      return true;
    default:
      return false;
  }
}

ParameterLayout::ParameterLayout(const ModelConfig& config) {
  const auto add = [this](ParameterRole role, LayerIndex layer, int rows, int cols) {
    const Parameter parameter{role, layer, rows, cols, m_arenaSize, m_parameters.size()};
    m_parameterCount += parameter.size();
    m_arenaSize += (parameter.size() + 15) / 16 * 16;
    m_parameters.push_back(parameter);
  };
  const auto addNorm = [&](ParameterRole weight, ParameterRole bias, LayerIndex layer) {
    add(weight, layer, 1, config.hiddenSize);
    if (config.norm == NormKind::layerNorm) add(bias, layer, 1, config.hiddenSize);
  };
  const auto addLinear = [&](ParameterRole weight, ParameterRole bias, LayerIndex layer, int out, int in,
                             bool hasBias) {
    add(weight, layer, out, in);
    if (hasBias) add(bias, layer, 1, out);
  };

  const int width = config.hiddenSize;
  const bool preNorm = config.normPlacement == NormPlacement::preNorm;
  add(ParameterRole::embedTokens, kNoLayer, config.vocabSize, width);
  if (config.position == PositionKind::learned) {
    add(ParameterRole::embedPositions, kNoLayer, config.maxPositionEmbeddings + config.positionOffset, width);
  }
  for (int i = 0; i < config.numHiddenLayers; ++i) {
    const LayerIndex layer{i};
    if (preNorm) addNorm(ParameterRole::inputNormWeight, ParameterRole::inputNormBias, layer);
    const bool latent = config.attention == AttentionKind::latent;
    if (latent && config.qLoraRank > 0) {
      add(ParameterRole::qAProjWeight, layer, config.qLoraRank, width);
      add(ParameterRole::qANormWeight, layer, 1, config.qLoraRank);
      add(ParameterRole::qBProjWeight, layer, config.queryWidth(), config.qLoraRank);
    } else {
      addLinear(ParameterRole::qProjWeight, ParameterRole::qProjBias, layer, config.queryWidth(), width,
                config.qkvBias);
    }
    if (latent) {
      add(ParameterRole::kvAProjWeight, layer, config.kvLoraRank + config.qkRopeHeadDim, width);
      add(ParameterRole::kvANormWeight, layer, 1, config.kvLoraRank);
      add(ParameterRole::kvBProjWeight, layer,
          config.numAttentionHeads * (config.qkNopeHeadDim + config.vHeadDim), config.kvLoraRank);
    } else {
      addLinear(ParameterRole::kProjWeight, ParameterRole::kProjBias, layer, config.keyValueWidth(), width,
                config.qkvBias);
      addLinear(ParameterRole::vProjWeight, ParameterRole::vProjBias, layer, config.keyValueWidth(), width,
                config.qkvBias);
    }
    addLinear(ParameterRole::oProjWeight, ParameterRole::oProjBias, layer, width, config.contextWidth(),
              config.oProjBias);
    addNorm(ParameterRole::postAttentionNormWeight, ParameterRole::postAttentionNormBias, layer);
    const int inner = config.intermediateSize;
    if (config.gatedMlp) {
      addLinear(ParameterRole::gateProjWeight, ParameterRole::gateProjBias, layer, inner, width,
                config.mlpBias);
    }
    addLinear(ParameterRole::upProjWeight, ParameterRole::upProjBias, layer, inner, width, config.mlpBias);
    addLinear(ParameterRole::downProjWeight, ParameterRole::downProjBias, layer, width, inner,
              config.mlpBias);
    if (!preNorm)
      addNorm(ParameterRole::postFeedforwardNormWeight, ParameterRole::postFeedforwardNormBias, layer);
  }
  if (config.finalNorm) addNorm(ParameterRole::finalNormWeight, ParameterRole::finalNormBias, kNoLayer);
  if (!config.tieWordEmbeddings) add(ParameterRole::lmHeadWeight, kNoLayer, config.vocabSize, width);
  if (config.lmHeadBias) add(ParameterRole::lmHeadBias, kNoLayer, 1, config.vocabSize);
}

const Parameter* ParameterLayout::find(ParameterRole role, LayerIndex layer) const {
  for (const Parameter& parameter : m_parameters) {
    if (parameter.role == role && parameter.layer == layer) return &parameter;
  }
  return nullptr;
}

}  // namespace decodescope
