#include "views/kv_cache/reads_picture.h"

#include "views/head_colors.h"
#include "views/heatmap.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

/// Room for the numbers left of a panel.
constexpr double kAxis = 44;

QColor laterColor(bool isQuery, const KvReadsModel& model, const Theme& theme) {
  return isQuery ? theme.query : model.isLatent() ? latentColor(theme) : theme.key;
}

}  // namespace

std::vector<LegendItem> KvReadsPicture::legend(const Theme& theme, const KvReadsModel& model) {
  std::vector<LegendItem> items{{tr("in the step that fed the token"), colorSample(theme.accent)}};
  if (!model.isLinear())
    items.push_back(
        {model.isLatent() ? tr("in later steps, for all heads") : tr("in later steps, by new queries"),
         colorSample(laterColor(false, model, theme))});
  const bool drops =
      model.steps() > 0 && !model.isLinear() && model.firstRead(model.record(model.steps())) > 0;
  if (drops)
    items.push_back({tr("out of the window"),
                     [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  const auto again = std::any_of(model.keyReads().begin(), model.keyReads().end(),
                                 [](const KvReadsModel::Reads& reads) { return reads.again > 0; });
  if (again) items.push_back({tr("by rows computed again"), colorSample(repeatedColor(theme))});
  return items;
}

void KvReadsPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                           const KvReadsModel& model) {
  m_tokens = model.tokens();
  QRectF rest = area;
  const QFont font = theme.sized(12);
  const TextMetrics metrics(font, painter.device());
  if (area.height() >= theme.px(190)) {
    const int most = area.height() >= theme.px(320) ? 5 : 3;
    const double height = std::ceil(metrics.height() * 1.15);
    painter.setFont(font);
    painter.setPen(theme.text);
    for (const QString& line :
         wrappedWords(model.explanation(), metrics, std::min(area.width(), theme.px(900)), most)) {
      drawFitted(painter, QRectF(rest.left(), rest.top(), rest.width(), height),
                 Qt::AlignLeft | Qt::AlignVCenter, line);
      rest.setTop(rest.top() + height);
    }
    rest.setTop(rest.top() + theme.px(8));
  }
  const double gap = theme.px(24), width = (rest.width() - gap) / 2;
  for (std::size_t i = 0; i < 2; ++i) {
    QRectF box(rest.left() + static_cast<double>(i) * (width + gap), rest.top(), width, rest.height());
    const double axis = theme.px(kAxis), head = std::ceil(metrics.height()) + theme.px(3),
                 foot = std::ceil(metrics.height());
    box.adjust(axis, head, 0, -foot);
    Panel& panel = m_panels[i];
    panel.grid = panel.bars = box;
    if (box.height() >= theme.px(150)) {
      panel.bars.setTop(box.top() + box.height() * 0.62 + head);
      panel.grid.setBottom(box.top() + box.height() * 0.62 - theme.px(4));
    } else {
      panel.bars = {};
    }
    paintPanel(painter, theme, model, panel, i == 1);
  }
}

void KvReadsPicture::paintPanel(QPainter& painter, const Theme& theme, const KvReadsModel& model,
                                const Panel& panel, bool isQuery) const {
  const QFont bold = theme.sized(12, QFont::DemiBold), small = theme.sized(10.5);
  const double line = std::ceil(TextMetrics(bold, painter.device()).height());
  const auto above = [&](const QRectF& box, const QColor& color, const QString& text) {
    painter.setFont(bold);
    painter.setPen(color);
    drawFitted(painter, QRectF(box.left(), box.top() - line - theme.px(2), box.width(), line),
               Qt::AlignLeft | Qt::AlignVCenter, text);
  };
  above(panel.grid, laterColor(isQuery, model, theme),
        firstFitting(isQuery ? QStringList{tr("Rows of Q"), QStringLiteral("Q")}
                     : model.isLatent()
                         ? QStringList{tr("Rows of c, for all heads"), QString::fromUtf8("c, kᴿ")}
                     : model.isLinear()
                         ? QStringList{tr("Rows of K (V alike) added to the state"), QStringLiteral("K, V")}
                         : QStringList{tr("Rows of K (V alike)"), QStringLiteral("K, V")},
                     TextMetrics(bold, painter.device()), panel.grid.width()));
  paintGrid(painter, panel.grid, theme, model, isQuery);
  // Steps down.
  painter.setFont(small);
  const TextMetrics metrics(small, painter.device());
  const double row = panel.grid.height() / model.steps();
  const int chosen[] = {model.steps()};
  for (const int s : thinnedLabels(1, model.steps(), row, metrics.height(), chosen)) {
    painter.setPen(theme.faintText);
    drawFitted(
        painter,
        QRectF(panel.grid.left() - theme.px(kAxis), panel.grid.top() + (s - 0.5) * row - metrics.height() / 2,
               theme.px(kAxis - 4), metrics.height()),
        Qt::AlignRight | Qt::AlignVCenter, QString::number(s));
  }
  painter.setPen(theme.faintText);
  drawFitted(painter,
             QRectF(panel.grid.left() - theme.px(kAxis), panel.grid.top() - line - theme.px(2),
                    theme.px(kAxis - 4), line),
             Qt::AlignRight | Qt::AlignVCenter, tr("step"));
  if (!panel.bars.isNull()) {
    above(panel.bars, theme.text, tr("reads of each row"));
    paintBars(painter, panel.bars, theme, model, isQuery);
  }
  const QRectF& lowest = panel.bars.isNull() ? panel.grid : panel.bars;
  const double column = lowest.width() / model.tokens();
  painter.setFont(small);
  const int wanted[] = {std::min(model.shown().selection.key.value, model.tokens() - 1)};
  for (const int p :
       thinnedLabels(0, model.tokens(), column, metrics.horizontalAdvance(QStringLiteral("0000")), wanted)) {
    painter.setPen(p == wanted[0] ? theme.text : theme.faintText);
    const double room = metrics.horizontalAdvance(QStringLiteral("00000"));
    drawFitted(painter, QRectF(lowest.left() + (p + 0.5) * column - room / 2, lowest.bottom(), room, line),
               Qt::AlignHCenter | Qt::AlignVCenter, QString::number(p));
  }
}

void KvReadsPicture::paintGrid(QPainter& painter, const QRectF& grid, const Theme& theme,
                               const KvReadsModel& model, bool isQuery) const {
  painter.fillRect(grid, mixed(theme.background, theme.panel, 0.6));
  const double column = grid.width() / model.tokens(), row = grid.height() / model.steps();
  const int pool = std::max(1, static_cast<int>(std::ceil(1 / pixelRatio(painter) / row)));
  for (int first = 1; first <= model.steps(); first += pool) {
    const int s = std::min(model.steps(), first + pool - 1);
    const StepRecord& step = model.record(s);
    const auto fill = [&](int from, int to, const QColor& color) {
      if (to <= from) return;
      const double left = std::min(grid.left() + from * column, grid.left() + to * column - theme.px(1.5));
      painter.fillRect(QRectF(left, grid.top() + (first - 1) * row, grid.left() + to * column - left,
                              (s - first + 1) * row),
                       color);
    };
    // Out of every query's window.
    const auto fillDropped = [&](int to) {
      drawMasked(painter,
                 QRectF(grid.left(), grid.top() + (first - 1) * row, to * column, (s - first + 1) * row),
                 theme);
    };
    // Old rows of K and V are read by the new queries; old rows of Q only where they are computed again.
    const int firstRead = model.firstRead(step);
    if (!isQuery && firstRead > 0 && !model.isLinear()) fillDropped(firstRead);
    if (!isQuery) fill(firstRead, step.firstNewPosition, laterColor(false, model, theme));
    fill(step.firstRow, step.firstNewPosition, repeatedColor(theme));
    fill(step.firstNewPosition, step.tokensSeen, theme.accent);
  }
  if (row >= theme.px(4)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int s = 1; s < model.steps(); ++s)
      painter.drawLine(QPointF(grid.left(), grid.top() + s * row),
                       QPointF(grid.right(), grid.top() + s * row));
  }
  if (column >= theme.px(4)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int p = 1; p < model.tokens(); ++p)
      painter.drawLine(QPointF(grid.left() + p * column, grid.top()),
                       QPointF(grid.left() + p * column, grid.bottom()));
  }
  drawOutline(painter, grid, theme.line, theme.px(1));
  const int chosen = std::min(model.shown().selection.key.value, model.tokens() - 1);
  if (column >= theme.px(3))
    drawOutline(painter, QRectF(grid.left() + chosen * column, grid.top(), column, grid.height()), theme.text,
                theme.px(1));
}

void KvReadsPicture::paintBars(QPainter& painter, const QRectF& bars, const Theme& theme,
                               const KvReadsModel& model, bool isQuery) const {
  // One scale for both panels.
  int most = 1;
  for (const KvReadsModel::Reads& reads : model.cachedReads())
    most = std::max(most, reads.own + reads.later + reads.again);
  const std::vector<KvReadsModel::Reads>& all = isQuery ? model.queryReads() : model.cachedReads();
  const double column = bars.width() / model.tokens();
  painter.setFont(theme.sized(10.5));
  painter.setPen(theme.faintText);
  const double line = TextMetrics(painter.font(), painter.device()).height();
  drawFitted(painter, QRectF(bars.left() - theme.px(kAxis), bars.top() - line / 2, theme.px(kAxis - 4), line),
             Qt::AlignRight | Qt::AlignVCenter, groupedNumber(static_cast<std::uint64_t>(most)));
  drawFitted(painter,
             QRectF(bars.left() - theme.px(kAxis), bars.bottom() - line / 2, theme.px(kAxis - 4), line),
             Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("0"));
  painter.setPen(QPen(mixed(theme.line, theme.background, 0.5), theme.px(1), Qt::DotLine));
  painter.drawLine(bars.topLeft(), bars.topRight());
  const double inside = column >= theme.px(5) ? theme.px(1) : 0;
  for (int p = 0; p < model.tokens(); ++p) {
    const KvReadsModel::Reads& reads = all[static_cast<std::size_t>(p)];
    double bottom = bars.bottom();
    const auto stack = [&](int count, const QColor& color) {
      const double height = bars.height() * count / most;
      painter.fillRect(
          QRectF(bars.left() + p * column + inside / 2, bottom - height, column - inside, height), color);
      bottom -= height;
    };
    stack(reads.own, theme.accent);
    stack(reads.later, laterColor(isQuery, model, theme));
    stack(reads.again, repeatedColor(theme));
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawLine(bars.bottomLeft(), bars.bottomRight());
}

bool KvReadsPicture::isOfQuery(QPointF point) const {
  return m_panels[1].grid.contains(point) || m_panels[1].bars.contains(point);
}

int KvReadsPicture::positionAt(QPointF point) const {
  for (const Panel& panel : m_panels) {
    for (const QRectF& box : {panel.grid, panel.bars}) {
      if (!box.isNull() && box.contains(point))
        return std::clamp(static_cast<int>((point.x() - box.left()) / box.width() * m_tokens), 0,
                          m_tokens - 1);
    }
  }
  return -1;
}

}  // namespace decodescope
