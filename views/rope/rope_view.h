#pragma once

#include "views/plot.h"
#include "views/rope/rope_layout.h"
#include "views/rope/rope_model.h"
#include "views/view.h"

#include <memory>

namespace decodescope {

/// How positions enter the model. Under rotary positions: the pairs of the chosen head's q and k on dials,
/// before and after they are turned by m·θ; the rotation as a sparse matrix against the cheap form; the
/// frequencies; the score against the distance with its bound. Otherwise the table that is added.
class RopeView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override { return ends(); }
  void setScaleEnds(const std::vector<double>& ends) override { m_ends = ends; }
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const RopeModel& model() const { return m_model; }

 private:
  Hit pairHit(const RopePairShown& pair, bool second = false) const;
  void paintDials(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintScores(QPainter& painter, const QRectF& area, const Theme& theme) const;
  void paintMatrix(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintSpectrum(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintDistance(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintTable(QPainter& painter, const QRectF& area, const Theme& theme);

  /// How far the picture's scales reach: the dials' one length; the matrix' rows; below 0, above 0 and the
  /// bound of the curves; (nothing,) the table's numbers.
  std::vector<double> ends() const;

  RopeSettings m_settings;
  bool m_oneScale = false;
  RopeModel m_model;
  std::vector<double> m_ends;  ///< what lanes share; empty: the picture's own

  // What the last paint() put where, for hitTest().
  QRectF m_area;
  DialGrid m_dials;
  RopeMatrixLayout m_matrix;
  Plot m_upperPlot, m_lowerPlot;
  QRectF m_tableArea;
  int m_tableRows = 0;
};

std::unique_ptr<View> makeRopeView();

}  // namespace decodescope
