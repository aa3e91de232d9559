// The panels of the RoPE view besides the dials.

#include "core/ops/rope_score.h"
#include "views/colormap.h"
#include "views/heatmap.h"
#include "views/panel_frame.h"
#include "views/rope/rope_view.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("RopeView", text);
}

ColorScale signedScale(double largest) {
  ColorScale scale;
  scale.map = Colormap::diverging;
  scale.hi = std::max(1e-12, largest);
  scale.lo = -scale.hi;
  return scale;
}

/// A row (or a column) of coloured cells, with the numbers where they fit.
void drawCellRow(QPainter& painter, const QRectF& area, const Theme& theme, std::span<const float> values,
                 const ColorScale& scale, bool down) {
  const QList<QRgb> colors = colormapTable(Colormap::diverging, theme.dark);
  const double n = static_cast<double>(values.size());
  painter.setFont(theme.sized(10.5));
  const TextMetrics metrics(painter.font(), painter.device());
  const double width = down ? area.width() : area.width() / n,
               height = down ? area.height() / n : area.height();
  const bool numbers = width >= metrics.horizontalAdvance(QStringLiteral("−0.00")) + theme.px(3) &&
                       height >= metrics.height() * 0.95;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double at = static_cast<double>(i);
    const QRectF cell(area.left() + (down ? 0 : at * width), area.top() + (down ? at * height : 0), width,
                      height);
    const double v = static_cast<double>(values[i]);
    const QColor color = QColor::fromRgb(colors[scale.level(v, 0)]);
    painter.fillRect(cell, color);
    if (!numbers) continue;
    painter.setPen(readableOn(color));
    drawFitted(painter, cell, Qt::AlignHCenter | Qt::AlignVCenter,
               signedNumber(v, std::abs(v) >= 10 ? 1 : 2));
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(area);
}

}  // namespace

void RopeView::paintMatrix(QPainter& painter, const QRectF& area, const Theme& theme) {
  const int d = m_model.config().rotaryDim();
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double lineHeight = std::ceil(metrics.height());
  m_matrix = layoutRopeMatrix(
      area, d, lineHeight, metrics.horizontalAdvance(QStringLiteral("q ⊙ cos")) + theme.px(8), theme.scale);
  painter.setRenderHint(QPainter::Antialiasing, false);
  const QRectF& box = m_matrix.matrix;
  const std::vector<float> values = m_model.matrix();
  const ColorScale unit = signedScale(1);
  const ColorScale rows = signedScale(ends().front());
  const double cell = box.width() / d;
  painter.fillRect(box, theme.panel);
  const QList<QRgb> colors = colormapTable(Colormap::diverging, theme.dark);
  painter.setFont(theme.sized(10.5));
  const TextMetrics digits(painter.font(), painter.device());
  const bool numbers = cell >= digits.horizontalAdvance(QStringLiteral("−0.00")) + theme.px(4);
  if (cell >= theme.px(5)) {
    painter.setPen(QPen(mixed(theme.line, theme.panel, 0.4), theme.px(0.7)));
    for (int i = 1; i < d; ++i) {
      painter.drawLine(QPointF(box.left() + i * cell, box.top()),
                       QPointF(box.left() + i * cell, box.bottom()));
      painter.drawLine(QPointF(box.left(), box.top() + i * cell), QPointF(box.right(), box.top() + i * cell));
    }
  }
  // Only the 2d places that the pairs fill: everything else is a zero of the form, not of the numbers.
  for (const RopePairShown& pair : m_model.pairs()) {
    for (const int r : {pair.first, pair.second}) {
      for (const int c : {pair.first, pair.second}) {
        const double v = static_cast<double>(
            values[static_cast<std::size_t>(r) * static_cast<std::size_t>(d) + static_cast<std::size_t>(c)]);
        const QRectF at(box.left() + c * cell, box.top() + r * cell, cell, cell);
        const QColor color = QColor::fromRgb(colors[unit.level(v, 0)]);
        painter.fillRect(at, color);
        painter.setPen(QPen(theme.faintText, theme.px(0.7)));
        painter.setBrush(Qt::NoBrush);
        if (cell >= theme.px(5)) painter.drawRect(at);
        if (!numbers) continue;
        painter.setPen(readableOn(color));
        drawFitted(painter, at, Qt::AlignHCenter | Qt::AlignVCenter, signedNumber(v, 2));
      }
    }
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(box);
  const QPen followed(theme.accent, theme.px(2), Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin);
  drawCellRow(painter, m_matrix.input, theme, m_model.query(), rows, true);
  drawCellRow(painter, m_matrix.output, theme, m_model.turnedQuery(), rows, true);
  if (const RopePairShown* pair = m_model.chosenPair()) {
    painter.setPen(followed);
    for (const int r : {pair->first, pair->second}) {
      for (const int c : {pair->first, pair->second})
        painter.drawRect(QRectF(box.left() + c * cell, box.top() + r * cell, cell, cell));
      for (const QRectF& at : {m_matrix.input, m_matrix.output})
        painter.drawRect(QRectF(at.left(), at.top() + r * cell, at.width(), cell));
    }
  }
  const auto words = [&](const QRectF& at, const QFont& font, const QColor& color, Qt::Alignment alignment,
                         const QString& text) {
    if (at.height() <= 0) return;
    painter.setFont(font);
    painter.setPen(color);
    drawFitted(painter, at, alignment, text);
  };
  const QFont bold = theme.sized(11.5, QFont::DemiBold), plain = theme.sized(11.5);
  const auto left = Qt::AlignLeft | Qt::AlignVCenter;
  words(m_matrix.matrixTitle, bold, theme.text, left,
        tr("R at m = %1, times q, is q′").arg(m_model.queryPosition()));
  const double gap = m_matrix.output.left() - m_matrix.input.right();
  words(QRectF(m_matrix.input.right(), box.center().y() - lineHeight / 2, gap, lineHeight), bold, theme.text,
        Qt::AlignHCenter | Qt::AlignVCenter, QStringLiteral("="));
  const auto twoLines = [&](const QRectF& at, const QString& first, const QString& second) {
    if (at.height() <= 0) return;
    words(QRectF(at.left(), at.top(), at.width(), lineHeight), plain, theme.text, left, first);
    words(QRectF(at.left(), at.top() + lineHeight, at.width(), lineHeight), plain, theme.faintText, left,
          second);
  };
  const RopeCost cost = ropeCost(d);
  const auto grouped = [](long long n) { return groupedNumber(static_cast<std::uint64_t>(n)); };
  twoLines(m_matrix.matrixCount, tr("d² = %1 products").arg(grouped(cost.matrixProducts)),
           tr("%1 of them with 0").arg(grouped(cost.zeroProducts)));
  if (m_matrix.strips.empty()) return;
  words(m_matrix.cheapTitle, bold, theme.text, left, tr("The same, pair by pair: q ⊙ cos + q̃ ⊙ sin"));
  const std::array<QString, 5> names{QStringLiteral("q"), QStringLiteral("cos"), QStringLiteral("q̃"),
                                     QStringLiteral("sin"), QStringLiteral("q′")};
  const std::vector<float> cosines = m_model.repeated(true), sines = m_model.repeated(false),
                           partners = m_model.partners();
  const std::array<std::span<const float>, 5> strips{m_model.query(), cosines, partners, sines,
                                                     m_model.turnedQuery()};
  for (std::size_t i = 0; i < strips.size(); ++i) {
    const QRectF& at = m_matrix.strips[i];
    drawCellRow(painter, at, theme, strips[i], i == 1 || i == 3 ? unit : rows, false);
    words(QRectF(at.left() - m_matrix.labelWidth, at.top(), m_matrix.labelWidth - theme.px(6), at.height()),
          plain, i == 1 || i == 3 ? theme.text : theme.query, Qt::AlignRight | Qt::AlignVCenter, names[i]);
    const RopePairShown* pair = m_model.chosenPair();
    if (!pair) continue;
    painter.setPen(followed);
    painter.setBrush(Qt::NoBrush);
    for (const int e : {pair->first, pair->second})
      painter.drawRect(QRectF(at.left() + e * at.width() / d, at.top(), at.width() / d, at.height()));
  }
  twoLines(m_matrix.cheapCount,
           tr("2d = %1 products, d = %2 additions").arg(grouped(cost.products), grouped(cost.additions)),
           tr("largest difference of the two: %1").arg(QString::number(m_model.matrixDifference(), 'g', 2)));
  const QRectF& below = m_matrix.cheapCount;
  if (below.top() + 3 * lineHeight > area.bottom() + 1) return;
  words(
      QRectF(below.left(), below.top() + 2 * lineHeight, below.width(), lineHeight), plain, theme.faintText,
      left,
      tr("score %1 in either pair layout, |difference| %2")
          .arg(signedNumber(m_model.shiftedScore(), 4), QString::number(m_model.layoutDifference(), 'g', 2)));
}

void RopeView::paintSpectrum(QPainter& painter, const QRectF& area, const Theme& theme) {
  const std::span<const RopePairShown> pairs = m_model.pairs();
  PlotSpec frequency, wavelength;
  frequency.title = tr("θᵢ, radians a position");
  wavelength.title = tr("wavelength 2π/θᵢ, positions");
  PlotSeries theta{{}, {}, theme.query, PlotSeries::Kind::points, {}};
  PlotSeries length{{}, {}, theme.accent, PlotSeries::Kind::points, {}};
  PlotSeries plainTheta{{}, {}, theme.faintText, PlotSeries::Kind::dashed, tr("before scaling")};
  PlotSeries plainLength = plainTheta;
  if (m_model.isScaled()) theta.name = length.name = tr("as the model turns");
  double slowest = pairs.back().unscaledTheta;
  for (const RopePairShown& pair : pairs) {
    theta.x.push_back(pair.pair);
    theta.y.push_back(pair.theta);
    length.x.push_back(pair.pair);
    length.y.push_back(2 * std::numbers::pi / pair.theta);
    for (PlotSeries* plain : {&plainTheta, &plainLength}) plain->x.push_back(pair.pair);
    plainTheta.y.push_back(pair.unscaledTheta);
    plainLength.y.push_back(2 * std::numbers::pi / pair.unscaledTheta);
    slowest = std::min(slowest, pair.theta);
  }
  for (PlotSpec* spec : {&frequency, &wavelength}) {
    spec->markedX = m_model.chosenPair() ? m_model.chosenPair()->pair : -1;
    spec->xTitle = tr("pair i");
    spec->xFirst = 0;
    spec->xLast = std::max<double>(1, static_cast<double>(pairs.size()) - 1);
    spec->logY = true;
  }
  frequency.series = {theta};
  frequency.yLast = 2;
  frequency.yFirst = slowest / 2;
  wavelength.series = {length};
  if (m_model.isScaled()) {
    frequency.series.push_back(plainTheta);
    wavelength.series.push_back(plainLength);
  }
  const double context = m_model.config().maxPositionEmbeddings;
  wavelength.yFirst = std::min(3.0, length.y.front() / 2);
  wavelength.yLast = 2 * std::max(context, 2 * std::numbers::pi / slowest);
  wavelength.levels = {{context, tr("context: %1").arg(groupedNumber(static_cast<std::uint64_t>(context)))}};
  QRectF upper = area, lower = area;
  const double gap = theme.px(16);
  if (area.width() > 1.3 * area.height()) {
    upper.setWidth((area.width() - gap) / 2);
    lower.setLeft(upper.right() + gap);
  } else {
    upper.setHeight((area.height() - gap) / 2);
    lower.setTop(upper.bottom() + gap);
  }
  m_upperPlot.paint(painter, upper, theme, frequency);
  m_lowerPlot.paint(painter, lower, theme, wavelength);
}

void RopeView::paintDistance(QPainter& painter, const QRectF& area, const Theme& theme) {
  const std::span<const double> scores = m_model.distanceScores(), bounds = m_model.distanceBounds();
  PlotSpec score, bound;
  score.title = tr("score q′·k′/√d");
  bound.title = tr("size of the score");
  PlotSeries line{{}, {}, theme.query, PlotSeries::Kind::curve, {}};
  PlotSeries size{{}, {}, theme.query, PlotSeries::Kind::curve, tr("|score|")};
  PlotSeries above{{}, {}, theme.accent, PlotSeries::Kind::curve, tr("its upper bound (RoFormer, 3.4.3)")};
  PlotSeries wide{
      {}, {}, theme.faintText, PlotSeries::Kind::dashed, tr("the bound's shape for d = 128, base 10000")};
  for (std::size_t r = 0; r < scores.size(); ++r) {
    for (PlotSeries* s : {&line, &size, &above, &wide}) s->x.push_back(static_cast<double>(r));
    line.y.push_back(scores[r]);
    size.y.push_back(std::abs(scores[r]));
    above.y.push_back(bounds[r]);
    wide.y.push_back(m_model.referenceBounds()[r]);
  }
  for (PlotSpec* spec : {&score, &bound}) {
    spec->xTitle = tr("distance m − n");
    spec->xFirst = 0;
    spec->xLast = static_cast<double>(scores.size() - 1);
    spec->markedX = m_model.distance();
  }
  score.series = {line};
  if (const RopePairShown* pair = m_model.chosenPair()) {
    PlotSeries part{line.x, m_model.pairScores(), theme.accent, PlotSeries::Kind::curve,
                    tr("the part of pair %1").arg(pair->pair)};
    score.series.front().name = tr("all pairs");
    score.series.push_back(std::move(part));
  }
  const std::vector<double> reach = ends();
  score.yFirst = -reach[0];
  score.yLast = reach[1];
  bound.series = {size, above, wide};
  bound.yLast = reach[2];
  QRectF upper = area, lower = area;
  if (area.height() > theme.px(230)) {
    const double gap = theme.px(12);
    upper.setHeight((area.height() - gap) / 2);
    lower.setTop(upper.bottom() + gap);
    m_lowerPlot.paint(painter, lower, theme, bound);
  } else {
    m_lowerPlot.clear();
  }
  m_upperPlot.paint(painter, upper, theme, score);
}

void RopeView::paintTable(QPainter& painter, const QRectF& area, const Theme& theme) {
  const int dims = m_model.config().hiddenSize, positions = m_model.tablePositions();
  const int at = std::min(m_model.selection().query.value, positions - 1);
  const TextMetrics metrics(theme.sized(11), painter.device());
  const double lineHeight = std::ceil(metrics.height());
  const bool texts = area.width() > theme.px(220) && area.height() > theme.px(180);
  const double left = texts ? metrics.horizontalAdvance(QStringLiteral("−0.000 ")) + theme.px(8) : 0;
  const double right = texts ? theme.px(64) : 0;
  QRectF map = area.adjusted(left, texts ? lineHeight * 1.3 : 0, -right, texts ? -lineHeight * 0.6 : 0);
  QRectF bars = map;
  const double gap = texts ? lineHeight * 2.2 : theme.px(4);
  bars.setTop(map.bottom() - (map.height() - gap) * 0.3);
  map.setBottom(bars.top() - gap);
  if (map.height() < 4 || bars.height() < 4) return;
  const auto text = [&](const QRectF& rect, Qt::Alignment alignment, const QColor& color,
                        const QString& words) {
    painter.setFont(theme.sized(11));
    painter.setPen(color);
    drawFitted(painter, rect, alignment, words);
  };

  // The table: positions downwards, elements across.
  m_tableArea = map;
  m_tableRows = positions;
  const ColorScale scale = signedScale(ends().back());
  const QList<QRgb> colors = colormapTable(Colormap::diverging, theme.dark);
  HeatmapRows matrix;
  matrix.columns = dims;
  for (int p = 0; p < positions; ++p) {
    matrix.rows.push_back(m_model.tableRow(p));
    matrix.rowMax.push_back(0);
  }
  const double ratio = isVectorDevice(painter) ? 4.0 : pixelRatio(painter);
  painter.setRenderHint(QPainter::Antialiasing, false);
  drawCells(painter, map,
            heatmapImage(matrix, scale, colors, std::max(1, static_cast<int>(map.width() * ratio)),
                         std::max(1, static_cast<int>(map.height() * ratio))));
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawRect(map);
  const double rowHeight = map.height() / positions;
  const QRectF marked(map.left(), map.top() + at * rowHeight, map.width(), std::max(rowHeight, theme.px(2)));
  painter.setPen(QPen(theme.accent, theme.px(1.5)));
  painter.drawRect(marked.adjusted(-theme.px(2), -theme.px(1), theme.px(2), theme.px(1)));

  // The selected position's row.
  const std::span<const float> row = m_model.tableRow(at);
  const double middle = bars.center().y(), width = bars.width() / dims;
  for (int i = 0; i < dims; ++i) {
    const double v = static_cast<double>(row[static_cast<std::size_t>(i)]);
    const double height = v / scale.hi * bars.height() / 2;
    painter.fillRect(QRectF(bars.left() + i * width + width * 0.1, std::min(middle, middle - height),
                            width * 0.8, std::abs(height)),
                     QColor::fromRgb(colors[v >= 0 ? 215 : 40]));
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawLine(QPointF(bars.left(), middle), QPointF(bars.right(), middle));
  painter.drawRect(bars);
  if (!texts) return;
  text(QRectF(map.left(), area.top(), map.width(), lineHeight), Qt::AlignLeft | Qt::AlignVCenter,
       theme.faintText, tr("elements 0 … %1 across, positions downwards").arg(dims - 1));
  const int wanted[] = {at};
  for (const int p : thinnedLabels(0, positions, rowHeight, lineHeight * 1.1, wanted))
    text(QRectF(area.left(), map.top() + (p + 0.5) * rowHeight - lineHeight / 2, left - theme.px(6),
                lineHeight),
         Qt::AlignRight | Qt::AlignVCenter, p == at ? theme.accent : theme.faintText, QString::number(p));
  const int tokens = m_model.shownTokens();
  text(QRectF(map.left(), bars.top() - lineHeight * 1.4, map.width(), lineHeight),
       Qt::AlignLeft | Qt::AlignVCenter, theme.text,
       at < tokens ? tr("added to position %1, “%2”").arg(QString::number(at), m_model.label(at))
                   : tr("position %1").arg(at));
  text(QRectF(area.left(), bars.top() - lineHeight / 2, left - theme.px(6), lineHeight),
       Qt::AlignRight | Qt::AlignVCenter, theme.faintText, shortNumber(scale.hi));
  text(QRectF(area.left(), bars.bottom() - lineHeight / 2, left - theme.px(6), lineHeight),
       Qt::AlignRight | Qt::AlignVCenter, theme.faintText, QChar(0x2212) + shortNumber(scale.hi));

  // The colours' key.
  const QRectF ramp(map.right() + theme.px(14), map.top(), theme.px(12),
                    std::min(map.height(), theme.px(180)));
  QImage image(1, 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) image.setPixel(0, 255 - i, colors[std::max(1, i)]);
  drawCells(painter, ramp, image);
  painter.drawRect(ramp);
  const auto tick = [&](double y, const QString& words) {
    text(QRectF(ramp.right() + theme.px(4), y - lineHeight / 2, area.right() - ramp.right(), lineHeight),
         Qt::AlignLeft | Qt::AlignVCenter, theme.faintText, words);
  };
  tick(ramp.top() + lineHeight * 0.3, shortNumber(scale.hi));
  tick(ramp.center().y(), QStringLiteral("0"));
  tick(ramp.bottom() - lineHeight * 0.3, QChar(0x2212) + shortNumber(scale.hi));
}

}  // namespace decodescope
