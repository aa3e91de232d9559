#pragma once

#include "views/text_cache.h"
#include "views/theme.h"

#include <QRectF>
#include <QString>
#include <QStringList>

#include <functional>
#include <vector>

class QPainter;

namespace decodescope {

/// One entry of a legend: a sample drawn into a small rectangle, then its words.
struct PanelLegendItem {
  double sampleWidth = 11;  ///< at scale 1
  std::function<void(QPainter&, const QRectF&)> sample;
  QString text;
};

/// What stands around a picture: a title, facts below it, a legend, a note. All of it is left out where the
/// area is small.
struct PanelFrame {
  QString title;
  QStringList facts;  ///< joined by " · ", in up to three lines
  std::vector<PanelLegendItem> legend;
  QStringList notes;  ///< lines at the bottom, broken at words
};

/// Fills the area, draws what is around and returns the rectangle that is left for the picture.
QRectF paintFrame(QPainter& painter, const QRectF& area, const Theme& theme, const PanelFrame& frame);

/// Text broken at words into lines of this width.
QStringList wrappedText(const QString& text, const TextMetrics& metrics, double width);

/// A caption above a large number; returns the width it took.
double drawCard(QPainter& painter, const QRectF& area, const Theme& theme, const QColor& color,
                const QString& caption, const QString& value);
/// The height that drawCard() needs.
double cardHeight(const Theme& theme, const QPainter& painter);

/// A number with a true minus sign.
QString signedNumber(double value, int decimals = 3);

}  // namespace decodescope
