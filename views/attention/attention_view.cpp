#include "views/attention/attention_view.h"

#include "views/legend.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

constexpr double kNumbersInCells = 34;  // cells of this size hold two decimals in the label font

void drawFrame(QPainter& painter, const QRectF& rect, const QColor& color, double width) {
  painter.setPen(QPen(color, width, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(rect);
}

}  // namespace

std::unique_ptr<View> makeAttentionView() {
  return std::make_unique<AttentionView>();
}

std::vector<ViewOption> AttentionView::options() const {
  const auto value = [](auto current,
                        std::initializer_list<std::pair<decltype(current), const char*>> names) {
    for (const auto& [v, name] : names) {
      if (v == current) return QString::fromLatin1(name);
    }
    return QString();
  };
  using Kind = ColorScale::Kind;
  return {
      {QStringLiteral("stage"),
       tr("Show"),
       tr("Which numbers the matrix holds: weights after softmax, scores q·k/√d, or q·k itself"),
       {{QStringLiteral("weights"), tr("Weights")},
        {QStringLiteral("scaled"), tr("Scaled scores")},
        {QStringLiteral("raw"), tr("Raw scores")}},
       value(m_settings.stage,
             {{ScoreStage::weight, "weights"}, {ScoreStage::scaled, "scaled"}, {ScoreStage::raw, "raw"}})},
      {QStringLiteral("scale"),
       tr("Scale"),
       tr("How numbers become colours"),
       {{QStringLiteral("linear"), tr("Linear")},
        {QStringLiteral("log"), tr("Logarithmic")},
        {QStringLiteral("row"), tr("Per row")}},
       value(m_settings.scale,
             {{Kind::linear, "linear"}, {Kind::logarithmic, "log"}, {Kind::perRow, "row"}})},
      {QStringLiteral("colors"),
       tr("Colours"),
       tr("The colour map of weights; signed scores use blue and red"),
       {{QStringLiteral("viridis"), tr("Viridis")}, {QStringLiteral("cividis"), tr("Cividis")}},
       colormapName(m_settings.map)},
      {QStringLiteral("heads"),
       tr("Heads"),
       tr("Thumbnails of all heads of the layer"),
       {{QStringLiteral("all"), tr("All")}, {QStringLiteral("one"), tr("One")}},
       m_settings.allHeads ? QStringLiteral("all") : QStringLiteral("one")},
  };
}

bool AttentionView::setOption(const QString& id, const QString& value) {
  bool known = false;
  for (const ViewOption& option : options()) {
    if (option.id != id) continue;
    known = std::any_of(option.choices.begin(), option.choices.end(),
                        [&](const auto& choice) { return choice.first == value; });
  }
  if (!known) return false;
  if (id == QLatin1String("stage")) {
    m_settings.stage = value == QLatin1String("weights")  ? ScoreStage::weight
                       : value == QLatin1String("scaled") ? ScoreStage::scaled
                                                          : ScoreStage::raw;
  } else if (id == QLatin1String("scale")) {
    m_settings.scale = value == QLatin1String("linear") ? ColorScale::Kind::linear
                       : value == QLatin1String("log")  ? ColorScale::Kind::logarithmic
                                                        : ColorScale::Kind::perRow;
  } else if (id == QLatin1String("colors")) {
    m_settings.map = value == QLatin1String("cividis") ? Colormap::cividis : Colormap::viridis;
  } else {
    m_settings.allHeads = value == QLatin1String("all");
  }
  m_model.present(m_session, m_selection, m_settings);
  return true;
}

void AttentionView::present(const SessionSnapshot& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  const std::uint64_t before = m_model.runId();
  m_model.present(session, selection, m_settings);
  if (m_model.runId() != before) m_window = {};
}

std::vector<double> AttentionView::scaleEnds() const {
  return {m_model.scaleEnd().value_or(0)};
}

void AttentionView::setScaleEnds(const std::vector<double>& ends) {
  if (ends.front() > 0) m_model.setScaleEnd(ends.front());
}

AttentionView::Shown AttentionView::shown() const {
  const int tokens = std::max(1, m_model.tokens());
  Shown s;
  s.count = m_window.count > 0 ? std::min(m_window.count, tokens) : tokens;
  s.firstRow = std::clamp(static_cast<int>(std::lround(m_window.row)), 0, tokens - s.count);
  s.firstColumn = std::clamp(static_cast<int>(std::lround(m_window.column)), 0, tokens - s.count);
  s.cell = m_layout.matrix.width() / s.count;
  return s;
}

void AttentionView::settle(QPainter& painter, const QRectF& area, const Theme& theme) {
  const QFontMetricsF label(theme.sized(11.5), painter.device());
  const QFontMetricsF bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  const QFontMetricsF number(theme.sized(11), painter.device());
  const QFontMetricsF title(theme.sized(15, QFont::DemiBold), painter.device());
  AttentionLayoutNeeds needs;
  needs.scale = theme.scale;
  needs.lineHeight = std::ceil(label.height());
  needs.titleHeight = std::ceil(title.height());
  double widest = 0;
  for (const QString& text : m_model.labels()) widest = std::max(widest, bold.horizontalAdvance(text));
  const QString last = QString::number(m_model.tokens());
  // Room for the position number in front, and for the axis' name across it.
  needs.rowLabelWidth = std::min(widest, theme.px(120)) +
                        label.horizontalAdvance(last + QStringLiteral("  ")) + needs.lineHeight;
  for (const auto& [at, text] : m_model.ticks())
    needs.colorNumberWidth = std::max(needs.colorNumberWidth, number.horizontalAdvance(text));
  needs.colorNumberWidth += needs.lineHeight;
  needs.heads = m_model.heads();
  needs.headsPerGroup = m_model.headsPerGroup();
  needs.thumbnails = m_settings.allHeads;
  m_subtitle = brokenParts(m_model.subtitle(), label, area.width() - theme.px(24), 2);
  needs.subtitleLines = std::max(1, static_cast<int>(m_subtitle.size()));
  needs.legendLines = legendLines(painter, theme, legend(theme), area.width() - theme.px(24));
  // Column labels lie flat where every one fits its cell, else they run upwards; with little room only their
  // numbers do.
  m_columnLabels = ColumnLabels::flat;
  needs.columnLabelHeight = 2 * needs.lineHeight + theme.px(2);
  m_layout = layoutAttention(area, needs);
  if (shown().cell < widest + theme.px(8)) {
    m_columnLabels = ColumnLabels::upright;
    const double numberLength = label.horizontalAdvance(last) + theme.px(6);
    needs.columnLabelHeight = std::min(widest, theme.px(110)) + needs.lineHeight + theme.px(2);
    if (shown().cell < needs.lineHeight) needs.columnLabelHeight += numberLength;
    m_layout = layoutAttention(area, needs);
    const double textRoom = m_layout.columnLabels.height() - needs.lineHeight - numberLength;
    if (!m_layout.columnLabels.isNull() && textRoom < std::min(widest, theme.px(34))) {
      m_columnLabels = ColumnLabels::numbersOnly;
      needs.columnLabelHeight = numberLength + needs.lineHeight;
      m_layout = layoutAttention(area, needs);
    }
  }
  // Whole device pixels a cell, so that all cells are equally large.
  const Shown s = shown();
  const double cell = wholePixels(painter, s.cell);
  if (s.cell * pixelRatio(painter) >= 3) {
    const double side = cell * s.count;
    m_layout.matrix =
        QRectF(onPixel(painter, m_layout.matrix.left()), onPixel(painter, m_layout.matrix.top()), side, side);
    m_layout.newBar.setHeight(side);
    m_layout.rowLabels.setHeight(side);
    m_layout.columnLabels.setWidth(side);
    if (!m_layout.colorBar.isNull()) {
      const double shift = m_layout.matrix.right() + theme.px(10) - m_layout.colorBar.left();
      m_layout.colorBar =
          QRectF(m_layout.colorBar.left() + shift, m_layout.matrix.top(), m_layout.colorBar.width(), side);
      m_layout.colorNumbers = QRectF(m_layout.colorNumbers.left() + shift, m_layout.matrix.top(),
                                     m_layout.colorNumbers.width(), side);
    }
  }
}

void AttentionView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  if (m_model.state() != AttentionModel::State::ready) {
    m_layout = {};
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
    painter.restore();
    return;
  }
  settle(painter, area, theme);
  paintMatrix(painter, theme);
  paintCrossHair(painter, theme);
  paintRowLabels(painter, theme);
  paintColumnLabels(painter, theme);
  paintColorBar(painter, theme);
  paintHeads(painter, theme);
  paintLegend(painter, theme, legend(theme), m_layout.legend);
  paintTexts(painter, theme);
  painter.restore();
}

void AttentionView::paintTexts(QPainter& painter, const Theme& theme) const {
  if (!m_layout.title.isNull()) {
    painter.setFont(theme.sized(15, QFont::DemiBold));
    painter.setPen(theme.text);
    drawFitted(painter, m_layout.title, Qt::AlignLeft | Qt::AlignVCenter, m_model.title());
  }
  if (!m_layout.subtitle.isNull()) {
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.faintText);
    QRectF line = m_layout.subtitle;
    line.setHeight(line.height() / static_cast<double>(std::max<qsizetype>(1, m_subtitle.size())));
    for (const QString& text : m_subtitle) {
      drawFitted(painter, line, Qt::AlignLeft | Qt::AlignVCenter, text);
      line.translate(0, line.height());
    }
  }
  if (!m_layout.readout.isNull()) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.text);
    const int query = m_model.selection().query.value, key = m_model.selection().key.value;
    const QString text = m_model.readout(query, key);
    const bool fits =
        QFontMetricsF(painter.font(), painter.device()).horizontalAdvance(text) <= m_layout.readout.width();
    drawFitted(painter, m_layout.readout, Qt::AlignLeft | Qt::AlignVCenter,
               fits ? text : m_model.shortReadout(query, key));
  }
}

void AttentionView::paintMatrix(QPainter& painter, const Theme& theme) {
  if (isVectorDevice(painter)) return paintCells(painter, theme);
  // The selection moves far more often than the cells change: they are kept as an image.
  const double ratio = pixelRatio(painter);
  const Shown s = shown();
  const PictureKey key = pictureKey(m_layout.matrix, ratio, theme, m_model.selection().head.value,
                                    QPoint(s.firstColumn, s.firstRow), s.count);
  if (m_matrixKey != key) {
    m_matrixKey = key;
    const double margin = std::ceil(theme.px(1) * ratio) / ratio;
    m_matrixArea = m_layout.matrix.adjusted(-margin, -margin, margin, margin);
    m_matrixImage = QImage((m_matrixArea.size() * ratio).toSize() + QSize(1, 1), QImage::Format_RGB32);
    m_matrixImage.fill(theme.background);
    QPainter into(&m_matrixImage);
    into.scale(ratio, ratio);
    into.translate(-m_matrixArea.topLeft());
    paintCells(into, theme);
  }
  painter.drawImage(QRectF(m_matrixArea.topLeft(), QSizeF(m_matrixImage.size()) / ratio), m_matrixImage);
}

void AttentionView::paintCells(QPainter& painter, const Theme& theme) const {
  const Shown s = shown();
  drawMasked(painter, m_layout.matrix, theme);
  HeatmapRows all = m_model.rows(m_model.selection().head);
  HeatmapRows part;
  part.firstColumn = s.firstColumn;
  part.columns = s.count;
  for (int r = s.firstRow; r < s.firstRow + s.count; ++r) {
    part.rows.push_back(all.rows[static_cast<std::size_t>(r)]);
    part.rowMax.push_back(all.rowMax[static_cast<std::size_t>(r)]);
  }
  const QList<QRgb> colors = colormapTable(m_model.scale().map, theme.dark);
  const int pixels =
      std::max(1, static_cast<int>(std::lround(m_layout.matrix.width() * pixelRatio(painter))));
  drawCells(painter, m_layout.matrix, heatmapImage(part, m_model.scale(), colors, pixels, pixels));

  // Rows whose traces were dropped: neither masked nor zero.
  if (m_model.missingRows() > 0) {
    painter.setPen(theme.faintText);
    painter.setFont(theme.sized(10.5));
    for (int i = 0; i < s.count; ++i) {
      if (!part.rows[static_cast<std::size_t>(i)].empty()) continue;
      const double width =
          std::clamp((s.firstRow + i + 1 - s.firstColumn) * s.cell, 0.0, m_layout.matrix.width());
      const QRectF row(m_layout.matrix.left(), m_layout.matrix.top() + i * s.cell, width, s.cell);
      painter.fillRect(row, theme.panel);
      if (s.cell >= theme.px(12)) drawFitted(painter, row, Qt::AlignCenter, tr("not stored"));
    }
  }
  // Cells large enough to be told apart get a hair line between them.
  if (s.cell >= theme.px(12)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int i = 1; i < s.count; ++i) {
      const double x = m_layout.matrix.left() + i * s.cell, y = m_layout.matrix.top() + i * s.cell;
      painter.drawLine(QPointF(x, m_layout.matrix.top()), QPointF(x, m_layout.matrix.bottom()));
      painter.drawLine(QPointF(m_layout.matrix.left(), y), QPointF(m_layout.matrix.right(), y));
    }
  }
  paintCellNumbers(painter, theme);
  drawFrame(painter, m_layout.matrix, theme.line, theme.px(1));
}

void AttentionView::paintCellNumbers(QPainter& painter, const Theme& theme) const {
  const Shown s = shown();
  if (s.cell < theme.px(kNumbersInCells)) return;
  painter.setFont(theme.sized(s.cell >= theme.px(48) ? 13 : 11));
  const QList<QRgb> colors = colormapTable(m_model.scale().map, theme.dark);
  for (int r = 0; r < s.count; ++r) {
    for (int c = 0; c < s.count; ++c) {
      const int query = s.firstRow + r, key = s.firstColumn + c;
      const std::optional<float> v = m_model.value(query, key);
      if (!v || !std::isfinite(*v)) continue;
      const int level =
          m_model.scale().level(static_cast<double>(*v), static_cast<double>(m_model.rowMax(query)));
      painter.setPen(readableOn(QColor::fromRgb(colors[level])));
      drawFitted(
          painter,
          QRectF(m_layout.matrix.left() + c * s.cell, m_layout.matrix.top() + r * s.cell, s.cell, s.cell),
          Qt::AlignCenter, m_model.cellText(*v));
    }
  }
}

void AttentionView::paintRowLabels(QPainter& painter, const Theme& theme) const {
  const Shown s = shown();
  // What this step computed, beside the rows.
  const auto strip = [&](int first, int end, const QColor& color) {
    const double from = std::max(first, s.firstRow), to = std::min(end, s.firstRow + s.count);
    if (to <= from) return;
    painter.fillRect(
        QRectF(m_layout.newBar.left(), m_layout.newBar.top() + (from - s.firstRow) * s.cell,
               m_layout.newBar.width() - theme.px(2), std::max(theme.px(2), (to - from) * s.cell)),
        color);
  };
  strip(m_model.firstComputed(), m_model.firstNew(), theme.warning);
  strip(m_model.firstNew(), m_model.tokens(), theme.accent);
  if (m_layout.rowLabels.isNull()) return;

  const QFontMetricsF metrics(theme.sized(11.5), painter.device());
  const double lineHeight = metrics.height();
  const int query = m_model.selection().query.value;
  const int wanted[] = {query, m_model.tokens() - 1};
  const std::vector<int> indices = thinnedLabels(s.firstRow, s.count, s.cell, lineHeight * 1.02, wanted);
  const bool numbered = indices.size() < static_cast<std::size_t>(s.count);
  for (const int i : indices) {
    const double centre = m_layout.rowLabels.top() + (i - s.firstRow + 0.5) * s.cell;
    const QRectF box(m_layout.rowLabels.left() + lineHeight, centre - lineHeight / 2,
                     m_layout.rowLabels.width() - lineHeight, lineHeight);
    const bool isNew = i >= m_model.firstNew();
    painter.setFont(theme.sized(11.5, i == query ? QFont::DemiBold : QFont::Normal));
    painter.setPen(i == query ? theme.query : isNew ? theme.accent : theme.text);
    const double width = drawFitted(painter, box, Qt::AlignRight | Qt::AlignVCenter, m_model.labels()[i]);
    if (!numbered) continue;
    if (i != query) painter.setPen(theme.faintText);
    const QRectF before = box.adjusted(0, 0, -width - theme.px(6), 0);
    const QString number = QString::number(i);
    if (metrics.horizontalAdvance(number) <= before.width())
      drawFitted(painter, before, Qt::AlignRight | Qt::AlignVCenter, number);
  }
  painter.setFont(theme.sized(11, QFont::DemiBold));
  painter.setPen(theme.query);
  const QString name = tr("queries");
  const double width = QFontMetricsF(painter.font(), painter.device()).horizontalAdvance(name);
  drawUpwards(painter,
              QPointF(m_layout.rowLabels.left() + lineHeight / 2,
                      m_layout.rowLabels.center().y() + std::min(width, m_layout.rowLabels.height()) / 2),
              m_layout.rowLabels.height(), name);
}

void AttentionView::paintColumnLabels(QPainter& painter, const Theme& theme) const {
  if (m_layout.columnLabels.isNull()) return;
  const Shown s = shown();
  const QFontMetricsF metrics(theme.sized(11.5), painter.device());
  const double lineHeight = metrics.height();
  const int key = m_model.selection().key.value;
  const int wanted[] = {key, m_model.tokens() - 1};
  const std::vector<int> indices = thinnedLabels(
      s.firstColumn, s.count, s.cell, m_columnLabels == ColumnLabels::flat ? 1 : lineHeight * 1.02, wanted);
  const bool numbersOnly = m_columnLabels == ColumnLabels::numbersOnly;
  const bool numbered = numbersOnly || indices.size() < static_cast<std::size_t>(s.count);
  for (const int i : indices) {
    const double centre = m_layout.columnLabels.left() + (i - s.firstColumn + 0.5) * s.cell;
    painter.setFont(theme.sized(11.5, i == key ? QFont::DemiBold : QFont::Normal));
    painter.setPen(i == key ? theme.key : theme.text);
    const QString& text = m_model.labels()[i];
    if (m_columnLabels == ColumnLabels::flat) {
      drawFitted(painter,
                 QRectF(centre - s.cell / 2, m_layout.columnLabels.bottom() - lineHeight, s.cell, lineHeight),
                 Qt::AlignHCenter | Qt::AlignBottom, text);
      continue;
    }
    QPointF foot(centre, m_layout.columnLabels.bottom());
    double room = m_layout.columnLabels.height() - lineHeight;
    if (numbered) {
      if (i != key) painter.setPen(theme.faintText);
      drawUpwards(painter, foot, m_layout.columnLabels.height(), QString::number(i));
      if (numbersOnly) continue;
      const double taken = metrics.horizontalAdvance(QString::number(i)) + theme.px(6);
      foot.ry() -= taken;
      room -= taken;
      if (i != key) painter.setPen(theme.text);
    }
    drawUpwards(painter, foot, room, text);
  }
  painter.setFont(theme.sized(11, QFont::DemiBold));
  painter.setPen(theme.key);
  drawFitted(painter,
             QRectF(m_layout.columnLabels.left(), m_layout.columnLabels.top(), m_layout.columnLabels.width(),
                    lineHeight),
             Qt::AlignHCenter | Qt::AlignVCenter, tr("keys"));
}

void AttentionView::paintCrossHair(QPainter& painter, const Theme& theme) const {
  const Shown s = shown();
  const int row = m_model.selection().query.value - s.firstRow;
  const int column = m_model.selection().key.value - s.firstColumn;
  const bool rowShown = row >= 0 && row < s.count, columnShown = column >= 0 && column < s.count;
  const double x = m_layout.matrix.left() + column * s.cell, y = m_layout.matrix.top() + row * s.cell;
  // A dark line beside a light one stands out on every colour of the map. Both run outside small cells, so
  // that the row itself can still be read.
  const double out = s.cell < theme.px(10) ? theme.px(1) : 0;
  const auto band = [&](const QRectF& rect) {
    const QRectF inner = rect.adjusted(-out, -out, out, out);
    drawFrame(painter, inner.adjusted(-theme.px(1), -theme.px(1), theme.px(1), theme.px(1)),
              QColor(0, 0, 0, 120), theme.px(1));
    drawFrame(painter, inner, QColor(255, 255, 255, 220), theme.px(1));
  };
  const QColor light(255, 255, 255);
  if (rowShown) band(QRectF(m_layout.matrix.left(), y, m_layout.matrix.width(), s.cell));
  if (columnShown) band(QRectF(x, m_layout.matrix.top(), s.cell, m_layout.matrix.height()));
  if (rowShown && columnShown) {
    const double grow = s.cell < theme.px(6) ? theme.px(2) : 0;
    const QRectF cell = QRectF(x, y, s.cell, s.cell).adjusted(-grow, -grow, grow, grow);
    drawFrame(painter, cell, light, theme.px(4));
    drawFrame(painter, cell, theme.accent, theme.px(2));
  }
}

void AttentionView::paintColorBar(QPainter& painter, const Theme& theme) const {
  if (m_layout.colorBar.isNull()) return;
  const QList<QRgb> colors = colormapTable(m_model.scale().map, theme.dark);
  QImage image(1, 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) image.setPixel(0, i, colors[255 - i]);
  drawCells(painter, m_layout.colorBar, image);
  drawFrame(painter, m_layout.colorBar, theme.line, theme.px(1));

  painter.setFont(theme.sized(11));
  painter.setPen(theme.faintText);
  const QFontMetricsF metrics(painter.font(), painter.device());
  const double lineHeight = metrics.height();
  double last = -1e9;
  for (const auto& [at, text] : m_model.ticks()) {
    const double y = m_layout.colorBar.bottom() - at * m_layout.colorBar.height();
    if (std::abs(y - last) < lineHeight) continue;
    last = y;
    const double top = std::clamp(y - lineHeight / 2, m_layout.colorBar.top() - lineHeight / 3,
                                  m_layout.colorBar.bottom() - lineHeight * 2 / 3);
    drawFitted(
        painter,
        QRectF(m_layout.colorNumbers.left(), top, m_layout.colorNumbers.width() - lineHeight, lineHeight),
        Qt::AlignLeft | Qt::AlignVCenter, text);
  }
  QString title = m_model.scaleTitle();
  if (metrics.horizontalAdvance(title) > m_layout.colorBar.height()) title = m_model.shortScaleTitle();
  const double width = std::min(metrics.horizontalAdvance(title), m_layout.colorBar.height());
  drawUpwards(
      painter,
      QPointF(m_layout.colorNumbers.right() - lineHeight / 2, m_layout.colorBar.center().y() + width / 2),
      m_layout.colorBar.height(), title);
}

std::vector<LegendItem> AttentionView::legend(const Theme& theme) const {
  const int first = m_model.firstNew(), end = m_model.tokens();
  std::vector<LegendItem> items;
  items.push_back({end - first == 1 ? tr("row %1 is new in this step").arg(first)
                                    : tr("rows %1–%2 are new in this step").arg(first).arg(end - 1),
                   colorSample(theme.accent)});
  if (m_model.firstComputed() < first)
    items.push_back({tr("rows %1–%2 computed again (no cache)").arg(m_model.firstComputed()).arg(first - 1),
                     colorSample(theme.warning)});
  if (end > 1 && m_model.causal())
    items.push_back({tr("masked: later than the query"),
                     [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  if (m_model.missingRows() > 0)
    items.push_back(
        {tr("%1 rows not stored (trace budget)").arg(m_model.missingRows()), colorSample(theme.panel)});
  return items;
}

AttentionView::PictureKey AttentionView::pictureKey(const QRectF& area, double ratio, const Theme& theme,
                                                    int head, QPoint firstCell, int cells) const {
  return {m_model.runId(),
          m_model.selection().layer.value,
          head,
          m_model.tokens(),
          m_model.missingRows(),
          m_settings,
          m_model.scale().hi,
          ratio,
          theme.scale,
          theme.dark,
          area,
          firstCell,
          cells};
}

void AttentionView::paintHeads(QPainter& painter, const Theme& theme) {
  if (m_layout.head.empty()) return;
  painter.setRenderHint(QPainter::Antialiasing, true);
  for (std::size_t g = 0; g < m_layout.group.size(); ++g) {
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.setBrush(theme.panel);
    painter.drawRoundedRect(m_layout.group[g], theme.px(5), theme.px(5));
    painter.setFont(theme.sized(10.5, QFont::DemiBold));
    painter.setPen(theme.key);
    const QString text = tr("key/value head %1").arg(g);
    const double room = m_layout.groupLabel[g].width();
    const bool fits = QFontMetricsF(painter.font(), painter.device()).horizontalAdvance(text) <= room;
    drawFitted(painter, m_layout.groupLabel[g], Qt::AlignLeft | Qt::AlignVCenter,
               fits ? text : tr("kv %1").arg(g));
  }
  painter.setRenderHint(QPainter::Antialiasing, false);

  // One image holds all thumbnails; hovering paints it again without deriving or colouring anything.
  QRectF bounds;
  for (const QRectF& r : m_layout.head) bounds = bounds.united(r);
  const double ratio = isVectorDevice(painter) ? 4.0 : pixelRatio(painter);
  const PictureKey key = pictureKey(bounds, ratio, theme, -1, QPoint(), 0);
  if (m_headsKey != key) {
    m_headsKey = key;
    m_headsImage =
        QImage(static_cast<int>(std::ceil(bounds.width() * ratio)),
               static_cast<int>(std::ceil(bounds.height() * ratio)), QImage::Format_ARGB32_Premultiplied);
    m_headsImage.fill(Qt::transparent);
    const QList<QRgb> colors = colormapTable(m_model.scale().map, theme.dark);
    QPainter into(&m_headsImage);
    for (int h = 0; h < m_model.heads(); ++h) {
      const QRectF r = m_layout.head[static_cast<std::size_t>(h)];
      const QRect target(static_cast<int>(std::lround((r.left() - bounds.left()) * ratio)),
                         static_cast<int>(std::lround((r.top() - bounds.top()) * ratio)),
                         static_cast<int>(std::floor(r.width() * ratio)),
                         static_cast<int>(std::floor(r.height() * ratio)));
      into.fillRect(target, theme.maskedCell);
      into.drawImage(target, heatmapImage(m_model.rows(HeadIndex{h}), m_model.scale(), colors, target.width(),
                                          target.height()));
    }
  }
  painter.drawImage(
      QRectF(bounds.topLeft(), QSizeF(m_headsImage.width() / ratio, m_headsImage.height() / ratio)),
      m_headsImage);

  const int selected = m_model.selection().head.value;
  for (int h = 0; h < m_model.heads(); ++h) {
    const QRectF& r = m_layout.head[static_cast<std::size_t>(h)];
    const QRectF& label = m_layout.headLabel[static_cast<std::size_t>(h)];
    const bool known = !m_model.headRole(HeadIndex{h}).isEmpty();
    painter.setFont(theme.sized(10.5, h == selected || known ? QFont::DemiBold : QFont::Normal));
    painter.setPen(h == selected ? theme.accent : theme.text);
    const double width = drawFitted(painter, label, Qt::AlignLeft | Qt::AlignVCenter, QString::number(h));
    if (known) {
      painter.setRenderHint(QPainter::Antialiasing, true);
      painter.setPen(Qt::NoPen);
      painter.setBrush(theme.accent);
      painter.drawEllipse(QPointF(label.left() + width + theme.px(6), label.center().y()), theme.px(2.5),
                          theme.px(2.5));
      painter.setRenderHint(QPainter::Antialiasing, false);
    }
    drawFrame(painter, r, theme.line, theme.px(1));
    if (h == selected) drawFrame(painter, r, theme.accent, theme.px(2.5));
  }
}

std::optional<Hit> AttentionView::hitTest(QPointF point) const {
  if (m_model.state() != AttentionModel::State::ready) return std::nullopt;
  const Shown s = shown();
  const auto index = [&](double offset) {
    return std::clamp(static_cast<int>(offset / s.cell), 0, s.count - 1);
  };
  const int row = s.firstRow + index(point.y() - m_layout.matrix.top());
  const int column = s.firstColumn + index(point.x() - m_layout.matrix.left());
  Hit hit;
  hit.hovered = m_model.selection();
  if (m_layout.matrix.contains(point)) {
    hit.hovered.query = Position{row};
    hit.hovered.key = Position{column};
    hit.clicked = hit.hovered;
    hit.clicked->site = m_settings.stage == ScoreStage::weight ? Site::weights : Site::scores;
    hit.toolTip = m_model.toolTip(row, column);
    return hit;
  }
  if (m_layout.rowLabels.united(m_layout.newBar).contains(point)) {
    hit.hovered.query = Position{row};
    hit.toolTip =
        tr("query %1").arg(QStringLiteral("%1 “%2”").arg(QString::number(row), m_model.labels()[row]));
    return hit;
  }
  if (m_layout.columnLabels.contains(point)) {
    hit.hovered.key = Position{column};
    hit.toolTip =
        tr("key %1").arg(QStringLiteral("%1 “%2”").arg(QString::number(column), m_model.labels()[column]));
    return hit;
  }
  for (std::size_t h = 0; h < m_layout.head.size(); ++h) {
    if (!m_layout.head[h].united(m_layout.headLabel[h]).contains(point)) continue;
    hit.clicked = hit.hovered;
    hit.clicked->head = HeadIndex{static_cast<int>(h)};
    hit.locks = false;
    hit.toolTip = m_model.headToolTip(hit.clicked->head);
    return hit;
  }
  return std::nullopt;
}

bool AttentionView::zoom(QPointF at, double factor) {
  if (m_model.state() != AttentionModel::State::ready || !m_layout.matrix.contains(at) || !(factor > 0))
    return false;
  const Shown s = shown();
  const int tokens = m_model.tokens();
  int count = static_cast<int>(std::lround(s.count / factor));
  if (count == s.count) count += factor > 1 ? -1 : 1;
  count = std::clamp(count, std::min(3, tokens), tokens);
  if (count == s.count) return false;
  // The cell under the pointer stays under it.
  const double fx = (at.x() - m_layout.matrix.left()) / m_layout.matrix.width();
  const double fy = (at.y() - m_layout.matrix.top()) / m_layout.matrix.height();
  m_window.column =
      std::clamp(m_window.column + fx * (s.count - count), 0.0, static_cast<double>(tokens - count));
  m_window.row = std::clamp(m_window.row + fy * (s.count - count), 0.0, static_cast<double>(tokens - count));
  m_window.count = count == tokens ? 0 : count;
  return true;
}

/// "first column, first row, cells".
QString AttentionView::zoomed() const {
  if (m_window.count == 0) return {};
  return QStringLiteral("%1,%2,%3")
      .arg(m_window.column, 0, 'g', 17)
      .arg(m_window.row, 0, 'g', 17)
      .arg(m_window.count);
}

bool AttentionView::setZoomed(const QString& zoomed) {
  if (zoomed.isEmpty()) {
    resetZoom();
    return true;
  }
  const QStringList parts = zoomed.split(QLatin1Char(','));
  if (parts.size() != 3) return false;
  bool ok[3]{};
  Window window;
  window.column = parts[0].toDouble(&ok[0]);
  window.row = parts[1].toDouble(&ok[1]);
  window.count = parts[2].toInt(&ok[2]);
  const auto inside = [](double v) { return v >= 0 && v <= 1e9; };
  if (!ok[0] || !ok[1] || !ok[2] || !inside(window.column) || !inside(window.row) || window.count < 1)
    return false;
  m_window = window;
  return true;
}

bool AttentionView::pan(QPointF delta) {
  if (m_window.count == 0 || m_model.state() != AttentionModel::State::ready) return false;
  const Shown s = shown();
  const double last = m_model.tokens() - s.count;
  const Window before = m_window;
  m_window.column = std::clamp(m_window.column - delta.x() / s.cell, 0.0, last);
  m_window.row = std::clamp(m_window.row - delta.y() / s.cell, 0.0, last);
  return before.column != m_window.column || before.row != m_window.row;
}

}  // namespace decodescope
