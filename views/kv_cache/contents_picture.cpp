#include "views/kv_cache/contents_picture.h"

#include "views/colormap.h"
#include "views/head_colors.h"
#include "views/heatmap.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

QColor stateColor(KvRowState state, const Theme& theme) {
  switch (state) {
    case KvRowState::kept:
      return theme.line;
    case KvRowState::dropped:
      return theme.maskedCell;
    case KvRowState::recomputed:
      return theme.warning;
    case KvRowState::added:
      return theme.accent;
  }
  return {};
}

/// Narrower blocks have no frames around single rows: they would hide the rest.
constexpr double kWideBlock = 60;

/// A colour that fades the rows that are not kept.
QColor faded(const QColor& color, const Theme& theme) {
  return mixed(color, theme.background, 0.45);
}

/// Crossed out: two diagonals, in narrow columns one line down.
void drawCross(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(QPen(theme.warning, theme.px(1.6)));
  if (area.width() < theme.px(6)) {
    painter.drawLine(QPointF(area.center().x(), area.top()), QPointF(area.center().x(), area.bottom()));
  } else {
    const QRectF inside = area.adjusted(theme.px(1), theme.px(1), -theme.px(1), -theme.px(1));
    painter.drawLine(inside.topLeft(), inside.bottomRight());
    painter.drawLine(inside.bottomLeft(), inside.topRight());
  }
  painter.restore();
}

}  // namespace

void KvContentsPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                              const KvCacheModel& model, const KvContentsSettings& settings) {
  m_model = &model;
  m_settings = settings;
  m_heads.clear();
  settle(painter, area, theme);
  paintBlocks(painter, theme);
  paintSelection(painter, theme);
  paintLabels(painter, theme);
  m_panel.paint(painter, m_layout.panel, theme, model);
  paintLegend(painter, theme, legend(theme), m_layout.legend);
}

double KvContentsPicture::columnWidth() const {
  return m_layout.block(0, 0).width() / std::max(1, m_model->capacity());
}

void KvContentsPicture::settle(QPainter& painter, const QRectF& area, const Theme& theme) {
  const TextMetrics label(theme.sized(11.5), painter.device());
  const TextMetrics title(theme.sized(15, QFont::DemiBold), painter.device());
  KvCacheLayoutNeeds needs;
  needs.scale = theme.scale;
  needs.lineHeight = std::ceil(label.height());
  needs.titleHeight = std::ceil(title.height());
  QStringList parts = m_model->subtitle().split(QStringLiteral("  ·  "));
  // Low areas keep their height for the blocks.
  const int most = area.height() < theme.px(320) ? 1 : area.height() < theme.px(420) ? 2 : 3;
  const auto breakSubtitle = [&] {
    m_subtitle = brokenParts(parts, label, area.width() - theme.px(24), most);
    needs.subtitleLines = static_cast<int>(std::max<qsizetype>(1, m_subtitle.size()));
  };
  breakSubtitle();
  const TextMetrics bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  for (int l = 0; l < m_model->layers(); ++l)
    needs.layerLabelWidth = std::max(needs.layerLabelWidth, bold.horizontalAdvance(tr("layer %1").arg(l)));
  double letter = 0;
  for (const KvPart& part : {m_model->columns().front().upper, m_model->columns().front().lower})
    letter = std::max(letter, bold.horizontalAdvance(QStringLiteral("  ") + part.letter));
  needs.layerLabelWidth = std::ceil(needs.layerLabelWidth + letter);
  needs.panelWidth = m_settings.numbers ? theme.px(250) : 1e9;
  needs.panelHeight = m_settings.numbers ? theme.px(190) : 1e9;
  needs.layers = m_model->layers();
  needs.heads = static_cast<int>(m_model->columns().size());
  needs.legendLines = std::min(most, legendLines(painter, theme, legend(theme), area.width() - theme.px(24)));
  needs.shared = m_model->headsPerGroup() > 1 || m_model->isLatent();
  needs.strip = !m_model->isState();
  for (const KvColumn& column : m_model->columns()) {
    const double upper = column.upper.height, lower = column.lower.height;
    needs.upperShares.push_back(std::clamp(upper / (upper + lower), 0.3, 0.7));
  }
  m_layout = layoutKvCache(area, needs);
  if (m_layout.panel.isNull() && !m_model->formula().isEmpty()) {
    // Without the panel the bytes are explained here.
    parts << m_model->formula().last();
    breakSubtitle();
    m_layout = layoutKvCache(area, needs);
  }
  // Columns of whole device pixels, where that costs little width.
  const double column = columnWidth();
  if (column * pixelRatio(painter) >= 1 && wholePixels(painter, column) > 0.85 * column) {
    const double lost = (column - wholePixels(painter, column)) * m_model->capacity();
    m_layout.blocks.setWidth(m_layout.blocks.width() - lost * m_layout.heads);
    for (int h = 0; h < m_layout.heads; ++h) {
      const QRectF b = m_layout.block(0, h);
      const auto h2 = static_cast<std::size_t>(h);
      for (std::vector<QRectF>* labels : {&m_layout.columnLabels, &m_layout.readerLabels, &m_layout.axes}) {
        if (h2 >= labels->size()) continue;
        (*labels)[h2].moveLeft(b.left());
        (*labels)[h2].setWidth(b.width());
      }
    }
  }
  m_layout.blocks.moveTo(onPixel(painter, m_layout.blocks.left()), onPixel(painter, m_layout.blocks.top()));
}

void KvContentsPicture::paintBlocks(QPainter& painter, const Theme& theme) {
  // Pointing moves far more often than the rows change.
  const double margin = theme.px(2);
  const Key key{m_model->runId(),
                m_model->selection().step.value,
                m_model->missingRows(),
                m_model->isLatent() ? m_model->selection().head.value : 0,
                m_settings.norms,
                theme.dark,
                theme.scale,
                m_model->maxima()};
  m_blocks.paint(painter, m_layout.blocks.adjusted(-margin, -margin, margin, margin), theme.background, key,
                 [&](QPainter& into) { fillBlocks(into, theme); });
}

void KvContentsPicture::fillBlocks(QPainter& painter, const Theme& theme) const {
  for (int layer = 0; layer < m_model->layers(); ++layer) {
    for (int column = 0; column < m_layout.heads; ++column) {
      painter.fillRect(m_layout.block(layer, column), mixed(theme.background, theme.panel, 0.6));
      fillPart(painter, theme, LayerIndex{layer}, column, true);
      fillPart(painter, theme, LayerIndex{layer}, column, false);
      frameBlock(painter, theme, layer, column);
      strikeBlock(painter, theme, LayerIndex{layer}, column);
    }
  }
}

/// K and V keep their colours, a latent has that between them; rows that are gone after the step are paler.
QColor KvContentsPicture::inkOf(const KvColumn& column, KvNumbers numbers, const Theme& theme) const {
  const bool ofKeys = numbers == KvNumbers::keys || numbers == KvNumbers::normalizer;
  const QColor ink = numbers == KvNumbers::latents ? latentColor(theme) : ofKeys ? theme.key : theme.value;
  return m_model->cacheOn() && column.isHeld ? ink : faded(ink, theme);
}

double KvContentsPicture::scaleEnd(const KvPart& part) const {
  const double largest = static_cast<double>(m_model->largest(part.numbers));
  return showsNorms() ? largest * std::sqrt(static_cast<double>(part.height)) : largest;
}

std::vector<float> KvContentsPicture::partNumbers(LayerIndex layer, const KvColumn& column,
                                                  bool isUpper) const {
  const int across = m_model->across(), rows = isUpper ? column.upper.height : column.lower.height;
  const int height = showsNorms() ? 1 : rows;
  std::vector<float> numbers(static_cast<std::size_t>(height) * static_cast<std::size_t>(across),
                             std::numeric_limits<float>::quiet_NaN());
  const auto at = [&](int i, int j) -> float& {
    return numbers[static_cast<std::size_t>(i) * static_cast<std::size_t>(across) +
                   static_cast<std::size_t>(j)];
  };
  if (m_model->isState()) {
    const ConstMatrixSpan state = m_model->state(layer, column.head);
    for (int i = 0; state.data && i < rows; ++i) {
      for (int j = 0; j < across; ++j) at(i, j) = std::abs(state(isUpper ? i : state.rows - 1, j));
    }
    return numbers;
  }
  for (int p = 0; p < across; ++p) {
    const std::span<const float> row = m_model->row(layer, column, isUpper, p);
    if (row.empty()) continue;
    float squares = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      squares += row[i] * row[i];
      if (!showsNorms()) at(static_cast<int>(i), p) = std::abs(row[i]);
    }
    if (showsNorms()) at(0, p) = std::sqrt(squares);
  }
  return numbers;
}

/// Positions across (or a state's columns), the numbers of a row downwards.
void KvContentsPicture::fillPart(QPainter& painter, const Theme& theme, LayerIndex layer, int column,
                                 bool isUpper) const {
  const KvColumn& what = m_model->columns()[static_cast<std::size_t>(column)];
  const KvPart& part = isUpper ? what.upper : what.lower;
  const QRectF area = isUpper ? m_layout.keys(layer.value, column) : m_layout.values(layer.value, column);
  const double ratio = isVectorDevice(painter) ? 4.0 : pixelRatio(painter);
  const int across = m_model->across();
  const std::vector<float> numbers = partNumbers(layer, what, isUpper);
  HeatmapRows matrix;
  matrix.columns = across;
  for (std::size_t first = 0; first < numbers.size(); first += static_cast<std::size_t>(across)) {
    matrix.rows.emplace_back(numbers.data() + first, static_cast<std::size_t>(across));
    matrix.rowMax.push_back(0);
  }
  ColorScale scale;
  scale.hi = std::max(1e-12, scaleEnd(part));
  const QRectF target(area.left(), area.top(), across * columnWidth(), area.height());
  const QList<QRgb> colors = tintTable(theme.panel, inkOf(what, part.numbers, theme));
  drawCells(painter, target,
            heatmapImage(matrix, scale, colors, std::max(1, static_cast<int>(target.width() * ratio)),
                         std::max(1, static_cast<int>(target.height() * ratio))));
  // Narrower and lower cells hold no numbers: most caches are larger.
  const bool isLarge = columnWidth() >= theme.px(24) && target.height() >= theme.px(11) * part.height;
  if (isLarge && !m_model->isState() && !showsNorms())
    writeCellNumbers(painter, target, rowNumbers(layer, what, isUpper), theme, [&](float v) {
      const int level = scale.level(std::abs(static_cast<double>(v)), 0);
      return QColor::fromRgb(colors[std::max(1, level)]);
    });
}

CellGrid KvContentsPicture::rowNumbers(LayerIndex layer, const KvColumn& column, bool isUpper) const {
  CellGrid grid;
  grid.rows = isUpper ? column.upper.height : column.lower.height;
  grid.columns = m_model->across();
  grid.values.assign(static_cast<std::size_t>(grid.rows) * static_cast<std::size_t>(grid.columns),
                     std::numeric_limits<float>::quiet_NaN());
  for (int p = 0; p < grid.columns; ++p) {
    std::size_t at = static_cast<std::size_t>(p);
    for (const float v : m_model->row(layer, column, isUpper, p)) {
      grid.values[at] = v;
      at += static_cast<std::size_t>(grid.columns);
    }
  }
  return grid;
}

/// What became of each position, what is new, where K ends and V begins.
void KvContentsPicture::frameBlock(QPainter& painter, const Theme& theme, int layer, int column) const {
  const StepRecord& step = m_model->step();
  const double width = columnWidth();
  const bool isHeld = m_model->columns()[static_cast<std::size_t>(column)].isHeld;
  const QRectF block = m_layout.block(layer, column), strip = m_layout.stateStrip(layer, column);
  const int dropped = m_model->firstHeld();
  const auto mark = [&](int first, int end, KvRowState state) {
    first = std::max(first, state == KvRowState::dropped ? 0 : dropped);
    if (end > first)
      painter.fillRect(QRectF(strip.left() + first * width, strip.top(),
                              std::max(theme.px(1.5), (end - first) * width), strip.height() - theme.px(1)),
                       stateColor(state, theme));
  };
  if (m_layout.strip > 0 && isHeld) {
    mark(0, step.firstRow, KvRowState::kept);
    mark(step.firstRow, step.firstNewPosition, KvRowState::recomputed);
    mark(step.firstNewPosition, m_model->tokens(), KvRowState::added);
  }
  painter.setBrush(Qt::NoBrush);
  if (dropped > 0)
    drawMasked(painter, QRectF(block.left(), block.top(), dropped * width, block.height()), theme);
  // What the step added stands out on the rows themselves too.
  const int firstFresh = std::max(step.firstNewPosition, dropped);
  const QRectF fresh(block.left() + firstFresh * width, block.top() + m_layout.strip,
                     (m_model->tokens() - firstFresh) * width, block.height() - m_layout.strip);
  painter.setPen(QPen(theme.accent, theme.px(1)));
  if (isHeld && !m_model->isState() && block.height() >= theme.px(8) && block.width() >= theme.px(kWideBlock))
    painter.drawRect(fresh);
  painter.setPen(QPen(theme.line, theme.px(1), m_model->cacheOn() && isHeld ? Qt::SolidLine : Qt::DashLine));
  painter.drawRect(block);
  const double middle = m_layout.values(layer, column).top();
  if (block.height() >= theme.px(20)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    painter.drawLine(QPointF(block.left() + theme.px(1), middle),
                     QPointF(block.right() - theme.px(1), middle));
  }
}

/// Rows and heads that the run does without are crossed out where they stand.
void KvContentsPicture::strikeBlock(QPainter& painter, const Theme& theme, LayerIndex layer,
                                    int column) const {
  if (m_model->isLatent() && column == 0) return;  // what all heads share is struck out head by head
  const KvHeadIndex head = m_model->columns()[static_cast<std::size_t>(column)].head;
  const QRectF body = m_layout.block(layer.value, column).adjusted(0, m_layout.strip, 0, 0);
  const double width = columnWidth();
  QColor veil = theme.background;
  veil.setAlphaF(0.78f);
  if (!m_model->isState()) {
    for (const int p : m_model->struckRows(layer, head)) {
      const QRectF row(body.left() + p * width, body.top(), std::max(width, theme.px(2)), body.height());
      painter.fillRect(row, veil);
      drawCross(painter, row, theme);
    }
  }
  const int struck = m_model->struckHeadsOf(layer, head);
  if (struck < m_model->headsPerGroup()) return;
  painter.fillRect(body, veil);
  drawCross(painter, body, theme);
}

void KvContentsPicture::paintSelection(QPainter& painter, const Theme& theme) const {
  const Selection& s = m_model->selection();
  const double width = columnWidth();
  const QRectF chosen = m_layout.block(s.layer.value, m_model->chosenColumn());
  drawOutline(painter, chosen.adjusted(-theme.px(1), -theme.px(1), theme.px(1), theme.px(1)), theme.accent,
              theme.px(2));
  if (s.key.value >= m_model->tokens() || m_model->isState()) return;
  QColor pointed = theme.text;
  pointed.setAlpha(170);
  for (int layer = 0; layer < m_model->layers(); ++layer) {
    for (int column = 0; column < m_layout.heads; ++column) {
      const QRectF b = m_layout.block(layer, column);
      if (b.width() < kWideBlock * theme.scale) continue;
      drawOutline(painter,
                  QRectF(b.left() + s.key.value * width, b.top() + m_layout.strip, width,
                         b.height() - m_layout.strip),
                  pointed, theme.px(1));
    }
  }
}

std::vector<LegendItem> KvContentsPicture::legend(const Theme& theme) const {
  const StepRecord& step = m_model->step();
  std::vector<LegendItem> items;
  const auto state = [&](const QString& text, KvRowState which) {
    items.push_back({text, colorSample(stateColor(which, theme))});
  };
  if (!m_model->isState()) {
    state(tr("new in this step"), KvRowState::added);
    if (step.firstRow > m_model->firstHeld()) state(tr("kept and read"), KvRowState::kept);
    if (step.firstNewPosition > step.firstRow) state(tr("computed again"), KvRowState::recomputed);
  }
  if (m_model->firstHeld() > 0)
    items.push_back({tr("left the window: held no more"),
                     [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  if (m_model->isLatent())
    items.push_back({tr("rebuilt in every step, never cached"), [theme](QPainter& painter, const QRectF& r) {
                       painter.setBrush(Qt::NoBrush);
                       painter.setPen(QPen(theme.line, theme.px(1), Qt::DashLine));
                       painter.drawRect(r);
                     }});
  if (m_model->anyStruck())
    items.push_back({tr("struck out (what-if)"),
                     [theme](QPainter& painter, const QRectF& r) { drawCross(painter, r, theme); }});
  for (const KvColumn& column : m_model->columns()) {
    for (const KvPart& part : {column.upper, column.lower}) {
      // Each scale once: the first column that has it.
      if (&column != &m_model->columns().front() && !m_model->isLatent()) continue;
      const QString name = showsNorms()
                               ? QString(part.sizeName).replace(QLatin1Char('|'), QStringLiteral("‖"))
                               : part.sizeName;
      const QColor high = inkOf(column, part.numbers, theme);
      items.push_back({QStringLiteral("%1 0 … %2").arg(name, shortNumber(scaleEnd(part))),
                       [high, theme](QPainter& painter, const QRectF& r) {
                         QImage image(64, 1, QImage::Format_RGB32);
                         for (int i = 0; i < 64; ++i)
                           image.setPixelColor(i, 0, mixed(theme.panel, high, i / 63.0));
                         drawCells(painter, r, image);
                         painter.setBrush(Qt::NoBrush);
                         painter.setPen(theme.line);
                         painter.drawRect(r);
                       },
                       40});
    }
  }
  if (m_model->missingRows() > 0)
    items.push_back({tr("%1 positions: values not stored (trace budget)").arg(m_model->missingRows()),
                     colorSample(mixed(theme.background, theme.panel, 0.6))});
  return items;
}

void KvContentsPicture::clear() {
  m_model = nullptr;
  m_layout = {};
  m_heads.clear();
}

std::optional<Hit> KvContentsPicture::hitTest(QPointF point) const {
  if (!m_model) return std::nullopt;
  for (const HeadPlace& place : m_heads) {
    if (place.area.contains(point)) return headHit(place);
  }
  for (int layer = 0; layer < m_model->layers(); ++layer) {
    for (int column = 0; column < m_layout.heads; ++column) {
      if (m_layout.block(layer, column).contains(point)) return rowHit(point, layer, column);
    }
  }
  return std::nullopt;
}

/// The number that lies there, at this height of a row: of K as it is kept (turned, where positions turn it),
/// of V, of a latent or of a state.
NumberPlace KvContentsPicture::numberAt(QPointF point, int layer, int column, Selection row) const {
  const bool isUpper = !m_layout.values(layer, column).contains(point);
  const QRectF box = isUpper ? m_layout.keys(layer, column) : m_layout.values(layer, column);
  const KvColumn& what = m_model->columns()[static_cast<std::size_t>(column)];
  const int height = isUpper ? what.upper.height : what.lower.height;
  const int down =
      std::clamp(static_cast<int>((point.y() - box.top()) / box.height() * height), 0, height - 1);
  const TracePlace place = m_model->place(what, isUpper);
  row.site = place.site;
  if (m_model->isState()) {
    const int d = m_model->headDim();
    const int across = std::clamp(static_cast<int>((point.x() - box.left()) / columnWidth()), 0, d - 1);
    return {row, (isUpper ? down : d) * d + across, m_model->tokens() - 1};
  }
  // Within its head's part of the row, where sites have heads.
  const SiteHeads heads = siteHeads(place.site, m_model->config());
  const int element = (heads.count > 1 ? place.index % heads.width : 0) + down;
  return {row, box.contains(point) ? element : -1, row.key.value};
}

Hit KvContentsPicture::rowHit(QPointF point, int layer, int column) const {
  const QRectF block = m_layout.block(layer, column);
  const KvColumn& what = m_model->columns()[static_cast<std::size_t>(column)];
  const int across = std::max(0, static_cast<int>((point.x() - block.left()) / columnWidth()));
  Hit hit;
  hit.hovered = m_model->selection();
  hit.toolTip = m_model->toolTip(LayerIndex{layer}, what, across);
  hit.clicked = hit.hovered;
  hit.clicked->layer = LayerIndex{layer};
  hit.clicked->head = m_model->readerOf(column);
  const bool isLower = m_layout.values(layer, column).contains(point);
  const Site site = m_model->place(what, !isLower).site;
  hit.clicked->site = site == Site::kRot && !m_model->isLatent() ? Site::kProj : site;
  if (m_model->isState()) {
    hit.number = numberAt(point, layer, column, *hit.clicked);
  } else if (across < m_model->tokens()) {
    hit.hovered.key = hit.clicked->key = Position{across};
    hit.strikes.push_back(m_model->strikeRow(LayerIndex{layer}, what, across));
    hit.number = numberAt(point, layer, column, *hit.clicked);
  }
  hit.strikes.push_back(m_model->isLatent() ? m_model->strikeHead(LayerIndex{layer}, hit.clicked->head)
                                            : m_model->strikeGroup(LayerIndex{layer}, what.head));
  hit.strikesOnClick = m_settings.strikes && (m_model->isState() || across < m_model->tokens());
  return hit;
}

Hit KvContentsPicture::headHit(const HeadPlace& place) const {
  const LayerIndex layer = m_model->selection().layer;
  Hit hit;
  hit.hovered = m_model->selection();
  hit.clicked = hit.hovered;
  hit.clicked->head = place.head;
  hit.toolTip = m_model->headToolTip(place.head, place.wholeGroup);
  const KvHeadIndex group{place.head.value / m_model->headsPerGroup()};
  if (!place.wholeGroup) hit.strikes.push_back(m_model->strikeHead(layer, place.head));
  if (place.wholeGroup || m_model->headsPerGroup() > 1)
    hit.strikes.push_back(m_model->strikeGroup(layer, group));
  hit.strikesOnClick = m_settings.strikes;
  return hit;
}

}  // namespace decodescope
