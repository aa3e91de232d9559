#pragma once

#include "views/theme.h"

#include <QColor>
#include <QRectF>
#include <QString>

#include <memory>
#include <vector>

class QPainter;
class QCustomPlot;

namespace decodescope {

/// One curve or row of bars over whole numbers x.
struct PlotSeries {
  std::vector<double> x;
  std::vector<double> y;
  QColor color;
  enum class Kind { curve, dashed, bars } kind = Kind::curve;
};

struct PlotSpec {
  QString title;  ///< above the axes, with the unit
  QString xTitle;
  std::vector<PlotSeries> series;  ///< bars of several series are stacked in this order
  double xFirst = 0, xLast = 1;    ///< data outside are left out, not clipped
  double yLast = 1;                ///< the y axis starts at 0
  bool wholeY = false;             ///< y counts things: ticks at whole numbers only
  double markedX = -1;             ///< a vertical line there; below xFirst: none
};

/// Curves and bars drawn by QCustomPlot into any painter: text stays text in SVG and PDF.
class Plot {
 public:
  Plot();
  ~Plot();
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const PlotSpec& spec);

 private:
  std::unique_ptr<QCustomPlot> m_plot;
};

}  // namespace decodescope
