#pragma once

#include "views/attention/attention_layout.h"
#include "views/attention/attention_page.h"
#include "views/attention/thumbnails.h"
#include "views/kept_image.h"

namespace decodescope {

/// One head's matrix, and all heads of its layer as thumbnails.
class MatrixPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  QRectF matrixAt(QPointF point) const override;
  double side() const override { return m_layout.matrix.width(); }
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override { return model.description(); }

  const AttentionLayout& layout() const { return m_layout; }

 private:
  void settle(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
              const MatrixWindow& window);
  void paintTexts(QPainter& painter, const Theme& theme, const AttentionModel& model) const;
  void paintHeads(QPainter& painter, const Theme& theme, const AttentionModel& model);

  AttentionLayout m_layout;
  QStringList m_subtitle;
  std::vector<LegendItem> m_legend;
  KeptImage<AttentionPictureKey> m_matrix;
  Thumbnails m_thumbnails;
};

}  // namespace decodescope
