#include "views/attention/stages_page.h"

#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

constexpr AttentionStage kStages[] = {AttentionStage::raw, AttentionStage::scaled, AttentionStage::masked,
                                      AttentionStage::weights};

}  // namespace

QString StagesPage::title(const AttentionModel& model) const {
  return tr("From q·k to weights · %1").arg(model.place());
}

void StagesPage::paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
                       const MatrixWindow& window) {
  const int query = model.selection().query.value, key = model.selection().key.value;
  FrameTexts texts;
  texts.title = title(model);
  texts.subtitle = model.circumstances();
  texts.readout = model.readout(query, key);
  texts.shortReadout = model.shortReadout(AttentionStage::weights, query, key);
  texts.legend = attentionLegend(model, theme, true);
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  const QString d = QString::number(model.config().headDim);
  const QString root = QString::number(std::sqrt(model.config().headDim), 'g', 4);
  const QString product =
      model.config().position == PositionKind::rotary ? QStringLiteral("q′·k′") : QStringLiteral("q·k");
  const QString titles[] = {tr("1 · %1").arg(product), tr("2 · ÷ √d = √%1 = %2").arg(d, root),
                            model.causal() ? tr("3 · masked: later keys −∞") : tr("3 · not masked"),
                            tr("4 · softmax: weights")};
  const QString shortTitles[] = {titles[0], tr("2 · ÷ √d"), tr("3 · masked"), tr("4 · softmax")};
  std::vector<MatrixPanels::Panel> panels;
  for (std::size_t i = 0; i < std::size(kStages); ++i) {
    const AttentionStage stage = kStages[i];
    const ColorScale scale = model.colorScale(stage);
    const std::optional<float> v = model.value(stage, query, key);
    const QString value =
        v && std::isfinite(*v) ? AttentionModel::numberText(*v)
        : key >= model.visible(query)
            ? (stage == AttentionStage::weights ? QStringLiteral("0") : QStringLiteral("−∞"))
            : QStringLiteral("–");
    panels.push_back(
        {QStringList{titles[i], shortTitles[i]},
         [&model, stage, scale] { return matrixNumbers(model, stage, scale); }, scale,
         pictureKey(model, theme, stage, {}, scale.hi),
         QStringLiteral("[%1, %2] = %3").arg(QString::number(query), QString::number(key), value)});
  }
  m_panels.paint(painter, frame.body, theme, window, matrixAxes(model), panels);
  m_rows = QRectF();
  QRectF below = frame.body;
  below.setTop(m_panels.bottom() + theme.px(14));
  paintRows(painter, theme, model, below, {std::begin(titles), std::end(titles)});
  const int cells = window.shown(model.tokens(), m_panels.side()).count;
  if (const auto note = poolingNote(cells, m_panels.side(), pixelRatio(painter), tr("number")))
    texts.legend.insert(texts.legend.begin(), *note);
  paintFrame(painter, frame, theme, texts);
}

void StagesPage::paintRows(QPainter& painter, const Theme& theme, const AttentionModel& model,
                           const QRectF& area, const QStringList& names) {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double line = std::ceil(metrics.height());
  const int tokens = model.tokens(), query = model.selection().query.value;
  if (area.height() < 7.5 * line || area.width() < std::max(theme.px(480), 1.5 * tokens)) return;
  const double pitch = std::min((area.height() - 2 * line - theme.px(6)) / 4, theme.px(48));
  double nameWidth = 0;
  for (const QString& name : names) nameWidth = std::max(nameWidth, metrics.horizontalAdvance(name));
  nameWidth += theme.px(10);
  const double width = std::min(area.width() - nameWidth, theme.px(74) * tokens), cell = width / tokens;
  const QRectF cells(onPixel(painter, area.left() + nameWidth),
                     onPixel(painter, area.top() + 2 * line + theme.px(4)), width, 4 * pitch);
  painter.setFont(theme.sized(11.5, QFont::DemiBold));
  painter.setPen(theme.query);
  drawFitted(painter, QRectF(area.left(), area.top(), area.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
             tr("query %1 in all four").arg(model.tokenText(query)));
  double widest = 0;
  for (const QString& label : model.labels()) widest = std::max(widest, metrics.horizontalAdvance(label));
  const double room = std::min(widest, theme.px(70)) + theme.px(4);
  const int wanted[] = {model.selection().key.value};
  for (const int k : thinnedLabels(0, tokens, cell, room, wanted)) {
    painter.setFont(theme.sized(11.5, k == wanted[0] ? QFont::DemiBold : QFont::Normal));
    painter.setPen(k == wanted[0] ? theme.key : theme.text);
    const double half = std::max(cell, room) / 2;
    const double centre = std::clamp(cells.left() + (k + 0.5) * cell, cells.left() + half,
                                     std::max(cells.left() + half, cells.right() - half));
    drawFitted(painter, QRectF(centre - half, cells.top() - line - theme.px(2), 2 * half, line),
               Qt::AlignHCenter | Qt::AlignVCenter, model.labels()[k]);
  }
  std::vector<CellGrid> grids;
  double numbers = 1e9;  // of one size; more keys than have room for theirs are colours alone
  for (const AttentionStage stage : kStages) {
    CellGrid grid;
    grid.rows = 1;
    grid.columns = tokens;
    grid.scale = model.colorScale(stage);
    if (grid.scale.kind == ColorScale::Kind::perRow) grid.scale.kind = ColorScale::Kind::linear;
    const bool weights = stage == AttentionStage::weights;
    for (int k = 0; k < tokens; ++k)
      grid.values.push_back(model.value(stage, query, k)
                                .value_or(k < model.visible(query) ? std::numeric_limits<float>::quiet_NaN()
                                          : weights                ? 0.0f
                                                    : -std::numeric_limits<float>::infinity()));
    grid.decimals = weights ? 3 : 2;
    grid.marks.push_back({QRect(wanted[0], 0, 1, 1)});
    numbers = std::min(numbers, numberPixels(painter, theme, grid, cell, pitch - theme.px(4)));
    grids.push_back(std::move(grid));
  }
  for (std::size_t i = 0; i < grids.size(); ++i) {
    const double y = onPixel(painter, cells.top() + static_cast<double>(i) * pitch);
    const QRectF row(cells.left(), y, cells.width(), pitch - theme.px(4));
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.text);
    drawFitted(painter, QRectF(area.left(), y, nameWidth - theme.px(8), row.height()),
               Qt::AlignRight | Qt::AlignVCenter, names[static_cast<qsizetype>(i)]);
    drawGridCells(painter, row, grids[i], theme, numbers);
  }
  m_rows = cells;
}

std::optional<Hit> StagesPage::hitTest(QPointF point, const AttentionModel& model,
                                       const MatrixWindow& window) const {
  if (m_rows.contains(point)) {
    const int key = static_cast<int>((point.x() - m_rows.left()) / m_rows.width() * model.tokens());
    const auto row =
        std::min<std::size_t>(3, static_cast<std::size_t>((point.y() - m_rows.top()) / m_rows.height() * 4));
    return cellHit(model, kStages[row], model.selection().query.value, std::min(key, model.tokens() - 1));
  }
  const auto spot = m_panels.at(point, window, model.tokens());
  if (!spot) return std::nullopt;
  return cellHit(model, kStages[spot->panel], spot->query, spot->key);
}

std::vector<NamedTable> StagesPage::tables(const AttentionModel& model) const {
  std::vector<NamedTable> tables;
  for (const AttentionStage stage : kStages) tables.push_back(model.table(stage));
  return tables;
}

QString StagesPage::description(const AttentionModel& model) const {
  return QStringLiteral("%1. %2.").arg(
      title(model), model.readout(model.selection().query.value, model.selection().key.value));
}

}  // namespace decodescope
