#pragma once

#include "views/theme.h"

#include <QRectF>
#include <QStringList>

class QPainter;

namespace decodescope {

/// Ties together what stands below the box, as query heads that read one key/value head: a line along its
/// bottom, the ends turned down, and above the line the first of `names` that fits (none where not even the
/// last does). In the painter's font.
void drawBracket(QPainter& painter, const QRectF& box, const Theme& theme, const QColor& color,
                 const QStringList& names);

}  // namespace decodescope
