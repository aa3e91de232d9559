#pragma once

#include "views/export.h"

#include <functional>
#include <memory>
#include <vector>

namespace decodescope {

/// One view that is to be written into a folder, as it stood when it was asked for.
struct ExportItem {
  QString id;  ///< of the view; the file's name
  std::unique_ptr<View> view;
  SessionSnapshotPtr session;
  Selection selection;
};

/// Writes every item in every format as FOLDER/ID.SUFFIX. `progress` hears, before each file, how many are
/// done, of how many, and the file's name; false ends it: what was written stays, nothing is half. Returns
/// the files written; the first failure ends it too.
Result<int> exportBatch(const std::vector<ExportItem>& items, const std::vector<ExportFormat>& formats,
                        const QString& folder, const FigureSize& figure, bool dark,
                        const std::function<bool(int done, int of, const QString& file)>& progress);

}  // namespace decodescope
