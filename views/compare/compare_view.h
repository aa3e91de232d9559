#pragma once

#include "views/compare/compare_model.h"
#include "views/compare/compare_table.h"
#include "views/picture_frame.h"
#include "views/view.h"

#include <memory>

namespace decodescope {

/// All lanes in one table: what they are, what they cost and how good they are.
class CompareView : public View {
 public:
  void present(const SessionSnapshot& session, const Selection& selection) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  bool showsAllLanes() const override { return true; }
  double neededHeight(const QSizeF& room, const Theme& theme) const override;
  std::optional<Hit> hitTest(QPointF point) const override;
  /// To the next lane.
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString beyondCommand() const override;
  QString description() const override;

  const CompareModel& model() const { return m_model; }
  const CompareTable& table() const { return m_table; }

 private:
  FrameTexts frameTexts() const;
  /// What deriving did to the selected lane, else to the last one that was derived; "" when nothing is known.
  QStringList damageParts() const;
  QStringList damageLines(QPainter& painter, const Theme& theme, double width) const;

  CompareModel m_model;
  CompareTable m_table;
  Selection m_selection;
};

std::unique_ptr<View> makeCompareView();

}  // namespace decodescope
