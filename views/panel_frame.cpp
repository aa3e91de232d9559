#include "views/panel_frame.h"

#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QFont cardFont(const Theme& theme) {
  return theme.monoSized(16, QFont::DemiBold);
}

}  // namespace

QStringList wrappedText(const QString& text, const TextMetrics& metrics, double width) {
  QStringList lines;
  for (const QString& word : text.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    if (lines.isEmpty()) {
      lines << word;
      continue;
    }
    const QString longer = lines.last() + QLatin1Char(' ') + word;
    if (metrics.horizontalAdvance(longer) > width) {
      lines << word;
    } else {
      lines.last() = longer;
    }
  }
  return lines;
}

QRectF paintFrame(QPainter& painter, const QRectF& area, const Theme& theme, const PanelFrame& frame) {
  painter.fillRect(area, theme.background);
  const bool small = area.width() < theme.px(280) || area.height() < theme.px(220);
  const double pad = theme.px(small ? 4 : 12);
  QRectF rest = area.adjusted(pad, pad, -pad, -pad);
  if (rest.width() < 1 || rest.height() < 1) return area;
  const auto line = [&](const QFont& font, const QColor& color, const QString& text) {
    painter.setFont(font);
    painter.setPen(color);
    const double height = std::ceil(TextMetrics(font, painter.device()).height());
    drawFitted(painter, QRectF(rest.left(), rest.top(), rest.width(), height),
               Qt::AlignLeft | Qt::AlignVCenter, text);
    rest.setTop(rest.top() + height);
  };
  if (area.height() >= theme.px(100)) {
    line(theme.sized(15, QFont::DemiBold), theme.text, frame.title);
    rest.setTop(rest.top() + theme.px(2));
  }
  if (small) return rest;
  const QFont words = theme.sized(11.5);
  const TextMetrics metrics(words, painter.device());
  const int most = std::clamp(static_cast<int>(area.height() / theme.px(160)), 1, 3);
  for (const QString& text : brokenParts(frame.facts, metrics, rest.width(), most))
    line(words, theme.faintText, text);
  rest.setTop(rest.top() + theme.px(8));

  // From the bottom upwards: notes, then the legend. Notes go where there is little height.
  const double lineHeight = std::ceil(metrics.height());
  if (rest.height() > theme.px(300)) {
    QStringList lines;
    for (const QString& note : frame.notes) lines += wrappedText(note, metrics, rest.width());
    const double height = lineHeight * static_cast<double>(lines.size());
    if (!lines.isEmpty() && height < rest.height() * 0.25) {
      QRectF at(rest.left(), rest.bottom() - height, rest.width(), lineHeight);
      rest.setBottom(at.top() - theme.px(6));
      painter.setFont(words);
      painter.setPen(theme.text);
      for (const QString& text : lines) {
        drawFitted(painter, at, Qt::AlignLeft | Qt::AlignVCenter, text);
        at.translate(0, lineHeight);
      }
    }
  }
  if (frame.legend.empty()) return rest;
  const double box = theme.px(11);
  painter.setFont(theme.sized(11));
  const TextMetrics legendMetrics(painter.font(), painter.device());
  double x = rest.left();
  const double y = rest.bottom() - lineHeight;
  for (const PanelLegendItem& item : frame.legend) {
    const double sample = theme.px(item.sampleWidth);
    const double width = legendMetrics.horizontalAdvance(item.text);
    if (x + sample + theme.px(5) + width > rest.right()) break;
    painter.save();
    item.sample(painter, QRectF(x, y + (lineHeight - box) / 2, sample, box));
    painter.restore();
    painter.setPen(theme.faintText);
    drawFitted(painter, QRectF(x + sample + theme.px(5), y, width + 1, lineHeight),
               Qt::AlignLeft | Qt::AlignVCenter, item.text);
    x += sample + theme.px(5) + width + theme.px(16);
  }
  rest.setBottom(y - theme.px(8));
  return rest;
}

double cardHeight(const Theme& theme, const QPainter& painter) {
  return std::ceil(TextMetrics(theme.sized(11), painter.device()).height() +
                   TextMetrics(cardFont(theme), painter.device()).height());
}

double drawCard(QPainter& painter, const QRectF& area, const Theme& theme, const QColor& color,
                const QString& caption, const QString& value) {
  painter.setFont(theme.sized(11));
  painter.setPen(theme.faintText);
  const double height = TextMetrics(painter.font(), painter.device()).height();
  const double first = drawFitted(painter, QRectF(area.left(), area.top(), area.width(), height),
                                  Qt::AlignLeft | Qt::AlignTop, caption);
  painter.setFont(cardFont(theme));
  painter.setPen(color);
  const double second =
      drawFitted(painter, QRectF(area.left(), area.top() + height, area.width(), area.height() - height),
                 Qt::AlignLeft | Qt::AlignTop, value);
  return std::max(first, second);
}

QString signedNumber(double value, int decimals) {
  return QString::number(value, 'f', decimals).replace(QLatin1Char('-'), QChar(0x2212));
}

}  // namespace decodescope
