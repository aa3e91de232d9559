#include "views/attention/attention_view.h"
#include "views/compare/compare_view.h"
#include "views/heads/heads_view.h"
#include "views/kv_cache/kv_cache_view.h"
#include "views/mask/mask_view.h"
#include "views/memory/memory_view.h"
#include "views/norms/norms_view.h"
#include "views/probabilities/probabilities_view.h"
#include "views/rope/rope_view.h"
#include "views/shapes/shapes_view.h"
#include "views/view.h"
#include "views/worked_example/worked_example_view.h"

#include <array>

namespace decodescope {

// One row a view, its title short enough for a tab: docks, the View menu, render, its tests and the README's
// pictures all follow from this table.
std::span<const ViewInfo> viewRegistry() {
  static const std::array kViews{
      ViewInfo{"attention",
               QT_TRANSLATE_NOOP("Views", "Attention"),
               QT_TRANSLATE_NOOP("Views", "Which earlier tokens each query looks at, head by head"),
               {Site::embedTokens, Site::qProj, Site::kProj, Site::vProj, Site::qRot, Site::kRot,
                Site::scores, Site::weights, Site::context},
               &makeAttentionView},
      ViewInfo{"kv_cache",
               QT_TRANSLATE_NOOP("Views", "KV cache"),
               QT_TRANSLATE_NOOP("Views",
                                 "The keys and values that are kept for every layer and head, as they grow"),
               {Site::kProj, Site::vProj, Site::kRot},
               &makeKvCacheView},
      ViewInfo{"heads",
               QT_TRANSLATE_NOOP("Views", "Heads"),
               QT_TRANSLATE_NOOP("Views", "Which query heads read which key/value head"),
               {Site::qProj, Site::kProj, Site::vProj, Site::qRot, Site::kRot, Site::context},
               &makeHeadsView},
      ViewInfo{
          "shapes",
          QT_TRANSLATE_NOOP("Views", "Shapes"),
          QT_TRANSLATE_NOOP("Views", "How view, transpose and concatenate move the numbers of each head"),
          {Site::embedTokens, Site::inputLayernorm, Site::qProj, Site::kProj, Site::vProj, Site::qRot,
           Site::kRot, Site::context, Site::oProj, Site::output},
          &makeShapesView},
      ViewInfo{"rope",
               QT_TRANSLATE_NOOP("Views", "Positions"),
               QT_TRANSLATE_NOOP("Views", "How positions turn each pair of a query and a key"),
               {Site::embedPositions, Site::qProj, Site::kProj, Site::qRot, Site::kRot},
               &makeRopeView},
      ViewInfo{
          "norms",
          QT_TRANSLATE_NOOP("Views", "Norms"),
          QT_TRANSLATE_NOOP("Views", "What LayerNorm and RMSNorm do to a token's residual"),
          {Site::embedTokens, Site::inputLayernorm, Site::postAttentionResidual, Site::postAttentionLayernorm,
           Site::downProj, Site::postFeedforwardLayernorm, Site::output, Site::norm},
          &makeNormsView},
      ViewInfo{"mask",
               QT_TRANSLATE_NOOP("Views", "Mask"),
               QT_TRANSLATE_NOOP("Views", "What the mask hides, and two ways to the same weights"),
               {Site::qProj, Site::kProj, Site::qRot, Site::kRot, Site::scores, Site::weights},
               &makeMaskView},
      ViewInfo{"probabilities",
               QT_TRANSLATE_NOOP("Views", "Tokens"),
               QT_TRANSLATE_NOOP("Views",
                                 "From text to embedding rows, and from logits to the token that is picked"),
               {Site::embedTokens, Site::output, Site::norm, Site::logits},
               &makeProbabilitiesView},
      ViewInfo{
          "memory",
          QT_TRANSLATE_NOOP("Views", "Memory and traffic"),
          QT_TRANSLATE_NOOP("Views", "What the cache takes, and what reading it costs, in closed formulas"),
          {},
          &makeMemoryView},
      ViewInfo{"compare",
               QT_TRANSLATE_NOOP("Views", "Lanes"),
               QT_TRANSLATE_NOOP("Views", "What the lanes are, what they cost and how good they are"),
               {},
               &makeCompareView},
      ViewInfo{"worked_example",
               QT_TRANSLATE_NOOP("Views", "Example"),
               QT_TRANSLATE_NOOP("Views", "The lectures' small tensors, worked through by the same kernels"),
               {},
               &makeWorkedExampleView},
  };
  return kViews;
}

const ViewInfo* findView(const QString& id) {
  for (const ViewInfo& info : viewRegistry()) {
    if (id == QLatin1String(info.id)) return &info;
  }
  return nullptr;
}

}  // namespace decodescope
