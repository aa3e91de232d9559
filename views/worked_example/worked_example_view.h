#pragma once

#include "views/picture_frame.h"
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
  /// So high that the matrices show their numbers, with what is to be seen in them below.
  double neededHeight(const QSizeF& room, const Theme& theme) const override;
  std::optional<Hit> hitTest(QPointF point) const override;
  bool showsAllLanes() const override { return true; }  ///< it is of none of them
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const WorkedExampleModel& model() const { return m_model; }
  const GridSheet& sheet() const { return m_sheet; }  ///< as it was painted last

 private:
  using Example = WorkedExampleModel::Example;
  /// Decides where everything goes; gives the lines of what is to be seen that have room below.
  QStringList settle(QPainter& painter, const PictureFrame& frame, const Theme& theme,
                     GridSheet& sheet) const;
  FrameTexts words() const { return {m_model.title(), m_model.subtitle(), m_model.note(), {}, {}, {}}; }

  Selection m_selection;
  Example m_example = Example::linear;
  int m_seed = 1;
  WorkedExampleModel m_model;
  GridSheet m_sheet;
  /// What neededHeight() found last: it is asked for with every frame.
  struct Needed {
    Example example;
    int seed;
    QSizeF room;
    double scale;
    double height;
  };
  mutable std::optional<Needed> m_needed;
};

std::unique_ptr<View> makeWorkedExampleView();

}  // namespace decodescope
