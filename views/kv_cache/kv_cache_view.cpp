#include "views/kv_cache/kv_cache_view.h"

#include "views/colormap.h"
#include "views/heatmap.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <cmath>

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

}  // namespace

std::unique_ptr<View> makeKvCacheView() {
  return std::make_unique<KvCacheView>();
}

std::vector<ViewOption> KvCacheView::options() const {
  return {
      {QStringLiteral("show"),
       tr("Show"),
       tr("What the colours stand for: every number of a row, or the row's length"),
       {{QStringLiteral("values"), tr("All values")}, {QStringLiteral("norms"), tr("Lengths")}},
       m_norms ? QStringLiteral("norms") : QStringLiteral("values")},
      {QStringLiteral("curves"),
       tr("Numbers"),
       tr("Bytes, counts and their growth beside the blocks"),
       {{QStringLiteral("on"), tr("Shown")}, {QStringLiteral("off"), tr("Hidden")}},
       m_curves ? QStringLiteral("on") : QStringLiteral("off")},
  };
}

bool KvCacheView::setOption(const QString& id, const QString& value) {
  if (id == QLatin1String("show") && (value == QLatin1String("values") || value == QLatin1String("norms"))) {
    m_norms = value == QLatin1String("norms");
    return true;
  }
  if (id == QLatin1String("curves") && (value == QLatin1String("on") || value == QLatin1String("off"))) {
    m_curves = value == QLatin1String("on");
    return true;
  }
  return false;
}

void KvCacheView::present(const SessionSnapshot& session, const Selection& selection) {
  m_model.present(session, selection);
}

std::vector<double> KvCacheView::scaleEnds() const {
  return {static_cast<double>(m_model.keyMax()), static_cast<double>(m_model.valueMax())};
}

void KvCacheView::setScaleEnds(const std::vector<double>& ends) {
  m_model.setMaxima(static_cast<float>(ends[0]), static_cast<float>(ends[1]));
}

double KvCacheView::columnWidth() const {
  return m_layout.block(0, 0).width() / std::max(1, m_model.capacity());
}

void KvCacheView::settle(QPainter& painter, const QRectF& area, const Theme& theme) {
  const QFontMetricsF label(theme.sized(11.5), painter.device());
  const QFontMetricsF title(theme.sized(15, QFont::DemiBold), painter.device());
  KvCacheLayoutNeeds needs;
  needs.scale = theme.scale;
  needs.lineHeight = std::ceil(label.height());
  needs.titleHeight = std::ceil(title.height());
  QStringList parts = m_model.subtitle().split(QStringLiteral("  ·  "));
  const auto breakSubtitle = [&] {
    m_subtitle = brokenParts(parts, label, area.width() - theme.px(24), 3);
    needs.subtitleLines = static_cast<int>(std::max<qsizetype>(1, m_subtitle.size()));
  };
  breakSubtitle();
  const QFontMetricsF bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  for (int l = 0; l < m_model.layers(); ++l)
    needs.layerLabelWidth = std::max(needs.layerLabelWidth, bold.horizontalAdvance(tr("layer %1").arg(l)));
  needs.layerLabelWidth = std::ceil(needs.layerLabelWidth + bold.horizontalAdvance(QStringLiteral("  K")));
  needs.panelWidth = m_curves ? theme.px(250) : 1e9;
  needs.panelHeight = m_curves ? theme.px(190) : 1e9;
  needs.layers = m_model.layers();
  needs.heads = m_model.kvHeads();
  needs.legendLines = legendLines(painter, theme, legend(theme), area.width() - theme.px(24));
  needs.shared = m_model.headsPerGroup() > 1;
  m_layout = layoutKvCache(area, needs);
  if (m_layout.panel.isNull() && !m_model.formula().isEmpty()) {
    // Without the panel the bytes are explained here.
    parts << m_model.formula().last();
    breakSubtitle();
    m_layout = layoutKvCache(area, needs);
  }
  // Columns of whole device pixels, where that costs little width.
  const double column = columnWidth();
  if (column * pixelRatio(painter) >= 1 && wholePixels(painter, column) > 0.85 * column) {
    const double lost = (column - wholePixels(painter, column)) * m_model.capacity();
    m_layout.blocks.setWidth(m_layout.blocks.width() - lost * m_model.kvHeads());
    for (int h = 0; h < m_model.kvHeads(); ++h) {
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

void KvCacheView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  if (m_model.state() != KvCacheModel::State::ready) {
    m_layout = {};
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
    painter.restore();
    return;
  }
  settle(painter, area, theme);
  paintBlocks(painter, theme);
  paintSelection(painter, theme);
  paintLabels(painter, theme);
  paintPanel(painter, theme);
  paintLegend(painter, theme, legend(theme), m_layout.legend);
  painter.restore();
}

void KvCacheView::paintBlocks(QPainter& painter, const Theme& theme) {
  if (isVectorDevice(painter)) return fillBlocks(painter, theme);
  // Pointing moves far more often than the rows change: the blocks are kept as an image.
  const double ratio = pixelRatio(painter);
  const double margin = std::ceil(theme.px(2) * ratio) / ratio;
  const QRectF area = m_layout.blocks.adjusted(-margin, -margin, margin, margin);
  const PictureKey key{m_model.runId(),
                       m_model.selection().step.value,
                       m_model.missingRows(),
                       m_norms,
                       theme.dark,
                       ratio,
                       theme.scale,
                       m_model.keyMax(),
                       m_model.valueMax(),
                       area};
  if (m_blocksKey != key) {
    m_blocksKey = key;
    m_blocksImage = QImage((area.size() * ratio).toSize() + QSize(1, 1), QImage::Format_RGB32);
    m_blocksImage.fill(theme.background);
    QPainter into(&m_blocksImage);
    into.scale(ratio, ratio);
    into.translate(-area.topLeft());
    fillBlocks(into, theme);
  }
  painter.drawImage(QRectF(area.topLeft(), QSizeF(m_blocksImage.size()) / ratio), m_blocksImage);
}

void KvCacheView::fillBlocks(QPainter& painter, const Theme& theme) const {
  const double ratio = isVectorDevice(painter) ? 4.0 : pixelRatio(painter);
  const int tokens = m_model.tokens();
  const double column = columnWidth();
  const bool kept = m_model.cacheOn();
  // K and V keep their colours; rows that are dropped again after the step are paler.
  const auto tint = [&](const QColor& color) {
    return tintTable(theme.panel, kept ? color : faded(color, theme));
  };
  const QList<QRgb> keyColors = tint(theme.key), valueColors = tint(theme.value);
  const double dim = m_norms ? std::sqrt(static_cast<double>(m_model.headDim())) : 1.0;
  ColorScale keyScale, valueScale;
  keyScale.hi = std::max(1e-12, static_cast<double>(m_model.keyMax()) * dim);
  valueScale.hi = std::max(1e-12, static_cast<double>(m_model.valueMax()) * dim);

  std::vector<float> transposed;
  const auto fill = [&](const QRectF& area, auto&& rowOf, const ColorScale& scale,
                        const QList<QRgb>& colors) {
    // Positions across, the d numbers of a row downwards.
    const int height = m_norms ? 1 : m_model.headDim();
    transposed.assign(static_cast<std::size_t>(height) * static_cast<std::size_t>(tokens),
                      std::numeric_limits<float>::quiet_NaN());
    for (int p = 0; p < tokens; ++p) {
      const std::span<const float> row = rowOf(p);
      float squares = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (m_norms) {
          squares += row[i] * row[i];
        } else {
          transposed[i * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(p)] = std::abs(row[i]);
        }
      }
      if (m_norms && !row.empty()) transposed[static_cast<std::size_t>(p)] = std::sqrt(squares);
    }
    HeatmapRows matrix;
    matrix.columns = tokens;
    for (int i = 0; i < height; ++i) {
      matrix.rows.emplace_back(transposed.data() + static_cast<std::ptrdiff_t>(i) * tokens,
                               static_cast<std::size_t>(tokens));
      matrix.rowMax.push_back(0);
    }
    const QRectF target(area.left(), area.top(), tokens * column, area.height());
    drawCells(painter, target,
              heatmapImage(matrix, scale, colors, std::max(1, static_cast<int>(target.width() * ratio)),
                           std::max(1, static_cast<int>(target.height() * ratio))));
  };

  const StepRecord& step = m_model.step();
  for (int layer = 0; layer < m_model.layers(); ++layer) {
    for (int head = 0; head < m_model.kvHeads(); ++head) {
      const LayerIndex l{layer};
      const KvHeadIndex g{head};
      const QRectF block = m_layout.block(layer, head);
      painter.fillRect(block, mixed(theme.background, theme.panel, 0.6));
      fill(
          m_layout.keys(layer, head), [&](int p) { return m_model.keyRow(l, g, p); }, keyScale, keyColors);
      fill(
          m_layout.values(layer, head), [&](int p) { return m_model.valueRow(l, g, p); }, valueScale,
          valueColors);
      const QRectF strip = m_layout.stateStrip(layer, head);
      const auto mark = [&](int first, int end, KvRowState state) {
        if (end > first)
          painter.fillRect(
              QRectF(strip.left() + first * column, strip.top(),
                     std::max(theme.px(1.5), (end - first) * column), strip.height() - theme.px(1)),
              stateColor(state, theme));
      };
      if (m_layout.strip > 0) {
        mark(0, step.firstRow, KvRowState::kept);
        mark(step.firstRow, step.firstNewPosition, KvRowState::recomputed);
        mark(step.firstNewPosition, tokens, KvRowState::added);
      }
      // What the step added stands out on the rows themselves too.
      const QRectF fresh(block.left() + step.firstNewPosition * column, block.top() + m_layout.strip,
                         (tokens - step.firstNewPosition) * column, block.height() - m_layout.strip);
      painter.setBrush(Qt::NoBrush);
      painter.setPen(QPen(theme.accent, theme.px(1)));
      if (block.height() >= theme.px(8) && block.width() >= theme.px(kWideBlock)) painter.drawRect(fresh);
      painter.setPen(QPen(theme.line, theme.px(1), kept ? Qt::SolidLine : Qt::DashLine));
      painter.drawRect(block);
      const double middle = m_layout.values(layer, head).top();
      if (block.height() >= theme.px(20)) {
        painter.setPen(QPen(theme.background, theme.px(1)));
        painter.drawLine(QPointF(block.left() + theme.px(1), middle),
                         QPointF(block.right() - theme.px(1), middle));
      }
    }
  }
}

void KvCacheView::paintSelection(QPainter& painter, const Theme& theme) const {
  const Selection& s = m_model.selection();
  const double column = columnWidth();
  painter.setBrush(Qt::NoBrush);
  const QRectF chosen = m_layout.block(s.layer.value, s.head.value / m_model.headsPerGroup());
  painter.setPen(QPen(theme.accent, theme.px(2), Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
  painter.drawRect(chosen.adjusted(-theme.px(1), -theme.px(1), theme.px(1), theme.px(1)));
  if (s.key.value >= m_model.tokens()) return;
  QColor pointed = theme.text;
  pointed.setAlpha(170);
  painter.setPen(QPen(pointed, theme.px(1)));
  for (int layer = 0; layer < m_model.layers(); ++layer) {
    for (int head = 0; head < m_model.kvHeads(); ++head) {
      const QRectF b = m_layout.block(layer, head);
      if (b.width() < kWideBlock * theme.scale) continue;
      painter.drawRect(QRectF(b.left() + s.key.value * column, b.top() + m_layout.strip, column,
                              b.height() - m_layout.strip));
    }
  }
}

void KvCacheView::paintLabels(QPainter& painter, const Theme& theme) const {
  if (!m_layout.title.isNull()) {
    painter.setFont(theme.sized(15, QFont::DemiBold));
    painter.setPen(theme.text);
    QString title = m_model.title();
    if (m_layout.panel.isNull()) title += QStringLiteral(" · ") + m_model.heldText();
    drawFitted(painter, m_layout.title, Qt::AlignLeft | Qt::AlignVCenter, title);
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
    drawFitted(painter, m_layout.readout, Qt::AlignLeft | Qt::AlignVCenter, m_model.readout());
  }
  const QFontMetricsF metrics(theme.sized(11.5), painter.device());
  const Selection& s = m_model.selection();
  const int chosenHead = s.head.value / m_model.headsPerGroup();

  // Heads across, each with the query heads that share it.
  if (!m_layout.columnLabels.empty()) {
    const QFontMetricsF bold(theme.sized(11.5, QFont::DemiBold), painter.device());
    const double width = m_layout.columnLabels.front().width();
    const double pitch = width + m_layout.blockGapX;
    const bool named = bold.horizontalAdvance(m_model.groupName(KvHeadIndex{m_model.kvHeads() - 1})) <= width;
    const double number = bold.horizontalAdvance(QStringLiteral("00")) + theme.px(3);
    const int wanted[] = {chosenHead};
    for (const int g : thinnedLabels(0, m_model.kvHeads(), pitch, named ? 0 : number, wanted)) {
      painter.setFont(theme.sized(11.5, g == chosenHead ? QFont::DemiBold : QFont::Normal));
      painter.setPen(g == chosenHead ? theme.accent : theme.text);
      const QRectF& box = m_layout.columnLabels[static_cast<std::size_t>(g)];
      const double wider = named ? 0 : std::max(0.0, (number - width) / 2);
      drawFitted(painter, box.adjusted(-wider, 0, wider, 0), Qt::AlignHCenter | Qt::AlignVCenter,
                 named ? m_model.groupName(KvHeadIndex{g}) : QString::number(g));
    }
  }
  for (std::size_t g = 0; g < m_layout.readerLabels.size(); ++g) {
    const KvHeadIndex head{static_cast<int>(g)};
    const QRectF& box = m_layout.readerLabels[g];
    painter.setFont(theme.sized(11));
    painter.setPen(theme.query);
    const QFontMetricsF small(painter.font(), painter.device());
    const int first = head.value * m_model.headsPerGroup(), last = first + m_model.headsPerGroup() - 1;
    QString text = m_model.groupReaders(head);
    if (small.horizontalAdvance(text) > box.width()) text = QStringLiteral("q %1–%2").arg(first).arg(last);
    drawFitted(painter, QRectF(box.left(), box.top(), box.width(), metrics.height()),
               Qt::AlignHCenter | Qt::AlignTop, text);
    // The bracket: these query heads, one block.
    const double y = box.bottom();
    painter.setPen(QPen(theme.query, theme.px(1.2)));
    painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
    painter.drawLine(QPointF(box.left(), y), QPointF(box.left(), y + theme.px(3)));
    painter.drawLine(QPointF(box.right(), y), QPointF(box.right(), y + theme.px(3)));
  }

  // Layers down, K and V told apart where there is room for both letters.
  if (!m_layout.layerLabels.empty()) {
    const double pitch = m_layout.block(0, 0).height() + m_layout.blockGapY;
    const int wanted[] = {s.layer.value};
    for (const int l : thinnedLabels(0, m_model.layers(), pitch, metrics.height() * 1.05, wanted)) {
      const QRectF& box = m_layout.layerLabels[static_cast<std::size_t>(l)];
      const double letter = QFontMetricsF(theme.sized(11.5, QFont::DemiBold), painter.device())
                                .horizontalAdvance(QStringLiteral("  K"));
      painter.setFont(theme.sized(11.5, l == s.layer.value ? QFont::DemiBold : QFont::Normal));
      painter.setPen(l == s.layer.value ? theme.accent : theme.text);
      drawFitted(painter, box.adjusted(0, 0, -letter, 0), Qt::AlignRight | Qt::AlignVCenter,
                 tr("layer %1").arg(l));
      const QRectF k = m_layout.keys(l, 0), v = m_layout.values(l, 0);
      if (k.height() < metrics.height() * 0.9) continue;
      painter.setFont(theme.sized(11.5, QFont::DemiBold));
      painter.setPen(theme.key);
      drawFitted(painter, QRectF(box.left(), k.top(), box.width(), k.height()),
                 Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("K"));
      painter.setPen(theme.value);
      drawFitted(painter, QRectF(box.left(), v.top(), box.width(), v.height()),
                 Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("V"));
    }
  }

  // Positions under each column of blocks: the tokens themselves where all of them fit.
  const double column = columnWidth();
  painter.setFont(theme.sized(10.5));
  const QFontMetricsF digits(painter.font(), painter.device());
  bool pieces = column >= theme.px(20);
  for (int p = 0; pieces && p < m_model.tokens(); ++p)
    pieces = digits.horizontalAdvance(m_model.label(p)) + theme.px(6) <= column;
  const double room =
      pieces ? column : digits.horizontalAdvance(QString::number(m_model.capacity())) + theme.px(8);
  for (const QRectF& axis : m_layout.axes) {
    const int wanted[] = {s.key.value, m_model.tokens() - 1};
    if (axis.width() < 2.5 * room) continue;
    for (const int p : thinnedLabels(0, m_model.tokens(), column, room, wanted)) {
      const QString text = pieces ? m_model.label(p) : QString::number(p);
      const double width = digits.horizontalAdvance(text);
      const double x =
          std::clamp(axis.left() + (p + 0.5) * column - width / 2, axis.left(), axis.right() - width);
      painter.setPen(p == s.key.value                       ? theme.text
                     : p >= m_model.step().firstNewPosition ? theme.accent
                                                            : theme.faintText);
      drawFitted(painter, QRectF(x, axis.top(), width + theme.px(2), axis.height()),
                 Qt::AlignLeft | Qt::AlignVCenter, text);
    }
  }
}

std::vector<LegendItem> KvCacheView::legend(const Theme& theme) const {
  const StepRecord& step = m_model.step();
  std::vector<LegendItem> items;
  const auto state = [&](const QString& text, KvRowState which) {
    items.push_back({text, colorSample(stateColor(which, theme))});
  };
  state(tr("new in this step"), KvRowState::added);
  if (step.firstRow > 0) state(tr("kept and read"), KvRowState::kept);
  if (step.firstNewPosition > step.firstRow) state(tr("computed again"), KvRowState::recomputed);
  const double dim = m_norms ? std::sqrt(static_cast<double>(m_model.headDim())) : 1.0;
  const auto ramp = [&](const QString& name, float max, const QColor& color) {
    const QColor high = m_model.cacheOn() ? color : faded(color, theme);
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
  ramp(m_norms ? QStringLiteral("‖k‖") : QStringLiteral("|k|"), m_model.keyMax(), theme.key);
  ramp(m_norms ? QStringLiteral("‖v‖") : QStringLiteral("|v|"), m_model.valueMax(), theme.value);
  if (m_model.missingRows() > 0)
    items.push_back({tr("%1 positions: values not stored (trace budget)").arg(m_model.missingRows()),
                     colorSample(mixed(theme.background, theme.panel, 0.6))});
  return items;
}

void KvCacheView::paintPanel(QPainter& painter, const Theme& theme) {
  if (m_layout.panel.isNull()) return;
  const bool upright = m_layout.panel.height() > m_layout.panel.width();
  QRectF numbers = m_layout.panel;
  QRectF curves = m_layout.panel;
  if (!upright) {
    // As wide as the formula, so that it is not cut.
    const QFontMetricsF metrics(theme.sized(11.5), painter.device());
    double wanted = theme.px(180);
    for (const QString& text : m_model.formula())
      wanted = std::max(wanted, metrics.horizontalAdvance(text) + 1);
    numbers.setWidth(std::min(wanted, m_layout.panel.width() * 0.62));
    curves.setLeft(numbers.right() + theme.px(16));
  }
  double y = numbers.top();
  const auto line = [&](const QFont& font, const QColor& color, const QString& text) {
    painter.setFont(font);
    painter.setPen(color);
    const double height = QFontMetricsF(font, painter.device()).height();
    if (y + height > numbers.bottom()) return;
    drawFitted(painter, QRectF(numbers.left(), y, numbers.width(), height), Qt::AlignLeft | Qt::AlignTop,
               text);
    y += height;
  };
  line(theme.sized(28, QFont::DemiBold), m_model.cacheOn() ? theme.text : theme.warning, m_model.heldText());
  line(theme.sized(11.5), theme.faintText, m_model.heldCaption());
  y += theme.px(6);
  for (const QString& text : m_model.formula()) line(theme.sized(11.5), theme.text, text);
  const QString sharing = m_model.sharing();
  if (!sharing.isEmpty()) {
    const QFontMetricsF metrics(theme.sized(11), painter.device());
    const qsizetype at = sharing.indexOf(QLatin1Char(' '), sharing.size() / 2);
    if (metrics.horizontalAdvance(sharing) > numbers.width() && at > 0) {
      line(theme.sized(11), theme.query, sharing.left(at));
      line(theme.sized(11), theme.query, sharing.mid(at + 1));
    } else {
      line(theme.sized(11), theme.query, sharing);
    }
  }
  y += theme.px(6);
  for (const auto& [name, value] : m_model.facts()) {
    const QFont font = theme.sized(11.5);
    const double height = QFontMetricsF(font, painter.device()).height() + theme.px(1);
    if (y + height > numbers.bottom()) break;
    const QRectF row(numbers.left(), y, std::min(numbers.width(), theme.px(250)), height);
    painter.setFont(font);
    painter.setPen(theme.faintText);
    const double taken = drawFitted(painter, row, Qt::AlignLeft | Qt::AlignVCenter, name);
    painter.setFont(theme.monoSized(11.5));
    painter.setPen(theme.text);
    drawFitted(painter, row.adjusted(taken + theme.px(6), 0, 0, 0), Qt::AlignRight | Qt::AlignVCenter, value);
    y += height;
  }
  if (upright) curves.setTop(y + theme.px(12));
  QRectF bytesArea = curves, rowsArea = curves;
  if (upright || curves.width() < theme.px(330)) {
    const double gap = theme.px(8);
    bytesArea.setHeight((curves.height() - gap) / 2);
    rowsArea.setTop(bytesArea.bottom() + gap);
  } else {
    bytesArea.setWidth(curves.width() / 2 - theme.px(8));
    rowsArea.setLeft(curves.center().x() + theme.px(8));
  }
  const double lowest = theme.px(96);
  if (bytesArea.height() < lowest || bytesArea.width() < theme.px(110)) {
    // One readable curve rather than two squeezed ones.
    bytesArea = curves;
    rowsArea = QRectF();
  }
  if (bytesArea.height() < lowest || bytesArea.width() < theme.px(110)) return;
  bytesArea.setHeight(std::min(bytesArea.height(), theme.px(220)));
  if (!rowsArea.isNull()) {
    if (rowsArea.left() == bytesArea.left()) rowsArea.moveTop(bytesArea.bottom() + theme.px(8));
    rowsArea.setHeight(std::min(rowsArea.height(), theme.px(220)));
  }
  paintCurves(painter, bytesArea, rowsArea, theme);
}

void KvCacheView::paintCurves(QPainter& painter, const QRectF& bytesArea, const QRectF& rowsArea,
                              const Theme& theme) {
  const std::span<const StepRecord> steps = m_model.steps();
  const int shown = m_model.selection().step.value;
  PlotSpec bytes, rows;
  bytes.xTitle = rows.xTitle = tr("step");
  bytes.xFirst = rows.xFirst = 1;
  bytes.xLast = rows.xLast = std::max<double>(2, static_cast<double>(steps.size()));
  bytes.markedX = rows.markedX = shown;
  std::uint64_t most = 1;
  for (const StepRecord& s : steps) most = std::max(most, m_model.bytesFor(s.tokensSeen));
  const double unit = most >= 10'000'000 ? 1e6 : most >= 10'000 ? 1e3 : 1.0;
  bytes.title = unit == 1.0 ? tr("bytes held") : unit == 1e3 ? tr("kB held") : tr("MB held");
  rows.title = tr("rows computed");
  rows.wholeY = true;
  // K and V take the same room. Without a cache the dashed line is what one would hold: the formula beside
  // it.
  PlotSeries keys{{}, {}, theme.key, PlotSeries::Kind::bars};
  PlotSeries values{{}, {}, theme.value, PlotSeries::Kind::bars};
  PlotSeries would{{}, {}, theme.faintText, PlotSeries::Kind::dashed};
  PlotSeries added{{}, {}, theme.accent, PlotSeries::Kind::bars};
  PlotSeries again{{}, {}, theme.warning, PlotSeries::Kind::bars};
  bool everOff = false;
  for (const StepRecord& s : steps) {
    const double x = s.index.value, held = static_cast<double>(s.kvBytes) / unit;
    for (PlotSeries* series : {&keys, &values, &would, &added, &again}) series->x.push_back(x);
    keys.y.push_back(held / 2);
    values.y.push_back(held / 2);
    would.y.push_back(static_cast<double>(m_model.bytesFor(s.tokensSeen)) / unit);
    added.y.push_back(s.tokensSeen - s.firstNewPosition);
    again.y.push_back(s.firstNewPosition - s.firstRow);
    everOff = everOff || !s.kvCache;
    bytes.yLast = std::max(bytes.yLast, std::max(held, would.y.back()));
    rows.yLast = std::max(rows.yLast, static_cast<double>(s.rowsComputed));
  }
  bytes.series = {keys, values};
  if (everOff) {
    bytes.series.push_back(would);
    bytes.title += QStringLiteral(" ") + tr("(dashed: with the cache on)");
  }
  rows.series = {added, again};

  const auto draw = [&](QPainter& into) {
    m_bytesPlot.paint(into, bytesArea, theme, bytes);
    if (!rowsArea.isNull()) m_rowsPlot.paint(into, rowsArea, theme, rows);
  };
  if (isVectorDevice(painter)) return draw(painter);
  const double ratio = pixelRatio(painter);
  const QRectF area = rowsArea.isNull() ? bytesArea : bytesArea.united(rowsArea);
  const CurvesKey key{m_model.runId(), shown,   static_cast<int>(steps.size()),
                      theme.dark,      ratio,   theme.scale,
                      bytesArea,       rowsArea};
  const QPointF corner(std::floor(area.left()), std::floor(area.top()));
  if (m_curvesKey != key) {
    m_curvesKey = key;
    m_curvesImage =
        QImage((QSizeF(area.right() - corner.x(), area.bottom() - corner.y()) * ratio).toSize() + QSize(1, 1),
               QImage::Format_RGB32);
    m_curvesImage.fill(theme.background);
    QPainter into(&m_curvesImage);
    into.scale(ratio, ratio);
    into.translate(-corner);
    draw(into);
  }
  painter.drawImage(QRectF(corner, QSizeF(m_curvesImage.size()) / ratio), m_curvesImage);
}

std::optional<Hit> KvCacheView::hitTest(QPointF point) const {
  if (m_model.state() != KvCacheModel::State::ready) return std::nullopt;
  const double column = columnWidth();
  for (int layer = 0; layer < m_model.layers(); ++layer) {
    for (int head = 0; head < m_model.kvHeads(); ++head) {
      const QRectF b = m_layout.block(layer, head);
      if (!b.contains(point)) continue;
      const int position = std::max(0, static_cast<int>((point.x() - b.left()) / column));
      Hit hit;
      hit.hovered = m_model.selection();
      hit.toolTip = m_model.toolTip(LayerIndex{layer}, KvHeadIndex{head}, position);
      if (position < m_model.tokens()) hit.hovered.key = Position{position};
      hit.clicked = hit.hovered;
      hit.clicked->layer = LayerIndex{layer};
      // A query head that reads this block: the selected one stays when it does.
      const int group = m_model.headsPerGroup();
      if (hit.clicked->head.value / group != head) hit.clicked->head = HeadIndex{head * group};
      hit.clicked->site = m_layout.values(layer, head).contains(point) ? Site::vProj : Site::kProj;
      return hit;
    }
  }
  return std::nullopt;
}

Selection KvCacheView::moved(const Selection& selection, int dx, int dy) const {
  Selection s = selection;
  s.key = Position{std::max(0, s.key.value + dx)};
  s.layer = LayerIndex{std::max(0, s.layer.value + dy)};
  return s;
}

}  // namespace decodescope
