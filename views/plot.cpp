#include "views/plot.h"

#include "views/heatmap.h"
#include "views/text_fit.h"

#include <QPainter>
#include <QPicture>
#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace decodescope {

namespace {

/// More numbers along an axis say no more.
constexpr int kMostTicks = 12;

/// At most about `count` ticks over the range, at multiples of 1, 2, 5, 10 …
QSharedPointer<QCPAxisTicker> wholeTicker(double range, double count) {
  QSharedPointer<QCPAxisTickerFixed> ticker(new QCPAxisTickerFixed);
  double step = 1;
  for (int i = 0; step < range / std::max(1.0, count); ++i)
    step = (i % 3 == 0 ? 2.0 : i % 3 == 1 ? 5.0 : 10.0) * std::pow(10, i / 3);
  ticker->setTickStep(step);
  return ticker;
}

QPen sharpPen(const QColor& color, double thickness) {
  return QPen(color, thickness, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin);
}

/// Qt takes far longer over one long path than over its pieces.
class PiecewiseGraph : public QCPGraph {
 public:
  using QCPGraph::QCPGraph;

 protected:
  void drawLinePlot(QCPPainter* painter, const QVector<QPointF>& lines) const override {
    constexpr qsizetype kPiece = 12;
    if (isVectorDevice(*painter) || pen().style() != Qt::SolidLine)
      return QCPGraph::drawLinePlot(painter, lines);
    applyDefaultAntialiasingHint(painter);
    painter->setPen(pen());
    painter->setBrush(Qt::NoBrush);
    // Pieces share a segment, so that no corner is left open.
    for (qsizetype first = 0; first + 1 < lines.size(); first += kPiece - 2)
      painter->drawPolyline(lines.data() + first, static_cast<int>(std::min(kPiece, lines.size() - first)));
  }
};

QFont titleFont(const Theme& theme) {
  return theme.sized(11, QFont::DemiBold);
}

}  // namespace

Plot::Plot() = default;
Plot::~Plot() = default;

void Plot::clear() {
  m_plot.reset();
}

void Plot::paint(QPainter& painter, const QRectF& area, const Theme& theme, const PlotSpec& spec) {
  const int width = static_cast<int>(area.width()), height = static_cast<int>(area.height());
  if (width < 20 || height < 20) return;
  if (!m_plot) {
    m_plot = std::make_unique<QCustomPlot>();
    m_kept = {};
  }
  const double titleHeight = TextMetrics(titleFont(theme), painter.device()).height();
  m_origin = area.topLeft() + QPointF(0, titleHeight);
  const QSize size(width, std::max(1, height - static_cast<int>(titleHeight)));
  // What is marked moves with the selection, far more often than the curves change.
  Key key{spec, theme.dark, theme.scale};
  key.spec.markedX = 0;
  m_kept.paint(painter, QRectF(m_origin, QSizeF(size)), Qt::transparent, key, [&](QPainter& into) {
    setAxes(area.size(), theme, spec);
    setData(theme, spec);
    draw(into, size);
  });
  paintMark(painter, theme, spec);
  paintTitle(painter, QRectF(area.left(), area.top(), area.width(), titleHeight), theme, spec);
}

void Plot::setAxes(const QSizeF& size, const Theme& theme, const PlotSpec& spec) {
  QCustomPlot& plot = *m_plot;
  plot.setBackground(Qt::NoBrush);
  plot.axisRect()->setBackground(Qt::NoBrush);
  plot.plotLayout()->setAutoMargins(QCP::msAll);
  plot.setNoAntialiasingOnDrag(false);

  const QPen axisPen(theme.line, theme.px(1));
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
    // Without raised exponents: their digits are too small to be read from afar.
    axis->setNumberFormat(QStringLiteral("g"));
    axis->setNumberPrecision(6);
  }
  plot.xAxis->grid()->setVisible(false);
  plot.xAxis->setLabel(spec.xTitle);
  if (spec.wholeX) {
    plot.xAxis->setTicker(wholeTicker(spec.xLast - spec.xFirst, size.width() / theme.px(52)));
  } else {
    QSharedPointer<QCPAxisTicker> ticker(new QCPAxisTicker);
    ticker->setTickCount(std::clamp(static_cast<int>(size.width() / theme.px(70)), 2, kMostTicks));
    plot.xAxis->setTicker(ticker);
  }
  const double rows = std::clamp(size.height() / theme.px(36), 2.0, 0.7 * kMostTicks);
  plot.yAxis->setScaleType(spec.logY ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  if (spec.logY) {
    QSharedPointer<QCPAxisTickerLog> ticker(new QCPAxisTickerLog);
    ticker->setSubTickCount(0);
    plot.yAxis->setTicker(ticker);
  } else if (spec.wholeY) {
    plot.yAxis->setTicker(wholeTicker(spec.yLast, rows));
  } else {
    QSharedPointer<QCPAxisTicker> ticker(new QCPAxisTicker);
    ticker->setTickCount(static_cast<int>(rows));
    plot.yAxis->setTicker(ticker);
  }
  const double margin = spec.wholeX ? 0.6 : 0;
  plot.xAxis->setRange(spec.xFirst - margin, spec.xLast + margin);
  if (spec.logY) {
    plot.yAxis->setRange(spec.yFirst, spec.yLast);
  } else {
    const double above = 0.08 * (spec.yLast - spec.yFirst);
    plot.yAxis->setRange(spec.yFirst < 0 ? spec.yFirst - above : spec.yFirst,
                         spec.yLast > spec.yFirst ? spec.yLast + above : spec.yFirst + 1);
    if (spec.yFirst < 0) plot.yAxis->grid()->setZeroLinePen(axisPen);
  }
}

void Plot::setData(const Theme& theme, const PlotSpec& spec) {
  QCustomPlot& plot = *m_plot;
  plot.clearPlottables();
  plot.clearItems();
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
      bars->setWidth(spec.wholeX || x.size() < 2 ? 0.8 : 0.9 * (x[1] - x[0]));
      bars->setStackingGap(0);
      if (below) bars->moveAbove(below);
      below = bars;
    } else {
      QPen pen = sharpPen(series.color, theme.px(1.6 * series.thickness));
      if (series.kind == PlotSeries::Kind::dashed) pen.setStyle(Qt::DashLine);
      auto* graph = new PiecewiseGraph(plot.xAxis, plot.yAxis);
      graph->setData(x, y, true);
      graph->setPen(pen);
      if (series.kind == PlotSeries::Kind::points) {
        graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, pen, series.color,
                                               std::max(3.0, theme.px(6 * series.thickness))));
      }
    }
  }
  for (const PlotLevel& level : spec.levels) addLevel(theme, spec, level);
}

void Plot::addLevel(const Theme& theme, const PlotSpec& spec, const PlotLevel& level) {
  const QCPRange range = m_plot->yAxis->range();
  if (!range.contains(level.y)) return;
  auto* mark = new QCPItemStraightLine(m_plot.get());
  mark->point1->setCoords(spec.xFirst, level.y);
  mark->point2->setCoords(spec.xLast, level.y);
  QPen pen = sharpPen(theme.faintText, theme.px(1));
  pen.setStyle(Qt::DashLine);
  mark->setPen(pen);
  auto* name = new QCPItemText(m_plot.get());
  name->setText(level.name);
  name->setFont(theme.sized(10.5));
  name->setColor(theme.faintText);
  // Above the line, or below it at the top of the picture.
  const bool atTop = spec.logY ? std::log(level.y / range.lower) > 0.85 * std::log(range.upper / range.lower)
                               : level.y - range.lower > 0.85 * range.size();
  name->setPositionAlignment(Qt::AlignLeft | (atTop ? Qt::AlignTop : Qt::AlignBottom));
  name->position->setCoords(spec.xFirst, level.y);
}

/// QCustomPlot draws through a painter of its own, which needs a device of its own. Playing a QPicture takes
/// longer than drawing it: that is for SVG and PDF.
void Plot::draw(QPainter& painter, const QSize& size) const {
  const auto drawInto = [&](QPaintDevice& device, double ratio, QPointF origin) {
    QCPPainter into(&device);
    into.scale(ratio, ratio);
    into.translate(origin);
    into.setMode(QCPPainter::pmVectorized);
    into.setMode(QCPPainter::pmNoCaching);
    m_plot->toPainter(&into, size.width(), size.height());
  };
  if (isVectorDevice(painter)) {
    QPicture picture;
    drawInto(picture, 1, {});
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    // Qt enlarges pictures by the resolution of the device; the figure's sizes have that in them already.
    painter.translate(m_origin);
    painter.scale(static_cast<double>(picture.logicalDpiX()) / painter.device()->logicalDpiX(),
                  static_cast<double>(picture.logicalDpiY()) / painter.device()->logicalDpiY());
    painter.drawPicture(0, 0, picture);
    painter.restore();
    return;
  }
  const double ratio = pixelRatio(painter);
  const QPointF corner(std::floor(m_origin.x() * ratio) / ratio, std::floor(m_origin.y() * ratio) / ratio);
  const QPointF inside = m_origin - corner;
  QImage image(static_cast<int>(std::ceil((size.width() + inside.x()) * ratio)),
               static_cast<int>(std::ceil((size.height() + inside.y()) * ratio)),
               QImage::Format_ARGB32_Premultiplied);
  image.fill(Qt::transparent);
  drawInto(image, ratio, inside);
  painter.drawImage(QRectF(corner, QSizeF(image.size()) / ratio), image);
}

void Plot::paintMark(QPainter& painter, const Theme& theme, const PlotSpec& spec) const {
  if (spec.markedX < spec.xFirst || spec.markedX > spec.xLast) return;
  const QRectF axes = QRectF(m_plot->axisRect()->rect()).translated(m_origin);
  const double x = m_origin.x() + m_plot->xAxis->coordToPixel(spec.markedX);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  QPen pen = sharpPen(theme.text, theme.px(1));
  pen.setStyle(Qt::DotLine);
  painter.setPen(pen);
  painter.drawLine(QPointF(x, axes.bottom()), QPointF(x, axes.top()));
  painter.restore();
}

void Plot::paintTitle(QPainter& painter, const QRectF& line, const Theme& theme, const PlotSpec& spec) {
  painter.setFont(titleFont(theme));
  painter.setPen(theme.text);
  double x = line.left() + drawFitted(painter, line, Qt::AlignLeft | Qt::AlignTop, spec.title);
  painter.setFont(theme.sized(10.5));
  const TextMetrics metrics(painter.font(), painter.device());
  for (const PlotSeries& series : spec.series) {
    if (series.name.isEmpty()) continue;
    const double sample = theme.px(16), gap = theme.px(5);
    x += theme.px(12);
    if (x + sample + gap + metrics.horizontalAdvance(series.name) > line.right()) break;
    const double y = line.center().y();
    const QPen pen(series.color, theme.px(2 * series.thickness),
                   series.kind == PlotSeries::Kind::dashed ? Qt::DashLine : Qt::SolidLine, Qt::FlatCap);
    if (series.kind == PlotSeries::Kind::bars) {
      painter.fillRect(QRectF(x + sample / 4, y - theme.px(4), sample / 2, theme.px(8)), series.color);
    } else {
      painter.setPen(pen);
      painter.drawLine(QPointF(x, y), QPointF(x + sample, y));
      if (series.kind == PlotSeries::Kind::points)
        painter.fillRect(QRectF(x + sample / 2 - theme.px(3), y - theme.px(3), theme.px(6), theme.px(6)),
                         series.color);
    }
    x += sample + gap;
    painter.setPen(theme.faintText);
    x += drawFitted(painter, QRectF(x, line.top(), line.right() - x, line.height()),
                    Qt::AlignLeft | Qt::AlignVCenter, series.name);
  }
}

std::optional<QPointF> Plot::valueAt(QPointF point) const {
  if (!m_plot) return std::nullopt;
  const QPointF inside = point - m_origin;
  if (!QRectF(m_plot->axisRect()->rect()).contains(inside)) return std::nullopt;
  return QPointF(m_plot->xAxis->pixelToCoord(inside.x()), m_plot->yAxis->pixelToCoord(inside.y()));
}

}  // namespace decodescope
