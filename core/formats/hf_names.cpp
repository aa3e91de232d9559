#include "core/formats/hf_names.h"

#include <span>

namespace decodescope {
namespace {

using R = ParameterRole;

struct NameRow {
  ParameterRole role;
  std::string_view name;  // {} stands for the layer
};

constexpr NameRow kLlamaNames[] = {
    {R::embedTokens, "embed_tokens.weight"},
    {R::inputNormWeight, "layers.{}.input_layernorm.weight"},
    {R::qProjWeight, "layers.{}.self_attn.q_proj.weight"},
    {R::qProjBias, "layers.{}.self_attn.q_proj.bias"},
    {R::kProjWeight, "layers.{}.self_attn.k_proj.weight"},
    {R::kProjBias, "layers.{}.self_attn.k_proj.bias"},
    {R::vProjWeight, "layers.{}.self_attn.v_proj.weight"},
    {R::vProjBias, "layers.{}.self_attn.v_proj.bias"},
    {R::qAProjWeight, "layers.{}.self_attn.q_a_proj.weight"},
    {R::qANormWeight, "layers.{}.self_attn.q_a_layernorm.weight"},
    {R::qBProjWeight, "layers.{}.self_attn.q_b_proj.weight"},
    {R::kvAProjWeight, "layers.{}.self_attn.kv_a_proj_with_mqa.weight"},
    {R::kvANormWeight, "layers.{}.self_attn.kv_a_layernorm.weight"},
    {R::kvBProjWeight, "layers.{}.self_attn.kv_b_proj.weight"},
    {R::oProjWeight, "layers.{}.self_attn.o_proj.weight"},
    {R::oProjBias, "layers.{}.self_attn.o_proj.bias"},
    {R::postAttentionNormWeight, "layers.{}.post_attention_layernorm.weight"},
    {R::gateProjWeight, "layers.{}.mlp.gate_proj.weight"},
    {R::gateProjBias, "layers.{}.mlp.gate_proj.bias"},
    {R::upProjWeight, "layers.{}.mlp.up_proj.weight"},
    {R::upProjBias, "layers.{}.mlp.up_proj.bias"},
    {R::downProjWeight, "layers.{}.mlp.down_proj.weight"},
    {R::downProjBias, "layers.{}.mlp.down_proj.bias"},
    {R::finalNormWeight, "norm.weight"},
    {R::lmHeadWeight, "lm_head.weight"},
};

// q, k and v lie side by side in c_attn.
constexpr NameRow kGpt2Names[] = {
    {R::embedTokens, "wte.weight"},
    {R::embedPositions, "wpe.weight"},
    {R::inputNormWeight, "h.{}.ln_1.weight"},
    {R::inputNormBias, "h.{}.ln_1.bias"},
    {R::qProjWeight, "h.{}.attn.c_attn.weight"},
    {R::qProjBias, "h.{}.attn.c_attn.bias"},
    {R::kProjWeight, "h.{}.attn.c_attn.weight"},
    {R::kProjBias, "h.{}.attn.c_attn.bias"},
    {R::vProjWeight, "h.{}.attn.c_attn.weight"},
    {R::vProjBias, "h.{}.attn.c_attn.bias"},
    {R::oProjWeight, "h.{}.attn.c_proj.weight"},
    {R::oProjBias, "h.{}.attn.c_proj.bias"},
    {R::postAttentionNormWeight, "h.{}.ln_2.weight"},
    {R::postAttentionNormBias, "h.{}.ln_2.bias"},
    {R::upProjWeight, "h.{}.mlp.c_fc.weight"},
    {R::upProjBias, "h.{}.mlp.c_fc.bias"},
    {R::downProjWeight, "h.{}.mlp.c_proj.weight"},
    {R::downProjBias, "h.{}.mlp.c_proj.bias"},
    {R::finalNormWeight, "ln_f.weight"},
    {R::finalNormBias, "ln_f.bias"},
    {R::lmHeadWeight, "lm_head.weight"},
};

constexpr NameRow kOptNames[] = {
    {R::embedTokens, "embed_tokens.weight"},
    {R::embedPositions, "embed_positions.weight"},
    {R::qProjWeight, "layers.{}.self_attn.q_proj.weight"},
    {R::qProjBias, "layers.{}.self_attn.q_proj.bias"},
    {R::kProjWeight, "layers.{}.self_attn.k_proj.weight"},
    {R::kProjBias, "layers.{}.self_attn.k_proj.bias"},
    {R::vProjWeight, "layers.{}.self_attn.v_proj.weight"},
    {R::vProjBias, "layers.{}.self_attn.v_proj.bias"},
    {R::oProjWeight, "layers.{}.self_attn.out_proj.weight"},
    {R::oProjBias, "layers.{}.self_attn.out_proj.bias"},
    {R::upProjWeight, "layers.{}.fc1.weight"},
    {R::upProjBias, "layers.{}.fc1.bias"},
    {R::downProjWeight, "layers.{}.fc2.weight"},
    {R::downProjBias, "layers.{}.fc2.bias"},
    {R::finalNormWeight, "final_layer_norm.weight"},
    {R::finalNormBias, "final_layer_norm.bias"},
    {R::lmHeadWeight, "lm_head.weight"},
};

// OPT's two norms of a layer keep their names whether they stand before or after their blocks.
constexpr NameRow kOptPreNormNames[] = {
    {R::inputNormWeight, "layers.{}.self_attn_layer_norm.weight"},
    {R::inputNormBias, "layers.{}.self_attn_layer_norm.bias"},
    {R::postAttentionNormWeight, "layers.{}.final_layer_norm.weight"},
    {R::postAttentionNormBias, "layers.{}.final_layer_norm.bias"},
};
constexpr NameRow kOptPostNormNames[] = {
    {R::postAttentionNormWeight, "layers.{}.self_attn_layer_norm.weight"},
    {R::postAttentionNormBias, "layers.{}.self_attn_layer_norm.bias"},
    {R::postFeedforwardNormWeight, "layers.{}.final_layer_norm.weight"},
    {R::postFeedforwardNormBias, "layers.{}.final_layer_norm.bias"},
};

std::string_view findName(std::span<const NameRow> rows, ParameterRole role) {
  for (const NameRow& row : rows) {
    if (row.role == role) return row.name;
  }
  return {};
}

std::string_view namePattern(const ModelConfig& config, ParameterRole role) {
  if (config.modelType == "gpt2") return findName(kGpt2Names, role);
  if (config.modelType != "opt") return findName(kLlamaNames, role);
  const std::string_view common = findName(kOptNames, role);
  if (!common.empty()) return common;
  if (config.normPlacement == NormPlacement::preNorm) return findName(kOptPreNormNames, role);
  return findName(kOptPostNormNames, role);
}

/// Learned positions are a matrix as well, only never kept as stored.
bool isVectorRole(ParameterRole role) {
  return !mayStayStored(role) && role != R::embedPositions;
}

bool isLayerMatrix(ParameterRole role) {
  return !isVectorRole(role) && role != R::embedTokens && role != R::embedPositions &&
         role != R::lmHeadWeight;
}

/// What may stand before every name but lm_head's, the usual one first.
std::span<const std::string_view> prefixes(const ModelConfig& config) {
  static constexpr std::string_view kLlama[] = {"model."};
  static constexpr std::string_view kGpt2[] = {"transformer."};
  static constexpr std::string_view kOpt[] = {"model.decoder.", "decoder."};
  if (config.modelType == "gpt2") return kGpt2;
  if (config.modelType == "opt") return kOpt;
  return kLlama;
}

/// "h.12.attn.bias" matches "h.{}.attn.bias".
bool matchesPattern(std::string_view name, std::string_view pattern) {
  const std::size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos) return name == pattern;
  const std::string_view head = pattern.substr(0, hole);
  const std::string_view tail = pattern.substr(hole + 2);
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail))
    return false;
  const std::string_view number = name.substr(head.size(), name.size() - head.size() - tail.size());
  return number.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::vector<std::uint64_t> StoredPart::shape(const Parameter& parameter) const {
  const auto out = static_cast<std::uint64_t>(isVector ? parameter.cols : parameter.rows);
  const std::uint64_t stored = features > 0 ? static_cast<std::uint64_t>(features) : out;
  if (isVector) return {stored};
  const auto in = static_cast<std::uint64_t>(parameter.cols);
  if (transposed) return {in, stored};
  return {stored, in};
}

StoredPart hfStoredPart(const ModelConfig& config, const Parameter& parameter) {
  const std::string_view pattern = namePattern(config, parameter.role);
  DECODESCOPE_REQUIRE(!pattern.empty());
  StoredPart part;
  part.name = std::string(pattern);
  if (const std::size_t hole = part.name.find("{}"); hole != std::string::npos) {
    part.name.replace(hole, 2, std::to_string(parameter.layer.value));
  }
  part.isVector = isVectorRole(parameter.role);
  if (config.modelType == "gpt2") {
    part.transposed = isLayerMatrix(parameter.role);
    const int width = config.hiddenSize;
    switch (parameter.role) {
      case R::qProjWeight:
      case R::qProjBias:
        part.features = 3 * width;
        break;
      case R::kProjWeight:
      case R::kProjBias:
        part.features = 3 * width;
        part.firstFeature = width;
        break;
      case R::vProjWeight:
      case R::vProjBias:
        part.features = 3 * width;
        part.firstFeature = 2 * width;
        break;
      default:
        break;
    }
  }
  return part;
}

std::string hfFullName(const ModelConfig& config, const Parameter& parameter) {
  const std::string name = hfStoredPart(config, parameter).name;
  // The output layer stands beside the decoder, not in it.
  if (parameter.role == R::lmHeadWeight) return name;
  return std::string(prefixes(config).front()) + name;
}

std::string hfNameWithoutPrefix(const ModelConfig& config, std::string_view name) {
  for (const std::string_view prefix : prefixes(config)) {
    if (name.starts_with(prefix)) return std::string(name.substr(prefix.size()));
  }
  return std::string(name);
}

bool hfIsHarmless(const ModelConfig& config, std::string_view name) {
  if (config.modelType == "gpt2") {
    return matchesPattern(name, "h.{}.attn.bias") || matchesPattern(name, "h.{}.attn.masked_bias");
  }
  if (config.modelType == "opt") return false;
  return name == "rotary_emb.inv_freq" || matchesPattern(name, "layers.{}.self_attn.rotary_emb.inv_freq");
}

}  // namespace decodescope
