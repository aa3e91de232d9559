#pragma once

#include "views/mask/mask_model.h"
#include "views/picture_frame.h"
#include "views/view.h"

#include <memory>
#include <vector>

namespace decodescope {

/// Scores with what lies above the diagonal, both ways of masking them, their difference, and the selected
/// row in numbers.
class MaskView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override { m_model.setScoreEnd(ends.front()); }
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override;

  const MaskModel& model() const { return m_model; }

 private:
  /// A matrix in its place.
  struct Placed {
    MaskModel::Panel panel;
    QRectF frame;  ///< with its name and sum
    QRectF cells;
  };
  FrameTexts texts(const Theme& theme) const;
  QString emptyText() const;
  void place(const QRectF& area, const Theme& theme, QPainter& painter);
  /// What a sliding window hides on the left, as what is later is hidden on the right.
  void coverBeforeWindow(QPainter& painter, const Theme& theme, const QRectF& cells,
                         const CellGrid& grid) const;
  void paintPanel(QPainter& painter, const Theme& theme, const Placed& placed) const;
  void paintLabels(QPainter& painter, const Theme& theme) const;
  void paintRows(QPainter& painter, const Theme& theme);

  ShownRun m_shown;
  MaskSettings m_settings;
  MaskModel m_model;
  std::vector<Placed> m_placed;
  std::vector<std::pair<QRectF, QString>> m_wayLabels;  ///< "1", "2" and the arrows between matrices
  QRectF m_conclusion, m_rows;
  double m_labelWidth = 0, m_sumWidth = 0;
};

std::unique_ptr<View> makeMaskView();

}  // namespace decodescope
