#pragma once

#include "core/decode/run_snapshot.h"
#include "views/theme.h"

#include <QColor>
#include <QString>
#include <QStringList>

namespace decodescope {

/// The colour by which a lane is known wherever several stand together. Eight, then from the start again.
QColor laneColor(int index, const Theme& theme);

/// "tales-mha", "cache off": what the lane is called.
QString laneLabel(const SessionSnapshot& session, int index);

/// What tells the lane from the others, and its label does not say already: "cache on", "GQA", "LayerNorm",
/// "no causal mask". Empty with a single lane.
QStringList laneDifferences(const SessionSnapshot& session, int index);

/// Label and differences in one line.
QString laneTitle(const SessionSnapshot& session, int index);

/// The first position whose token is another one than the first lane's; −1 when there is none. A lane that is
/// only shorter or longer does not differ.
int firstDifference(const RunSnapshot& first, const RunSnapshot& other);

}  // namespace decodescope
