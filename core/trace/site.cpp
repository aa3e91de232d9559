#include "core/trace/site.h"

#include "core/base/result.h"

#include <array>

namespace decodescope {
namespace {

using S = SiteShape;

// Order of the rows = order of computation. Formulas use the letters of core/README.md.
constexpr std::array<SiteInfo, kSiteCount> kSites{{
    {Site::embedPositions, "embed_positions", "(T, D)", S::hidden, "p = P[m + offset]", "hook_pos_embed",
     1e-6, false, true},
    {Site::embedTokens, "embed_tokens", "(T, D)", S::hidden, "x = E[id] (+ p)", "hook_embed", 1e-6, false,
     true},
    {Site::inputLayernorm, "layers.{i}.input_layernorm", "(T, D)", S::hidden, "n = norm(x)",
     "blocks.{i}.ln1.hook_normalized", 2e-4, true, true},
    {Site::qProj, "layers.{i}.self_attn.q_proj", "(T, H, d)", S::queryHeads, "q = W_q n + b_q", "", 2e-4,
     true, true},
    {Site::qAProj, "layers.{i}.self_attn.q_a_proj", "(T, Q)", S::latent, "c_q = W_qa n", "", 2e-4, true,
     true},
    {Site::qALayernorm, "layers.{i}.self_attn.q_a_layernorm", "(T, Q)", S::latent, "ĉ_q = norm(c_q)", "",
     2e-4, true, true},
    {Site::qBProj, "layers.{i}.self_attn.q_b_proj", "(T, H, n+r)", S::queryHeads, "q = W_qb ĉ_q", "", 2e-4,
     true, true},
    {Site::kvAProj, "layers.{i}.self_attn.kv_a_proj_with_mqa", "(T, C+r)", S::latent, "[c; k_r] = W_kva n",
     "", 2e-4, true, true},
    {Site::kvALayernorm, "layers.{i}.self_attn.kv_a_layernorm", "(T, C)", S::latent, "ĉ = norm(c)", "", 2e-4,
     true, true},
    {Site::kvBProj, "layers.{i}.self_attn.kv_b_proj", "(T, H, n+v)", S::keyHeads, "[k_n; v] = W_kvb ĉ", "",
     2e-4, true, true},
    {Site::kProj, "layers.{i}.self_attn.k_proj", "(T, G, d)", S::keyHeads, "k = W_k n + b_k", "", 2e-4, true,
     true},
    {Site::vProj, "layers.{i}.self_attn.v_proj", "(T, G, d)", S::keyHeads, "v = W_v n + b_v",
     "blocks.{i}.attn.hook_v", 2e-4, true, true},
    {Site::qRot, "layers.{i}.self_attn.q_rot", "(T, H, d)", S::queryHeads, "q' = R(m θ) q",
     "blocks.{i}.attn.hook_rot_q", 2e-4, true, true},
    {Site::kRot, "layers.{i}.self_attn.k_rot", "(T, G, d)", S::keyHeads, "k' = R(m θ) k",
     "blocks.{i}.attn.hook_rot_k", 2e-4, true, true},
    {Site::queryStates, "layers.{i}.self_attn.query_states", "(T, H, n+r)", S::queryHeads, "q' = [q_n; q_r']",
     "", 2e-4, true, false},
    {Site::keyStates, "layers.{i}.self_attn.key_states", "(T, H, n+r)", S::keyHeads, "k' = [k_n; k_r']", "",
     2e-4, true, false},
    {Site::qFeatures, "layers.{i}.self_attn.q_features", "(T, H, d)", S::queryHeads, "φ(q) = elu(q) + 1", "",
     2e-4, true, true},
    {Site::kFeatures, "layers.{i}.self_attn.k_features", "(T, G, d)", S::keyHeads, "φ(k) = elu(k) + 1", "",
     2e-4, true, true},
    {Site::state, "layers.{i}.self_attn.state", "(T, G, d+1, d)", S::state, "S = S + φ(k) vᵀ, z = z + φ(k)",
     "", 2e-4, true, false},
    {Site::scores, "layers.{i}.self_attn.scores", "(H, T, T)", S::attention, "s = q'·k' / √d",
     "blocks.{i}.attn.hook_attn_scores", 2e-4, true, true},
    {Site::weights, "layers.{i}.self_attn.weights", "(H, T, T)", S::attention, "a = softmax(s)",
     "blocks.{i}.attn.hook_pattern", 2e-4, true, true},
    {Site::context, "layers.{i}.self_attn.context", "(T, H, d)", S::queryHeads, "c = Σ a_j v_j",
     "blocks.{i}.attn.hook_z", 2e-4, true, true},
    {Site::oProj, "layers.{i}.self_attn.o_proj", "(T, D)", S::hidden, "o = W_o c + b_o",
     "blocks.{i}.hook_attn_out", 2e-4, true, true},
    {Site::postAttentionResidual, "layers.{i}.post_attention_residual", "(T, D)", S::hidden, "h = x + o",
     "blocks.{i}.hook_resid_mid", 2e-4, true, false},
    {Site::postAttentionLayernorm, "layers.{i}.post_attention_layernorm", "(T, D)", S::hidden, "n' = norm(h)",
     "blocks.{i}.ln2.hook_normalized", 2e-4, true, true},
    {Site::gateProj, "layers.{i}.mlp.gate_proj", "(T, F)", S::intermediate, "g = W_g n'",
     "blocks.{i}.mlp.hook_pre", 2e-4, true, true},
    {Site::upProj, "layers.{i}.mlp.up_proj", "(T, F)", S::intermediate, "u = W_u n'",
     "blocks.{i}.mlp.hook_pre_linear", 2e-4, true, true},
    {Site::mlpActivation, "layers.{i}.mlp.activation", "(T, F)", S::intermediate,
     "act(g)·u, or act(u) without a gate", "blocks.{i}.mlp.hook_post", 2e-4, true, false},
    {Site::downProj, "layers.{i}.mlp.down_proj", "(T, D)", S::hidden, "f = W_d (act(g)·u)",
     "blocks.{i}.hook_mlp_out", 2e-4, true, true},
    {Site::postFeedforwardLayernorm, "layers.{i}.post_feedforward_layernorm", "(T, D)", S::hidden,
     "x' = norm(n' + f)", "", 2e-4, true, true},
    {Site::output, "layers.{i}.output", "(T, D)", S::hidden, "x' = h + f", "blocks.{i}.hook_resid_post", 2e-4,
     true, true},
    {Site::norm, "norm", "(T, D)", S::hidden, "n = norm(x)", "ln_final.hook_normalized", 2e-4, false, true},
    {Site::logits, "logits", "(T, V)", S::vocabulary, "z = W_lm n", "", 2e-4, false, true},
}};

constexpr bool tableInEnumOrder() {
  for (int i = 0; i < kSiteCount; ++i) {
    if (static_cast<int>(kSites[static_cast<std::size_t>(i)].site) != i) return false;
  }
  return true;
}
static_assert(tableInEnumOrder(), "kSites must list every Site in the enum's order");

}  // namespace

const SiteInfo& siteInfo(Site site) {
  return kSites[static_cast<std::size_t>(site)];
}

std::span<const SiteInfo> siteTable() {
  return kSites;
}

bool siteExists(Site site, const ModelConfig& config) {
  const bool latent = config.attention == AttentionKind::latent;
  const bool linear = config.attention == AttentionKind::linear;
  switch (site) {
    case Site::qProj:
      return !(latent && config.qLoraRank > 0);
    case Site::qAProj:
    case Site::qALayernorm:
    case Site::qBProj:
      return latent && config.qLoraRank > 0;
    case Site::kvAProj:
    case Site::kvALayernorm:
    case Site::kvBProj:
    case Site::queryStates:
    case Site::keyStates:
      return latent;
    case Site::kProj:
    case Site::vProj:
      return !latent;
    case Site::qFeatures:
    case Site::kFeatures:
    case Site::state:
      return linear;
    case Site::scores:
    case Site::weights:
      return !linear;
    case Site::embedPositions:
      return config.position == PositionKind::learned || config.position == PositionKind::sinusoidal;
    case Site::inputLayernorm:
      return config.normPlacement == NormPlacement::preNorm;
    case Site::postFeedforwardLayernorm:
      return config.normPlacement == NormPlacement::postNorm;
    case Site::qRot:
    case Site::kRot:
      return config.position == PositionKind::rotary;
    case Site::gateProj:
      return config.gatedMlp;
    case Site::norm:
      return config.finalNorm;
    default:
      return true;
  }
}

int siteRowWidth(Site site, const ModelConfig& config, int visible) {
  switch (siteInfo(site).layout) {
    case SiteShape::hidden:
      return config.hiddenSize;
    case SiteShape::queryHeads:
    case SiteShape::keyHeads:
    case SiteShape::latent:
    case SiteShape::state: {
      const SiteHeads heads = siteHeads(site, config);
      return heads.count * heads.width;
    }
    case SiteShape::intermediate:
      return config.intermediateSize;
    case SiteShape::vocabulary:
      return config.vocabSize;
    case SiteShape::attention:
      return config.numAttentionHeads * visible;
  }
  invariantBroken(__FILE__, __LINE__, "unknown SiteShape");
}

const char* siteShape(Site site, const ModelConfig& config) {
  if (config.attention == AttentionKind::latent) {
    switch (site) {
      case Site::qProj:
        return "(T, H, n+r)";
      case Site::qRot:
        return "(T, H, r)";
      case Site::kRot:
        return "(T, 1, r)";
      case Site::context:
        return "(T, H, v)";
      default:
        break;
    }
  }
  return siteInfo(site).shape;
}

int shapeLetter(char letter, const ModelConfig& config, int tokens) {
  switch (letter) {
    case 'T':
      return tokens;
    case 'D':
      return config.hiddenSize;
    case 'H':
      return config.numAttentionHeads;
    case 'G':
      return config.numKeyValueHeads;
    case 'd':
      return config.headDim;
    case 'F':
      return config.intermediateSize;
    case 'V':
      return config.vocabSize;
    case 'C':
      return config.kvLoraRank;
    case 'Q':
      return config.qLoraRank;
    case 'n':
      return config.qkNopeHeadDim;
    case 'r':
      return config.qkRopeHeadDim;
    case 'v':
      return config.vHeadDim;
    default:
      return -1;
  }
}

SiteHeads siteHeads(Site site, const ModelConfig& config) {
  const bool latent = config.attention == AttentionKind::latent;
  switch (site) {
    case Site::qAProj:
    case Site::qALayernorm:
      return {1, config.qLoraRank};
    case Site::kvAProj:
      return {1, config.kvLoraRank + config.qkRopeHeadDim};
    case Site::kvALayernorm:
      return {1, config.kvLoraRank};
    case Site::kvBProj:
      return {config.numAttentionHeads, config.qkNopeHeadDim + config.vHeadDim};
    case Site::qRot:
      return {config.numAttentionHeads, config.rotaryDim()};
    case Site::kRot:
      return {latent ? 1 : config.numKeyValueHeads, config.rotaryDim()};
    case Site::context:
      return {config.numAttentionHeads, config.valueHeadDim()};
    case Site::state:
      return {config.numKeyValueHeads, (config.headDim + 1) * config.headDim};
    default:
      break;
  }
  switch (siteInfo(site).layout) {
    case SiteShape::queryHeads:
      return {config.numAttentionHeads, config.headDim};
    case SiteShape::keyHeads:
      return {config.numKeyValueHeads, config.headDim};
    default:
      return {1, siteRowWidth(site, config)};
  }
}

int siteHeadOf(Site site, const ModelConfig& config, HeadIndex head) {
  switch (siteInfo(site).layout) {
    case SiteShape::queryHeads:
      return head.value;
    case SiteShape::keyHeads:
    case SiteShape::state:
      return siteHeads(site, config).count == 1 ? 0 : config.keyValueHeadOf(head).value;
    default:
      return 0;
  }
}

Site queryProjectionSite(const ModelConfig& config) {
  return siteExists(Site::qBProj, config) ? Site::qBProj : Site::qProj;
}

std::string siteDumpName(Site site, LayerIndex layer) {
  std::string name = siteInfo(site).dumpName;
  const auto at = name.find("{i}");
  if (at != std::string::npos) name.replace(at, 3, std::to_string(layer.value));
  return name;
}

}  // namespace decodescope
