#include "views/plot.h"

#include <QPainter>
#include <QPicture>
#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace decodescope {

namespace {

/// At most about `count` ticks over the range, at multiples of 1, 2, 5, 10 …
QSharedPointer<QCPAxisTicker> wholeTicker(double range, double count) {
  QSharedPointer<QCPAxisTickerFixed> ticker(new QCPAxisTickerFixed);
  double step = 1;
  for (int i = 0; step < range / std::max(1.0, count); ++i)
    step = (i % 3 == 0 ? 2.0 : i % 3 == 1 ? 5.0 : 10.0) * std::pow(10, i / 3);
  ticker->setTickStep(step);
  return ticker;
}

}  // namespace

Plot::Plot() = default;
Plot::~Plot() = default;

void Plot::paint(QPainter& painter, const QRectF& area, const Theme& theme, const PlotSpec& spec) {
  const int width = static_cast<int>(area.width()), height = static_cast<int>(area.height());
  if (width < 20 || height < 20) return;
  if (!m_plot) m_plot = std::make_unique<QCustomPlot>();
  QCustomPlot& plot = *m_plot;
  plot.clearPlottables();
  plot.clearItems();
  plot.setBackground(Qt::NoBrush);
  plot.axisRect()->setBackground(Qt::NoBrush);
  plot.plotLayout()->setAutoMargins(QCP::msAll);
  plot.setNoAntialiasingOnDrag(false);

  const QPen axisPen(theme.line, theme.px(1));
  const auto line = [](const QColor& color, double thickness) {
    return QPen(color, thickness, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin);
  };
  for (QCPAxis* axis : {plot.xAxis, plot.yAxis}) {
    axis->setBasePen(axisPen);
    axis->setTickPen(axisPen);
    axis->setSubTicks(false);
    axis->setTickLength(0, static_cast<int>(theme.px(3)));
    axis->setTickLabelFont(theme.sized(10.5));
    axis->setTickLabelColor(theme.faintText);
    axis->setLabelFont(theme.sized(10.5));
    axis->setLabelColor(theme.faintText);
    axis->setTickLabelPadding(static_cast<int>(theme.px(3)));
    axis->setLabelPadding(static_cast<int>(theme.px(1)));
    axis->grid()->setPen(QPen(mixed(theme.line, theme.background, 0.5), theme.px(1), Qt::DotLine));
    axis->grid()->setZeroLinePen(Qt::NoPen);
    axis->setNumberFormat(QStringLiteral("gb"));
    axis->setNumberPrecision(4);
  }
  plot.xAxis->grid()->setVisible(false);
  plot.xAxis->setLabel(spec.xTitle);
  // Steps are whole numbers.
  plot.xAxis->setTicker(wholeTicker(spec.xLast - spec.xFirst, area.width() / theme.px(52)));
  const double rows = std::max(2.0, area.height() / theme.px(36));
  if (spec.wholeY) {
    plot.yAxis->setTicker(wholeTicker(spec.yLast, rows));
  } else {
    QSharedPointer<QCPAxisTicker> ticker(new QCPAxisTicker);
    ticker->setTickCount(static_cast<int>(rows));
    plot.yAxis->setTicker(ticker);
  }
  plot.xAxis->setRange(spec.xFirst - 0.6, spec.xLast + 0.6);
  plot.yAxis->setRange(0, spec.yLast > 0 ? spec.yLast * 1.08 : 1);

  QCPBars* below = nullptr;
  for (const PlotSeries& series : spec.series) {
    QVector<double> x, y;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (series.x[i] < spec.xFirst || series.x[i] > spec.xLast) continue;
      x.append(series.x[i]);
      y.append(series.y[i]);
    }
    if (series.kind == PlotSeries::Kind::bars) {
      auto* bars = new QCPBars(plot.xAxis, plot.yAxis);
      bars->setData(x, y, true);
      bars->setPen(Qt::NoPen);
      bars->setBrush(series.color);
      bars->setWidth(0.8);
      bars->setStackingGap(0);
      if (below) bars->moveAbove(below);
      below = bars;
    } else {
      QCPGraph* graph = plot.addGraph();
      graph->setData(x, y, true);
      QPen pen = line(series.color, theme.px(1.6));
      if (series.kind == PlotSeries::Kind::dashed) pen.setStyle(Qt::DashLine);
      graph->setPen(pen);
    }
  }
  if (spec.markedX >= spec.xFirst && spec.markedX <= spec.xLast) {
    auto* mark = new QCPItemStraightLine(&plot);
    mark->point1->setCoords(spec.markedX, 0);
    mark->point2->setCoords(spec.markedX, 1);
    QPen pen = line(theme.text, theme.px(1));
    pen.setStyle(Qt::DotLine);
    mark->setPen(pen);
  }

  const QFont titleFont = theme.sized(11, QFont::DemiBold);
  const double titleHeight = QFontMetricsF(titleFont, painter.device()).height();
  QPicture picture;
  {
    QCPPainter into(&picture);
    into.setMode(QCPPainter::pmVectorized);
    into.setMode(QCPPainter::pmNoCaching);
    plot.toPainter(&into, width, std::max(1, height - static_cast<int>(titleHeight)));
  }
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.drawPicture(area.topLeft() + QPointF(0, titleHeight), picture);
  painter.restore();
  painter.setFont(titleFont);
  painter.setPen(theme.text);
  painter.drawText(area.topLeft() + QPointF(0, QFontMetricsF(titleFont, painter.device()).ascent()),
                   spec.title);
}

}  // namespace decodescope
