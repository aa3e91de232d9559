#include "views/probabilities/linear_picture.h"

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
  return QCoreApplication::translate("ProbabilitiesView", text);
}

/// A larger matrix is shown by rows around the neuron: painting stays quick.
constexpr std::int64_t kMostCells = 1 << 21;

}  // namespace

std::optional<LinearPicture::Spot> LinearPicture::at(QPointF point) const {
  const auto row = [&](const QRectF& area) {
    return m_firstRow +
           std::clamp(static_cast<int>((point.y() - area.top()) / area.height() * m_rows), 0, m_rows - 1);
  };
  if (m_matrix.contains(point))
    return Spot{row(m_matrix),
                std::clamp(static_cast<int>((point.x() - m_matrix.left()) / m_matrix.width() * m_inputs), 0,
                           m_inputs - 1)};
  if (m_outputs.contains(point)) return Spot{row(m_outputs), -1};
  return std::nullopt;
}

void LinearPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                          const LinearModel& model) {
  m_matrix = m_outputs = QRectF();
  const QFont font = theme.sized(11);
  const TextMetrics metrics(font, painter.device());
  const double line = std::ceil(metrics.height()) + theme.px(1), gap = theme.px(6);
  const double stripHeight = area.height() >= theme.px(560)   ? theme.px(36)
                             : area.height() >= theme.px(330) ? theme.px(26)
                                                              : theme.px(15);
  const QFont resultFont = theme.sized(14, QFont::DemiBold);
  const double resultHeight = std::ceil(TextMetrics(resultFont, painter.device()).height()) + theme.px(4);
  m_inputs = model.inputs();

  // The neuron's own strips give way first, then its names.
  // A mark runs around a row of small cells: it leaves the name above alone.
  const double nameHeight = line + theme.px(4);
  const double fixed = 4 * (line + stripHeight + gap) + nameHeight + resultHeight;
  const bool details = area.height() - fixed >= theme.px(50);
  const double matrixRoom =
      details ? area.height() - fixed
              : std::max(theme.px(10), area.height() - line - nameHeight - stripHeight - gap);
  const int fitting = std::max(
      1, static_cast<int>(std::min<std::int64_t>(model.outputs(), kMostCells / std::max(1, m_inputs))));
  m_rows = fitting;
  if (fitting < model.outputs()) m_rows = std::clamp(static_cast<int>(matrixRoom / theme.px(4)), 1, fitting);
  m_firstRow = std::clamp(model.neuron() - m_rows / 2, 0, model.outputs() - m_rows);

  // Columns to the right of W for y and, where there is one, b.
  const CellGrid weights = model.weightGrid(m_firstRow, m_rows),
                 outputs = model.outputGrid(m_firstRow, m_rows), biases = model.biasGrid(m_firstRow, m_rows);
  const double rowHeight = std::min(theme.px(56), matrixRoom / m_rows);
  const double sideWidth = rowHeight >= theme.px(40)   ? theme.px(84)
                           : rowHeight >= theme.px(13) ? theme.px(56)
                                                       : theme.px(22);
  const double sideGap = theme.px(26);
  const double sides = (sideWidth + sideGap) * (biases.rows > 0 ? 2 : 1);
  const double cell = wholePixels(painter, std::min(theme.px(128), (area.width() - sides) / m_inputs));
  const double width = std::min(area.width() - sides, cell * m_inputs);
  const double left = onPixel(painter, area.left());
  double y = onPixel(painter, area.top());

  const auto caption = [&](double x, double at, double room, const QString& text, const QColor& color) {
    painter.setFont(font);
    painter.setPen(color);
    drawFitted(painter, QRectF(x, at, room, line), Qt::AlignLeft | Qt::AlignVCenter, text);
  };
  const auto drawStrip = [&](const CellGrid& grid, const QColor& color) {
    caption(left, y, area.width(), grid.name, color);
    y += line;
    const QRectF cells(left, y, width, stripHeight);
    drawGridCells(painter, cells, grid, theme,
                  numberPixels(painter, theme, grid, width / grid.columns, stripHeight));
    y += stripHeight + gap;
  };
  drawStrip(model.inputGrid(), theme.text);

  QString name = weights.name + QStringLiteral("  (%1 × %2)").arg(model.outputs()).arg(m_inputs);
  if (m_rows < model.outputs()) name += tr(": rows %1–%2").arg(m_firstRow).arg(m_firstRow + m_rows - 1);
  caption(left, y, width, name, theme.text);
  y += nameHeight;
  const double height = rowHeight * m_rows;
  m_matrix = QRectF(left, y, width, height);
  drawGridCells(painter, m_matrix, weights, theme,
                numberPixels(painter, theme, weights, width / m_inputs, rowHeight));
  double x = left + width;
  const auto side = [&](const CellGrid& grid, const QString& sign) {
    painter.setFont(theme.sized(14));
    painter.setPen(theme.faintText);
    drawFitted(painter, QRectF(x, y, sideGap, height), Qt::AlignCenter, sign);
    x += sideGap;
    caption(x, y - nameHeight, sideWidth, grid.name, theme.text);
    const QRectF cells(x, y, sideWidth, height);
    drawGridCells(painter, cells, grid, theme, numberPixels(painter, theme, grid, sideWidth, rowHeight));
    x += sideWidth;
    return cells;
  };
  if (biases.rows > 0) side(biases, QStringLiteral("+"));
  m_outputs = side(outputs, QStringLiteral("="));
  y += height + gap;
  if (!details) return;

  drawStrip(model.neuronGrid(), theme.accent);
  drawStrip(model.productGrid(), theme.accent);
  drawStrip(model.sumGrid(), theme.accent);
  painter.setFont(resultFont);
  painter.setPen(theme.accent);
  drawFitted(painter, QRectF(left, y, area.right() - left, resultHeight), Qt::AlignLeft | Qt::AlignVCenter,
             model.result());
}

}  // namespace decodescope
