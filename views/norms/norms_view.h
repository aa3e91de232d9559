#pragma once

#include "views/norms/norms_layout.h"
#include "views/norms/norms_model.h"
#include "views/plot.h"
#include "views/view.h"

#include <array>
#include <memory>

namespace decodescope {

/// What a norm does to a token's residual: the row through LayerNorm and RMSNorm with sliders that add a
/// constant and multiply; its distribution before and after; each statistic by token and norm; statistics by
/// row against BatchNorm's by column.
class NormsView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override { return m_ends; }
  void setScaleEnds(const std::vector<double>& ends) override { m_ends = ends; }
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const NormsModel& model() const { return m_model; }

 private:
  static Selection inRowOf(Selection selection, NormPlace place);
  void paintRow(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintRowWords(QPainter& painter, const Theme& theme) const;
  void paintHistograms(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintMaps(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintColumns(QPainter& painter, const QRectF& area, const Theme& theme);

  /// Where the axes of the row's strips (x, both outputs, their difference) and of the histograms (before,
  /// after) end. Of each map: below 0, above 0, and one over the smallest number above 0.
  std::vector<double> ownEnds() const;
  std::vector<double> mapEnds() const;
  ColorScale mapScale(NormStatistic statistic) const;

  NormsSettings m_settings;
  bool m_logarithmic = true;  ///< the maps' colours
  NormsModel m_model;
  std::vector<double> m_ends;  ///< ownEnds(), or what lanes share

  // What the last paint() put where, for hitTest().
  QRectF m_area;
  NormsRowLayout m_row;
  NormsMapsLayout m_maps;
  NormsColumnsLayout m_columns;
  std::array<Plot, 3> m_plots;
};

std::unique_ptr<View> makeNormsView();

}  // namespace decodescope
