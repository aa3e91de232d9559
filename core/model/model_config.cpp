#include "core/model/model_config.h"

#include <cmath>

namespace decodescope {
namespace {

Error bad(const char* field, const char* what, std::string found, std::string allowed) {
  Error error;
  error.field = field;
  error.what = what;
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  return error;
}

Result<void> checkCount(const char* field, int value, int limit) {
  if (value >= 1 && value <= limit) return {};
  return bad(field, "out of range", std::to_string(value), "1 to " + std::to_string(limit));
}

bool isPositive(double number) {
  return number > 0.0 && std::isfinite(number);
}

Result<void> checkScaling(const RopeScaling& scaling, int headDim) {
  using Kind = RopeScaling::Kind;
  const auto outOfRange = [](const char* field, double found, const char* allowed) {
    return bad(field, "out of range", std::to_string(found), allowed);
  };
  if (scaling.kind == Kind::linear || scaling.kind == Kind::llama3) {
    if (!isPositive(scaling.factor))
      return outOfRange("rope_scaling.factor", scaling.factor, "a finite number above 0");
  }
  if (scaling.kind == Kind::llama3) {
    if (!isPositive(scaling.lowFreqFactor))
      return outOfRange("rope_scaling.low_freq_factor", scaling.lowFreqFactor, "a finite number above 0");
    if (!std::isfinite(scaling.highFreqFactor) || !(scaling.highFreqFactor > scaling.lowFreqFactor))
      return outOfRange("rope_scaling.high_freq_factor", scaling.highFreqFactor, "more than low_freq_factor");
    DECODESCOPE_CHECK(checkCount("rope_scaling.original_max_position_embeddings",
                                 scaling.originalMaxPositionEmbeddings, 1 << 24));
  }
  if (scaling.kind != Kind::divisors) return {};
  if (scaling.divisors.size() != static_cast<std::size_t>(headDim / 2)) {
    return bad("rope_freqs", "not one for every pair", std::to_string(scaling.divisors.size()),
               std::to_string(headDim / 2));
  }
  for (const float divisor : scaling.divisors) {
    if (!isPositive(static_cast<double>(divisor)))
      return outOfRange("rope_freqs", static_cast<double>(divisor), "finite numbers above 0");
  }
  return {};
}

}  // namespace

const char* rotaryLayoutName(RotaryLayout layout) {
  return layout == RotaryLayout::rotateHalf ? "rotate-half" : "interleaved";
}

std::optional<RotaryLayout> rotaryLayoutNamed(std::string_view name) {
  for (const RotaryLayout layout : {RotaryLayout::rotateHalf, RotaryLayout::interleaved}) {
    if (name == rotaryLayoutName(layout)) return layout;
  }
  return std::nullopt;
}

std::string ModelConfig::attentionName() const {
  if (attention == AttentionKind::latent) return "MLA";
  if (attention == AttentionKind::linear) return "linear";
  std::string name = numKeyValueHeads == numAttentionHeads ? "MHA" : numKeyValueHeads == 1 ? "MQA" : "GQA";
  if (slidingWindow > 0) name += ", window " + std::to_string(slidingWindow);
  return name;
}

Result<void> ModelConfig::validateAttention() const {
  if (slidingWindow < 0 || (slidingWindow > 0 && attention != AttentionKind::softmax)) {
    return bad("sliding_window", "out of range", std::to_string(slidingWindow),
               attention == AttentionKind::softmax ? "null, or 1 or more" : "null");
  }
  if (attention == AttentionKind::linear && position == PositionKind::rotary) {
    return bad("attention_type", "linear attention under rotary positions", "rotary",
               "learned, sinusoidal or no positions");
  }
  if (attention != AttentionKind::latent) return {};
  DECODESCOPE_CHECK(checkCount("kv_lora_rank", kvLoraRank, 1 << 14));
  DECODESCOPE_CHECK(checkCount("qk_nope_head_dim", qkNopeHeadDim, 1 << 13));
  DECODESCOPE_CHECK(checkCount("qk_rope_head_dim", qkRopeHeadDim, 1 << 13));
  DECODESCOPE_CHECK(checkCount("v_head_dim", vHeadDim, 1 << 14));
  if (qLoraRank < 0 || qLoraRank > 1 << 14)
    return bad("q_lora_rank", "out of range", std::to_string(qLoraRank), "null, or 1 to 16384");
  if (qkRopeHeadDim % 2 != 0)
    return bad("qk_rope_head_dim", "odd under rotary positions", std::to_string(qkRopeHeadDim),
               "an even number");
  if (position != PositionKind::rotary)
    return bad("position", "latent attention without rotary positions", "another kind", "rotary");
  if (headDim != qkNopeHeadDim + qkRopeHeadDim) {
    return bad("head_dim", "is not qk_nope_head_dim + qk_rope_head_dim", std::to_string(headDim),
               std::to_string(qkNopeHeadDim + qkRopeHeadDim));
  }
  if (numKeyValueHeads != numAttentionHeads) {
    return bad("num_key_value_heads", "differs from num_attention_heads under latent attention",
               std::to_string(numKeyValueHeads), std::to_string(numAttentionHeads));
  }
  if (qkvBias) return bad("attention_bias", "biases of latent attention are not supported", "true", "false");
  return {};
}

Result<void> ModelConfig::validate() const {
  DECODESCOPE_CHECK(checkCount("vocab_size", vocabSize, 1 << 24));
  DECODESCOPE_CHECK(checkCount("hidden_size", hiddenSize, 1 << 17));
  DECODESCOPE_CHECK(checkCount("intermediate_size", intermediateSize, 1 << 20));
  DECODESCOPE_CHECK(checkCount("num_hidden_layers", numHiddenLayers, 1 << 10));
  DECODESCOPE_CHECK(checkCount("num_attention_heads", numAttentionHeads, 1 << 12));
  DECODESCOPE_CHECK(checkCount("num_key_value_heads", numKeyValueHeads, numAttentionHeads));
  DECODESCOPE_CHECK(checkCount("head_dim", headDim, 1 << 14));
  DECODESCOPE_CHECK(checkCount("max_position_embeddings", maxPositionEmbeddings, 1 << 24));
  if (numAttentionHeads % numKeyValueHeads != 0) {
    return bad("num_key_value_heads", "does not divide num_attention_heads", std::to_string(numKeyValueHeads),
               "a divisor of " + std::to_string(numAttentionHeads));
  }
  if (position == PositionKind::rotary) {
    if (headDim % 2 != 0 && attention != AttentionKind::latent) {
      return bad("head_dim", "odd under rotary positions", std::to_string(headDim), "an even number");
    }
    if (!(ropeTheta > 0.0) || !std::isfinite(ropeTheta)) {
      return bad("rope_theta", "out of range", std::to_string(ropeTheta), "a finite number above 0");
    }
    DECODESCOPE_CHECK(checkScaling(ropeScaling, rotaryDim()));
  }
  DECODESCOPE_CHECK(validateAttention());
  if (!(normEps > 0.0f) || !std::isfinite(normEps)) {
    return bad(norm == NormKind::rmsNorm ? "rms_norm_eps" : "layer_norm_eps", "out of range",
               std::to_string(normEps), "a finite number above 0");
  }
  if (positionOffset < 0 || positionOffset > 1024) {
    return bad("position_offset", "out of range", std::to_string(positionOffset), "0 to 1024");
  }
  const auto inVocabulary = [this](TokenId id) { return id.value >= 0 && id.value < vocabSize; };
  if (bosTokenId && !inVocabulary(*bosTokenId)) {
    return bad("bos_token_id", "outside the vocabulary", std::to_string(bosTokenId->value),
               "0 to " + std::to_string(vocabSize - 1));
  }
  for (const TokenId id : eosTokenIds) {
    if (!inVocabulary(id)) {
      return bad("eos_token_id", "outside the vocabulary", std::to_string(id.value),
                 "0 to " + std::to_string(vocabSize - 1));
    }
  }
  // In doubles: no product below can wrap, and 2^40 is far under 2^53.
  const double d = hiddenSize;
  const double latent = static_cast<double>(kvLoraRank) + qLoraRank + qkRopeHeadDim;
  const double perLayer = d * (1.0 * queryWidth() + 2.0 * keyValueWidth() + contextWidth()) +
                          latent * (d + queryWidth() + contextWidth()) +
                          d * intermediateSize * (gatedMlp ? 3.0 : 2.0) +
                          16.0 * (d + intermediateSize + queryWidth());
  const double total = numHiddenLayers * perLayer + 2.0 * d * vocabSize +
                       d * (static_cast<double>(maxPositionEmbeddings) + positionOffset);
  if (static_cast<double>(numAttentionHeads) * headDim > 0x1.0p24 || total > 0x1.0p40) {
    return bad("config", "describes a model that is too large", std::to_string(total) + " parameters",
               "at most 2^40");
  }
  return {};
}

}  // namespace decodescope
