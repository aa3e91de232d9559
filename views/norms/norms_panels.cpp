// The heat maps of the norms view.

#include "views/bar_strip.h"
#include "views/cell_grid.h"
#include "views/colormap.h"
#include "views/heatmap.h"
#include "views/norms/norms_view.h"
#include "views/panel_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("NormsView", text);
}

/// The range of the finite values, signed where some are negative.
ColorScale scaleOf(double below, double above) {
  ColorScale scale;
  scale.hi = std::max({1e-12, above, below});
  if (below > 0) {
    scale.map = Colormap::diverging;
    scale.lo = -scale.hi;
  }
  return scale;
}

/// How far the values go below and above 0, and one over the smallest above it.
std::array<double, 3> reachOf(std::span<const float> values) {
  std::array<double, 3> reach{};
  for (const float value : values) {
    const auto v = static_cast<double>(value);
    if (!std::isfinite(v)) continue;
    reach[0] = std::max(reach[0], -v);
    reach[1] = std::max(reach[1], v);
    if (v > 0) reach[2] = std::max(reach[2], 1 / v);
  }
  return reach;
}

void drawMap(QPainter& painter, const QRectF& area, const Theme& theme, std::span<const float> values,
             int rows, int columns, const ColorScale& scale) {
  // What was not stored shows the hatching below.
  drawMasked(painter, area, theme);
  HeatmapRows matrix;
  matrix.columns = columns;
  for (int r = 0; r < rows; ++r) {
    matrix.rows.push_back(values.subspan(static_cast<std::size_t>(r) * static_cast<std::size_t>(columns),
                                         static_cast<std::size_t>(columns)));
    matrix.rowMax.push_back(0);
  }
  const double ratio = isVectorDevice(painter) ? 4.0 : pixelRatio(painter);
  const QList<QRgb> colors = colormapTable(scale.map, theme.dark);
  drawCells(painter, area,
            heatmapImage(matrix, scale, colors, std::max(1, static_cast<int>(area.width() * ratio)),
                         std::max(1, static_cast<int>(area.height() * ratio))));
  // Short runs of small models have room for the numbers.
  if (area.width() >= theme.px(34) * columns && area.height() >= theme.px(18) * rows) {
    CellGrid grid;
    grid.rows = rows;
    grid.columns = columns;
    grid.view = {values.data(), rows, columns};
    grid.decimals = -1;
    writeCellNumbers(painter, area, grid, theme, [&](float v) {
      return QColor::fromRgb(colors[std::max(1, scale.level(static_cast<double>(v), 0))]);
    });
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawRect(area);
}

/// A colour key as high as its area, at most 120 units, with its ends and its middle.
void drawKey(QPainter& painter, const QRectF& area, const Theme& theme, const ColorScale& scale) {
  if (area.isNull() || area.height() < theme.px(24)) return;
  const QRectF ramp(area.left(), area.top(), theme.px(11), std::min(area.height(), theme.px(120)));
  const QList<QRgb> colors = colormapTable(scale.map, theme.dark);
  QImage image(1, 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) image.setPixel(0, 255 - i, colors[std::max(1, i)]);
  drawCells(painter, ramp, image);
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawRect(ramp);
  painter.setFont(theme.sized(10.5));
  painter.setPen(theme.faintText);
  const double height = TextMetrics(painter.font(), painter.device()).height();
  const auto tick = [&](double y, double value) {
    drawFitted(painter,
               QRectF(ramp.right() + theme.px(4), y, area.right() - ramp.right() - theme.px(4), height),
               Qt::AlignLeft | Qt::AlignVCenter, shortNumber(value).replace(QLatin1Char('-'), QChar(0x2212)));
  };
  tick(ramp.top(), scale.hi);
  const bool logarithmic = scale.kind == ColorScale::Kind::logarithmic;
  if (ramp.height() > 3.2 * height && (scale.isSigned() || logarithmic))
    tick(ramp.center().y() - height / 2, logarithmic ? std::sqrt(scale.lo * scale.hi) : 0);
  tick(ramp.bottom() - height, scale.lo);
}

}  // namespace

std::vector<double> NormsView::mapEnds() const {
  std::vector<double> ends;
  if (m_settings.panel == NormsPanel::columns) {
    const auto reach = reachOf(m_model.rows());
    return {reach[0], reach[1]};
  }
  for (const NormStatistic statistic : kNormStatistics) {
    const auto reach = reachOf(m_model.statisticMap(statistic));
    ends.insert(ends.end(), reach.begin(), reach.end());
  }
  return ends;
}

/// The range of the values, signed where some are negative; else logarithmic from the smallest one above 0
/// where that is wished.
ColorScale NormsView::mapScale(NormStatistic statistic) const {
  const std::size_t first = 3 * static_cast<std::size_t>(statistic);
  const double below = m_ends[first], above = m_ends[first + 1], inverse = m_ends[first + 2];
  ColorScale scale = scaleOf(below, above);
  if (below <= 0 && m_logarithmic && inverse * scale.hi > 1) {
    scale.kind = ColorScale::Kind::logarithmic;
    scale.lo = 1 / inverse;
  }
  return scale;
}

void NormsView::paintMaps(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.setRenderHint(QPainter::Antialiasing, false);
  const std::span<const NormPlace> places = m_model.places();
  const TextMetrics metrics(theme.sized(11), painter.device());
  const double lineHeight = std::ceil(metrics.height());
  const auto placeLabel = [&](const NormPlace& place) {
    if (place.layer == kNoLayer) return tr("final norm");
    const QString name = place.site == Site::inputLayernorm           ? tr("input")
                         : place.site == Site::postAttentionLayernorm ? tr("post-attention")
                                                                      : tr("post-feedforward");
    return tr("layer %1 %2").arg(QString::number(place.layer.value), name);
  };
  double labels = 0;
  for (const NormPlace& place : places)
    labels = std::max(labels, metrics.horizontalAdvance(placeLabel(place)));
  m_maps = layoutNormsMaps(area, lineHeight, std::ceil(labels + theme.px(8)),
                           metrics.horizontalAdvance(QStringLiteral("−00.00")) + theme.px(30), theme.scale);
  const int tokens = m_model.tokens(), rows = static_cast<int>(places.size());
  const auto chosen = std::find(places.begin(), places.end(), m_model.place()) - places.begin();
  for (const NormStatistic statistic : kNormStatistics) {
    const auto i = static_cast<std::size_t>(statistic);
    const QRectF& map = m_maps.maps[i];
    const std::vector<float>& values = m_model.statisticMap(statistic);
    const ColorScale scale = mapScale(statistic);
    drawMap(painter, map, theme, values, rows, tokens, scale);
    drawKey(painter, m_maps.keys[i], theme, scale);
    const double row = map.height() / rows, column = map.width() / tokens;
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.accent, theme.px(2), Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawRect(QRectF(map.left() + m_model.selection().query.value * column,
                            map.top() + static_cast<double>(chosen) * row, column, row));
    if (m_maps.labelWidth <= 0) continue;
    painter.setFont(theme.sized(11, QFont::DemiBold));
    painter.setPen(theme.text);
    QString name = m_model.statisticName(statistic);
    if (scale.kind == ColorScale::Kind::logarithmic) name += tr(", logarithmic colours");
    drawFitted(painter, m_maps.titles[i], Qt::AlignLeft | Qt::AlignVCenter, name);
    painter.setFont(theme.sized(11));
    const int wanted[] = {static_cast<int>(chosen)};
    for (const int p : thinnedLabels(0, rows, row, lineHeight, wanted)) {
      painter.setPen(p == wanted[0] ? theme.accent : theme.faintText);
      drawFitted(painter,
                 QRectF(map.left() - m_maps.labelWidth, map.top() + (p + 0.5) * row - lineHeight / 2,
                        m_maps.labelWidth - theme.px(6), lineHeight),
                 Qt::AlignRight | Qt::AlignVCenter, placeLabel(places[static_cast<std::size_t>(p)]));
    }
  }
  if (m_maps.axis.height() <= 0) return;
  // Tokens themselves where all of them fit, else positions.
  const double column = m_maps.axis.width() / tokens;
  bool pieces = true;
  for (int t = 0; pieces && t < tokens; ++t)
    pieces = metrics.horizontalAdvance(m_model.label(t)) + theme.px(6) <= column;
  const double room = pieces ? column : metrics.horizontalAdvance(QString::number(tokens)) + theme.px(8);
  const int wanted[] = {m_model.selection().query.value};
  painter.setFont(theme.sized(11));
  for (const int t : thinnedLabels(0, tokens, column, room, wanted)) {
    painter.setPen(t == wanted[0] ? theme.accent : theme.faintText);
    const double centre = m_maps.axis.left() + (t + 0.5) * column;
    drawFitted(painter, QRectF(centre - room / 2, m_maps.axis.top() + theme.px(2), room, lineHeight),
               Qt::AlignHCenter | Qt::AlignVCenter, pieces ? m_model.label(t) : QString::number(t));
  }
}

void NormsView::paintColumns(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.setRenderHint(QPainter::Antialiasing, false);
  const TextMetrics metrics(theme.sized(11), painter.device());
  const double lineHeight = std::ceil(metrics.height());
  const int tokens = m_model.tokens();
  double labels = metrics.horizontalAdvance(QStringLiteral("−0.000"));
  for (int t = 0; t < std::min(tokens, 400); ++t)
    labels = std::max(labels, metrics.horizontalAdvance(m_model.label(t)));
  m_columns = layoutNormsColumns(area, lineHeight, std::min(labels, theme.px(90)) + theme.px(8), theme.scale);
  const QRectF& m = m_columns.matrix;
  const std::vector<float>& values = m_model.rows();
  drawMap(painter, m, theme, values, tokens, m_model.width(), scaleOf(m_ends[0], m_ends[1]));

  // By row: RMS as a bar, σ as a mark on it; rows that are not stored stay empty.
  const double row = m.height() / tokens;
  double longest = 1e-12;
  for (int t = 0; t < tokens; ++t) {
    if (m_model.isStored(t)) longest = std::max(longest, m_model.rowStatisticsOf(t).rms());
  }
  painter.fillRect(m_columns.rowBars, theme.panel);
  painter.setRenderHint(QPainter::Antialiasing, true);
  for (int t = 0; t < tokens; ++t) {
    if (!m_model.isStored(t)) continue;
    const RowStatistics s = m_model.rowStatisticsOf(t);
    const double gap = row > theme.px(3) ? row * 0.15 : 0;
    const QRectF bar(m_columns.rowBars.left(), m.top() + t * row + gap,
                     s.rms() / longest * m_columns.rowBars.width(), row - 2 * gap);
    const bool isChosen = t == m_model.selection().query.value;
    painter.fillRect(bar, isChosen ? theme.accent : theme.faintText);
    const double mark = m_columns.rowBars.left() + s.deviation() / longest * m_columns.rowBars.width();
    painter.setPen(QPen(theme.background, theme.px(1.5)));
    painter.drawLine(QPointF(mark, bar.top()), QPointF(mark, bar.bottom()));
  }
  // By column: what BatchNorm would take.
  const ColumnStatistics& columns = m_model.columns();
  const auto narrowed = [](const std::vector<double>& wide) {
    std::vector<float> narrow;
    for (const double v : wide) narrow.push_back(static_cast<float>(v));
    return narrow;
  };
  const std::vector<float> means = narrowed(columns.mean), variances = narrowed(columns.variance);
  const double meanEnd = largestMagnitude(means), varianceEnd = largestMagnitude(variances);
  drawBarStrip(painter, m_columns.columnMean, theme, means, {}, meanEnd, theme.warning);
  drawBarStrip(painter, m_columns.columnVariance, theme, variances, {}, varianceEnd, theme.warning,
               BarBase::bottom);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.accent, theme.px(1.5), Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
  painter.drawRect(QRectF(m.left(), m.top() + m_model.selection().query.value * row, m.width(), row));
  if (m_columns.labelWidth <= 0) return;
  const auto text = [&](const QRectF& at, const QFont& font, const QColor& color, Qt::Alignment alignment,
                        const QString& words) {
    painter.setFont(font);
    painter.setPen(color);
    drawFitted(painter, at, alignment, words);
  };
  const auto left = Qt::AlignLeft | Qt::AlignVCenter, right = Qt::AlignRight | Qt::AlignVCenter;
  const QFont plain = theme.sized(11), bold = theme.sized(11, QFont::DemiBold);
  text(QRectF(m.left(), area.top(), m.width(), lineHeight), bold, theme.text, left,
       tr("x: tokens down, elements 0 … %1 across").arg(m_model.width() - 1));
  text(m_columns.rowTitle, bold, theme.text, left, tr("by row: RMS, σ marked"));
  text(m_columns.columnMeanTitle, bold, theme.warning, left,
       tr("by column (BatchNorm): mean, ±%1").arg(shortNumber(meanEnd)));
  text(m_columns.columnVarianceTitle, bold, theme.warning, left,
       tr("by column (BatchNorm): variance, up to %1").arg(shortNumber(varianceEnd)));
  const int wanted[] = {m_model.selection().query.value};
  for (const int t : thinnedLabels(0, tokens, row, lineHeight, wanted))
    text(QRectF(m.left() - m_columns.labelWidth, m.top() + (t + 0.5) * row - lineHeight / 2,
                m_columns.labelWidth - theme.px(6), lineHeight),
         plain, t == wanted[0] ? theme.accent : theme.faintText, right, m_model.label(t));
}

}  // namespace decodescope
