#include "views/picture_frame.h"

#include "views/heatmap.h"
#include "views/rect_strips.h"
#include "views/text_fit.h"

#include <QImage>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <utility>

namespace decodescope {
namespace {

constexpr int kNoteLines = 3;

}  // namespace

QStringList wrappedWords(const QString& text, const TextMetrics& metrics, double width, int maxLines) {
  QStringList lines;
  for (const QString& word : text.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    const QString longer = lines.isEmpty() ? word : lines.last() + QLatin1Char(' ') + word;
    if (lines.isEmpty() || (metrics.horizontalAdvance(longer) > width && lines.size() < maxLines)) {
      lines << word;
    } else {
      lines.last() = longer;
    }
  }
  for (QString& line : lines) line = fitted(line, metrics, width);
  return lines;
}

PictureFrame framePicture(QPainter& painter, const QRectF& area, const Theme& theme,
                          const FrameTexts& texts) {
  const TextMetrics label(theme.sized(11.5), painter.device());
  const TextMetrics title(theme.sized(15, QFont::DemiBold), painter.device());
  const double line = std::ceil(label.height());
  PictureFrame frame;
  frame.small = area.width() < theme.px(260) || area.height() < theme.px(220);
  const double pad = theme.px(frame.small ? 3 : 12);
  QRectF rest = area.adjusted(pad, pad, -pad, -pad);
  if (rest.width() <= 0 || rest.height() <= 0) {
    frame.body = area;
    return frame;
  }
  if (area.height() >= theme.px(60)) frame.title = takeTop(rest, std::ceil(title.height()), theme.px(2));
  // What must be said is said in small areas too.
  if (!texts.note.isEmpty() && area.height() >= theme.px(150)) {
    const double inside = theme.px(6);
    frame.noteLines = wrappedWords(texts.note, label, rest.width() - 2 * inside - theme.px(4),
                                   frame.small ? 2 : kNoteLines);
  }
  if (!frame.small) {
    frame.subtitleLines = brokenParts(texts.subtitle, label, rest.width(), 2);
    const double lines = static_cast<double>(frame.subtitleLines.size());
    if (lines > 0) frame.subtitle = takeTop(rest, lines * line, theme.px(8));
  }
  if (!frame.noteLines.isEmpty())
    frame.note = takeTop(rest, static_cast<double>(frame.noteLines.size()) * line + theme.px(6), theme.px(8));
  if (!frame.small) {
    if (!texts.readout.isEmpty()) frame.readout = takeBottom(rest, line, theme.px(4));
    // Two lines at most: the picture needs the room more.
    const int legend = area.height() < theme.px(300)
                           ? 0
                           : std::min(2, legendLines(painter, theme, texts.legend, rest.width()));
    if (legend > 0) frame.legend = takeBottom(rest, legend * std::ceil(line * 1.1), theme.px(8));
  }
  frame.body = rest;
  return frame;
}

double framedHeight(const QSizeF& room, const Theme& theme, const FrameTexts& texts,
                    const std::function<double(QPainter&, const QSizeF&)>& neededBody) {
  QImage probe(1, 1, QImage::Format_RGB32);
  QPainter painter(&probe);
  double height = room.height();
  // In a higher area the frame has more words, which ask for some more height.
  for (int round = 0; round < 4; ++round) {
    const QSizeF body = framePicture(painter, QRectF(0, 0, room.width(), height), theme, texts).body.size();
    const double needed = height - body.height() + neededBody(painter, body);
    if (needed <= height) break;
    height = std::ceil(needed);
  }
  return height;
}

void paintFrame(QPainter& painter, const PictureFrame& frame, const Theme& theme, const FrameTexts& texts) {
  const auto lines = [&](const QRectF& area, const QStringList& words) {
    QRectF row = area;
    row.setHeight(area.height() / static_cast<double>(std::max<qsizetype>(1, words.size())));
    for (const QString& text : words) {
      drawFitted(painter, row, Qt::AlignLeft | Qt::AlignVCenter, text);
      row.translate(0, row.height());
    }
  };
  if (!frame.title.isNull()) {
    painter.setFont(theme.sized(15, QFont::DemiBold));
    painter.setPen(theme.text);
    drawFitted(painter, frame.title, Qt::AlignLeft | Qt::AlignVCenter, texts.title);
  }
  if (!frame.subtitle.isNull()) {
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.faintText);
    lines(frame.subtitle, frame.subtitleLines);
  }
  if (!frame.note.isNull()) {
    painter.fillRect(frame.note, mixed(theme.background, theme.warning, 0.14));
    painter.fillRect(QRectF(frame.note.left(), frame.note.top(), theme.px(3), frame.note.height()),
                     theme.warning);
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.text);
    lines(frame.note.adjusted(theme.px(9), theme.px(3), -theme.px(5), -theme.px(3)), frame.noteLines);
  }
  if (!frame.legend.isNull()) paintLegend(painter, theme, texts.legend, frame.legend);
  if (!frame.readout.isNull()) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.text);
    const bool fits = TextMetrics(painter.font(), painter.device()).horizontalAdvance(texts.readout) <=
                      frame.readout.width();
    drawFitted(painter, frame.readout, Qt::AlignLeft | Qt::AlignVCenter,
               fits || texts.shortReadout.isEmpty() ? texts.readout : texts.shortReadout);
  }
}

void drawOutline(QPainter& painter, const QRectF& rect, const QColor& color, double width,
                 Qt::PenStyle style) {
  const bool sharp = !painter.testRenderHint(QPainter::Antialiasing) && !isVectorDevice(painter);
  if (!sharp || style != Qt::SolidLine) {
    painter.setPen(QPen(color, width, style, Qt::SquareCap, Qt::MiterJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect);
    return;
  }
  // Four strips of whole device pixels, those that a pen of this width covers.
  const double ratio = pixelRatio(painter), half = std::max(1.0, width * ratio) / 2;
  const auto covered = [&](double at) {
    return std::pair(std::floor(at * ratio - half + 0.5) / ratio,
                     std::floor(at * ratio + half + 0.5) / ratio);
  };
  const auto left = covered(rect.left()), right = covered(rect.right());
  const auto top = covered(rect.top()), bottom = covered(rect.bottom());
  const auto fill = [&](double x1, double x2, double y1, double y2) {
    if (x2 > x1 && y2 > y1) fillTranslucent(painter, QRectF(x1, y1, x2 - x1, y2 - y1), color);
  };
  fill(left.first, right.second, top.first, top.second);
  fill(left.first, right.second, std::max(top.second, bottom.first), bottom.second);
  fill(left.first, left.second, top.second, bottom.first);
  fill(std::max(left.second, right.first), right.second, top.second, bottom.first);
}

}  // namespace decodescope
