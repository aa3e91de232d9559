#pragma once

#include "core/attention/kv_cache.h"
#include "core/decode/forward.h"
#include "core/model/model.h"
#include "core/train/training_sink.h"

#include <span>
#include <vector>

namespace decodescope {

/// A target that is not predicted and adds nothing to the loss.
inline constexpr TokenId kNoTarget{-1};

/// Forward and backward pass of one sequence. Holds the buffers of one thread; used again for every sequence.
///
/// The backward pass is written by hand for every block that ModelConfig can describe: embeddings (tied or
/// not, learned positions), RMSNorm and LayerNorm before or after the block, linear layers with and without
/// bias, RoPE in both layouts, causal attention with shared key/value heads, gated and plain MLPs, cross
/// entropy; sliding windows, MLA with and without a latent of the queries, linear attention.
class SequenceGradient {
 public:
  /// Needs config.validate().ok() and 1 ≤ maxRows ≤ S.
  SequenceGradient(const ModelConfig& config, int maxRows);

  /// Adds `scale` · d(Σ_t −ln p(targets_t)) / d(parameters) to `gradient`, laid out as model.layout() says,
  /// and returns the unscaled sum in nats. tokens, targets (T); T ≤ maxRows. The result depends on the
  /// operands alone: same bits on any thread.
  double add(const Model& model, std::span<const TokenId> tokens, std::span<const TokenId> targets,
             float scale, std::span<float> gradient);

  /// Σ_t −ln p(targets_t) in nats, summed in double; no gradient.
  double loss(const Model& model, std::span<const TokenId> tokens, std::span<const TokenId> targets);

 private:
  struct Pass;  // one backward pass: model, gradient and the shape of the sequence
  MatrixSpan scratch(int slot, int rows, int cols);
  double crossEntropy(ConstMatrixSpan logits, std::span<const TokenId> targets, float scale,
                      MatrixSpan gradient) const;
  void backward(const Model& model, std::span<const TokenId> tokens, MatrixSpan logitGradient,
                std::span<float> gradient);
  void mlpBackward(Pass& pass, LayerIndex layer, ConstMatrixSpan dOut, MatrixSpan dIn);
  void attentionBackward(Pass& pass, LayerIndex layer, ConstMatrixSpan input, ConstMatrixSpan dOut,
                         MatrixSpan dIn);
  void latentBackward(Pass& pass, LayerIndex layer, ConstMatrixSpan input, ConstMatrixSpan dContext,
                      MatrixSpan dIn);
  /// Queries, keys and values of every head, side by side in rows, values `valueOffset` behind the start of
  /// blocks of `valueStride` numbers a head.
  struct HeadStates {
    ConstMatrixSpan q, k, v;
    int valueStride = 0;
    int valueOffset = 0;
  };
  void headsBackward(LayerIndex layer, const HeadStates& states, ConstMatrixSpan dContext, MatrixSpan dq,
                     MatrixSpan dk, MatrixSpan dv);
  void linearHeadsBackward(LayerIndex layer, ConstMatrixSpan dContext, MatrixSpan dq, MatrixSpan dk,
                           MatrixSpan dv);
  void unrotate(MatrixSpan rows) const;

  ModelConfig m_config;
  TrainingSink m_sink;
  KvCache m_cache;
  ForwardWorkspace m_forward;
  ForwardWorkspace m_scratch;
  AlignedBuffer m_cosines, m_sines;  ///< (maxRows, config.rotaryDim()/2), RoPE only
};

}  // namespace decodescope
