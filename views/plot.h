#pragma once

#include "views/kept_image.h"
#include "views/theme.h"

#include <QColor>
#include <QPointF>
#include <QRectF>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

class QPainter;
class QCustomPlot;

namespace decodescope {

/// One curve, row of points or row of bars over x. Bars stand at whole numbers unless PlotSpec::wholeX is
/// off.
struct PlotSeries {
  std::vector<double> x;
  std::vector<double> y;
  QColor color;
  enum class Kind { curve, dashed, bars, points } kind = Kind::curve;
  QString name = {};     ///< for the legend above the axes; none where it is empty
  double thickness = 1;  ///< of a line, or size of the points
  friend bool operator==(const PlotSeries&, const PlotSeries&) = default;
};

/// A level that the curves are to be compared with, named at its left end.
struct PlotLevel {
  double y = 0;
  QString name;
  friend bool operator==(const PlotLevel&, const PlotLevel&) = default;
};

struct PlotSpec {
  QString title;  ///< above the axes, with the unit
  QString xTitle;
  std::vector<PlotSeries> series;  ///< bars of several series are stacked in this order
  double xFirst = 0, xLast = 1;    ///< data outside are left out, not clipped
  double yFirst = 0;               ///< where the y axis starts
  double yLast = 1;
  bool logY = false;    ///< needs yFirst > 0
  bool wholeY = false;  ///< y counts things: ticks at whole numbers only
  double markedX = -1;  ///< a vertical line there; below xFirst: none
  bool wholeX = true;   ///< x counts things
  std::vector<PlotLevel> levels;
  friend bool operator==(const PlotSpec&, const PlotSpec&) = default;
};

/// Curves and bars drawn by QCustomPlot into any painter: text stays text in SVG and PDF. On the screen they
/// are drawn anew when something other than `markedX` has changed.
class Plot {
 public:
  Plot();
  ~Plot();
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const PlotSpec& spec);
  /// The x and y under a point, as it was painted last; nothing outside the axes.
  std::optional<QPointF> valueAt(QPointF point) const;
  /// Not shown any more: valueAt() finds nothing until the next paint().
  void clear();

 private:
  struct Key {
    PlotSpec spec;  ///< without the mark
    bool dark;
    double scale;
    friend bool operator==(const Key&, const Key&) = default;
  };
  void setAxes(const QSizeF& size, const Theme& theme, const PlotSpec& spec);
  void setData(const Theme& theme, const PlotSpec& spec);
  void addLevel(const Theme& theme, const PlotSpec& spec, const PlotLevel& level);
  void draw(QPainter& painter, const QSize& size) const;
  void paintMark(QPainter& painter, const Theme& theme, const PlotSpec& spec) const;
  static void paintTitle(QPainter& painter, const QRectF& line, const Theme& theme, const PlotSpec& spec);

  std::unique_ptr<QCustomPlot> m_plot;
  QPointF m_origin;  ///< of the axes' picture in the last paint()
  KeptImage<Key> m_kept;
};

}  // namespace decodescope
