#include "views/attention/grid_page.h"

#include "views/bracket.h"
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

int ceilDiv(int a, int b) {
  return (a + b - 1) / b;
}

}  // namespace

double HeadGridLayout::rowWidth() const {
  const int groups = ceilDiv(columns, perGroup);
  return columns * side + (columns - 1) * gap + (groups - 1) * groupGap;
}

QRectF HeadGridLayout::block(int layer) const {
  const int across = layer % blocksAcross, down = layer / blocksAcross;
  const double width = layerLabel + rowWidth();
  const double labels = labelsOnTop ? 0 : rows * headLabel;
  const double height = rows * side + (rows - 1) * gap + labels;
  const double top = labelsOnTop ? headLabel : 0;
  return {origin.x() + across * (width + blockGapX), origin.y() + top + down * (height + blockGapY), width,
          height};
}

QRectF HeadGridLayout::square(int layer, int head) const {
  const QRectF b = block(layer);
  const int column = head % columns, row = head / columns;
  const double label = labelsOnTop ? 0 : headLabel;
  return {b.left() + layerLabel + column * (side + gap) + (column / perGroup) * groupGap,
          b.top() + row * (side + gap + label) + label, side, side};
}

HeadGridLayout layoutHeadGrid(const QRectF& area, const HeadGridNeeds& needs) {
  HeadGridLayout best;
  const double s = needs.scale;
  for (int across = 1; across <= needs.layers; ++across) {
    for (int rows = 1; rows <= needs.heads; ++rows) {
      HeadGridLayout l;
      l.layers = needs.layers;
      l.heads = needs.heads;
      l.perGroup = std::max(1, needs.perGroup);
      l.blocksAcross = across;
      l.rows = rows;
      l.columns = ceilDiv(needs.heads, rows);
      if (l.columns % l.perGroup != 0) continue;
      if (ceilDiv(needs.heads, l.columns) != rows) continue;
      l.labelsOnTop = rows == 1;
      const bool many = needs.layers * needs.heads > 64;
      l.gap = (many ? 2 : 4) * s;
      l.groupGap = l.perGroup > 1 ? 6 * s : 0;
      l.blockGapX = 18 * s;
      l.blockGapY = (rows == 1 ? (many ? 3 : 6) : 12) * s;
      l.layerLabel = needs.layerLabel;
      l.headLabel = needs.headLabel;
      const int down = ceilDiv(needs.layers, across), groups = ceilDiv(l.columns, l.perGroup);
      const double wide = ((area.width() + l.blockGapX) / across - l.blockGapX - l.layerLabel -
                           (l.columns - 1) * l.gap - (groups - 1) * l.groupGap) /
                          l.columns;
      const double labels = l.labelsOnTop ? l.headLabel / down : rows * l.headLabel;
      const double high =
          ((area.height() + l.blockGapY) / down - l.blockGapY - labels - (rows - 1) * l.gap) / rows;
      l.side = std::min({wide, high, 640 * s});
      l.origin = area.topLeft();
      // Simpler arrangements unless another one is clearly larger.
      if (best.side <= 0 || l.side > best.side * 1.08 + 0.5) best = l;
    }
  }
  best.side = best.side >= 2 ? std::floor(best.side) : std::max(0.5, best.side);
  return best;
}

QString GridPage::title(const AttentionModel& model) const {
  const QString layers = model.layers() == 1 ? tr("one layer") : tr("all %1 layers").arg(model.layers());
  const QString heads = model.heads() == 1 ? tr("one head") : tr("%1 heads").arg(model.heads());
  return QStringLiteral("%1 · %2 × %3").arg(model.stageName(model.settings().stage), layers, heads);
}

std::vector<Thumbnails::Item> GridPage::items(const AttentionModel& model, int bins) const {
  std::vector<Thumbnails::Item> items;
  const AttentionStage stage = model.settings().stage;
  const ColorScale shared = model.colorScale(stage);
  for (int l = 0; l < model.layers(); ++l) {
    for (int h = 0; h < model.heads(); ++h) {
      Thumbnails::Item item{LayerIndex{l}, HeadIndex{h}, m_layout.square(l, h), shared};
      if (!model.settings().lockedRange)
        item.scale = model.colorScaleUpTo(
            stage, thumbnailLargest(model.thumbnail(item.layer, item.head, bins), stage));
      items.push_back(item);
    }
  }
  return items;
}

void GridPage::paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
                     const MatrixWindow&) {
  const auto count = static_cast<std::size_t>(model.layers() * model.heads());
  const int bins = thumbnailBins(count);
  const TextMetrics bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  HeadGridNeeds needs;
  needs.scale = theme.scale;
  needs.layers = model.layers();
  needs.heads = model.heads();
  needs.perGroup = model.headsPerGroup();
  const bool small = area.width() < theme.px(260) || area.height() < theme.px(220);
  for (int l = 0; l < model.layers() && !small; ++l)
    needs.layerLabel =
        std::max(needs.layerLabel, std::ceil(bold.horizontalAdvance(tr("layer %1").arg(l))) + theme.px(10));
  const double line = std::ceil(bold.height());
  needs.headLabel = small ? 0 : line + (model.headsPerGroup() > 1 ? line + theme.px(8) : theme.px(3));

  FrameTexts texts;
  texts.title = title(model);
  texts.subtitle =
      QStringList{model.formula(model.settings().stage),
                  tr("step %1 of %2").arg(model.selection().step.value).arg(model.shown().run->stepCount()),
                  model.settings().lockedRange ? tr("one range of colours for all heads")
                                               : tr("each head has its own range of colours")};
  texts.readout = model.headSummary(model.selection().layer, model.selection().head);
  const int factor = model.thumbnailFactor(bins);
  const ColorScale scale = model.colorScale(model.settings().stage);
  const QList<QRgb> colors = colormapTable(scale.map, theme.dark);
  // With ranges of their own the ends of the scale differ.
  const bool named = model.settings().lockedRange && scale.kind != ColorScale::Kind::perRow;
  const QString end = AttentionModel::numberText(static_cast<float>(scale.hi));
  if (!scale.isSigned()) {
    texts.legend.push_back({tr("weight 0"), colorSample(QColor::fromRgb(colors[0]))});
    texts.legend.push_back(
        {named ? tr("weight %1").arg(end) : tr("largest"), colorSample(QColor::fromRgb(colors[255]))});
  } else {
    texts.legend.push_back(
        {named ? tr("score −%1").arg(end) : tr("score below 0"), colorSample(QColor::fromRgb(colors[0]))});
    texts.legend.push_back(
        {named ? tr("score %1").arg(end) : tr("above 0"), colorSample(QColor::fromRgb(colors[255]))});
  }
  texts.legend.push_back({tr("masked"), colorSample(theme.maskedCell)});
  if (model.withoutFirst()) texts.legend.push_back({tr("key 0 is left out"), colorSample(theme.maskedCell)});
  if (factor > 1)
    texts.legend.push_back({tr("every %1th query, the largest of %1 keys a dot").arg(factor),
                            [](QPainter&, const QRectF&) {}, 0});
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  m_layout = layoutHeadGrid(frame.body, needs);

  const std::vector<Thumbnails::Item> all = items(model, bins);
  QRectF bounds = all.front().square;
  for (const Thumbnails::Item& item : all) bounds = bounds.united(item.square);
  m_thumbnails.paint(painter, theme, model, bounds, all, [](QPainter&) {});
  for (const Thumbnails::Item& item : all) {
    const bool selected = item.layer == model.selection().layer && item.head == model.selection().head;
    if (m_layout.side >= theme.px(20) && !selected)
      drawOutline(painter, item.square, theme.line, theme.px(1));
  }
  const QRectF chosen = m_layout.square(model.selection().layer.value, model.selection().head.value);
  drawOutline(painter, chosen.adjusted(-1, -1, 1, 1), theme.accent, theme.px(2.5));
  if (needs.layerLabel > 0) paintLabels(painter, theme, model);
  paintFrame(painter, frame, theme, texts);
}

void GridPage::paintLabels(QPainter& painter, const Theme& theme, const AttentionModel& model) const {
  const TextMetrics bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  const double line = std::ceil(bold.height());
  const int selected = model.selection().layer.value;
  for (int l = 0; l < model.layers(); ++l) {
    const QRectF first = m_layout.square(l, 0);
    painter.setFont(theme.sized(11.5, l == selected ? QFont::DemiBold : QFont::Normal));
    painter.setPen(l == selected ? theme.accent : theme.text);
    const double height = m_layout.side >= line ? line : m_layout.side;
    if (m_layout.side < line && l != selected && l % 2 == 1) continue;
    drawFitted(painter,
               QRectF(first.left() - m_layout.layerLabel, first.center().y() - std::max(height, line) / 2,
                      m_layout.layerLabel - theme.px(8), line),
               Qt::AlignRight | Qt::AlignVCenter, tr("layer %1").arg(l));
  }
  // Head numbers, and brackets over those that read one key/value head.
  const int rowsOfNames = m_layout.labelsOnTop ? 1 : m_layout.rows;
  for (int l = 0; l < model.layers(); ++l) {
    if (m_layout.labelsOnTop && l >= m_layout.blocksAcross) break;
    for (int row = 0; row < rowsOfNames; ++row) {
      const int first = row * m_layout.columns;
      const int count = std::min(m_layout.columns, m_layout.heads - first);
      const int wanted[] = {model.selection().head.value};
      const double widest = bold.horizontalAdvance(QStringLiteral("00")) + theme.px(2);
      for (const int h : thinnedLabels(first, count, m_layout.side + m_layout.gap, widest, wanted)) {
        const QRectF square = m_layout.square(l, h);
        const double width = std::max(square.width(), widest + theme.px(8));
        // Which head is known for what differs by layer: the number alone stands above all of them.
        painter.setFont(theme.sized(10.5, h == wanted[0] ? QFont::DemiBold : QFont::Normal));
        painter.setPen(h == wanted[0] ? theme.accent : theme.text);
        drawFitted(painter, QRectF(square.center().x() - width / 2, square.top() - line, width, line),
                   Qt::AlignHCenter | Qt::AlignVCenter, QString::number(h));
      }
      if (m_layout.perGroup < 2) continue;
      painter.setFont(theme.sized(10.5, QFont::DemiBold));
      for (int h = first; h < first + count; h += m_layout.perGroup) {
        const QRectF from = m_layout.square(l, h), to = m_layout.square(l, h + m_layout.perGroup - 1);
        const int g = h / m_layout.perGroup;
        drawBracket(
            painter, QRectF(from.left(), from.top() - 2 * line - theme.px(5), to.right() - from.left(), line),
            theme, theme.key, {tr("key/value head %1").arg(g), tr("KV %1").arg(g), QString::number(g)});
      }
    }
  }
  // Heads that the model's card knows.
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(QPen(theme.background, theme.px(1)));
  painter.setBrush(theme.accent);
  for (int l = 0; l < model.layers(); ++l) {
    for (int h = 0; h < model.heads(); ++h) {
      if (m_layout.side < theme.px(16) || model.headRole(LayerIndex{l}, HeadIndex{h}).isEmpty()) continue;
      const QRectF r = m_layout.square(l, h);
      painter.drawEllipse(QPointF(r.right() - theme.px(6), r.top() + theme.px(6)), theme.px(3.5),
                          theme.px(3.5));
    }
  }
  painter.restore();
}

std::optional<Hit> GridPage::hitTest(QPointF point, const AttentionModel& model, const MatrixWindow&) const {
  for (int l = 0; l < model.layers(); ++l) {
    if (!m_layout.block(l).adjusted(-1, -1, 1, 1).contains(point)) continue;
    for (int h = 0; h < model.heads(); ++h) {
      if (m_layout.square(l, h).contains(point)) return headHit(model, LayerIndex{l}, HeadIndex{h});
    }
  }
  return std::nullopt;
}

std::vector<NamedTable> GridPage::tables(const AttentionModel& model) const {
  // Exactly what is shown: the pooled cells of every head.
  const int bins = thumbnailBins(static_cast<std::size_t>(model.layers() * model.heads()));
  const int factor = model.thumbnailFactor(bins);
  const AttentionStage stage = model.settings().stage;
  const int shown = (model.tokens() + factor - 1) / factor;
  NamedTable table;
  table.name =
      QStringLiteral("all_heads.%1")
          .arg(stage == AttentionStage::weights ? QStringLiteral("weights") : QStringLiteral("scores"));
  table.shape = {model.layers(), model.heads(), shown, shown};
  for (int k = 0; k < shown; ++k) table.columns << model.tokenText(k * factor);
  for (int l = 0; l < model.layers(); ++l) {
    for (int h = 0; h < model.heads(); ++h) {
      const HeatmapRows rows = model.thumbnail(LayerIndex{l}, HeadIndex{h}, bins);
      for (int r = 0; r < shown; ++r) {
        const int query = std::min(r * factor + factor - 1, model.tokens() - 1);
        table.rowLabels << tr("layer %1 head %2 query %3")
                               .arg(QString::number(l), QString::number(h), model.tokenText(query));
        std::vector<float> values(static_cast<std::size_t>(shown), std::numeric_limits<float>::quiet_NaN());
        if (r < static_cast<int>(rows.rows.size())) {
          const std::span<const float> row = rows.rows[static_cast<std::size_t>(r)];
          std::copy(row.begin(), row.end(), values.begin());
        }
        table.values.insert(table.values.end(), values.begin(), values.end());
      }
    }
  }
  return {table};
}

QString GridPage::description(const AttentionModel& model) const {
  return QStringLiteral("%1. %2.").arg(title(model),
                                       model.headSummary(model.selection().layer, model.selection().head));
}

}  // namespace decodescope
