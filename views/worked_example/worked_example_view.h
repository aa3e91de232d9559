#pragma once

#include "views/view.h"
#include "views/worked_example/worked_example_model.h"

#include <memory>

namespace decodescope {

/// The lectures' small tensors, worked through on their own numbers.
class WorkedExampleView : public View {
 public:
  WorkedExampleView();
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const WorkedExampleModel& model() const { return m_model; }

 private:
  Selection m_selection;
  WorkedExampleModel::Example m_example = WorkedExampleModel::Example::linear;
  int m_seed = 1;
  WorkedExampleModel m_model;
  GridSheet m_sheet;
};

std::unique_ptr<View> makeWorkedExampleView();

}  // namespace decodescope
