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
  kProj,
  vProj,
  qRot,
  kRot,
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
  queryHeads,    ///< (T, H, d)
  keyHeads,      ///< (T, G, d)
  intermediate,  ///< (T, F)
  vocabulary,    ///< (T, V)
  attention,     ///< (H, T, T): row of query i holds its visible keys 0 … i
};

/// One row of the site table.
struct SiteInfo {
  Site site;
  const char* dumpName;  ///< file name of the dump, without ".npy"; "{i}" stands for the layer
  const char* shape;     ///< in letters, e.g. "(T, H, d)"
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

/// "layers.3.self_attn.q_proj" and so on.
std::string siteDumpName(Site site, LayerIndex layer);

}  // namespace decodescope
