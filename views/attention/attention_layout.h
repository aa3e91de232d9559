#pragma once

#include "views/attention/matrix_painter.h"

#include <QRectF>

#include <vector>

namespace decodescope {

/// Thumbnails of a layer's heads, in groups that read one key/value head.
struct HeadStripLayout {
  QRectF heads;                   ///< all thumbnails
  std::vector<QRectF> head;       ///< each head's square
  std::vector<QRectF> headLabel;  ///< its number, above
  std::vector<QRectF> group;  ///< behind the heads that read one key/value head; empty when each has its own
  std::vector<QRectF> groupLabel;
};

/// Where the parts of one matrix with its layer's heads stand. Rectangles that find no room are null.
struct AttentionLayout : MatrixFrame, HeadStripLayout {
  QRectF title;
  QRectF subtitle;
  QRectF legend;
  QRectF readout;
  QRectF beside;  ///< right of the matrix, where it takes all of a low area: title and readout in lines
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

/// Large matrix first: at least half of the height where the width allows it. Thumbnails stand to its right
/// or below, whichever leaves it larger, down to one row of small ones; in narrow areas the colour bar lies
/// below. Labels, legend and title give way in small areas.
AttentionLayout layoutAttention(const QRectF& area, const AttentionLayoutNeeds& needs);

/// Narrower areas have no names at the axes, and a colour bar that lies.
bool isNarrow(const QRectF& area, double scale);

}  // namespace decodescope
