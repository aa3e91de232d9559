#include "views/norms/norms_layout.h"

#include <algorithm>
#include <cstddef>

namespace decodescope {

NormsRowLayout layoutNormsRow(const QRectF& area, double lineHeight, double axisWidth, double scale) {
  NormsRowLayout layout;
  const bool texts = area.width() > 170 * scale && area.height() > 4 * (lineHeight + 16 * scale);
  layout.beside = texts && area.width() > 540 * scale && area.height() > 4 * (3.2 * lineHeight);
  layout.axisWidth = texts ? axisWidth : 0;
  const double gap = (texts ? 10 : 3) * scale;
  const double above = texts && !layout.beside ? lineHeight : 0;
  const double height = (area.height() - 3 * gap) / 4;
  const double wordsWidth = layout.beside ? std::clamp(area.width() * 0.34, 220 * scale, 330 * scale) : 0;
  const double space = layout.beside ? 14 * scale : 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double top = area.top() + static_cast<double>(i) * (height + gap);
    layout.strips[i] = QRectF(area.left() + layout.axisWidth, top + above,
                              std::max(1.0, area.width() - layout.axisWidth - wordsWidth - space),
                              std::max(1.0, height - above));
    if (layout.beside) {
      layout.words[i] = QRectF(area.right() - wordsWidth, top, wordsWidth, height);
    } else if (texts) {
      layout.words[i] = QRectF(area.left(), top, area.width(), above);
    }
  }
  return layout;
}

NormsMapsLayout layoutNormsMaps(const QRectF& area, double lineHeight, double labelWidth, double keyWidth,
                                double scale) {
  NormsMapsLayout layout;
  const bool texts = area.width() > 200 * scale && area.height() > 150 * scale;
  layout.labelWidth = texts ? labelWidth : 0;
  const double key = texts ? keyWidth : 0, axis = texts ? lineHeight * 1.2 : 0;
  const double gap = (texts ? 8 : 3) * scale, title = texts ? lineHeight * 1.15 : 0;
  const double height = std::max(1.0, (area.height() - axis - 2 * gap) / 3 - title);
  for (std::size_t i = 0; i < 3; ++i) {
    const double top = area.top() + static_cast<double>(i) * (height + title + gap);
    layout.titles[i] = QRectF(area.left() + layout.labelWidth, top, area.width() - layout.labelWidth, title);
    layout.maps[i] = QRectF(area.left() + layout.labelWidth, top + title,
                            std::max(1.0, area.width() - layout.labelWidth - key), height);
    if (texts)
      layout.keys[i] =
          QRectF(layout.maps[i].right() + 10 * scale, layout.maps[i].top(), key - 10 * scale, height);
  }
  layout.axis = QRectF(layout.maps[2].left(), layout.maps[2].bottom(), layout.maps[2].width(), axis);
  return layout;
}

NormsColumnsLayout layoutNormsColumns(const QRectF& area, double lineHeight, double labelWidth,
                                      double scale) {
  NormsColumnsLayout layout;
  const bool texts = area.width() > 240 * scale && area.height() > 200 * scale;
  layout.labelWidth = texts ? labelWidth : 0;
  const double title = texts ? lineHeight * 1.2 : 0;
  const double right = area.width() * 0.2, gap = (texts ? 12 : 3) * scale;
  const double below = area.height() * 0.36;
  layout.matrix = QRectF(area.left() + layout.labelWidth, area.top() + title,
                         std::max(1.0, area.width() - layout.labelWidth - right - gap),
                         std::max(1.0, area.height() - title - below));
  layout.rowTitle = QRectF(layout.matrix.right() + gap, area.top(), right, title);
  layout.rowBars = QRectF(layout.matrix.right() + gap, layout.matrix.top(), right, layout.matrix.height());
  const double strip = std::max(1.0, (below - 2 * title - (texts ? 10 : 4) * scale) / 2);
  layout.columnMeanTitle =
      QRectF(layout.matrix.left(), layout.matrix.bottom() + 5 * scale, layout.matrix.width(), title);
  layout.columnMean =
      QRectF(layout.matrix.left(), layout.columnMeanTitle.bottom(), layout.matrix.width(), strip);
  layout.columnVarianceTitle =
      QRectF(layout.matrix.left(), layout.columnMean.bottom() + 3 * scale, layout.matrix.width(), title);
  layout.columnVariance =
      QRectF(layout.matrix.left(), layout.columnVarianceTitle.bottom(), layout.matrix.width(), strip);
  return layout;
}

}  // namespace decodescope
