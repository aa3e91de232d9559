#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/rope_scaling.h"

#include <optional>
#include <string>
#include <string_view>
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
/// "rotate-half", "interleaved".
const char* rotaryLayoutName(RotaryLayout layout);
/// The layout of that name; nothing for another word.
std::optional<RotaryLayout> rotaryLayoutNamed(std::string_view name);
enum class Activation { silu, relu, gelu, geluTanh };
enum class AttentionKind {
  softmax,  ///< keys and values of G heads are cached: MHA, GQA, MQA, with or without a sliding window
  latent,  ///< MLA: a latent of rank C and one rotary key are cached, keys and values rebuilt from the latent
  linear,  ///< a running state in place of a cache: φ(q)ᵀ Σ φ(k) vᵀ / φ(q)·Σ φ(k), φ = elu + 1
};

/// Everything that fixes the shape and the arithmetic of a decoder. Members carry Hugging Face's names.
/// Letters as in core/README.md: D hidden_size, L layers, H query heads, G key/value heads, d head_dim, F
/// intermediate_size, V vocab_size, S context limit, W sliding_window, C kv_lora_rank; under MLA a head's d =
/// n
/// + r and its values have v numbers.
struct ModelConfig {
  std::string modelType = "llama";  ///< Hugging Face's model_type: llama, gpt2, opt …

  int vocabSize = 0;              ///< V
  int hiddenSize = 0;             ///< D
  int intermediateSize = 0;       ///< F
  int numHiddenLayers = 0;        ///< L
  int numAttentionHeads = 0;      ///< H
  int numKeyValueHeads = 0;       ///< G; H for MHA and MLA, 1 for MQA
  int headDim = 0;                ///< d, of a query and a key; free of D/H; n + r under MLA
  int maxPositionEmbeddings = 0;  ///< S

  AttentionKind attention = AttentionKind::softmax;
  int slidingWindow = 0;  ///< W: a query sees its own key and the W − 1 before it; 0: all. Softmax attention.
  // MLA only.
  int qLoraRank = 0;      ///< rank of the queries' latent; 0: q_proj straight from the hidden state
  int kvLoraRank = 0;     ///< C
  int qkNopeHeadDim = 0;  ///< n: the part of a query and a key that is not rotated
  int qkRopeHeadDim = 0;  ///< r: the part that is; keys share one
  int vHeadDim = 0;       ///< v

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
  /// Numbers of one head's value, and so of its context: d, or v under MLA.
  int valueHeadDim() const { return attention == AttentionKind::latent ? vHeadDim : headDim; }
  /// H · valueHeadDim(), the width of o_proj's input.
  int contextWidth() const { return numAttentionHeads * valueHeadDim(); }
  /// Numbers of a head that rotary positions turn: d, or r under MLA.
  int rotaryDim() const { return attention == AttentionKind::latent ? qkRopeHeadDim : headDim; }
  /// The oldest position that a query at `query` sees under the causal mask.
  int firstVisible(int query) const {
    return slidingWindow > 0 && query >= slidingWindow ? query - slidingWindow + 1 : 0;
  }
  /// H/G: how many query heads read one key/value head.
  int queryHeadsPerKeyValueHead() const { return numAttentionHeads / numKeyValueHeads; }
  /// The key/value head that query head h reads: h / (H/G).
  KvHeadIndex keyValueHeadOf(HeadIndex h) const { return KvHeadIndex{h.value / queryHeadsPerKeyValueHead()}; }
  /// "MHA", "GQA", "MQA", "MLA", "linear", with a window "GQA, window 32".
  std::string attentionName() const;

  /// Checks every range and every relation (G divides H, d even under RoPE, eps > 0 …), and that the
  /// parameter count and the buffers of one step stay below 2^40 floats. The error's field is Hugging Face's
  /// name.
  Result<void> validate() const;

 private:
  Result<void> validateAttention() const;
};

}  // namespace decodescope
