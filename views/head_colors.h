#pragma once

#include "views/theme.h"

#include <QColor>

namespace decodescope {

/// A colour for each query head: heads that read one key/value head have neighbouring hues. Even on both
/// themes' backgrounds as lines and as tints below text. Needs 0 ≤ head < heads and keyValueHeads ≥ 1.
QColor headColor(int head, int heads, int keyValueHeads, const Theme& theme);

/// The colour of MLA's latent, from which both keys and values are rebuilt: between theirs.
QColor latentColor(const Theme& theme);

/// The colour of a key/value head: the middle of its query heads' hues.
QColor keyValueHeadColor(int keyValueHead, int keyValueHeads, const Theme& theme);

}  // namespace decodescope
