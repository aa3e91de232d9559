#pragma once

#include "views/attention/attention_page.h"

#include <vector>

namespace decodescope {

/// One query's numbers over its keys, and which of them are the largest.
struct AttentionRowNumbers {
  std::vector<float> values;  ///< one a visible key; NaN where a what-if strikes it out; empty: not stored
  std::vector<int> order;     ///< keys that have a number, from the largest down
  double low = 0, high = 1;   ///< of an axis that holds them, 0 included; key 0 left out where that is asked
  double sum = 0;             ///< of all of them
};
AttentionRowNumbers attentionRowNumbers(const AttentionModel& model);

/// One query's row as bars over the keys, the largest ones named and listed.
class RowPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  QString title(const AttentionModel& model) const;
  void paintBars(QPainter& painter, const Theme& theme, const AttentionModel& model) const;
  void paintKeys(QPainter& painter, const Theme& theme, const AttentionModel& model) const;
  void paintNames(QPainter& painter, const Theme& theme, const AttentionModel& model) const;
  void paintList(QPainter& painter, const Theme& theme, const AttentionModel& model) const;
  double heightOf(const AttentionModel& model, float value) const;
  double slot(const AttentionModel& model) const { return m_chart.width() / model.tokens(); }

  AttentionRowNumbers m_numbers;
  QRectF m_chart;   ///< the bars
  QRectF m_axis;    ///< numbers left of them
  QRectF m_labels;  ///< tokens below
  QRectF m_list;
  double m_listRow = 0;
};

}  // namespace decodescope
