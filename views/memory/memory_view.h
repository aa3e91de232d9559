#pragma once

#include "views/memory/memory_model.h"
#include "views/memory/roofline_picture.h"
#include "views/memory/text_table.h"
#include "views/picture_frame.h"
#include "views/plot.h"
#include "views/view.h"

#include <memory>
#include <span>
#include <vector>

namespace decodescope {

/// What a cache takes and what its traffic costs, for published decoders and the loaded one.
class MemoryView : public View {
 public:
  MemoryView();
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  double neededHeight(const QSizeF& room, const Theme& theme) const override;
  /// Published sizes are the same beside every lane.
  bool showsAllLanes() const override;
  std::optional<Hit> hitTest(QPointF point) const override;
  std::vector<NamedTable> tables() const override;
  QString description() const override;

  const MemoryModel& model() const { return m_model; }

 private:
  enum class Panel { size, models, roofline };
  void update() { m_model.present(m_shown, m_settings); }
  FrameTexts words() const;
  TextTable sizeTable(const Theme& theme) const;
  /// Of some of the published models, with their sizes or their cache alone.
  TextTable modelsTable(std::span<const PublishedModel> models, bool hasSizes, bool hasBars,
                        const Theme& theme) const;
  TextTable rooflineTable(const std::vector<MemoryModel::RooflinePoint>& points, const Theme& theme) const;
  void paintSize(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintCurves(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintModels(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintRoofline(QPainter& painter, const QRectF& area, const Theme& theme);
  QString title() const;
  QString readout() const;
  QString shortReadout() const;

  ShownRun m_shown;
  Panel m_panel = Panel::size;
  MemorySettings m_settings;
  MemoryModel m_model;
  Plot m_plot;
  RooflinePicture m_roofline;
  struct Spot {
    QRectF area;
    QString toolTip;
    QString model;  ///< a click chooses it; ""
    Explanation explanation;
  };
  std::vector<Spot> m_spots;
};

std::unique_ptr<View> makeMemoryView();

}  // namespace decodescope
