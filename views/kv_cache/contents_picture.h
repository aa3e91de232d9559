#pragma once

#include "views/cell_grid.h"
#include "views/colormap.h"
#include "views/kept_image.h"
#include "views/kv_cache/contents_panel.h"
#include "views/kv_cache/kv_cache_layout.h"
#include "views/kv_cache/kv_cache_model.h"
#include "views/kv_cache/kv_lanes.h"
#include "views/legend.h"

#include <array>
#include <optional>
#include <vector>

namespace decodescope {

struct KvContentsSettings {
  bool norms = false;    ///< a row's length instead of all its values
  bool numbers = true;   ///< bytes, counts and their growth beside the blocks
  bool strikes = false;  ///< a click strikes out instead of selecting
};

/// What is cached of every layer and column (KvColumn) as blocks that grow to the right, a column a position;
/// what the step read, computed anew, computed again and dropped. Of linear attention its states, which do
/// not grow.
class KvContentsPicture {
 public:
  /// Needs KvCacheModel::State::ready. The model is kept until the next paint() or clear().
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const KvCacheModel& model,
             const KvContentsSettings& settings);
  /// Nothing is shown any more.
  void clear();
  std::optional<Hit> hitTest(QPointF point) const;
  const KvCacheLayout& layout() const { return m_layout; }

 private:
  /// The name of a query head, or of a group of them.
  struct HeadPlace {
    QRectF area;
    HeadIndex head;
    bool wholeGroup;
  };

  void settle(QPainter& painter, const QRectF& area, const Theme& theme);
  double columnWidth() const;
  void paintBlocks(QPainter& painter, const Theme& theme);
  void fillBlocks(QPainter& painter, const Theme& theme) const;
  void fillPart(QPainter& painter, const Theme& theme, LayerIndex layer, int column, bool isUpper) const;
  /// The part's numbers, `height` rows of as many columns as are drawn, magnitudes; NaN where there is none.
  std::vector<float> partNumbers(LayerIndex layer, const KvColumn& column, bool isUpper) const;
  /// The same with their signs.
  CellGrid rowNumbers(LayerIndex layer, const KvColumn& column, bool isUpper) const;
  bool showsNorms() const { return m_settings.norms && !m_model->isState(); }
  double scaleEnd(const KvPart& part) const;
  QColor inkOf(const KvColumn& column, KvNumbers numbers, const Theme& theme) const;
  void frameBlock(QPainter& painter, const Theme& theme, int layer, int column) const;
  void strikeBlock(QPainter& painter, const Theme& theme, LayerIndex layer, int column) const;
  void paintSelection(QPainter& painter, const Theme& theme) const;
  void paintLabels(QPainter& painter, const Theme& theme);
  void nameGroups(QPainter& painter, const Theme& theme);
  void nameReaders(QPainter& painter, const Theme& theme, int column);
  void drawHeadName(QPainter& painter, const Theme& theme, const QRectF& area, const QString& name,
                    bool struck) const;
  void nameLayers(QPainter& painter, const Theme& theme) const;
  void namePositions(QPainter& painter, const Theme& theme) const;
  void nameStateColumns(QPainter& painter, const Theme& theme) const;
  std::vector<LegendItem> legend(const Theme& theme) const;
  NumberPlace numberAt(QPointF point, int layer, int column, Selection row) const;
  Hit rowHit(QPointF point, int layer, int column) const;
  Hit headHit(const HeadPlace& place) const;

  const KvCacheModel* m_model = nullptr;
  KvContentsSettings m_settings;
  KvCacheLayout m_layout;
  std::vector<HeadPlace> m_heads;
  QStringList m_subtitle;
  KvContentsPanel m_panel;

  /// What the kept image of blocks depends on.
  struct Key {
    std::uint64_t run;
    int step, missing, rebuiltHead;
    bool norms, dark;
    double scale;
    std::array<float, kKvNumbers> maxima;
    friend bool operator==(const Key&, const Key&) = default;
  };
  KeptImage<Key> m_blocks;
};

}  // namespace decodescope
