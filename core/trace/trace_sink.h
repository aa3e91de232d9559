#pragma once

#include "core/base/matrix_span.h"
#include "core/trace/site.h"

namespace decodescope {

/// Looks at a forward pass while it runs. The forward pass asks first and pays only for what is wanted;
/// what a sink does can never change a result or a counter.
class TraceSink {
 public:
  virtual ~TraceSink() = default;

  virtual bool wants(Site site, LayerIndex layer) const = 0;

  /// The new rows of a site, in one call a layer (or one in all for sites outside the layers).
  ///   rows (n, siteRowWidth): row r belongs to position first + r.
  /// SiteShape::attention comes in one call a query instead: rows (H, visible), first is the query's
  /// position; so does SiteShape::state, rows (1, width). The span is valid during the call only. Called on
  /// the thread that called forward(), never on two at once.
  virtual void record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) = 0;
};

}  // namespace decodescope
