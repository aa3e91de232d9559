#include "views/attention/matrix_painter.h"

#include "views/picture_frame.h"
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

/// Cells as wide as 34/11 of a font's size hold two decimals in it.
constexpr double kFontOfCell = 11.0 / 34;
/// Smaller letters than these are not read, whatever the scale.
constexpr double kLeastNumberPixels = 10.5;

/// The rows and columns of the window.
HeatmapRows windowOf(const HeatmapRows& all, const MatrixWindow::Shown& shown) {
  HeatmapRows part;
  part.firstColumn = shown.firstColumn;
  part.columns = shown.count;
  part.leftOut = all.leftOut;
  for (int r = shown.firstRow; r < shown.firstRow + shown.count; ++r) {
    part.rows.push_back(all.rows[static_cast<std::size_t>(r)]);
    part.rowMax.push_back(all.rowMax[static_cast<std::size_t>(r)]);
  }
  return part;
}

/// Where row r of the window has cells right of the diagonal: from this x to the right edge.
double beyondFrom(const QRectF& matrix, const MatrixWindow::Shown& shown, int r) {
  return std::clamp((shown.firstRow + r + 1 - shown.firstColumn) * shown.cell, 0.0, matrix.width());
}

/// Cells that were never computed: a veil over their colours, and hatching.
void veilBeyond(QPainter& painter, const Theme& theme, const QRectF& matrix,
                const MatrixWindow::Shown& shown) {
  QColor veil = theme.background;
  veil.setAlpha(150);
  const double pitch = theme.px(7);
  painter.save();
  for (int r = 0; r < shown.count; ++r) {
    const double left = beyondFrom(matrix, shown, r);
    if (left < matrix.width())
      painter.fillRect(
          QRectF(matrix.left() + left, matrix.top() + r * shown.cell, matrix.width() - left, shown.cell),
          veil);
  }
  painter.setRenderHint(QPainter::Antialiasing, true);
  painter.setPen(QPen(theme.maskedLine, theme.px(1)));
  // Lines x − y = k: row by row inside large cells, in one go where the steps of the diagonal are small.
  const int rows = shown.cell >= pitch ? shown.count : 1;
  for (int r = 0; r < rows; ++r) {
    const double left = beyondFrom(matrix, shown, r);
    const double top = r * shown.cell, bottom = rows == 1 ? matrix.height() : top + shown.cell;
    const double first = rows == 1 ? std::max(left, shown.cell * (shown.firstRow + 1 - shown.firstColumn))
                                   : std::floor((left - bottom) / pitch) * pitch;
    for (double k = first; k < matrix.width(); k += pitch) {
      const double from = rows == 1 ? top : std::max(top, left - k);
      const double to = std::min(bottom, matrix.width() - k);
      if (to > from)
        painter.drawLine(QPointF(matrix.left() + k + from, matrix.top() + from),
                         QPointF(matrix.left() + k + to, matrix.top() + to));
    }
  }
  painter.restore();
}

/// Keys before the window of a row, which the run never computed.
void hatchBeforeWindow(QPainter& painter, const Theme& theme, const QRectF& matrix,
                       const MatrixWindow::Shown& shown, const std::function<int(int)>& firstVisible) {
  if (!firstVisible) return;
  for (int r = 0; r < shown.count; ++r) {
    const double width = (firstVisible(shown.firstRow + r) - shown.firstColumn) * shown.cell;
    if (width > 0)
      drawMasked(
          painter,
          QRectF(matrix.left(), matrix.top() + r * shown.cell, std::min(width, matrix.width()), shown.cell),
          theme);
  }
}

/// Rows whose traces were dropped: neither masked nor zero.
void drawMissingRows(QPainter& painter, const Theme& theme, const QRectF& matrix,
                     const MatrixWindow::Shown& shown, const HeatmapRows& part) {
  painter.setPen(theme.faintText);
  painter.setFont(theme.sized(10.5));
  for (int i = 0; i < shown.count; ++i) {
    if (!part.rows[static_cast<std::size_t>(i)].empty()) continue;
    const QRectF row(matrix.left(), matrix.top() + i * shown.cell, beyondFrom(matrix, shown, i), shown.cell);
    painter.fillRect(row, theme.panel);
    if (shown.cell >= theme.px(12)) drawFitted(painter, row, Qt::AlignCenter, tr("not stored"));
  }
}

void drawCellNumbers(QPainter& painter, const Theme& theme, const QRectF& matrix,
                     const MatrixWindow::Shown& shown, const MatrixNumbers& numbers) {
  const double cell = shown.cell / theme.scale;
  const double pixels = std::clamp(cell * 0.27, std::min(11.0, cell * kFontOfCell), 22.0);
  if (theme.px(pixels) < kLeastNumberPixels) return;
  painter.setFont(theme.sized(pixels));
  const QList<QRgb> colors = colormapTable(numbers.scale.map, theme.dark);
  for (int r = 0; r < shown.count; ++r) {
    const auto query = static_cast<std::size_t>(shown.firstRow + r);
    const std::span<const float> row = numbers.rows.rows[query];
    for (int c = 0; c < shown.count; ++c) {
      const auto key = static_cast<std::size_t>(shown.firstColumn + c);
      if (key >= row.size() || !std::isfinite(row[key])) continue;
      if (numbers.firstVisible && static_cast<int>(key) < numbers.firstVisible(static_cast<int>(query)))
        continue;
      const int level =
          numbers.scale.level(static_cast<double>(row[key]), static_cast<double>(numbers.rows.rowMax[query]));
      const bool ghost = numbers.beyond == BeyondDiagonal::ghost && key > query;
      const bool plain = ghost || static_cast<int>(key) < numbers.rows.leftOut;
      painter.setPen(ghost   ? theme.faintText
                     : plain ? theme.text
                             : readableOn(QColor::fromRgb(colors[level])));
      drawFitted(
          painter,
          QRectF(matrix.left() + c * shown.cell, matrix.top() + r * shown.cell, shown.cell, shown.cell),
          Qt::AlignCenter, numbers.text(row[key]));
    }
  }
}

}  // namespace

double sideOfWholeCells(const QPainter& painter, double side, int count) {
  const double cell = side / std::max(1, count);
  return cell * pixelRatio(painter) >= 3 ? wholePixels(painter, cell) * count : side;
}

void drawMatrix(QPainter& painter, const Theme& theme, const QRectF& matrix, const MatrixWindow::Shown& shown,
                const MatrixNumbers& numbers) {
  const HeatmapRows part = windowOf(numbers.rows, shown);
  drawMasked(painter, matrix, theme);
  if (shown.firstColumn < part.leftOut) {
    // No colour, but neither masked nor zero.
    for (int r = 0; r < shown.count; ++r) {
      if (!part.rows[static_cast<std::size_t>(r)].empty())
        painter.fillRect(QRectF(matrix.left(), matrix.top() + r * shown.cell,
                                (part.leftOut - shown.firstColumn) * shown.cell, shown.cell),
                         theme.panel);
    }
  }
  const QList<QRgb> colors = colormapTable(numbers.scale.map, theme.dark);
  const int pixels = std::max(1, static_cast<int>(std::lround(matrix.width() * pixelRatio(painter))));
  drawCells(painter, matrix, heatmapImage(part, numbers.scale, colors, pixels, pixels));
  if (numbers.beyond == BeyondDiagonal::ghost) veilBeyond(painter, theme, matrix, shown);
  hatchBeforeWindow(painter, theme, matrix, shown, numbers.firstVisible);
  drawMissingRows(painter, theme, matrix, shown, part);
  // Cells large enough to be told apart get a hair line between them.
  if (shown.cell >= theme.px(12)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int i = 1; i < shown.count; ++i) {
      const double x = matrix.left() + i * shown.cell, y = matrix.top() + i * shown.cell;
      painter.drawLine(QPointF(x, matrix.top()), QPointF(x, matrix.bottom()));
      painter.drawLine(QPointF(matrix.left(), y), QPointF(matrix.right(), y));
    }
  }
  drawCellNumbers(painter, theme, matrix, shown, numbers);
  drawOutline(painter, matrix, theme.line, theme.px(1));
}

void drawCrossHair(QPainter& painter, const Theme& theme, const QRectF& matrix,
                   const MatrixWindow::Shown& shown, int query, int key) {
  const int row = query - shown.firstRow, column = key - shown.firstColumn;
  const bool rowShown = row >= 0 && row < shown.count, columnShown = column >= 0 && column < shown.count;
  const double x = matrix.left() + column * shown.cell, y = matrix.top() + row * shown.cell;
  // A dark line beside a light one stands out on every colour of the map. Both run outside small cells, so
  // that the row itself can still be read.
  const double out = shown.cell < theme.px(10) ? theme.px(1) : 0;
  const auto band = [&](const QRectF& rect) {
    const QRectF inner = rect.adjusted(-out, -out, out, out);
    drawOutline(painter, inner.adjusted(-theme.px(1), -theme.px(1), theme.px(1), theme.px(1)),
                QColor(0, 0, 0, 120), theme.px(1));
    drawOutline(painter, inner, QColor(255, 255, 255, 220), theme.px(1));
  };
  if (rowShown) band(QRectF(matrix.left(), y, matrix.width(), shown.cell));
  if (columnShown) band(QRectF(x, matrix.top(), shown.cell, matrix.height()));
  if (rowShown && columnShown) {
    const double grow = shown.cell < theme.px(6) ? theme.px(2) : 0;
    const QRectF cell = QRectF(x, y, shown.cell, shown.cell).adjusted(-grow, -grow, grow, grow);
    drawOutline(painter, cell, Qt::white, theme.px(4));
    drawOutline(painter, cell, theme.accent, theme.px(2));
  }
}

void drawRowLabels(QPainter& painter, const Theme& theme, const MatrixFrame& frame,
                   const MatrixWindow::Shown& shown, const MatrixAxes& axes) {
  // What this step computed, beside the rows.
  const auto strip = [&](int first, int end, const QColor& color) {
    const double from = std::max(first, shown.firstRow), to = std::min(end, shown.firstRow + shown.count);
    if (to <= from || frame.newBar.isNull()) return;
    painter.fillRect(
        QRectF(frame.newBar.left(), frame.newBar.top() + (from - shown.firstRow) * shown.cell,
               frame.newBar.width() - theme.px(2), std::max(theme.px(2), (to - from) * shown.cell)),
        color);
  };
  const auto tokens = static_cast<int>(axes.labels.size());
  strip(axes.firstComputed, axes.firstNew, theme.warning);
  strip(axes.firstNew, tokens, theme.accent);
  if (frame.rowLabels.isNull()) return;

  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double lineHeight = metrics.height();
  const double name = frame.axisNames ? lineHeight : 0;
  const int wanted[] = {axes.query, axes.firstNew, tokens - 1};
  const std::vector<int> indices =
      thinnedLabels(shown.firstRow, shown.count, shown.cell, lineHeight * 1.02, wanted);
  const bool numbered = indices.size() < static_cast<std::size_t>(shown.count);
  for (const int i : indices) {
    const double centre = frame.rowLabels.top() + (i - shown.firstRow + 0.5) * shown.cell;
    const QRectF box(frame.rowLabels.left() + name, centre - lineHeight / 2, frame.rowLabels.width() - name,
                     lineHeight);
    painter.setFont(theme.sized(11.5, i == axes.query ? QFont::DemiBold : QFont::Normal));
    painter.setPen(i == axes.query ? theme.query : i >= axes.firstNew ? theme.accent : theme.text);
    const double width = drawFitted(painter, box, Qt::AlignRight | Qt::AlignVCenter, axes.labels[i]);
    if (!numbered) continue;
    if (i != axes.query) painter.setPen(theme.faintText);
    const QRectF before = box.adjusted(0, 0, -width - theme.px(6), 0);
    const QString number = QString::number(i);
    if (metrics.horizontalAdvance(number) <= before.width())
      drawFitted(painter, before, Qt::AlignRight | Qt::AlignVCenter, number);
  }
  if (!frame.axisNames) return;
  painter.setFont(theme.sized(11, QFont::DemiBold));
  painter.setPen(theme.query);
  const QString queries = tr("queries");
  const double width = TextMetrics(painter.font(), painter.device()).horizontalAdvance(queries);
  drawUpwards(painter,
              QPointF(frame.rowLabels.left() + lineHeight / 2,
                      frame.rowLabels.center().y() + std::min(width, frame.rowLabels.height()) / 2),
              frame.rowLabels.height(), queries);
}

void drawColumnLabels(QPainter& painter, const Theme& theme, const MatrixFrame& frame,
                      const MatrixWindow::Shown& shown, const MatrixAxes& axes) {
  if (frame.columnLabels.isNull()) return;
  using Columns = MatrixFrame::Columns;
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double lineHeight = metrics.height();
  const double name = frame.axisNames ? lineHeight : 0;
  const int wanted[] = {axes.key, static_cast<int>(axes.labels.size()) - 1};
  const std::vector<int> indices =
      thinnedLabels(shown.firstColumn, shown.count, shown.cell,
                    frame.columns == Columns::flat ? 1 : lineHeight * 1.02, wanted);
  const bool numbersOnly = frame.columns == Columns::numbersOnly;
  const bool numbered = numbersOnly || indices.size() < static_cast<std::size_t>(shown.count);
  for (const int i : indices) {
    const double centre = frame.columnLabels.left() + (i - shown.firstColumn + 0.5) * shown.cell;
    painter.setFont(theme.sized(11.5, i == axes.key ? QFont::DemiBold : QFont::Normal));
    painter.setPen(i == axes.key ? theme.key : theme.text);
    const QString& text = axes.labels[i];
    if (frame.columns == Columns::flat) {
      drawFitted(
          painter,
          QRectF(centre - shown.cell / 2, frame.columnLabels.bottom() - lineHeight, shown.cell, lineHeight),
          Qt::AlignHCenter | Qt::AlignBottom, text);
      continue;
    }
    QPointF foot(centre, frame.columnLabels.bottom());
    double room = frame.columnLabels.height() - name;
    if (numbered) {
      if (i != axes.key) painter.setPen(theme.faintText);
      drawUpwards(painter, foot, frame.columnLabels.height(), QString::number(i));
      if (numbersOnly) continue;
      const double taken = metrics.horizontalAdvance(QString::number(i)) + theme.px(6);
      foot.ry() -= taken;
      room -= taken;
      if (i != axes.key) painter.setPen(theme.text);
    }
    drawUpwards(painter, foot, room, text);
  }
  if (!frame.axisNames) return;
  painter.setFont(theme.sized(11, QFont::DemiBold));
  painter.setPen(theme.key);
  drawFitted(
      painter,
      QRectF(frame.columnLabels.left(), frame.columnLabels.top(), frame.columnLabels.width(), lineHeight),
      Qt::AlignHCenter | Qt::AlignVCenter, tr("keys"));
}

void drawColorBar(QPainter& painter, const Theme& theme, const MatrixFrame& frame, const ColorScale& scale,
                  const std::vector<std::pair<double, QString>>& ticks, const QStringList& titles) {
  if (frame.colorBar.isNull()) return;
  const QRectF& bar = frame.colorBar;
  const QRectF& room = frame.colorNumbers;
  const QList<QRgb> colors = colormapTable(scale.map, theme.dark);
  QImage image(frame.lyingBar ? 256 : 1, frame.lyingBar ? 1 : 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) {
    if (frame.lyingBar) image.setPixel(i, 0, colors[i]);
    if (!frame.lyingBar) image.setPixel(0, i, colors[255 - i]);
  }
  drawCells(painter, bar, image);
  drawOutline(painter, bar, theme.line, theme.px(1));

  painter.setFont(theme.sized(11));
  painter.setPen(theme.faintText);
  const TextMetrics metrics(painter.font(), painter.device());
  const double lineHeight = metrics.height();
  const double length = frame.lyingBar ? bar.width() : bar.height();
  const auto fits = [&](const QString& t) { return metrics.horizontalAdvance(t) <= length; };
  const auto found = std::find_if(titles.begin(), titles.end(), fits);
  const QString title = found != titles.end() ? *found : titles.last();
  if (frame.lyingBar) {
    double end = -1e9;
    for (const auto& [at, text] : ticks) {
      const double width = metrics.horizontalAdvance(text);
      const double x = std::clamp(bar.left() + at * bar.width() - width / 2, bar.left(), bar.right() - width);
      if (x < end + theme.px(6)) continue;
      end = x + width;
      drawFitted(painter, QRectF(x, room.top(), width + 1, lineHeight), Qt::AlignLeft | Qt::AlignVCenter,
                 text);
    }
    return;
  }
  double last = -1e9;
  for (const auto& [at, text] : ticks) {
    const double y = bar.bottom() - at * bar.height();
    if (std::abs(y - last) < lineHeight) continue;
    last = y;
    const double top =
        std::clamp(y - lineHeight / 2, bar.top() - lineHeight / 3, bar.bottom() - lineHeight * 2 / 3);
    drawFitted(painter, QRectF(room.left(), top, room.width() - lineHeight, lineHeight),
               Qt::AlignLeft | Qt::AlignVCenter, text);
  }
  const double width = std::min(metrics.horizontalAdvance(title), bar.height());
  drawUpwards(painter, QPointF(room.right() - lineHeight / 2, bar.center().y() + width / 2), bar.height(),
              title);
}

}  // namespace decodescope
