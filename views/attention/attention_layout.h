#pragma once

#include <QRectF>

#include <vector>

namespace decodescope {

/// Where the parts of the attention picture stand. Rectangles that find no room are null.
struct AttentionLayout {
  QRectF title;
  QRectF subtitle;
  QRectF matrix;        ///< square
  QRectF rowLabels;     ///< left of the matrix
  QRectF columnLabels;  ///< above it
  QRectF newBar;        ///< the strip between row labels and matrix that marks what the step computed
  QRectF colorBar;      ///< right of it; its numbers stand in colorNumbers
  QRectF colorNumbers;
  QRectF legend;
  QRectF readout;
  QRectF heads;                   ///< all thumbnails
  std::vector<QRectF> head;       ///< each head's square
  std::vector<QRectF> headLabel;  ///< its number, above
  std::vector<QRectF> group;  ///< behind the heads that read one key/value head; empty when each has its own
  std::vector<QRectF> groupLabel;
};

/// What the layout has to make room for, in the painter's units.
struct AttentionLayoutNeeds {
  double scale = 1;
  double lineHeight = 14;  ///< of a label
  int subtitleLines = 1;
  int legendLines = 1;
  double titleHeight = 18;
  double rowLabelWidth = 0;      ///< of the widest label
  double columnLabelHeight = 0;  ///< of the labels above the matrix, as they will be drawn
  double colorNumberWidth = 0;
  int heads = 1;
  int headsPerGroup = 1;
  bool thumbnails = true;
};

/// Large matrix first; thumbnails to its right or below, whichever leaves it larger; labels, legend and title
/// give way in small areas.
AttentionLayout layoutAttention(const QRectF& area, const AttentionLayoutNeeds& needs);

}  // namespace decodescope
