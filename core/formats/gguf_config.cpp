#include "core/formats/gguf_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace decodescope {
namespace {

constexpr std::int64_t kWidthLimit = 1 << 17;
constexpr std::int64_t kInnerLimit = 1 << 20;
constexpr std::int64_t kLayerLimit = 1 << 10;
constexpr std::int64_t kHeadLimit = 1 << 12;
constexpr std::int64_t kHeadDimLimit = 1 << 14;
constexpr std::int64_t kContextLimit = 1 << 24;

/// Settings that change the arithmetic in a way that is not supported, unless they say nothing.
struct Refused {
  std::string_view key;  ///< without the architecture
  const char* what;
  double harmless;
};
constexpr Refused kRefused[] = {
    {"expert_count", "mixture of experts is not supported", 0},
    {"expert_used_count", "mixture of experts is not supported", 0},
    {"attention.max_alibi_bias", "ALiBi is not supported", 0},
    {"attention.clamp_kqv", "clamped q, k and v are not supported", 0},
    {"attn_logit_softcapping", "capped scores are not supported", 0},
    {"final_logit_softcapping", "capped logits are not supported", 0},
    {"logit_scale", "scaled logits are not supported", 1},
    {"embedding_scale", "scaled embeddings are not supported", 1},
    {"residual_scale", "scaled residuals are not supported", 1},
};

/// Look-ups under the architecture's prefix.
class Reader {
 public:
  Reader(const GgufFile& file, std::string architecture)
      : m_file(file), m_prefix(std::move(architecture) + ".") {}

  std::string full(std::string_view key) const { return m_prefix + std::string(key); }
  bool has(std::string_view key) const { return m_file.has(full(key)); }
  Error error(std::string_view key, std::string what, std::string allowed = {}) const {
    return m_file.error(full(key), std::move(what), std::move(allowed));
  }
  Result<int> count(std::string_view key, std::int64_t most) const {
    DECODESCOPE_TRY(const std::int64_t number, m_file.integer(full(key), 1, most));
    return static_cast<int>(number);
  }
  Result<int> count(std::string_view key, std::int64_t most, int fallback) const {
    if (!has(key)) return fallback;
    return count(key, most);
  }
  Result<double> positive(std::string_view key) const {
    DECODESCOPE_TRY(const double number, m_file.number(full(key)));
    if (!(number > 0.0)) return error(key, "out of range", "a number above 0");
    return number;
  }
  Result<double> positive(std::string_view key, double fallback) const {
    if (!has(key)) return fallback;
    return positive(key);
  }
  Result<float> epsilon(std::string_view key) const {
    DECODESCOPE_TRY(const double number, positive(key));
    if (!(static_cast<float>(number) > 0.0f) || number > 1.0)
      return error(key, "out of range", "a number above 0, at most 1");
    return static_cast<float>(number);
  }
  Result<void> mustBe(std::string_view key, int required, const char* what) const {
    if (!has(key)) return {};
    DECODESCOPE_TRY(const std::int64_t number, m_file.integer(full(key), 0, kInnerLimit));
    if (number == required) return {};
    return error(key, what, std::to_string(required));
  }

 private:
  const GgufFile& m_file;
  std::string m_prefix;
};

Result<void> refuseUnsupported(const GgufFile& file, const Reader& reader) {
  for (const Refused& refused : kRefused) {
    if (!reader.has(refused.key)) continue;
    DECODESCOPE_TRY(const double number, file.number(reader.full(refused.key)));
    if (number != refused.harmless) {
      return reader.error(refused.key, refused.what, refused.harmless == 0 ? "0" : "1");
    }
  }
  return {};
}

/// A window that covers the whole context masks nothing more than the causal mask does: none is noted.
Result<void> readWindow(const Reader& reader, const GgufFile& file, ModelConfig& config) {
  constexpr std::string_view kKey = "attention.sliding_window";
  if (!reader.has(kKey)) return {};
  DECODESCOPE_TRY(const std::int64_t window, file.integer(reader.full(kKey), 0, std::int64_t{1} << 53));
  if (window < config.maxPositionEmbeddings) config.slidingWindow = static_cast<int>(window);
  return {};
}

/// What rope.scaling.* stretches all angles by; 1 where the file says nothing. As in llama.cpp a factor
/// without a type is a linear one, and 0 means none.
Result<double> ropeFactor(const GgufFile& file, const Reader& reader) {
  constexpr std::string_view kType = "rope.scaling.type";
  constexpr std::string_view kFactor = "rope.scaling.factor";
  constexpr std::string_view kOld = "rope.scale_linear";  // from before the type was written
  if (reader.has(kType)) {
    DECODESCOPE_TRY(const std::string_view type, file.text(reader.full(kType)));
    if (type == "none") return 1.0;
    if (type != "linear")
      return reader.error(kType, "rotary scaling is not supported", "\"none\", \"linear\"");
  }
  const std::string_view key = reader.has(kFactor) ? kFactor : kOld;
  if (!reader.has(key)) return 1.0;
  DECODESCOPE_TRY(const double factor, file.number(reader.full(key)));
  if (factor < 0.0) return reader.error(key, "out of range", "a number above 0, or 0 for none");
  return factor == 0.0 ? 1.0 : factor;
}

/// rope_freqs.weight: what each pair's angle is divided by. Empty where the file has none.
Result<std::vector<float>> ropeDivisors(const GgufFile& file, const ModelConfig& config) {
  const GgufTensor* tensor = file.find("rope_freqs.weight");
  if (!tensor) return std::vector<float>{};
  Error error;
  error.file = file.path();
  error.field = tensor->name;
  const auto wanted = static_cast<std::uint64_t>(config.headDim / 2);
  if (tensor->shape != std::vector<std::uint64_t>{wanted}) {
    error.what = "shape does not fit the metadata";
    error.found = tensor->shownShape();
    error.allowed = "[" + std::to_string(wanted) + "]";
    return error;
  }
  std::vector<float> divisors(static_cast<std::size_t>(wanted));
  DECODESCOPE_CHECK(file.read(*tensor, divisors));
  for (const float divisor : divisors) {
    if (divisor > 0.0f && std::isfinite(divisor)) continue;
    error.what = "out of range";
    error.found = std::to_string(divisor);
    error.allowed = "finite numbers above 0";
    return error;
  }
  return divisors;
}

Result<void> readRope(const GgufFile& file, const Reader& reader, ModelConfig& config) {
  DECODESCOPE_TRY(config.ropeTheta, reader.positive("rope.freq_base", 10000.0));
  DECODESCOPE_CHECK(reader.mustBe("rope.dimension_count", config.headDim,
                                  "positions that turn a part of a head only are not supported"));
  DECODESCOPE_TRY(const double factor, ropeFactor(file, reader));
  DECODESCOPE_TRY(std::vector<float> divisors, ropeDivisors(file, config));
  const bool plain = std::all_of(divisors.begin(), divisors.end(), [](float d) { return d == 1.0f; });
  if (plain) {
    if (factor != 1.0) config.ropeScaling = {.kind = RopeScaling::Kind::linear, .factor = factor};
    return {};
  }
  for (float& divisor : divisors) divisor = static_cast<float>(static_cast<double>(divisor) * factor);
  config.ropeScaling = {.kind = RopeScaling::Kind::divisors, .divisors = std::move(divisors)};
  return {};
}

Result<void> readVocabSize(const GgufFile& file, ModelConfig& config) {
  constexpr std::string_view kName = "token_embd.weight";
  Error error;
  error.file = file.path();
  error.field = std::string(kName);
  const GgufTensor* embedding = file.find(kName);
  if (!embedding) {
    error.what = "tensor is missing";
    return error;
  }
  const std::vector<std::uint64_t>& shape = embedding->shape;
  const auto width = static_cast<std::uint64_t>(config.hiddenSize);
  if (shape.size() != 2 || shape[1] != width || shape[0] > 1 << 24) {
    error.what = "shape does not fit the metadata";
    error.found = embedding->shownShape();
    error.allowed = "[vocabulary, " + std::to_string(width) + "]";
    return error;
  }
  config.vocabSize = static_cast<int>(shape[0]);
  return {};
}

Result<void> readStartAndEnd(const GgufFile& file, ModelConfig& config) {
  constexpr std::int64_t kNone = 0xffffffff;  // what converters write for no token
  // SentencePiece's own ids stand where the file names none, as in llama.cpp.
  const auto model = file.text("tokenizer.ggml.model");
  const bool sentencePiece = model.ok() && model.value() == "llama" && config.vocabSize > 2;
  const auto id = [&](const std::string& key, int usual) -> Result<std::optional<TokenId>> {
    if (!file.has(key) && sentencePiece && usual > 0) return std::optional(TokenId{usual});
    if (!file.has(key) || file.integer(key, kNone, kNone).ok() || file.integer(key, -1, -1).ok())
      return std::optional<TokenId>{};
    DECODESCOPE_TRY(const std::int64_t number, file.integer(key, 0, config.vocabSize - 1));
    return std::optional(TokenId{static_cast<int>(number)});
  };
  DECODESCOPE_TRY(config.bosTokenId, id("tokenizer.ggml.bos_token_id", 1));
  DECODESCOPE_TRY(const std::optional<TokenId> end, id("tokenizer.ggml.eos_token_id", 2));
  DECODESCOPE_TRY(const std::optional<TokenId> endOfTurn, id("tokenizer.ggml.eot_token_id", 0));
  if (end) config.eosTokenIds.push_back(*end);
  if (endOfTurn && endOfTurn != end) config.eosTokenIds.push_back(*endOfTurn);
  return {};
}

/// llama and qwen2.
Result<void> readLlamaFamily(const GgufFile& file, const Reader& reader, ModelConfig& config) {
  const bool llama = config.modelType == "llama";
  DECODESCOPE_TRY(config.numKeyValueHeads,
                  reader.count("attention.head_count_kv", kHeadLimit, config.numAttentionHeads));
  DECODESCOPE_TRY(config.headDim, reader.count("attention.key_length", kHeadDimLimit, config.headDim));
  if (config.headDim == 0) {
    return reader.error("embedding_length", "not a multiple of attention.head_count",
                        "a multiple of " + std::to_string(config.numAttentionHeads));
  }
  DECODESCOPE_CHECK(reader.mustBe("attention.value_length", config.headDim,
                                  "values of another width than keys are not supported"));
  DECODESCOPE_TRY(config.normEps, reader.epsilon("attention.layer_norm_rms_epsilon"));
  config.rotaryLayout = llama ? RotaryLayout::interleaved : RotaryLayout::rotateHalf;
  config.qkvBias = !llama || file.find("blk.0.attn_q.bias");
  config.oProjBias = file.find("blk.0.attn_output.bias");
  config.mlpBias = file.find("blk.0.ffn_gate.bias");
  return readRope(file, reader, config);
}

Result<void> readGpt2(const Reader& reader, ModelConfig& config) {
  if (config.headDim == 0) {
    return reader.error("embedding_length", "not a multiple of attention.head_count",
                        "a multiple of " + std::to_string(config.numAttentionHeads));
  }
  config.numKeyValueHeads = config.numAttentionHeads;
  DECODESCOPE_CHECK(reader.mustBe("attention.head_count_kv", config.numAttentionHeads,
                                  "shared key and value heads are not supported for gpt2"));
  DECODESCOPE_TRY(config.normEps, reader.epsilon("attention.layer_norm_epsilon"));
  config.norm = NormKind::layerNorm;
  config.position = PositionKind::learned;
  config.activation = Activation::geluTanh;
  config.gatedMlp = false;
  config.qkvBias = config.oProjBias = config.mlpBias = true;
  return {};
}

}  // namespace

Result<ModelConfig> readGgufConfig(const GgufFile& file) {
  constexpr std::string_view kArchitecture = "general.architecture";
  DECODESCOPE_TRY(const std::string_view architecture, file.text(kArchitecture));
  if (architecture != "llama" && architecture != "qwen2" && architecture != "gpt2")
    return file.error(kArchitecture, "architecture is not supported", "llama, qwen2, gpt2");
  ModelConfig config;
  config.modelType = std::string(architecture);
  const Reader reader(file, config.modelType);
  DECODESCOPE_CHECK(refuseUnsupported(file, reader));
  DECODESCOPE_TRY(config.hiddenSize, reader.count("embedding_length", kWidthLimit));
  DECODESCOPE_TRY(config.intermediateSize, reader.count("feed_forward_length", kInnerLimit));
  DECODESCOPE_TRY(config.numHiddenLayers, reader.count("block_count", kLayerLimit));
  DECODESCOPE_TRY(config.numAttentionHeads, reader.count("attention.head_count", kHeadLimit));
  DECODESCOPE_TRY(config.maxPositionEmbeddings, reader.count("context_length", kContextLimit));
  DECODESCOPE_CHECK(readWindow(reader, file, config));
  if (config.hiddenSize % config.numAttentionHeads == 0)
    config.headDim = config.hiddenSize / config.numAttentionHeads;
  DECODESCOPE_CHECK(architecture == "gpt2" ? readGpt2(reader, config)
                                           : readLlamaFamily(file, reader, config));
  DECODESCOPE_CHECK(readVocabSize(file, config));
  config.tieWordEmbeddings = !file.find("output.weight");
  DECODESCOPE_CHECK(readStartAndEnd(file, config));
  if (const Result<void> valid = config.validate(); !valid.ok()) {
    Error error = valid.error();
    error.file = file.path();
    return error;
  }
  return config;
}

}  // namespace decodescope
