#include "views/attention/matrix_page.h"

#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

/// A little more than its frame, whose lines reach outside.
QRectF withMargin(const QPainter& painter, const QRectF& rect, double margin) {
  const double ratio = pixelRatio(painter);
  const double m = std::ceil(margin * ratio) / ratio;
  return rect.adjusted(-m, -m, m, m);
}

}  // namespace

void MatrixPage::settle(QPainter& painter, const QRectF& area, const Theme& theme,
                        const AttentionModel& model, const MatrixWindow& window) {
  const TextMetrics label(theme.sized(11.5), painter.device());
  const TextMetrics bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  const TextMetrics number(theme.sized(11), painter.device());
  const TextMetrics title(theme.sized(15, QFont::DemiBold), painter.device());
  const bool narrow = isNarrow(area, theme.scale);
  const AttentionStage stage = model.settings().stage;
  AttentionLayoutNeeds needs;
  needs.scale = theme.scale;
  needs.lineHeight = std::ceil(label.height());
  needs.titleHeight = std::ceil(title.height());
  double widest = 0;
  // Labels are measured up to a number that no picture has room for anyway.
  const qsizetype measured = std::min<qsizetype>(model.labels().size(), 400);
  for (qsizetype i = 0; i < measured; ++i)
    widest = std::max(widest, bold.horizontalAdvance(model.labels()[i]));
  const QString last = QString::number(model.tokens());
  const double name = narrow ? 0 : needs.lineHeight;
  // Room for the position number in front, and for the axis' name across it.
  needs.rowLabelWidth = std::min(widest, theme.px(narrow ? 60 : 120)) + name +
                        (narrow ? theme.px(2) : label.horizontalAdvance(last + QStringLiteral("  ")));
  for (const auto& [at, text] : AttentionModel::ticks(model.colorScale(stage)))
    needs.colorNumberWidth = std::max(needs.colorNumberWidth, number.horizontalAdvance(text));
  needs.colorNumberWidth += needs.lineHeight;
  needs.heads = model.heads();
  needs.headsPerGroup = model.headsPerGroup();
  needs.thumbnails = model.settings().allHeads;
  const double width = area.width() - theme.px(narrow ? 12 : 24);
  const bool low = area.height() < theme.px(520);
  m_subtitle = brokenParts(model.subtitle(), label, width, narrow || low ? 1 : 2);
  needs.subtitleLines = std::max(1, static_cast<int>(m_subtitle.size()));
  m_legend = attentionLegend(model, theme, model.showsGhosts(stage));
  needs.legendLines = std::min(low ? 1 : 2, legendLines(painter, theme, m_legend, width));
  // Column labels lie flat where every one fits its cell, else they run upwards; with little room only their
  // numbers do.
  using Columns = MatrixFrame::Columns;
  const auto cell = [&] { return window.shown(model.tokens(), m_layout.matrix.width()).cell; };
  Columns columns = Columns::flat;
  needs.columnLabelHeight = name + needs.lineHeight + theme.px(2);
  m_layout = layoutAttention(area, needs);
  if (cell() < widest + theme.px(8)) {
    columns = Columns::upright;
    const double numberLength = label.horizontalAdvance(last) + theme.px(6);
    needs.columnLabelHeight = std::min(widest, theme.px(narrow ? 60 : 110)) + name + theme.px(2);
    if (cell() < needs.lineHeight) needs.columnLabelHeight += numberLength;
    m_layout = layoutAttention(area, needs);
    const double textRoom = m_layout.columnLabels.height() - name - numberLength;
    if (!m_layout.columnLabels.isNull() && textRoom < std::min(widest, theme.px(34))) {
      columns = Columns::numbersOnly;
      needs.columnLabelHeight = numberLength + name;
      m_layout = layoutAttention(area, needs);
    }
  }
  m_layout.columns = columns;
  // Whole device pixels a cell, so that all cells are equally large.
  const double side = sideOfWholeCells(painter, m_layout.matrix.width(),
                                       window.shown(model.tokens(), m_layout.matrix.width()).count);
  m_layout.matrix =
      QRectF(onPixel(painter, m_layout.matrix.left()), onPixel(painter, m_layout.matrix.top()), side, side);
  m_layout.newBar.setHeight(side);
  m_layout.rowLabels.setHeight(m_layout.rowLabels.isNull() ? 0 : side);
  m_layout.columnLabels.setWidth(m_layout.columnLabels.isNull() ? 0 : side);
  if (m_layout.colorBar.isNull()) return;
  if (m_layout.lyingBar) {
    m_layout.colorBar.setWidth(side);
    m_layout.colorNumbers.setWidth(side);
  } else {
    const double shift = m_layout.matrix.right() + theme.px(10) - m_layout.colorBar.left();
    m_layout.colorBar =
        QRectF(m_layout.colorBar.left() + shift, m_layout.matrix.top(), m_layout.colorBar.width(), side);
    m_layout.colorNumbers = QRectF(m_layout.colorNumbers.left() + shift, m_layout.matrix.top(),
                                   m_layout.colorNumbers.width(), side);
  }
}

void MatrixPage::paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
                       const MatrixWindow& window) {
  settle(painter, area, theme, model, window);
  const AttentionStage stage = model.settings().stage;
  const MatrixWindow::Shown shown = window.shown(model.tokens(), m_layout.matrix.width());
  const ColorScale scale = model.colorScale(stage);
  // The selection moves far more often than the cells change.
  m_matrix.paint(painter, withMargin(painter, m_layout.matrix, theme.px(1)), theme.background,
                 pictureKey(model, theme, stage, shown, scale.hi), [&](QPainter& into) {
                   drawMatrix(into, theme, m_layout.matrix, shown, matrixNumbers(model, stage, scale));
                 });
  const MatrixAxes axes = matrixAxes(model);
  drawCrossHair(painter, theme, m_layout.matrix, shown, axes.query, axes.key);
  drawRowLabels(painter, theme, m_layout, shown, axes);
  drawColumnLabels(painter, theme, m_layout, shown, axes);
  drawColorBar(painter, theme, m_layout, scale, AttentionModel::ticks(scale),
               {model.scaleTitle(stage), model.shortScaleTitle(stage)});
  paintHeads(painter, theme, model);
  std::vector<LegendItem> legend = m_legend;
  if (const auto note = poolingNote(shown.count, m_layout.matrix.width(), pixelRatio(painter),
                                    model.shortScaleTitle(stage)))
    legend.insert(legend.begin(), *note);
  if (!m_layout.legend.isNull()) paintLegend(painter, theme, legend, m_layout.legend);
  paintTexts(painter, theme, model);
}

void MatrixPage::paintTexts(QPainter& painter, const Theme& theme, const AttentionModel& model) const {
  const AttentionStage stage = model.settings().stage;
  const int query = model.selection().query.value, key = model.selection().key.value;
  const QString shortTitle = QStringLiteral("%1 · %2").arg(model.shortScaleTitle(stage), model.place());
  const TextMetrics titles(theme.sized(15, QFont::DemiBold), painter.device());
  const bool fits = titles.horizontalAdvance(model.title()) <= m_layout.title.width();
  PictureFrame frame;
  frame.title = m_layout.title;
  frame.subtitle = m_layout.subtitle;
  frame.subtitleLines = m_subtitle;
  frame.readout = m_layout.readout;
  paintFrame(painter, frame, theme,
             {fits ? model.title() : shortTitle,
              {},
              {},
              model.readout(query, key),
              model.shortReadout(stage, query, key),
              {}});
  if (!m_layout.beside.isNull()) {
    QRectF line = m_layout.beside;
    const auto say = [&](const QFont& font, const QColor& color, const QString& text) {
      painter.setFont(font);
      painter.setPen(color);
      const TextMetrics metrics(font, painter.device());
      line.setHeight(std::ceil(metrics.height()));
      for (const QString& words : wrappedWords(text, metrics, line.width(), 3)) {
        if (line.bottom() > m_layout.beside.bottom()) return;
        drawFitted(painter, line, Qt::AlignLeft | Qt::AlignVCenter, words);
        line.translate(0, line.height());
      }
    };
    say(theme.sized(15, QFont::DemiBold), theme.text, shortTitle);
    say(theme.sized(12), theme.text, model.shortReadout(stage, query, key));
  }
}

void MatrixPage::paintHeads(QPainter& painter, const Theme& theme, const AttentionModel& model) {
  if (m_layout.head.empty()) return;
  const LayerIndex layer = model.selection().layer;
  std::vector<Thumbnails::Item> items;
  for (std::size_t h = 0; h < m_layout.head.size(); ++h) {
    const HeadIndex head{static_cast<int>(h)};
    items.push_back({layer, head, m_layout.head[h], model.colorScale(model.settings().stage, head)});
  }
  QRectF bounds = m_layout.head.front();
  for (const QRectF& r : m_layout.head) bounds = bounds.united(r);
  for (const QRectF& r : m_layout.group) bounds = bounds.united(r);
  m_thumbnails.paint(painter, theme, model, withMargin(painter, bounds, theme.px(1)), items,
                     [&](QPainter& into) {
                       into.setRenderHint(QPainter::Antialiasing, true);
                       into.setPen(QPen(theme.line, theme.px(1)));
                       into.setBrush(theme.panel);
                       for (const QRectF& r : m_layout.group)
                         into.drawRoundedRect(r, theme.px(5), theme.px(5));
                       into.setRenderHint(QPainter::Antialiasing, false);
                     });
  for (std::size_t g = 0; g < m_layout.groupLabel.size(); ++g) {
    painter.setFont(theme.sized(10.5, QFont::DemiBold));
    painter.setPen(theme.key);
    const QString text = tr("key/value head %1").arg(g);
    const double room = m_layout.groupLabel[g].width();
    const bool fits = TextMetrics(painter.font(), painter.device()).horizontalAdvance(text) <= room;
    drawFitted(painter, m_layout.groupLabel[g], Qt::AlignLeft | Qt::AlignVCenter,
               fits ? text : tr("kv %1").arg(g));
  }
  for (const Thumbnails::Item& item : items) {
    const auto h = static_cast<std::size_t>(item.head.value);
    drawHeadNumber(painter, theme, model, layer, item.head, m_layout.headLabel[h],
                   Qt::AlignLeft | Qt::AlignVCenter);
    drawOutline(painter, item.square, theme.line, theme.px(1));
    if (item.head == model.selection().head) drawOutline(painter, item.square, theme.accent, theme.px(2.5));
  }
}

std::optional<Hit> MatrixPage::hitTest(QPointF point, const AttentionModel& model,
                                       const MatrixWindow& window) const {
  const MatrixWindow::Shown shown = window.shown(model.tokens(), m_layout.matrix.width());
  const int row = shown.row(point.y() - m_layout.matrix.top());
  const int column = shown.column(point.x() - m_layout.matrix.left());
  if (m_layout.matrix.contains(point)) return cellHit(model, model.settings().stage, row, column);
  Hit hit;
  hit.hovered = model.selection();
  if (m_layout.rowLabels.united(m_layout.newBar).contains(point)) {
    hit.hovered.query = Position{row};
    hit.toolTip = tr("query %1").arg(model.tokenText(row));
    return hit;
  }
  if (m_layout.columnLabels.contains(point)) {
    hit.hovered.key = Position{column};
    hit.toolTip = tr("key %1").arg(model.tokenText(column));
    hit.strikes = model.strikesAt(column);
    return hit;
  }
  for (std::size_t h = 0; h < m_layout.head.size(); ++h) {
    if (m_layout.head[h].united(m_layout.headLabel[h]).contains(point))
      return headHit(model, model.selection().layer, HeadIndex{static_cast<int>(h)});
  }
  return std::nullopt;
}

QRectF MatrixPage::matrixAt(QPointF point) const {
  return m_layout.matrix.contains(point) ? m_layout.matrix : QRectF();
}

std::vector<NamedTable> MatrixPage::tables(const AttentionModel& model) const {
  return {model.table(model.settings().stage)};
}

}  // namespace decodescope
