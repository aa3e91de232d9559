#pragma once

#include "app/cli/run_options.h"
#include "views/export.h"
#include "views/selection.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace decodescope {

/// Another run beside the first: what it changes.
struct LaneOptions {
  std::string label;     ///< name=, else what differs in its settings
  bool isNamed = false;  ///< by name=; else the name of a model that is its own comes before the label
  LaneRecipe recipe;     ///< model=, kv_cache=, mask=, strike=, branch=
};

/// What to draw and where to.
struct RenderOptions {
  RunOptions run;
  std::vector<LaneOptions> lanes;  ///< --lane; drawn beside the run itself
  std::vector<const ViewInfo*> views;
  std::vector<std::pair<QString, QString>> settings;  ///< --set; each is known to at least one of the views
  std::optional<int> lane, layer, head, at, query, key;  ///< checked against the run by selectionFor()
  Site site = Site::weights;                             ///< --site
  QString zoom;                                          ///< --zoom; taken by each of the views
  FigureSize figure;
  bool dark = false;
  QString out;                        ///< file, or folder when `formats` holds any
  std::vector<ExportFormat> formats;  ///< empty: `out` is one file, whose suffix says what
};

/// The options that `render` has beyond the shared ones.
std::span<const OptionInfo> renderOptionTable();

/// Every failure is the call's fault (exit status 2).
Result<RenderOptions> parseRenderOptions(const Arguments& arguments);

/// The selection that the options ask for; by default layer 0, head 0, the last step, its last token as query
/// and token 0 as key. Indices that the run lacks are refused: the call's fault.
Result<Selection> selectionFor(const RenderOptions& options, const RunSnapshot& run);

}  // namespace decodescope
