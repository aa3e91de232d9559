#pragma once

#include "views/export.h"
#include "views/view.h"

#include <QString>

namespace decodescope {

/// The call of `decodescope render` that draws the view as it is shown: the run is told by its prompt's token
/// ids and its settings, as they changed, with the tokens that the user chose; lanes where the view shows
/// them all. Without an `out` the option is left out. What such a call cannot draw again stands behind a # at
/// its end.
QString renderCommand(const SessionSnapshot& session, const Selection& selection, const QString& viewId,
                      const View& view, const FigureSize& figure, bool dark, const QString& out);

/// What `render --site` calls a site: "self_attn.q_proj", "norm".
QString siteWord(Site site);

/// A value of `render --lane` with its commas hidden, and shown again.
QString laneValue(const QString& value);
QString laneValueFrom(const QString& text);

/// The word as a POSIX shell reads it back.
QString shellQuoted(const QString& word);

}  // namespace decodescope
