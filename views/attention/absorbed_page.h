#pragma once

#include "views/attention/absorbed_model.h"
#include "views/attention/attention_page.h"

namespace decodescope {

/// MLA's two forms beside each other: the scores of rebuilt keys, the scores of the absorbed query on the
/// cached latents, and their difference, key by key; then the context both ways.
class AbsorbedPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  struct Line {
    QRectF area;
    int key = 0;
  };
  /// The keys that are shown when only so many fit: the selected one and the heaviest.
  std::vector<int> shownKeys(const AttentionModel& model, int most) const;
  void paintScores(QPainter& painter, const Theme& theme, const AttentionModel& model, const QRectF& area);
  void paintContext(QPainter& painter, const Theme& theme, const QRectF& area) const;
  QString title(const AttentionModel& model) const;
  QString conclusion() const;
  static QString lackingText(const AttentionModel& model);

  AbsorbedNumbers m_numbers;
  std::vector<Line> m_lines;
};

}  // namespace decodescope
