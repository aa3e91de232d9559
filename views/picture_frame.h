#pragma once

#include "views/legend.h"
#include "views/text_cache.h"
#include "views/theme.h"

#include <QRectF>
#include <QSizeF>
#include <QString>
#include <QStringList>

#include <functional>
#include <vector>

class QPainter;

namespace decodescope {

/// The words around a picture.
struct FrameTexts {
  QString title;
  QStringList subtitle;  ///< parts that may be broken onto two lines
  QString note;     ///< what must not be overlooked: a what-if, worked numbers, nothing to mask; may be ""
  QString readout;  ///< what the selected place says, the long way …
  QString shortReadout;  ///< … and where that does not fit
  std::vector<LegendItem> legend;
};

/// Where they stand, and what is left for the picture. Rectangles that find no room are null.
struct PictureFrame {
  QRectF title;
  QRectF subtitle;
  QRectF note;
  QRectF body;
  QRectF legend;
  QRectF readout;
  QStringList subtitleLines;
  QStringList noteLines;
  bool small = false;  ///< title and body only
};

PictureFrame framePicture(QPainter& painter, const QRectF& area, const Theme& theme, const FrameTexts& texts);
/// The height that a framed picture needs in a room of this size: the room's own where its body is as high as
/// neededBody(painter, room of the body) asks for.
double framedHeight(const QSizeF& room, const Theme& theme, const FrameTexts& texts,
                    const std::function<double(QPainter&, const QSizeF&)>& neededBody);
void paintFrame(QPainter& painter, const PictureFrame& frame, const Theme& theme, const FrameTexts& texts);

/// Words broken into lines of this width; the last of maxLines is shortened.
QStringList wrappedWords(const QString& text, const TextMetrics& metrics, double width, int maxLines);

/// Outlines a rectangle with sharp corners.
void drawOutline(QPainter& painter, const QRectF& rect, const QColor& color, double width,
                 Qt::PenStyle style = Qt::SolidLine);

}  // namespace decodescope
