#pragma once

#include "views/heads/head_shapes.h"
#include "views/heads/heads_model.h"
#include "views/heads/heads_picture.h"
#include "views/picture_frame.h"
#include "views/view.h"

#include <memory>

namespace decodescope {

/// Which query heads read which key/value head, and the shapes that follow.
class HeadsView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override { m_model.setScaleEnds(ends); }
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  double neededHeight(const QSizeF& room, const Theme& theme) const override;
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override;
  QString description() const override;

  const HeadsModel& model() const { return m_model; }
  const HeadShapesTable& table() const { return m_table; }

 private:
  enum class Panel { heads, shapes };
  void update();
  FrameTexts words(const Theme& theme) const;
  bool hasPicture() const;
  QString emptyTitle() const;
  QString emptyText() const;
  AttentionSizes baseSizes() const;

  ShownRun m_shown;
  Panel m_panel = Panel::heads;
  bool m_selectedKeyOnly = false;
  bool m_rebuilt = false;
  bool m_hasLatents = false;  ///< some lane has: there is something to choose
  bool m_lectureSizes = false;
  AttentionSizes m_wanted{0, 0, 0, 0, 0, 0};  ///< 0: as the model or the lecture has it
  HeadsModel m_model;
  HeadShapesTable m_table;
  HeadsPicture m_picture;
  HeadShapesPicture m_tablePicture;
};

std::unique_ptr<View> makeHeadsView();

}  // namespace decodescope
