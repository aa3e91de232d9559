#pragma once

#include "views/grid_sheet.h"
#include "views/shapes/shapes_model.h"
#include "views/view.h"

#include <memory>
#include <vector>

namespace decodescope {

/// The reshape of multi-head attention, step by step, with every number in its place.
class ShapesView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override { m_model.setScaleEnds(ends); }
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override;

  const ShapesModel& model() const { return m_model; }

 private:
  void update() { m_model.present(m_shown, m_numbers, m_step, m_followed); }
  double paintSteps(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintWay(QPainter& painter, const QRectF& area, const Theme& theme,
                const std::vector<GridLine>& lines);
  void paintSheet(QPainter& painter, const QRectF& area, const Theme& theme);

  ShownRun m_shown;
  ShapesModel::Numbers m_numbers = ShapesModel::Numbers::run;
  WalkStep m_step = WalkStep::project;
  WalkTensor m_followed = WalkTensor::q;
  ShapesModel m_model;
  GridSheet m_sheet;
  std::vector<QRectF> m_steps;
};

std::unique_ptr<View> makeShapesView();

}  // namespace decodescope
