#pragma once

#include "views/attention/attention_page.h"
#include "views/attention/matrix_panels.h"

namespace decodescope {

/// q·k, ÷√d, masked and softmax as four linked matrices.
class StagesPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  QRectF matrixAt(QPointF point) const override { return m_panels.matrixAt(point); }
  double side() const override { return m_panels.side(); }
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  QString title(const AttentionModel& model) const;
  /// The selected query's row in all stages, with its numbers, where the matrices leave room.
  void paintRows(QPainter& painter, const Theme& theme, const AttentionModel& model, const QRectF& area,
                 const QStringList& names);

  MatrixPanels m_panels;
  QRectF m_rows;  ///< the cells of all four, below each other
};

}  // namespace decodescope
