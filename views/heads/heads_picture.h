#pragma once

#include "views/heads/heads_model.h"

#include <QPointF>
#include <QRectF>

#include <array>
#include <optional>
#include <vector>

namespace decodescope {

/// Where the strips of the heads stand: queries at the left, the keys and values that they read in the
/// middle, what each head makes of them at the right.
struct HeadsLayout {
  std::vector<QRectF> queries;  ///< one a query head
  std::vector<QRectF> keys;     ///< one a key/value head
  std::vector<QRectF> values;
  std::vector<QRectF> contexts;  ///< empty where the area is narrow
  QRectF queryTitle, keyTitle, valueTitle, contextTitle;
  double labelWidth = 0;  ///< left of the queries; 0: no labels
  double keyLabelWidth = 0;
};
HeadsLayout layoutHeads(const QRectF& area, int heads, int keyValueHeads, int keys, double lineHeight,
                        double scale);

/// Paints the heads and finds what lies under a point.
class HeadsPicture {
 public:
  struct Spot {
    enum class Kind { query, key, value, context } kind = Kind::query;
    int head = 0;  ///< query head, or key/value head
    int row = 0;
    int element = 0;
  };
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const HeadsModel& model);
  std::optional<Spot> at(QPointF point) const;

 private:
  void paintLinks(QPainter& painter, const Theme& theme, const HeadsModel& model) const;
  void paintLabels(QPainter& painter, const Theme& theme, const HeadsModel& model) const;

  HeadsLayout m_layout;
  int m_rows = 1;
  std::array<int, 4> m_elements{1, 1, 1, 1};  ///< of a row, by Spot::Kind
};

}  // namespace decodescope
