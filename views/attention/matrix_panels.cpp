#include "views/attention/matrix_panels.h"

#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {

void MatrixPanels::place(QPainter& painter, const QRectF& area, const Theme& theme,
                         const MatrixWindow& window, const MatrixAxes& axes, std::size_t count) {
  m_frames.clear();
  m_titles.clear();
  m_values.clear();
  const TextMetrics label(theme.sized(11.5), painter.device());
  const double line = std::ceil(label.height());
  const bool words = area.width() >= theme.px(220) && area.height() >= theme.px(200);
  // Narrow areas keep the titles and give the rest to the matrices.
  const bool labels = words && area.width() >= theme.px(400);
  const auto tokens = static_cast<int>(axes.labels.size());
  double widest = 0;
  for (qsizetype i = 0; i < std::min<qsizetype>(axes.labels.size(), 400); ++i)
    widest = std::max(widest, label.horizontalAdvance(axes.labels[i]));
  const double numberLength = label.horizontalAdvance(QString::number(tokens)) + theme.px(6);
  const double left =
      labels ? std::min(std::min(widest, theme.px(90)) + numberLength, area.width() * 0.18) : 0;
  const double header = words ? line + theme.px(3) : 0;
  const double footer = labels ? theme.px(14) + 2 * line : words ? line + theme.px(2) : theme.px(2);
  const double gap = theme.px(words ? 16 : 4), newBar = theme.px(6);
  const auto columnsOf = [&](double side) {
    const double cell = window.shown(tokens, side).cell;
    return !labels                                 ? 0.0
           : cell >= widest + theme.px(6)          ? line
           : cell >= line && side >= theme.px(150) ? std::min(widest, theme.px(60)) + theme.px(2)
                                                   : numberLength;
  };
  const auto n = static_cast<int>(count);
  int best = 1;
  double side = 0;
  for (int across = 1; across <= n; ++across) {
    if (n % across != 0) continue;
    const int down = n / across;
    const double wide = (area.width() - left - newBar - (across - 1) * gap) / across;
    double high = 0;
    // Column labels depend on the side, the side on them: twice is enough.
    for (int i = 0; i < 2; ++i) {
      const double columns = columnsOf(i == 0 ? wide : std::min(wide, high));
      high = (area.height() - (down - 1) * gap) / down - header - footer - columns;
    }
    if (std::min(wide, high) > side) {
      side = std::min(wide, high);
      best = across;
    }
  }
  side = std::max(1.0, std::floor(side));
  const double columns = columnsOf(side);
  const MatrixWindow::Shown shown = window.shown(tokens, side);
  side = sideOfWholeCells(painter, side, shown.count);
  for (int i = 0; i < n; ++i) {
    const int c = i % best, r = i / best;
    const double x = onPixel(painter, area.left() + left + newBar + c * (side + gap));
    const double y =
        onPixel(painter, area.top() + header + columns + r * (side + header + footer + columns + gap));
    MatrixFrame frame;
    frame.matrix = QRectF(x, y, side, side);
    frame.axisNames = false;
    frame.lyingBar = true;
    const double cell = side / shown.count;
    frame.columns = cell >= widest + theme.px(6)            ? MatrixFrame::Columns::flat
                    : cell >= line && side >= theme.px(150) ? MatrixFrame::Columns::upright
                                                            : MatrixFrame::Columns::numbersOnly;
    if (words) m_titles.emplace_back(x, y - columns - header, side, line);
    if (words) m_values.emplace_back(x, y + side + footer - line, side, line);
    if (labels) {
      frame.columnLabels = QRectF(x, y - columns, side, columns - theme.px(2));
      frame.colorBar = QRectF(x, y + side + theme.px(6), side, theme.px(6));
      frame.colorNumbers = QRectF(x, frame.colorBar.bottom(), side, line);
    }
    if (labels && c == 0) {
      frame.rowLabels = QRectF(area.left(), y, left - theme.px(4), side);
      frame.newBar = QRectF(x - newBar, y, newBar, side);
    }
    m_frames.push_back(frame);
  }
}

void MatrixPanels::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                         const MatrixWindow& window, const MatrixAxes& axes,
                         const std::vector<Panel>& panels) {
  place(painter, area, theme, window, axes, panels.size());
  const MatrixWindow::Shown shown = window.shown(static_cast<int>(axes.labels.size()), side());
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const Panel& panel = panels[i];
    const MatrixFrame& frame = m_frames[i];
    const double margin = std::ceil(theme.px(1));
    AttentionPictureKey key = panel.key;
    key.shown = shown;
    m_kept[i].paint(painter, frame.matrix.adjusted(-margin, -margin, margin, margin), theme.background, key,
                    [&](QPainter& into) { drawMatrix(into, theme, frame.matrix, shown, panel.numbers()); });
    drawCrossHair(painter, theme, frame.matrix, shown, axes.query, axes.key);
    drawRowLabels(painter, theme, frame, shown, axes);
    drawColumnLabels(painter, theme, frame, shown, axes);
    drawColorBar(painter, theme, frame, panel.scale, AttentionModel::ticks(panel.scale), {QString()});
    if (i >= m_titles.size()) continue;
    painter.setFont(theme.sized(12.5, QFont::DemiBold));
    painter.setPen(theme.text);
    const TextMetrics metrics(painter.font(), painter.device());
    const auto title = std::find_if(panel.titles.begin(), panel.titles.end(), [&](const QString& t) {
      return metrics.horizontalAdvance(t) <= m_titles[i].width();
    });
    drawFitted(painter, m_titles[i], Qt::AlignLeft | Qt::AlignVCenter,
               title == panel.titles.end() ? panel.titles.last() : *title);
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.accent);
    drawFitted(painter, m_values[i], Qt::AlignLeft | Qt::AlignVCenter, panel.value);
  }
}

std::optional<MatrixPanels::Spot> MatrixPanels::at(QPointF point, const MatrixWindow& window,
                                                   int tokens) const {
  for (std::size_t i = 0; i < m_frames.size(); ++i) {
    const QRectF& matrix = m_frames[i].matrix;
    if (!matrix.contains(point)) continue;
    const MatrixWindow::Shown shown = window.shown(tokens, matrix.width());
    return Spot{i, shown.row(point.y() - matrix.top()), shown.column(point.x() - matrix.left())};
  }
  return std::nullopt;
}

QRectF MatrixPanels::matrixAt(QPointF point) const {
  for (const MatrixFrame& frame : m_frames) {
    if (frame.matrix.contains(point)) return frame.matrix;
  }
  return {};
}

}  // namespace decodescope
