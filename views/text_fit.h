#pragma once

#include "views/text_cache.h"
#include "views/theme.h"

#include <QPointF>
#include <QRectF>
#include <QString>
#include <QStringList>

#include <span>
#include <vector>

class QPainter;

namespace decodescope {

/// Indices first … first+count−1 that get a label, ascending, so that neighbours stand at least `minDistance`
/// apart when an index takes `pitch`: multiples of 1, 2, 5, 10, 20 … Those in `wanted` come first (in their
/// order) and push others away.
std::vector<int> thinnedLabels(int first, int count, double pitch, double minDistance,
                               std::span<const int> wanted);

/// The text, shortened with an ellipsis where it is wider than `width`; empty when not even that fits.
QString fitted(const QString& text, const TextMetrics& metrics, double width);

/// Parts joined by " · " into at most `maxLines` lines of this width, broken between parts; what does not fit
/// is shortened.
QStringList brokenParts(const QStringList& parts, const TextMetrics& metrics, double width, int maxLines);

/// One line of text inside the rectangle, shortened to it. Returns the width it took.
double drawFitted(QPainter& painter, const QRectF& rect, Qt::Alignment alignment, const QString& text);

/// Text that runs upwards, its end (alignment right) or start (left) at `bottom`-centre of a column: used for
/// column labels.
void drawUpwards(QPainter& painter, QPointF bottomCentre, double length, const QString& text);

/// Several lines broken at words, centred in the area, in the label font: what an empty view says.
void drawMessage(QPainter& painter, const QRectF& area, const Theme& theme, const QString& title,
                 const QString& text);

/// "1,234,567" in the locale's way.
QString groupedNumber(std::uint64_t value);
/// "640 B", "12.5 kB", "3.20 MB": powers of 1000, as the lectures and the model cards count.
QString byteText(std::uint64_t bytes);
/// A value in at most about six characters: "0.432", "-12.3", "1.2e-05", "0".
QString shortNumber(double value);

}  // namespace decodescope
