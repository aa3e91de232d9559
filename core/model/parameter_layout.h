#pragma once

#include "core/base/ids.h"
#include "core/model/model_config.h"

#include <cstddef>
#include <vector>

namespace decodescope {

/// What a parameter tensor is for. How a file names it is the business of core/formats. New roles go to the
/// end: a role's number is part of its stream of random first weights.
enum class ParameterRole {
  embedTokens,     // (V, D)
  embedPositions,  // (S + positionOffset, D), learned positions only
  inputNormWeight,
  inputNormBias,  // (D)
  qProjWeight,
  qProjBias,  // (H·d, D), (H·d)
  kProjWeight,
  kProjBias,  // (G·d, D), (G·d)
  vProjWeight,
  vProjBias,  // (G·d, D), (G·d)
  oProjWeight,
  oProjBias,  // (D, H·d), (D); under MLA (D, H·v)
  postAttentionNormWeight,
  postAttentionNormBias,  // (D)
  gateProjWeight,
  gateProjBias,  // (F, D), (F)
  upProjWeight,
  upProjBias,  // (F, D), (F); GPT-2's c_fc, OPT's fc1
  downProjWeight,
  downProjBias,  // (D, F), (D); GPT-2's c_proj, OPT's fc2
  postFeedforwardNormWeight,
  postFeedforwardNormBias,  // (D), post-norm only
  finalNormWeight,
  finalNormBias,  // (D)
  lmHeadWeight,   // (V, D), untied only
  lmHeadBias,     // (V)
  qAProjWeight,
  qANormWeight,
  qBProjWeight,  // MLA with q_lora_rank Q: (Q, D), (Q), (H·d, Q), in place of q_proj
  kvAProjWeight,
  kvANormWeight,
  kvBProjWeight,  // MLA: (C + r, D), (C), (H·(n + v), C), in place of k_proj and v_proj
};

/// Whether a parameter may stay as its file stores it: the matrices, which are multiplied with or looked up
/// by the row. Vectors and learned positions are added and scaled by everybody, and are float32 in every
/// model.
bool mayStayStored(ParameterRole role);

/// One parameter tensor: its role, its shape (vectors are 1 × cols) and where it lies in the arena.
struct Parameter {
  ParameterRole role;
  LayerIndex layer;  ///< kNoLayer for those outside the layers
  int rows;
  int cols;
  std::size_t offset;  ///< in floats
  std::size_t index;   ///< in ParameterLayout::parameters()

  std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols); }
};

/// Every parameter that a configuration has, in a fixed order, laid out one after another in a single arena
/// (each start rounded up to 16 floats). Weights, gradients and optimizer moments share this layout.
/// Pre-norm: inputNorm stands before attention, postAttentionNorm between it and the MLP.
/// Post-norm: postAttentionNorm follows attention's residual sum, postFeedforwardNorm the MLP's; there is no
/// inputNorm.
class ParameterLayout {
 public:
  /// Needs config.validate().ok().
  explicit ParameterLayout(const ModelConfig& config);

  const std::vector<Parameter>& parameters() const { return m_parameters; }
  /// Floats in the arena, padding included.
  std::size_t arenaSize() const { return m_arenaSize; }
  /// Numbers that are trained or loaded, padding left out.
  std::size_t parameterCount() const { return m_parameterCount; }
  /// nullptr when the configuration lacks it.
  const Parameter* find(ParameterRole role, LayerIndex layer = kNoLayer) const;

 private:
  std::vector<Parameter> m_parameters;
  std::size_t m_arenaSize = 0;
  std::size_t m_parameterCount = 0;
};

}  // namespace decodescope
