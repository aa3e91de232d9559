#include "views/kv_cache/contents_picture.h"

#include "views/colormap.h"
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
  needs.layerLabelWidth = std::ceil(needs.layerLabelWidth + bold.horizontalAdvance(QStringLiteral("  K")));
  needs.panelWidth = m_settings.numbers ? theme.px(250) : 1e9;
  needs.panelHeight = m_settings.numbers ? theme.px(190) : 1e9;
  needs.layers = m_model->layers();
  needs.heads = m_model->kvHeads();
  needs.legendLines = std::min(most, legendLines(painter, theme, legend(theme), area.width() - theme.px(24)));
  needs.shared = m_model->headsPerGroup() > 1;
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
    m_layout.blocks.setWidth(m_layout.blocks.width() - lost * m_model->kvHeads());
    for (int h = 0; h < m_model->kvHeads(); ++h) {
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
                m_settings.norms,
                theme.dark,
                theme.scale,
                m_model->keyMax(),
                m_model->valueMax()};
  m_blocks.paint(painter, m_layout.blocks.adjusted(-margin, -margin, margin, margin), theme.background, key,
                 [&](QPainter& into) { fillBlocks(into, theme); });
}

void KvContentsPicture::fillBlocks(QPainter& painter, const Theme& theme) const {
  const bool kept = m_model->cacheOn();
  // K and V keep their colours; rows that are dropped again after the step are paler.
  const auto tint = [&](const QColor& color) {
    return tintTable(theme.panel, kept ? color : faded(color, theme));
  };
  const QList<QRgb> keyColors = tint(theme.key), valueColors = tint(theme.value);
  const double dim = m_settings.norms ? std::sqrt(static_cast<double>(m_model->headDim())) : 1.0;
  ColorScale keyScale, valueScale;
  keyScale.hi = std::max(1e-12, static_cast<double>(m_model->keyMax()) * dim);
  valueScale.hi = std::max(1e-12, static_cast<double>(m_model->valueMax()) * dim);
  for (int layer = 0; layer < m_model->layers(); ++layer) {
    for (int head = 0; head < m_model->kvHeads(); ++head) {
      const LayerIndex l{layer};
      const KvHeadIndex g{head};
      painter.fillRect(m_layout.block(layer, head), mixed(theme.background, theme.panel, 0.6));
      fillRows(
          painter, m_layout.keys(layer, head), [&](int p) { return m_model->keyRow(l, g, p); }, keyScale,
          keyColors);
      fillRows(
          painter, m_layout.values(layer, head), [&](int p) { return m_model->valueRow(l, g, p); },
          valueScale, valueColors);
      frameBlock(painter, theme, layer, head);
      strikeBlock(painter, theme, l, g);
    }
  }
}

/// Positions across, the d numbers of a row downwards.
void KvContentsPicture::fillRows(QPainter& painter, const QRectF& area,
                                 const std::function<std::span<const float>(int)>& rowOf,
                                 const ColorScale& scale, const QList<QRgb>& colors) const {
  const double ratio = isVectorDevice(painter) ? 4.0 : pixelRatio(painter);
  const int tokens = m_model->tokens();
  const int height = m_settings.norms ? 1 : m_model->headDim();
  std::vector<float> transposed(static_cast<std::size_t>(height) * static_cast<std::size_t>(tokens),
                                std::numeric_limits<float>::quiet_NaN());
  for (int p = 0; p < tokens; ++p) {
    const std::span<const float> row = rowOf(p);
    float squares = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (m_settings.norms) {
        squares += row[i] * row[i];
      } else {
        transposed[i * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(p)] = std::abs(row[i]);
      }
    }
    if (m_settings.norms && !row.empty()) transposed[static_cast<std::size_t>(p)] = std::sqrt(squares);
  }
  HeatmapRows matrix;
  matrix.columns = tokens;
  for (int i = 0; i < height; ++i) {
    matrix.rows.emplace_back(transposed.data() + static_cast<std::ptrdiff_t>(i) * tokens,
                             static_cast<std::size_t>(tokens));
    matrix.rowMax.push_back(0);
  }
  const QRectF target(area.left(), area.top(), tokens * columnWidth(), area.height());
  drawCells(painter, target,
            heatmapImage(matrix, scale, colors, std::max(1, static_cast<int>(target.width() * ratio)),
                         std::max(1, static_cast<int>(target.height() * ratio))));
}

/// What became of each position, what is new, where K ends and V begins.
void KvContentsPicture::frameBlock(QPainter& painter, const Theme& theme, int layer, int head) const {
  const StepRecord& step = m_model->step();
  const double column = columnWidth();
  const QRectF block = m_layout.block(layer, head), strip = m_layout.stateStrip(layer, head);
  const auto mark = [&](int first, int end, KvRowState state) {
    if (end > first)
      painter.fillRect(QRectF(strip.left() + first * column, strip.top(),
                              std::max(theme.px(1.5), (end - first) * column), strip.height() - theme.px(1)),
                       stateColor(state, theme));
  };
  if (m_layout.strip > 0) {
    mark(0, step.firstRow, KvRowState::kept);
    mark(step.firstRow, step.firstNewPosition, KvRowState::recomputed);
    mark(step.firstNewPosition, m_model->tokens(), KvRowState::added);
  }
  // What the step added stands out on the rows themselves too.
  const QRectF fresh(block.left() + step.firstNewPosition * column, block.top() + m_layout.strip,
                     (m_model->tokens() - step.firstNewPosition) * column, block.height() - m_layout.strip);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.accent, theme.px(1)));
  if (block.height() >= theme.px(8) && block.width() >= theme.px(kWideBlock)) painter.drawRect(fresh);
  painter.setPen(QPen(theme.line, theme.px(1), m_model->cacheOn() ? Qt::SolidLine : Qt::DashLine));
  painter.drawRect(block);
  const double middle = m_layout.values(layer, head).top();
  if (block.height() >= theme.px(20)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    painter.drawLine(QPointF(block.left() + theme.px(1), middle),
                     QPointF(block.right() - theme.px(1), middle));
  }
}

/// Rows and heads that the run does without are crossed out where they stand.
void KvContentsPicture::strikeBlock(QPainter& painter, const Theme& theme, LayerIndex layer,
                                    KvHeadIndex head) const {
  const QRectF block = m_layout.block(layer.value, head.value);
  const QRectF body = block.adjusted(0, m_layout.strip, 0, 0);
  const double column = columnWidth();
  QColor veil = theme.background;
  veil.setAlphaF(0.78f);
  for (const int p : m_model->struckRows(layer, head)) {
    const QRectF row(body.left() + p * column, body.top(), std::max(column, theme.px(2)), body.height());
    painter.fillRect(row, veil);
    drawCross(painter, row, theme);
  }
  const int struck = m_model->struckHeadsOf(layer, head);
  if (struck < m_model->headsPerGroup()) return;
  painter.fillRect(body, veil);
  drawCross(painter, body, theme);
}

void KvContentsPicture::paintSelection(QPainter& painter, const Theme& theme) const {
  const Selection& s = m_model->selection();
  const double column = columnWidth();
  const QRectF chosen = m_layout.block(s.layer.value, s.head.value / m_model->headsPerGroup());
  drawOutline(painter, chosen.adjusted(-theme.px(1), -theme.px(1), theme.px(1), theme.px(1)), theme.accent,
              theme.px(2));
  if (s.key.value >= m_model->tokens()) return;
  QColor pointed = theme.text;
  pointed.setAlpha(170);
  for (int layer = 0; layer < m_model->layers(); ++layer) {
    for (int head = 0; head < m_model->kvHeads(); ++head) {
      const QRectF b = m_layout.block(layer, head);
      if (b.width() < kWideBlock * theme.scale) continue;
      drawOutline(painter,
                  QRectF(b.left() + s.key.value * column, b.top() + m_layout.strip, column,
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
  state(tr("new in this step"), KvRowState::added);
  if (step.firstRow > 0) state(tr("kept and read"), KvRowState::kept);
  if (step.firstNewPosition > step.firstRow) state(tr("computed again"), KvRowState::recomputed);
  if (m_model->anyStruck())
    items.push_back({tr("struck out (what-if)"),
                     [theme](QPainter& painter, const QRectF& r) { drawCross(painter, r, theme); }});
  const double dim = m_settings.norms ? std::sqrt(static_cast<double>(m_model->headDim())) : 1.0;
  const auto ramp = [&](const QString& name, float max, const QColor& color) {
    const QColor high = m_model->cacheOn() ? color : faded(color, theme);
    items.push_back({QStringLiteral("%1 0 … %2").arg(name, shortNumber(static_cast<double>(max) * dim)),
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
  };
  ramp(m_settings.norms ? QStringLiteral("‖k‖") : QStringLiteral("|k|"), m_model->keyMax(), theme.key);
  ramp(m_settings.norms ? QStringLiteral("‖v‖") : QStringLiteral("|v|"), m_model->valueMax(), theme.value);
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
    for (int head = 0; head < m_model->kvHeads(); ++head) {
      if (m_layout.block(layer, head).contains(point)) return rowHit(point, layer, head);
    }
  }
  return std::nullopt;
}

/// The number of the row that lies at this height: of K as it is kept (turned, where positions turn it), or
/// of V.
NumberPlace KvContentsPicture::numberAt(QPointF point, int layer, int head, Selection row) const {
  const QRectF values = m_layout.values(layer, head), keys = m_layout.keys(layer, head);
  const bool ofValues = values.contains(point);
  const QRectF& box = ofValues ? values : keys;
  const ModelConfig& config = m_model->config();
  if (!ofValues && siteExists(Site::kRot, config)) row.site = Site::kRot;
  const int element = static_cast<int>((point.y() - box.top()) / box.height() * config.headDim);
  return {row, box.contains(point) ? std::clamp(element, 0, config.headDim - 1) : -1, row.key.value};
}

Hit KvContentsPicture::rowHit(QPointF point, int layer, int head) const {
  const QRectF block = m_layout.block(layer, head);
  const int position = std::max(0, static_cast<int>((point.x() - block.left()) / columnWidth()));
  Hit hit;
  hit.hovered = m_model->selection();
  hit.toolTip = m_model->toolTip(LayerIndex{layer}, KvHeadIndex{head}, position);
  hit.clicked = hit.hovered;
  hit.clicked->layer = LayerIndex{layer};
  // A query head that reads this block: the selected one stays when it does.
  const int group = m_model->headsPerGroup();
  if (hit.clicked->head.value / group != head) hit.clicked->head = HeadIndex{head * group};
  hit.clicked->site = m_layout.values(layer, head).contains(point) ? Site::vProj : Site::kProj;
  if (position < m_model->tokens()) {
    hit.hovered.key = hit.clicked->key = Position{position};
    hit.strikes.push_back(m_model->strikeRow(LayerIndex{layer}, KvHeadIndex{head}, position));
    hit.number = numberAt(point, layer, head, *hit.clicked);
  }
  hit.strikes.push_back(m_model->strikeGroup(LayerIndex{layer}, KvHeadIndex{head}));
  hit.strikesOnClick = m_settings.strikes && position < m_model->tokens();
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
