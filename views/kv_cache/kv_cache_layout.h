#pragma once

#include <QRectF>

#include <vector>

namespace decodescope {

/// Where the parts of the KV-cache picture stand. Rectangles that find no room are null.
struct KvCacheLayout {
  QRectF title;
  QRectF subtitle;
  QRectF blocks;                     ///< all of them, without their labels
  std::vector<QRectF> columnLabels;  ///< one a key/value head
  std::vector<QRectF> readerLabels;  ///< below them: the query heads that read it
  std::vector<QRectF> axes;          ///< below each column of blocks: positions
  std::vector<QRectF> layerLabels;   ///< one a layer
  double blockGapX = 0, blockGapY = 0;
  int layers = 0, heads = 0;
  double strip = 0;                 ///< height of the state strip on top of each block; 0: none
  std::vector<double> upperShares;  ///< of a block's height below the strip, one a column; none: a half
  QRectF panel;                     ///< numbers and curves
  QRectF legend;
  QRectF readout;

  /// Of one layer and column: the state strip, the upper part (K) and the lower one (V).
  QRectF block(int layer, int head) const;
  QRectF stateStrip(int layer, int head) const;
  QRectF keys(int layer, int head) const;
  QRectF values(int layer, int head) const;
};

struct KvCacheLayoutNeeds {
  double scale = 1;
  double lineHeight = 14;
  double titleHeight = 18;
  int subtitleLines = 1;
  int legendLines = 1;
  double layerLabelWidth = 0;
  double panelWidth = 220;
  double panelHeight = 160;  ///< when it stands below
  int layers = 1;
  int heads = 1;
  bool shared = false;  ///< several query heads read one key/value head
  bool strip = true;    ///< blocks have a state strip
  std::vector<double> upperShares = {};
};

/// Blocks first: layers down, key/value heads across; the panel to the right, or below in upright areas.
KvCacheLayout layoutKvCache(const QRectF& area, const KvCacheLayoutNeeds& needs);

}  // namespace decodescope
