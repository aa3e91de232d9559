#pragma once

#include "core/base/aligned_buffer.h"
#include "core/base/matrix_span.h"
#include "core/model/model_config.h"
#include "core/model/parameter_layout.h"

#include <vector>

namespace decodescope {

/// y = W x + b. weight (out, in); bias (out) or nullptr.
struct LinearWeights {
  ConstMatrixSpan weight;
  const float* bias = nullptr;
};

/// γ (D) and, for LayerNorm, β (D) or nullptr. weight is nullptr where the configuration has no such norm.
struct NormWeights {
  const float* weight = nullptr;
  const float* bias = nullptr;
};

/// ε of MLA's two inner norms, whatever rms_norm_eps says: DeepSeek's own code leaves it at its default.
inline constexpr float kLatentNormEps = 1e-6f;

struct LayerWeights {
  NormWeights inputNorm;  // pre-norm only
  LinearWeights qProj, kProj, vProj, oProj;
  LinearWeights qAProj, qBProj, kvAProj, kvBProj;  // MLA
  NormWeights qANorm, kvANorm;                     // MLA, RMSNorm with kLatentNormEps
  NormWeights postAttentionNorm;
  LinearWeights gateProj, upProj, downProj;
  NormWeights postFeedforwardNorm;  // post-norm only
};

/// A configuration and its numbers: float32, in one arena laid out by ParameterLayout.
/// Immutable for everyone but its maker (a loader or the trainer); shared as shared_ptr<const Model>.
class Model {
 public:
  /// All weights zero. Needs config.validate().ok().
  explicit Model(ModelConfig config);

  const ModelConfig& config() const { return m_config; }
  const ParameterLayout& layout() const { return m_layout; }

  ConstMatrixSpan embedTokens() const { return m_embedTokens; }        ///< (V, D)
  ConstMatrixSpan embedPositions() const { return m_embedPositions; }  ///< (S + offset, D) or empty
  const LayerWeights& layer(LayerIndex i) const { return m_layers[static_cast<std::size_t>(i.value)]; }
  NormWeights finalNorm() const { return m_finalNorm; }
  LinearWeights lmHead() const { return m_lmHead; }  ///< embed_tokens itself when tied

  /// The numbers of one parameter, for loaders, writers and the trainer.
  MatrixSpan parameter(const Parameter& p) { return {m_arena.data() + p.offset, p.rows, p.cols}; }
  ConstMatrixSpan parameter(const Parameter& p) const { return {m_arena.data() + p.offset, p.rows, p.cols}; }
  std::span<float> arena() { return m_arena.span(); }
  std::span<const float> arena() const { return m_arena.span(); }

 private:
  void bindViews();

  ModelConfig m_config;
  ParameterLayout m_layout;
  AlignedBuffer m_arena;
  ConstMatrixSpan m_embedTokens;
  ConstMatrixSpan m_embedPositions;
  std::vector<LayerWeights> m_layers;
  NormWeights m_finalNorm;
  LinearWeights m_lmHead;
};

}  // namespace decodescope
