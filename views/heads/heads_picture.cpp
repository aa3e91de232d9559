#include "views/heads/heads_picture.h"

#include "views/head_colors.h"
#include "views/heatmap.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("HeadsView", text);
}

QRectF onPixels(const QPainter& painter, const QRectF& rect) {
  return QRectF(QPointF(onPixel(painter, rect.left()), onPixel(painter, rect.top())),
                QPointF(onPixel(painter, rect.right()), onPixel(painter, rect.bottom())));
}

void drawLink(QPainter& painter, QPointF from, QPointF to, const QColor& color, double width) {
  QPainterPath path(from);
  const double middle = (from.x() + to.x()) / 2;
  path.cubicTo(QPointF(middle, from.y()), QPointF(middle, to.y()), to);
  painter.setPen(QPen(color, width, Qt::SolidLine, Qt::FlatCap));
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(path);
}

}  // namespace

HeadsLayout layoutHeads(const QRectF& area, int heads, int keyValueHeads, int keys, double lineHeight,
                        double scale) {
  HeadsLayout layout;
  const bool words = area.width() >= 250 * scale && area.height() >= 90 * scale;
  const bool contexts = area.width() >= 620 * scale;
  const double title = words ? 1.5 * lineHeight : 0;
  layout.labelWidth = words ? 34 * scale : 0;
  layout.keyLabelWidth = words && area.width() >= 420 * scale ? 30 * scale : 0;
  const double free = std::max(1.0, area.width() - layout.labelWidth - layout.keyLabelWidth);
  // Parts of the width: queries, lines, keys, a gap, values, lines, contexts.
  const double link = contexts ? 0.55 : 0.7, gap = 0.1;
  const double parts = contexts ? 1 + link + 1 + gap + 1 + 0.45 + 1 : 1 + link + 1 + gap + 1;
  const double unit = free / parts;
  const double queryLeft = area.left() + layout.labelWidth;
  const double keyLeft = queryLeft + unit * (1 + link) + layout.keyLabelWidth;
  const double valueLeft = keyLeft + unit * (1 + gap), contextLeft = valueLeft + unit * 1.45;
  const double top = area.top() + title, height = std::max(1.0, area.height() - title);
  const double pitch = std::min(height / heads, 96 * scale);
  const double first = top + (height - pitch * heads) / 2;
  const double strip = std::max(0.5, std::min(pitch * 0.78, 40 * scale));
  const int each = std::max(1, heads / keyValueHeads);
  for (int h = 0; h < heads; ++h) {
    const double y = first + pitch * h + (pitch - strip) / 2;
    layout.queries.emplace_back(queryLeft, y, unit, strip);
    if (contexts) layout.contexts.emplace_back(contextLeft, y, unit, strip);
  }
  for (int g = 0; g < keyValueHeads; ++g) {
    const double room = keyValueHeads == 1 ? height : pitch * each;
    const double middle = first + pitch * each * (g + 0.5);
    const double most = room - std::min(8 * scale, room * 0.2);
    const double block = std::max(0.5, std::min(most, keys * 26 * scale));
    layout.keys.emplace_back(keyLeft, middle - block / 2, unit, block);
    layout.values.emplace_back(valueLeft, middle - block / 2, unit, block);
  }
  if (words) {
    const auto above = [&](double left, double y) {
      return QRectF(left, y - 1.35 * lineHeight, unit * 1.1, 1.2 * lineHeight);
    };
    const double queryTop = layout.queries.front().top(), keyTop = layout.keys.front().top();
    layout.queryTitle = above(queryLeft, queryTop);
    layout.keyTitle = above(keyLeft, keyTop);
    layout.valueTitle = above(valueLeft, keyTop);
    if (contexts) layout.contextTitle = above(contextLeft, queryTop);
  }
  return layout;
}

void HeadsPicture::paintLinks(QPainter& painter, const Theme& theme, const HeadsModel& model) const {
  painter.setRenderHint(QPainter::Antialiasing, true);
  const int heads = model.heads(), groups = model.keyValueHeads();
  const double keyLabel = m_layout.keyLabelWidth;
  const auto link = [&](int h, const QColor& color, double width) {
    const auto g = static_cast<std::size_t>(model.groupOf(h));
    const QRectF &q = m_layout.queries[static_cast<std::size_t>(h)], &k = m_layout.keys[g];
    drawLink(painter, QPointF(q.right() + theme.px(2), q.center().y()),
             QPointF(k.left() - keyLabel - theme.px(2), k.center().y()), color, width);
    if (m_layout.contexts.empty()) return;
    const QRectF &v = m_layout.values[g], &c = m_layout.contexts[static_cast<std::size_t>(h)];
    drawLink(painter, QPointF(v.right() + theme.px(2), v.center().y()),
             QPointF(c.left() - theme.px(2), c.center().y()), color, width);
  };
  for (int h = 0; h < heads; ++h)
    link(h, mixed(theme.background, headColor(h, heads, groups, theme), 0.75), theme.px(1.6));
  // The chosen head's on top of the others.
  const int chosen = model.chosenHead();
  link(chosen, headColor(chosen, heads, groups, theme), theme.px(4));
  painter.setRenderHint(QPainter::Antialiasing, false);
}

void HeadsPicture::paintLabels(QPainter& painter, const Theme& theme, const HeadsModel& model) const {
  if (m_layout.labelWidth <= 0) return;
  const QFont plain = theme.sized(12), bold = theme.sized(12, QFont::Bold);
  const double line = std::ceil(TextMetrics(plain, painter.device()).height());
  const int wanted[] = {model.chosenHead()};
  const double pitch = model.heads() > 1 ? m_layout.queries[1].top() - m_layout.queries[0].top() : line;
  for (const int h : thinnedLabels(0, model.heads(), pitch, line * 0.92, wanted)) {
    const QRectF& q = m_layout.queries[static_cast<std::size_t>(h)];
    painter.setFont(h == wanted[0] ? bold : plain);
    painter.setPen(h == wanted[0] ? theme.accent : theme.text);
    drawFitted(painter,
               QRectF(q.left() - m_layout.labelWidth, q.center().y() - line / 2,
                      m_layout.labelWidth - theme.px(10), line),
               Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("q%1").arg(h));
  }
  if (m_layout.keyLabelWidth > 0) {
    const int group[] = {model.groupOf(model.chosenHead())};
    const double keyPitch =
        model.keyValueHeads() > 1 ? m_layout.keys[1].top() - m_layout.keys[0].top() : line;
    for (const int g : thinnedLabels(0, model.keyValueHeads(), keyPitch, line * 0.92, group)) {
      const QRectF& k = m_layout.keys[static_cast<std::size_t>(g)];
      painter.setFont(g == group[0] ? bold : plain);
      painter.setPen(g == group[0] ? theme.accent : theme.text);
      drawFitted(painter,
                 QRectF(k.left() - m_layout.keyLabelWidth, k.center().y() - line / 2,
                        m_layout.keyLabelWidth - theme.px(8), line),
                 Qt::AlignRight | Qt::AlignVCenter, QString::number(g));
    }
  }
  const auto title = [&](const QRectF& at, const QColor& color, const QString& full, const QString& brief) {
    if (at.isNull()) return;
    painter.setFont(theme.sized(12.5, QFont::DemiBold));
    painter.setPen(color);
    const bool fits = TextMetrics(painter.font(), painter.device()).horizontalAdvance(full) <= at.width();
    drawFitted(painter, at, Qt::AlignLeft | Qt::AlignVCenter, fits ? full : brief);
  };
  const QString d = QString::number(model.headDim());
  const auto rows = [&](int width) {
    return model.showsLatents()
               ? QStringLiteral("%1 × %2").arg(model.keys()).arg(width)
               : QStringLiteral("%1 × %2 × %3").arg(model.keyValueHeads()).arg(model.keys()).arg(width);
  };
  title(m_layout.queryTitle, theme.query,
        tr("Q of this token: %1 × %2").arg(QString::number(model.heads()), d), QStringLiteral("Q"));
  const bool latents = model.showsLatents();
  title(m_layout.keyTitle, theme.key,
        (latents ? tr("Latents ĉ: %1") : tr("K: %1")).arg(rows(model.keyWidth())),
        latents ? QStringLiteral("ĉ") : QStringLiteral("K"));
  title(m_layout.valueTitle, latents ? theme.key : theme.value,
        (latents ? tr("Rotary keys: %1") : tr("V: %1")).arg(rows(model.valueWidth())),
        latents ? QStringLiteral("k_r") : QStringLiteral("V"));
  title(m_layout.contextTitle, theme.text,
        tr("context: %1 × %2").arg(model.heads()).arg(model.contextWidth()), tr("context"));
}

void HeadsPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme, const HeadsModel& model) {
  const double line = std::ceil(TextMetrics(theme.sized(12.5), painter.device()).height());
  m_layout = layoutHeads(area, model.heads(), model.keyValueHeads(), model.keys(), line, theme.scale);
  m_rows = model.keys();
  m_elements = {model.headDim(), model.keyWidth(), model.valueWidth(), model.contextWidth()};
  paintLinks(painter, theme, model);
  const int heads = model.heads(), groups = model.keyValueHeads();
  const auto cells = [&](const QRectF& at, const CellGrid& grid) {
    const QRectF r = onPixels(painter, at);
    drawGridCells(painter, r, grid, theme,
                  numberPixels(painter, theme, grid, r.width() / grid.columns, r.height() / grid.rows));
  };
  const auto edge = [&](const QRectF& at, const QColor& color) {
    painter.fillRect(onPixels(painter, QRectF(at.left() - theme.px(5), at.top(), theme.px(4), at.height())),
                     color);
  };
  for (int h = 0; h < heads; ++h) {
    const auto i = static_cast<std::size_t>(h);
    const QColor color = headColor(h, heads, groups, theme);
    cells(m_layout.queries[i], model.queryGrid(h));
    edge(m_layout.queries[i], color);
    if (m_layout.contexts.empty()) continue;
    cells(m_layout.contexts[i], model.contextGrid(h));
    edge(m_layout.contexts[i], color);
  }
  const int chosenKey = model.selection().key.value - model.firstKey();
  for (int g = 0; g < groups; ++g) {
    const auto i = static_cast<std::size_t>(g);
    for (const bool isValue : {false, true}) {
      CellGrid grid = isValue ? model.valueGrid(g) : model.keyGrid(g);
      const QRectF& at = isValue ? m_layout.values[i] : m_layout.keys[i];
      // A frame around rows thinner than itself would hide them.
      if (g == model.groupOf(model.chosenHead()) && m_rows > 1 && chosenKey >= 0 && chosenKey < m_rows &&
          at.height() / m_rows >= theme.px(4))
        grid.marks.push_back({QRect(0, chosenKey, grid.columns, 1), GridMark::Kind::accent});
      cells(at, grid);
      drawOutline(painter, onPixels(painter, at), isValue && !model.showsLatents() ? theme.value : theme.key,
                  theme.px(1.5));
    }
  }
  const auto outline = [&](const QRectF& at) {
    drawOutline(painter, onPixels(painter, at), theme.accent, theme.px(2));
  };
  const auto chosen = static_cast<std::size_t>(model.chosenHead());
  if (m_layout.queries[chosen].height() >= theme.px(5)) {
    outline(m_layout.queries[chosen]);
    if (!m_layout.contexts.empty()) outline(m_layout.contexts[chosen]);
  }
  paintLabels(painter, theme, model);
}

std::optional<HeadsPicture::Spot> HeadsPicture::at(QPointF point) const {
  const auto index = [](double offset, double length, int count) {
    return std::clamp(static_cast<int>(offset / length * count), 0, count - 1);
  };
  const auto find = [&](const std::vector<QRectF>& areas, Spot::Kind kind, int rows) -> std::optional<Spot> {
    for (std::size_t i = 0; i < areas.size(); ++i) {
      const QRectF& r = areas[i];
      if (!r.contains(point)) continue;
      return Spot{kind, static_cast<int>(i), index(point.y() - r.top(), r.height(), rows),
                  index(point.x() - r.left(), r.width(), m_elements[static_cast<std::size_t>(kind)])};
    }
    return std::nullopt;
  };
  if (const auto spot = find(m_layout.queries, Spot::Kind::query, 1)) return spot;
  if (const auto spot = find(m_layout.keys, Spot::Kind::key, m_rows)) return spot;
  if (const auto spot = find(m_layout.values, Spot::Kind::value, m_rows)) return spot;
  return find(m_layout.contexts, Spot::Kind::context, 1);
}

}  // namespace decodescope
