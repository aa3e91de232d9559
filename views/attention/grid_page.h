#pragma once

#include "views/attention/attention_page.h"
#include "views/attention/thumbnails.h"

namespace decodescope {

/// How thumbnails of all layers and heads are arranged: a block a layer, its heads in rows; blocks across and
/// down.
struct HeadGridLayout {
  int blocksAcross = 1;  ///< layers beside each other
  int rows = 1;          ///< rows of heads in a layer
  int columns = 1;       ///< heads in a row
  double side = 0;       ///< of a thumbnail
  double gap = 0;        ///< between thumbnails of a layer
  double groupGap = 0;   ///< more between key/value heads
  double blockGapX = 0, blockGapY = 0;
  double layerLabel = 0;    ///< width left of each block
  double headLabel = 0;     ///< height above rows of heads
  bool labelsOnTop = true;  ///< heads are named once, above the uppermost blocks; else above every row

  QPointF origin;
  int layers = 1, heads = 1, perGroup = 1;
  QRectF block(int layer) const;  ///< with its labels
  QRectF square(int layer, int head) const;
  double rowWidth() const;
};

struct HeadGridNeeds {
  double scale = 1, layerLabel = 0, headLabel = 0;
  int layers = 1, heads = 1, perGroup = 1;
};
/// The arrangement with the largest thumbnails. Heads that read one key/value head stay in one row.
HeadGridLayout layoutHeadGrid(const QRectF& area, const HeadGridNeeds& needs);

/// All layers × heads as thumbnails; a click selects one.
class GridPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  QString title(const AttentionModel& model) const;
  void paintLabels(QPainter& painter, const Theme& theme, const AttentionModel& model) const;
  /// One range for all of them, or each its own.
  std::vector<Thumbnails::Item> items(const AttentionModel& model, int bins) const;

  HeadGridLayout m_layout;
  Thumbnails m_thumbnails;
};

}  // namespace decodescope
