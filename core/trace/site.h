#pragma once

#include "core/base/ids.h"
#include "core/model/model_config.h"

#include <span>
#include <string>

namespace decodescope {

/// Every tensor of a decode that can be seen. One row a site in site.cpp; names, shapes, tolerances, dumps
/// and stages derive from it.
enum class Site {
  embedPositions,
  embedTokens,
  inputLayernorm,
  qProj,
  qAProj,
  qALayernorm,
  qBProj,
  kvAProj,
  kvALayernorm,
  kvBProj,
  kProj,
  vProj,
  qRot,
  kRot,
  queryStates,
  keyStates,
  qFeatures,
  kFeatures,
  state,
  scores,
  weights,
  context,
  oProj,
  postAttentionResidual,
  postAttentionLayernorm,
  gateProj,
  upProj,
  mlpActivation,
  downProj,
  postFeedforwardLayernorm,
  output,
  norm,
  logits,
};
inline constexpr int kSiteCount = static_cast<int>(Site::logits) + 1;

/// How a site's rows are laid out.
enum class SiteShape {
  hidden,        ///< (T, D)
  queryHeads,    ///< (T, H, d); under MLA the heads' widths differ from site to site: siteHeads()
  keyHeads,      ///< (T, G, d); under MLA the rotary key is one for all heads
  latent,        ///< (T, C) and such: one row without heads
  state,         ///< (T, G, d+1, d): a head's Σ φ(k) vᵀ, below it Σ φ(k)
  intermediate,  ///< (T, F)
  vocabulary,    ///< (T, V)
  attention,     ///< (H, T, T): row of query i holds the keys 0 … i, −∞ or 0 where it does not see them
};

/// One row of the site table.
struct SiteInfo {
  Site site;
  const char* dumpName;  ///< file name of the dump, without ".npy"; "{i}" stands for the layer
  const char* shape;     ///< in letters, e.g. "(T, H, d)"; siteShape() knows where an architecture differs
  SiteShape layout;
  const char* formula;   ///< plain text
  const char* lensName;  ///< TransformerLens' hook name, "" where it has none
  double tolerance;      ///< largest difference from an independent computation, relative to the RMS of the
                         ///< finite entries
  bool perLayer;
  bool dumped;  ///< written by `decode --dump`
};

const SiteInfo& siteInfo(Site site);
std::span<const SiteInfo> siteTable();

/// Whether a run of this architecture writes the site at all.
bool siteExists(Site site, const ModelConfig& config);

/// Numbers in one token's row of the site; for SiteShape::attention, of a query that sees `visible` keys (H ·
/// visible).
int siteRowWidth(Site site, const ModelConfig& config, int visible = 0);

/// The site's shape in letters for this architecture: SiteInfo::shape, but "(T, H, v)" for MLA's context.
const char* siteShape(Site site, const ModelConfig& config);

/// A letter's number in this architecture: siteShape()'s T, D, H, G, d, F, V, C, Q, n, r, v; −1 for any other
/// character.
int shapeLetter(char letter, const ModelConfig& config, int tokens);

/// How one token's row of a site is divided into heads: `count` blocks of `width` numbers. One block for
/// sites without heads.
struct SiteHeads {
  int count = 1;
  int width = 0;
};
SiteHeads siteHeads(Site site, const ModelConfig& config);

/// The block of such a row that query head h uses: h, its key/value head, or 0.
int siteHeadOf(Site site, const ModelConfig& config, HeadIndex head);

/// Where queries before their rotation stand: q_proj, or q_b_proj where the query has a latent of its own.
Site queryProjectionSite(const ModelConfig& config);

/// "layers.3.self_attn.q_proj" and so on.
std::string siteDumpName(Site site, LayerIndex layer);

}  // namespace decodescope
