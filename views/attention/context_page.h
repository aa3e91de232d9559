#pragma once

#include "views/attention/attention_page.h"
#include "views/attention/context_model.h"

namespace decodescope {

/// The context vector as the weighted sum of V rows: weights, rows, products, sum, and the traced one.
class ContextPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  /// A row of the picture: a key's, or one of the sums.
  struct Line {
    QRectF area;
    int key = -1;
    Site site = Site::vProj;
    QString toolTip;
  };
  struct Columns {
    QRectF token, weight, values, products;  ///< their x and width; products may be null
  };
  Columns columnsOf(QPainter& painter, const Theme& theme, const AttentionModel& model,
                    const QRectF& body) const;
  void paintLines(QPainter& painter, const Theme& theme, const AttentionModel& model, const QRectF& body);
  QString title(const AttentionModel& model) const;
  QString conclusion() const;

  ContextNumbers m_numbers;
  std::vector<Line> m_lines;
};

}  // namespace decodescope
