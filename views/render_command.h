#pragma once

#include "views/export.h"
#include "views/view.h"

#include <QString>

namespace decodescope {

/// The call of `decodescope render` that draws the view as it is shown: the run is told by its prompt's token
/// ids and its settings. Without an `out` the option is left out.
QString renderCommand(const SessionSnapshot& session, const Selection& selection, const QString& viewId,
                      const View& view, const FigureSize& figure, bool dark, const QString& out);

/// The word as a POSIX shell reads it back.
QString shellQuoted(const QString& word);

}  // namespace decodescope
