#pragma once

#include <QRectF>

#include <array>

namespace decodescope {

/// The row panel: four strips of bars below each other, each with its words beside or above it.
struct NormsRowLayout {
  std::array<QRectF, 4> strips;  ///< x, LayerNorm, RMSNorm, their difference; all of one left and width
  std::array<QRectF, 4> words;
  double axisWidth = 0;  ///< left of the strips, for the scale
  bool beside = false;   ///< the words: several lines at the right, else one line above
};
NormsRowLayout layoutNormsRow(const QRectF& area, double lineHeight, double axisWidth, double scale);

/// Three heat maps below each other, with labels at their left, tokens below the last and a colour key at the
/// right of each.
struct NormsMapsLayout {
  std::array<QRectF, 3> titles, maps, keys;
  QRectF axis;
  double labelWidth = 0;
};
NormsMapsLayout layoutNormsMaps(const QRectF& area, double lineHeight, double labelWidth, double keyWidth,
                                double scale);

/// One matrix, tokens downwards, with its rows' statistics at the right and its columns' below.
struct NormsColumnsLayout {
  QRectF matrix;
  QRectF rowTitle, rowBars;
  QRectF columnMeanTitle, columnMean, columnVarianceTitle, columnVariance;
  double labelWidth = 0;
};
NormsColumnsLayout layoutNormsColumns(const QRectF& area, double lineHeight, double labelWidth, double scale);

}  // namespace decodescope
