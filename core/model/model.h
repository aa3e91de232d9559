#pragma once

#include "core/base/aligned_buffer.h"
#include "core/base/mapped_file.h"
#include "core/base/matrix_span.h"
#include "core/base/weight_span.h"
#include "core/model/model_config.h"
#include "core/model/parameter_layout.h"

#include <memory>
#include <vector>

namespace decodescope {

/// y = W x + b. weight (out, in); bias (out) or nullptr.
struct LinearWeights {
  WeightSpan weight;
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

/// Each parameter's numbers, and what keeps them there.
struct StoredWeights {
  std::vector<WeightSpan> parameters;  ///< in the order of ParameterLayout; float32 where !mayStayStored()
  std::vector<std::shared_ptr<const void>> owners;       ///< of memory
  std::vector<std::shared_ptr<const MappedFile>> files;  ///< whose bytes are used in place
};

/// A configuration and its numbers. Made with zeros, they are float32 in one arena laid out by
/// ParameterLayout, to be filled or trained. Loaded, matrices stay as their file stores them, copied to
/// memory or in place in the mapped file; vectors and learned positions are widened.
/// Immutable for everyone but its maker; shared as shared_ptr<const Model>.
class Model {
 public:
  /// All weights zero, in an arena. Needs config.validate().ok().
  explicit Model(ModelConfig config);
  /// Loaded weights. Needs one span of the right shape for each parameter of the layout.
  Model(ModelConfig config, StoredWeights weights);

  const ModelConfig& config() const { return m_config; }
  const ParameterLayout& layout() const { return m_layout; }

  WeightSpan embedTokens() const { return m_embedTokens; }             ///< (V, D)
  ConstMatrixSpan embedPositions() const { return m_embedPositions; }  ///< (S + offset, D) or empty
  const LayerWeights& layer(LayerIndex i) const { return m_layers[static_cast<std::size_t>(i.value)]; }
  NormWeights finalNorm() const { return m_finalNorm; }
  LinearWeights lmHead() const { return m_lmHead; }  ///< embed_tokens itself when tied

  /// One parameter's numbers as stored. The parameter is one of layout().parameters(), or a copy of it.
  WeightSpan weights(const Parameter& p) const;
  /// All of them, to be shared by another model: what holds an arena is the model itself.
  const StoredWeights& stored() const { return m_stored; }
  /// Bytes of all parameters as stored, of those in the arena without its padding.
  std::uint64_t weightBytes() const;

  bool hasArena() const { return m_arena.size() > 0; }
  /// For the trainer, writers and whoever fills a model of zeros. Need hasArena().
  MatrixSpan parameter(const Parameter& p);
  ConstMatrixSpan parameter(const Parameter& p) const { return weights(p).floats(); }
  std::span<float> arena();
  std::span<const float> arena() const;

  /// An error when a file that is used in place is no longer what it was when it was opened: its size or its
  /// time of change is another, or a page could not be read. Cheap: a system call a file.
  Result<void> checkFiles() const;

 private:
  void bindViews();

  ModelConfig m_config;
  ParameterLayout m_layout;
  AlignedBuffer m_arena;
  StoredWeights m_stored;  ///< its spans also for an arena
  WeightSpan m_embedTokens;
  ConstMatrixSpan m_embedPositions;
  std::vector<LayerWeights> m_layers;
  NormWeights m_finalNorm;
  LinearWeights m_lmHead;
};

}  // namespace decodescope
