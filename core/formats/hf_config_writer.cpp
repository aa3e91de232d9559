#include "core/formats/hf_config.h"
#include "core/formats/hf_rope.h"
#include "core/formats/json_writer.h"

namespace decodescope {
namespace {

Error cannotExpress(const ModelConfig& config, const char* field, std::string allowed) {
  Error error;
  error.file = "config.json";
  error.field = field;
  error.what = "cannot be written as model_type " + config.modelType;
  error.allowed = std::move(allowed);
  return error;
}

void writeStartAndEnd(JsonWriter& json, const ModelConfig& config) {
  json.key("bos_token_id");
  config.bosTokenId ? json.value(config.bosTokenId->value) : json.null();
  json.key("eos_token_id");
  if (config.eosTokenIds.empty()) {
    json.null();
  } else if (config.eosTokenIds.size() == 1) {
    json.value(config.eosTokenIds.front().value);
  } else {
    json.beginArray();
    for (const TokenId id : config.eosTokenIds) json.value(id.value);
    json.endArray();
  }
}

Result<void> checkLlamaFamily(const ModelConfig& config) {
  if (config.norm != NormKind::rmsNorm || config.normPlacement != NormPlacement::preNorm ||
      !config.finalNorm) {
    return cannotExpress(config, "norm", "RMSNorm before each block and before the output layer");
  }
  if (config.position != PositionKind::rotary) return cannotExpress(config, "position", "rotary");
  const bool deepseek = config.modelType == "deepseek_v2";
  if ((config.attention == AttentionKind::latent) != deepseek)
    return cannotExpress(config, "attention", deepseek ? "MLA" : "MHA, GQA or MQA");
  if (config.slidingWindow > 0 && config.modelType != "mistral" && config.modelType != "qwen2")
    return cannotExpress(config, "sliding_window", "null");
  if ((config.rotaryLayout == RotaryLayout::interleaved) != deepseek)
    return cannotExpress(config, "rotary layout", deepseek ? "interleaved" : "rotate-half");
  if (config.ropeScaling.kind == RopeScaling::Kind::divisors)
    return cannotExpress(config, "rotary scaling", "none, linear or llama3");
  if (!config.gatedMlp) return cannotExpress(config, "mlp", "a gated MLP");
  if (config.lmHeadBias) return cannotExpress(config, "lm_head.bias", "no bias");
  if (config.modelType == "llama") {
    if (config.qkvBias != config.oProjBias) {
      return cannotExpress(config, "attention_bias", "biases of q_proj, k_proj, v_proj and o_proj together");
    }
  } else if (config.qkvBias != (config.modelType == "qwen2") || config.oProjBias ||
             (config.mlpBias && !deepseek)) {
    return cannotExpress(config, "bias",
                         config.modelType == "qwen2" ? "biases of q_proj, k_proj and v_proj" : "no biases");
  }
  return {};
}

Result<void> checkOpt(const ModelConfig& config) {
  if (config.norm != NormKind::layerNorm || config.normEps != 1e-5f) {
    return cannotExpress(config, "norm", "LayerNorm with an epsilon of 1e-05");
  }
  if (config.normPlacement == NormPlacement::postNorm && config.finalNorm) {
    return cannotExpress(config, "final norm", "none under post-norm");
  }
  if (config.position != PositionKind::learned || config.positionOffset != 2) {
    return cannotExpress(config, "position", "a learned table with an offset of 2");
  }
  if (config.gatedMlp) return cannotExpress(config, "mlp", "an MLP without a gate");
  if (config.slidingWindow > 0) return cannotExpress(config, "sliding_window", "none");
  if (config.qkvBias != config.oProjBias || config.qkvBias != config.mlpBias || config.lmHeadBias) {
    return cannotExpress(config, "enable_bias",
                         "biases of every layer's linear maps together, none of lm_head");
  }
  if (config.numKeyValueHeads != config.numAttentionHeads) {
    return cannotExpress(config, "num_key_value_heads", "num_attention_heads");
  }
  if (config.queryWidth() != config.hiddenSize)
    return cannotExpress(config, "head_dim", "hidden_size / num_attention_heads");
  return {};
}

/// No layer has experts: all of them are before the first that would.
void writeLatentAttention(JsonWriter& json, const ModelConfig& config) {
  json.key("q_lora_rank");
  config.qLoraRank > 0 ? json.value(config.qLoraRank) : json.null();
  json.key("kv_lora_rank").value(config.kvLoraRank);
  json.key("qk_nope_head_dim").value(config.qkNopeHeadDim);
  json.key("qk_rope_head_dim").value(config.qkRopeHeadDim);
  json.key("v_head_dim").value(config.vHeadDim);
  json.key("first_k_dense_replace").value(config.numHiddenLayers);
}

void writeLlamaFamily(JsonWriter& json, const ModelConfig& config) {
  const char* architecture = config.modelType == "llama"     ? "LlamaForCausalLM"
                             : config.modelType == "mistral" ? "MistralForCausalLM"
                             : config.modelType == "qwen2"   ? "Qwen2ForCausalLM"
                                                             : "DeepseekV2ForCausalLM";
  json.key("architectures").beginArray().value(architecture).endArray();
  json.key("model_type").value(config.modelType);
  json.key("vocab_size").value(config.vocabSize);
  json.key("hidden_size").value(config.hiddenSize);
  json.key("intermediate_size").value(config.intermediateSize);
  json.key("num_hidden_layers").value(config.numHiddenLayers);
  json.key("num_attention_heads").value(config.numAttentionHeads);
  json.key("num_key_value_heads").value(config.numKeyValueHeads);
  if (config.modelType == "deepseek_v2") {
    writeLatentAttention(json, config);
  } else {
    json.key("head_dim").value(config.headDim);
  }
  json.key("max_position_embeddings").value(config.maxPositionEmbeddings);
  json.key("rms_norm_eps").value(config.normEps);
  writeHfRope(json, config);
  json.key("hidden_act").value(hfActivationName(config.activation));
  if (config.modelType == "llama") {
    json.key("attention_bias").value(config.qkvBias);
    json.key("mlp_bias").value(config.mlpBias);
  } else if (config.modelType == "deepseek_v2") {
    json.key("attention_bias").value(false);
    json.key("mlp_bias").value(config.mlpBias);
  } else if (config.slidingWindow > 0) {
    if (config.modelType == "qwen2")
      json.key("use_sliding_window").value(true).key("max_window_layers").value(0);
    json.key("sliding_window").value(config.slidingWindow);
  } else {
    json.key("sliding_window").null();
  }
}

void writeOpt(JsonWriter& json, const ModelConfig& config) {
  const bool preNorm = config.normPlacement == NormPlacement::preNorm;
  json.key("architectures").beginArray().value("OPTForCausalLM").endArray();
  json.key("model_type").value("opt");
  json.key("vocab_size").value(config.vocabSize);
  json.key("hidden_size").value(config.hiddenSize);
  json.key("word_embed_proj_dim").value(config.hiddenSize);
  json.key("ffn_dim").value(config.intermediateSize);
  json.key("num_hidden_layers").value(config.numHiddenLayers);
  json.key("num_attention_heads").value(config.numAttentionHeads);
  json.key("max_position_embeddings").value(config.maxPositionEmbeddings);
  json.key("position_embedding_type").value(config.sinusoidalTable ? "sinusoidal" : "learned");
  if (config.attention == AttentionKind::linear) json.key("attention_type").value("linear");
  json.key("do_layer_norm_before").value(preNorm);
  json.key("_remove_final_layer_norm").value(preNorm && !config.finalNorm);
  json.key("layer_norm_elementwise_affine").value(true);
  json.key("activation_function").value(hfActivationName(config.activation));
  json.key("enable_bias").value(config.qkvBias);
  json.key("dropout").value(0.0);
  json.key("attention_dropout").value(0.0);
}

}  // namespace

const char* hfActivationName(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "silu";
    case Activation::relu:
      return "relu";
    case Activation::gelu:
      return "gelu";
    case Activation::geluTanh:
      return "gelu_new";
  }
  return "";
}

Result<std::string> writeHfConfig(const ModelConfig& config, const std::string& dtype) {
  DECODESCOPE_CHECK(config.validate());
  const bool opt = config.modelType == "opt";
  if (opt) {
    DECODESCOPE_CHECK(checkOpt(config));
  } else if (config.modelType == "llama" || config.modelType == "mistral" || config.modelType == "qwen2" ||
             config.modelType == "deepseek_v2") {
    DECODESCOPE_CHECK(checkLlamaFamily(config));
  } else {
    return cannotExpress(config, "model_type", "llama, mistral, qwen2, deepseek_v2, opt");
  }
  JsonWriter json(JsonWriter::Style::indented);
  json.beginObject();
  opt ? writeOpt(json, config) : writeLlamaFamily(json, config);
  json.key("tie_word_embeddings").value(config.tieWordEmbeddings);
  writeStartAndEnd(json, config);
  json.key("pad_token_id").null();
  json.key("torch_dtype").value(dtype);
  json.endObject();
  return json.take();
}

}  // namespace decodescope
