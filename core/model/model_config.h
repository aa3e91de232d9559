#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/rope_scaling.h"

#include <optional>
#include <string>
#include <vector>

namespace decodescope {

enum class NormKind { rmsNorm, layerNorm };
enum class NormPlacement {
  preNorm,   ///< x + f(norm(x)): LLaMA, GPT-2
  postNorm,  ///< norm(x + f(x)): the 2017 Transformer
};
enum class PositionKind { rotary, learned, sinusoidal, none };
enum class RotaryLayout {
  rotateHalf,   ///< pair i is (x[i], x[i + d/2]): Hugging Face
  interleaved,  ///< pair i is (x[2i], x[2i+1]): RoFormer, llama2.c, GGUF llama
};
enum class Activation { silu, relu, gelu, geluTanh };

/// Everything that fixes the shape and the arithmetic of a decoder. Members carry Hugging Face's names.
/// Letters as in core/README.md: D hidden_size, L layers, H query heads, G key/value heads, d head_dim, F
/// intermediate_size, V vocab_size, S context limit.
struct ModelConfig {
  std::string modelType = "llama";  ///< Hugging Face's model_type: llama, gpt2, opt …

  int vocabSize = 0;              ///< V
  int hiddenSize = 0;             ///< D
  int intermediateSize = 0;       ///< F
  int numHiddenLayers = 0;        ///< L
  int numAttentionHeads = 0;      ///< H
  int numKeyValueHeads = 0;       ///< G; H for MHA, 1 for MQA
  int headDim = 0;                ///< d; free of D/H
  int maxPositionEmbeddings = 0;  ///< S

  NormKind norm = NormKind::rmsNorm;
  NormPlacement normPlacement = NormPlacement::preNorm;
  float normEps = 1e-5f;
  bool finalNorm = true;  ///< a norm before the output layer

  PositionKind position = PositionKind::rotary;
  RotaryLayout rotaryLayout = RotaryLayout::rotateHalf;
  double ropeTheta = 10000.0;
  RopeScaling ropeScaling;
  int positionOffset = 0;  ///< row of the position table that position 0 uses (OPT: 2)
  /// The learned table holds sinusoids that were never trained: for what views say, the arithmetic is that of
  /// `learned`.
  bool sinusoidalTable = false;

  Activation activation = Activation::silu;
  bool gatedMlp = true;  ///< down(act(gate(x)) · up(x)) against down(act(up(x)))

  bool qkvBias = false;  ///< biases of q_proj, k_proj, v_proj
  bool oProjBias = false;
  bool mlpBias = false;
  bool lmHeadBias = false;
  bool tieWordEmbeddings = true;  ///< lm_head shares embed_tokens

  std::optional<TokenId> bosTokenId;
  std::vector<TokenId> eosTokenIds;

  /// H·d, the width of q_proj's output.
  int queryWidth() const { return numAttentionHeads * headDim; }
  /// G·d, the width of k_proj's and v_proj's output.
  int keyValueWidth() const { return numKeyValueHeads * headDim; }
  /// H/G: how many query heads read one key/value head.
  int queryHeadsPerKeyValueHead() const { return numAttentionHeads / numKeyValueHeads; }
  /// The key/value head that query head h reads: h / (H/G).
  KvHeadIndex keyValueHeadOf(HeadIndex h) const { return KvHeadIndex{h.value / queryHeadsPerKeyValueHead()}; }
  /// "MHA", "GQA" or "MQA".
  const char* attentionName() const;

  /// Checks every range and every relation (G divides H, d even under RoPE, eps > 0 …), and that the
  /// parameter count and the buffers of one step stay below 2^40 floats. The error's field is Hugging Face's
  /// name.
  Result<void> validate() const;
};

}  // namespace decodescope
