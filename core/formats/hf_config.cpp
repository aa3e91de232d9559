#include "core/formats/hf_config.h"

#include "core/formats/hf_rope.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace decodescope {
namespace {

struct ActivationRow {
  std::string_view name;
  Activation activation;
};
constexpr ActivationRow kActivations[] = {
    {"silu", Activation::silu},         {"swish", Activation::silu},
    {"relu", Activation::relu},         {"gelu", Activation::gelu},
    {"gelu_new", Activation::geluTanh}, {"gelu_pytorch_tanh", Activation::geluTanh},
    {"gelu_fast", Activation::geluTanh}};

constexpr int kVocabLimit = 1 << 24;
constexpr int kWidthLimit = 1 << 17;
constexpr int kInnerLimit = 1 << 20;
constexpr int kLayerLimit = 1 << 10;
constexpr int kHeadLimit = 1 << 12;
constexpr int kHeadDimLimit = 1 << 14;
constexpr int kContextLimit = 1 << 24;

/// Typed look-ups in the top-level object. A value of null counts as missing, as in Transformers.
class Reader {
 public:
  explicit Reader(const JsonValue& root) : m_root(root) {}

  const JsonValue& root() const { return m_root; }

  Result<int> count(std::string_view key, int most) const {
    DECODESCOPE_TRY(const JsonValue value, m_root.at(key));
    DECODESCOPE_TRY(const std::int64_t n, value.asInteger(1, most));
    return static_cast<int>(n);
  }
  Result<int> countFromZero(std::string_view key, int most, int fallback) const {
    const auto value = m_root.findNonNull(key);
    if (!value) return fallback;
    DECODESCOPE_TRY(const std::int64_t n, value->asInteger(0, most));
    return static_cast<int>(n);
  }
  Result<int> count(std::string_view key, int most, int fallback) const {
    if (!m_root.findNonNull(key)) return fallback;
    return count(key, most);
  }
  Result<bool> flag(std::string_view key, bool fallback) const {
    const auto value = m_root.findNonNull(key);
    if (!value) return fallback;
    return value->asBool();
  }
  /// A flag that must be as given, because the other setting changes the arithmetic in a way that is not
  /// supported.
  Result<void> flagMustBe(std::string_view key, bool required) const {
    DECODESCOPE_TRY(const bool found, flag(key, required));
    if (found == required) return {};
    return m_root.find(key)->error("setting is not supported", required ? "true" : "false");
  }
  /// A finite number above 0.
  Result<double> positive(std::string_view key, double fallback) const {
    const auto value = m_root.findNonNull(key);
    if (!value) return fallback;
    return positiveValue(*value);
  }
  static Result<double> positiveValue(const JsonValue& value) {
    DECODESCOPE_TRY(const double number, value.asNumber());
    if (!(number > 0.0)) return value.error("out of range", "a number above 0");
    return number;
  }
  Result<float> epsilon(std::string_view key, double fallback) const {
    DECODESCOPE_TRY(const double number, positive(key, fallback));
    // As a float it must neither vanish nor overflow.
    if (!(static_cast<float>(number) > 0.0f) || number > 1.0) {
      return m_root.find(key)->error("out of range", "a number above 0, at most 1");
    }
    return static_cast<float>(number);
  }
  Result<Activation> activation(std::string_view key, Activation fallback) const {
    const auto value = m_root.findNonNull(key);
    if (!value) return fallback;
    DECODESCOPE_TRY(const std::string_view name, value->asString());
    std::string known;
    for (const ActivationRow& row : kActivations) {
      if (row.name == name) return row.activation;
      known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    return value->error("unknown activation", known);
  }

 private:
  JsonValue m_root;
};

Result<TokenId> tokenId(const JsonValue& value, int vocabSize) {
  DECODESCOPE_TRY(const std::int64_t id, value.asInteger(0, vocabSize - 1));
  return TokenId{static_cast<int>(id)};
}

Result<void> readStartAndEnd(const JsonValue& root, ModelConfig& config) {
  // GPT2Config's own default, which Transformers writes whatever the vocabulary's size: beyond it, it names
  // no token.
  const auto isUnusedDefault = [&](const JsonValue& value) {
    constexpr std::int64_t kGpt2Default = 50256;
    return config.modelType == "gpt2" && config.vocabSize <= kGpt2Default &&
           value.asInteger(kGpt2Default, kGpt2Default).ok();
  };
  const auto bos = root.findNonNull("bos_token_id");
  if (bos && !isUnusedDefault(*bos)) {
    DECODESCOPE_TRY(config.bosTokenId, tokenId(*bos, config.vocabSize));
  }
  const auto eos = root.findNonNull("eos_token_id");
  if (!eos || isUnusedDefault(*eos)) return {};
  if (eos->kind() != JsonKind::array) {
    DECODESCOPE_TRY(const TokenId id, tokenId(*eos, config.vocabSize));
    config.eosTokenIds.push_back(id);
    return {};
  }
  DECODESCOPE_TRY(const JsonChildren ids, eos->asArray());
  for (const JsonValue value : ids) {
    DECODESCOPE_TRY(const TokenId id, tokenId(value, config.vocabSize));
    config.eosTokenIds.push_back(id);
  }
  return {};
}

Result<void> refuseQuantised(const JsonValue& root) {
  if (const auto quantised = root.findNonNull("quantization_config")) {
    return quantised->error("quantised weights are not supported");
  }
  return {};
}

/// Sets headDim to D/H, which must be whole.
Result<void> splitWidth(const JsonValue& root, std::string_view widthKey, std::string_view headsKey,
                        ModelConfig& config) {
  if (config.hiddenSize % config.numAttentionHeads != 0) {
    return root.find(widthKey)->error("not a multiple of " + std::string(headsKey),
                                      "a multiple of " + std::to_string(config.numAttentionHeads));
  }
  config.headDim = config.hiddenSize / config.numAttentionHeads;
  return {};
}

/// A window that covers the whole context masks nothing more than the causal mask does: none is noted.
Result<void> readWindow(const JsonValue& root, ModelConfig& config, int fallback) {
  const auto window = root.find("sliding_window");
  std::int64_t size = fallback;
  if (window && window->isNull()) return {};
  if (window) {
    DECODESCOPE_TRY(size, window->asInteger(1, std::int64_t{1} << 53));
  }
  if (size < config.maxPositionEmbeddings) config.slidingWindow = static_cast<int>(size);
  return {};
}

/// layer_types, which newer files have: whether all layers have a window, or none; nothing where it is
/// missing.
Result<std::optional<bool>> readLayerTypes(const JsonValue& root) {
  const auto types = root.findNonNull("layer_types");
  if (!types) return std::optional<bool>{};
  DECODESCOPE_TRY(const JsonChildren rows, types->asArray());
  std::optional<bool> windows;
  for (const JsonValue row : rows) {
    DECODESCOPE_TRY(const std::string_view type, row.asString());
    const bool sliding = type == "sliding_attention";
    if (!sliding && type != "full_attention")
      return row.error("kind of layer is not supported", "\"full_attention\", \"sliding_attention\"");
    if (windows && *windows != sliding)
      return row.error("a sliding window in some layers only is not supported", "the same for all layers");
    windows = sliding;
  }
  return windows;
}

/// Qwen2's windows begin at layer max_window_layers; ours are the same in every layer.
Result<void> readQwen2Window(const Reader& reader, ModelConfig& config) {
  DECODESCOPE_TRY(const bool windows, reader.flag("use_sliding_window", false));
  if (!windows) return {};
  DECODESCOPE_TRY(const std::optional<bool> listed, readLayerTypes(reader.root()));
  if (listed) return *listed ? readWindow(reader.root(), config, 4096) : Result<void>();
  constexpr int kDefaultFirst = 28;
  DECODESCOPE_TRY(const int first, reader.countFromZero("max_window_layers", kLayerLimit, kDefaultFirst));
  if (first >= config.numHiddenLayers) return {};
  DECODESCOPE_CHECK(readWindow(reader.root(), config, 4096));
  if (config.slidingWindow == 0 || first == 0) return {};
  const std::string allowed =
      "0, or at least num_hidden_layers (" + std::to_string(config.numHiddenLayers) + ")";
  const char* what = "a sliding window in the later layers only is not supported";
  if (const auto stored = reader.root().findNonNull("max_window_layers")) return stored->error(what, allowed);
  Error error = reader.root().missing("max_window_layers");
  error.what = "missing, which means " + std::to_string(kDefaultFirst) + "; " + what;
  error.allowed = allowed;
  return error;
}

Result<ModelConfig> readLlamaFamily(const Reader& reader, const std::string& modelType) {
  const JsonValue& root = reader.root();
  ModelConfig config;
  config.modelType = modelType;
  const bool mistral = modelType == "mistral";
  const bool qwen2 = modelType == "qwen2";
  DECODESCOPE_TRY(config.vocabSize, reader.count("vocab_size", kVocabLimit));
  DECODESCOPE_TRY(config.hiddenSize, reader.count("hidden_size", kWidthLimit));
  DECODESCOPE_TRY(config.intermediateSize, reader.count("intermediate_size", kInnerLimit));
  DECODESCOPE_TRY(config.numHiddenLayers, reader.count("num_hidden_layers", kLayerLimit));
  DECODESCOPE_TRY(config.numAttentionHeads, reader.count("num_attention_heads", kHeadLimit));
  DECODESCOPE_TRY(config.numKeyValueHeads,
                  reader.count("num_key_value_heads", config.numAttentionHeads, config.numAttentionHeads));
  if (root.findNonNull("head_dim")) {
    DECODESCOPE_TRY(config.headDim, reader.count("head_dim", kHeadDimLimit));
  } else {
    DECODESCOPE_CHECK(splitWidth(root, "hidden_size", "num_attention_heads", config));
  }
  const int contextDefault = mistral ? 131072 : qwen2 ? 32768 : 2048;
  DECODESCOPE_TRY(config.maxPositionEmbeddings,
                  reader.count("max_position_embeddings", kContextLimit, contextDefault));
  DECODESCOPE_TRY(config.normEps, reader.epsilon("rms_norm_eps", 1e-6));
  DECODESCOPE_TRY(config.activation, reader.activation("hidden_act", Activation::silu));
  DECODESCOPE_TRY(config.tieWordEmbeddings, reader.flag("tie_word_embeddings", false));
  DECODESCOPE_CHECK(readHfRope(root, config));
  if (qwen2) {
    config.qkvBias = true;
    DECODESCOPE_CHECK(readQwen2Window(reader, config));
  } else if (mistral) {
    DECODESCOPE_CHECK(readWindow(root, config, 4096));
  } else {
    DECODESCOPE_TRY(config.qkvBias, reader.flag("attention_bias", false));
    config.oProjBias = config.qkvBias;
    DECODESCOPE_TRY(config.mlpBias, reader.flag("mlp_bias", false));
  }
  DECODESCOPE_CHECK(readStartAndEnd(root, config));
  return config;
}

/// DeepSeek-V2 with plain feed-forward layers: MLA, the rotary pairs interleaved.
Result<ModelConfig> readDeepseekV2(const Reader& reader) {
  const JsonValue& root = reader.root();
  ModelConfig config;
  config.modelType = "deepseek_v2";
  config.attention = AttentionKind::latent;
  config.rotaryLayout = RotaryLayout::interleaved;
  DECODESCOPE_TRY(config.vocabSize, reader.count("vocab_size", kVocabLimit));
  DECODESCOPE_TRY(config.hiddenSize, reader.count("hidden_size", kWidthLimit));
  DECODESCOPE_TRY(config.intermediateSize, reader.count("intermediate_size", kInnerLimit));
  DECODESCOPE_TRY(config.numHiddenLayers, reader.count("num_hidden_layers", kLayerLimit));
  DECODESCOPE_TRY(config.numAttentionHeads, reader.count("num_attention_heads", kHeadLimit));
  // Read by Transformers, used by nothing under MLA.
  config.numKeyValueHeads = config.numAttentionHeads;
  DECODESCOPE_TRY(config.kvLoraRank, reader.count("kv_lora_rank", kHeadDimLimit));
  DECODESCOPE_TRY(config.qkNopeHeadDim, reader.count("qk_nope_head_dim", kHeadDimLimit / 2));
  DECODESCOPE_TRY(config.qkRopeHeadDim, reader.count("qk_rope_head_dim", kHeadDimLimit / 2));
  DECODESCOPE_TRY(config.vHeadDim, reader.count("v_head_dim", kHeadDimLimit));
  config.headDim = config.qkNopeHeadDim + config.qkRopeHeadDim;
  // A null is a meaning of its own here: no latent of the queries. Transformers' default is 1536.
  DECODESCOPE_TRY(const JsonValue queryRank, root.at("q_lora_rank"));
  if (!queryRank.isNull()) {
    DECODESCOPE_TRY(config.qLoraRank, reader.count("q_lora_rank", kHeadDimLimit));
  }
  DECODESCOPE_TRY(const int denseLayers, reader.countFromZero("first_k_dense_replace", kLayerLimit, 0));
  const auto experts = root.find("n_routed_experts");
  if (denseLayers < config.numHiddenLayers && !(experts && experts->isNull())) {
    if (experts) return experts->error("mixtures of experts are not supported", "null");
    Error error = root.missing("n_routed_experts");
    error.what = "missing, which means 64; mixtures of experts are not supported";
    error.allowed = "null, or first_k_dense_replace of at least num_hidden_layers";
    return error;
  }
  DECODESCOPE_TRY(config.maxPositionEmbeddings, reader.count("max_position_embeddings", kContextLimit, 2048));
  DECODESCOPE_TRY(config.normEps, reader.epsilon("rms_norm_eps", 1e-6));
  DECODESCOPE_TRY(config.activation, reader.activation("hidden_act", Activation::silu));
  DECODESCOPE_TRY(config.tieWordEmbeddings, reader.flag("tie_word_embeddings", false));
  DECODESCOPE_CHECK(readHfRope(root, config));
  DECODESCOPE_CHECK(reader.flagMustBe("attention_bias", false));
  DECODESCOPE_TRY(config.mlpBias, reader.flag("mlp_bias", false));
  DECODESCOPE_CHECK(readStartAndEnd(root, config));
  return config;
}

Result<ModelConfig> readGpt2(const Reader& reader) {
  ModelConfig config;
  config.modelType = "gpt2";
  DECODESCOPE_TRY(config.vocabSize, reader.count("vocab_size", kVocabLimit));
  DECODESCOPE_TRY(config.hiddenSize, reader.count("n_embd", kWidthLimit));
  DECODESCOPE_TRY(config.numHiddenLayers, reader.count("n_layer", kLayerLimit));
  DECODESCOPE_TRY(config.numAttentionHeads, reader.count("n_head", kHeadLimit));
  config.numKeyValueHeads = config.numAttentionHeads;
  DECODESCOPE_CHECK(splitWidth(reader.root(), "n_embd", "n_head", config));
  DECODESCOPE_TRY(config.intermediateSize, reader.count("n_inner", kInnerLimit, 4 * config.hiddenSize));
  DECODESCOPE_TRY(config.maxPositionEmbeddings, reader.count("n_positions", kContextLimit, 1024));
  DECODESCOPE_TRY(config.normEps, reader.epsilon("layer_norm_epsilon", 1e-5));
  DECODESCOPE_TRY(config.activation, reader.activation("activation_function", Activation::geluTanh));
  DECODESCOPE_TRY(config.tieWordEmbeddings, reader.flag("tie_word_embeddings", true));
  DECODESCOPE_CHECK(reader.flagMustBe("scale_attn_weights", true));
  DECODESCOPE_CHECK(reader.flagMustBe("scale_attn_by_inverse_layer_idx", false));
  DECODESCOPE_CHECK(reader.flagMustBe("add_cross_attention", false));
  config.norm = NormKind::layerNorm;
  config.position = PositionKind::learned;
  config.gatedMlp = false;
  config.qkvBias = config.oProjBias = config.mlpBias = true;
  DECODESCOPE_CHECK(readStartAndEnd(reader.root(), config));
  return config;
}

Result<ModelConfig> readOpt(const Reader& reader) {
  const JsonValue& root = reader.root();
  ModelConfig config;
  config.modelType = "opt";
  DECODESCOPE_TRY(config.vocabSize, reader.count("vocab_size", kVocabLimit));
  DECODESCOPE_TRY(config.hiddenSize, reader.count("hidden_size", kWidthLimit));
  DECODESCOPE_TRY(config.numHiddenLayers, reader.count("num_hidden_layers", kLayerLimit));
  DECODESCOPE_TRY(config.numAttentionHeads, reader.count("num_attention_heads", kHeadLimit));
  config.numKeyValueHeads = config.numAttentionHeads;
  DECODESCOPE_CHECK(splitWidth(root, "hidden_size", "num_attention_heads", config));
  DECODESCOPE_TRY(config.intermediateSize, reader.count("ffn_dim", kInnerLimit));
  DECODESCOPE_TRY(config.maxPositionEmbeddings, reader.count("max_position_embeddings", kContextLimit, 2048));
  DECODESCOPE_TRY(const int projected, reader.count("word_embed_proj_dim", kWidthLimit, config.hiddenSize));
  if (projected != config.hiddenSize) {
    return root.find("word_embed_proj_dim")
        ->error("projected embeddings are not supported",
                "hidden_size (" + std::to_string(config.hiddenSize) + ")");
  }
  DECODESCOPE_CHECK(reader.flagMustBe("layer_norm_elementwise_affine", true));
  DECODESCOPE_TRY(const bool normBefore, reader.flag("do_layer_norm_before", true));
  DECODESCOPE_TRY(const bool finalNormRemoved, reader.flag("_remove_final_layer_norm", false));
  config.normPlacement = normBefore ? NormPlacement::preNorm : NormPlacement::postNorm;
  config.finalNorm = normBefore && !finalNormRemoved;
  DECODESCOPE_TRY(config.activation, reader.activation("activation_function", Activation::relu));
  DECODESCOPE_TRY(config.qkvBias, reader.flag("enable_bias", true));
  config.oProjBias = config.mlpBias = config.qkvBias;
  DECODESCOPE_TRY(config.tieWordEmbeddings, reader.flag("tie_word_embeddings", true));
  if (const auto kind = root.findNonNull("position_embedding_type")) {
    DECODESCOPE_TRY(const std::string_view name, kind->asString());
    if (name != "sinusoidal" && name != "learned" && name != "absolute") {
      return kind->error("unknown kind of positions", "\"learned\", \"sinusoidal\"");
    }
    config.sinusoidalTable = name == "sinusoidal";
  }
  if (const auto kind = root.findNonNull("attention_type")) {
    DECODESCOPE_TRY(const std::string_view name, kind->asString());
    if (name != "linear" && name != "softmax")
      return kind->error("unknown kind of attention", "\"softmax\", \"linear\"");
    if (name == "linear") config.attention = AttentionKind::linear;
  }
  config.norm = NormKind::layerNorm;
  config.normEps = 1e-5f;  // not in the file: PyTorch's default
  config.position = PositionKind::learned;
  config.positionOffset = 2;
  config.gatedMlp = false;
  DECODESCOPE_CHECK(readStartAndEnd(root, config));
  return config;
}

}  // namespace

Result<ModelConfig> readHfConfig(const JsonDocument& document) {
  const JsonValue root = document.root();
  DECODESCOPE_TRY(const JsonValue typeValue, root.at("model_type"));
  DECODESCOPE_TRY(const std::string_view typeName, typeValue.asString());
  const std::string modelType(typeName);
  DECODESCOPE_CHECK(refuseQuantised(root));
  const auto read = [&]() -> Result<ModelConfig> {
    const Reader reader(root);
    if (modelType == "llama" || modelType == "mistral" || modelType == "qwen2")
      return readLlamaFamily(reader, modelType);
    if (modelType == "deepseek_v2") return readDeepseekV2(reader);
    if (modelType == "gpt2") return readGpt2(reader);
    if (modelType == "opt") return readOpt(reader);
    return typeValue.error("architecture is not supported", "llama, mistral, qwen2, deepseek_v2, gpt2, opt");
  };
  DECODESCOPE_TRY(ModelConfig config, read());
  if (const Result<void> valid = config.validate(); !valid.ok()) {
    Error error = valid.error();
    error.file = root.error({}).file;
    return error;
  }
  return config;
}

}  // namespace decodescope
