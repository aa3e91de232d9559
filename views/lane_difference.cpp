#include "views/lane_difference.h"

#include "views/heatmap.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace decodescope {
namespace {

/// A table of at most so many columns, and not square, is a list.
constexpr int kListColumns = 8;

QString tr(const char* text) {
  return QCoreApplication::translate("Lanes", text);
}

QString shapeText(const NamedTable& table) {
  QStringList sides;
  for (const int side : table.shape) sides << QString::number(side);
  return sides.join(QStringLiteral(" × "));
}

QString number(double value) {
  if (value == std::round(value) && std::abs(value) < 1e7)
    return QString::number(value, 'f', 0).replace(QLatin1Char('-'), QChar(0x2212));
  return shortNumber(value).replace(QLatin1Char('-'), QChar(0x2212));
}

/// "+2.4e-06", "−0.33": three digits and a sign.
QString scaleNumber(double value) {
  const QString digits = QString::number(std::abs(value), 'g', 3);
  return (value < 0 ? QString(QChar(0x2212)) : QStringLiteral("+")) + digits;
}

int columnsOf(const NamedTable& table) {
  if (!table.columns.isEmpty() && table.values.size() % static_cast<std::size_t>(table.columns.size()) == 0)
    return static_cast<int>(table.columns.size());
  return table.shape.empty() ? 1 : std::max(1, table.shape.back());
}

/// Rows that carry the same names in another order (candidates, sorted) are matched by them. The rows of b as
/// a has them; a itself loses the rows that b lacks.
void matchRows(NamedTable& a, NamedTable& b) {
  if (a.rowLabels == b.rowLabels || a.columns != b.columns || a.rowLabels.isEmpty() || b.rowLabels.isEmpty())
    return;
  const int columns = columnsOf(a);
  const auto fits = [&](const NamedTable& t) {
    return t.values.size() ==
           static_cast<std::size_t>(t.rowLabels.size()) * static_cast<std::size_t>(columns);
  };
  const auto unique = [](const QStringList& labels) {
    return std::set<QString>(labels.begin(), labels.end()).size() == static_cast<std::size_t>(labels.size());
  };
  if (!fits(a) || !fits(b) || !unique(a.rowLabels) || !unique(b.rowLabels)) return;
  bool isPermuted = false;
  for (qsizetype i = 0; i < b.rowLabels.size(); ++i) {
    const qsizetype at = a.rowLabels.indexOf(b.rowLabels[i]);
    isPermuted = isPermuted || (at >= 0 && at != i);
  }
  if (!isPermuted) return;
  NamedTable ofA, ofB;
  for (qsizetype i = 0; i < a.rowLabels.size(); ++i) {
    const qsizetype at = b.rowLabels.indexOf(a.rowLabels[i]);
    if (at < 0) continue;
    ofA.rowLabels << a.rowLabels[i];
    const auto copy = [&](const NamedTable& from, qsizetype row, NamedTable& to) {
      const auto first = from.values.begin() + row * columns;
      to.values.insert(to.values.end(), first, first + columns);
    };
    copy(a, i, ofA);
    copy(b, at, ofB);
  }
  const int rows = static_cast<int>(ofA.rowLabels.size());
  a.rowLabels = b.rowLabels = ofA.rowLabels;
  a.values = std::move(ofA.values);
  b.values = std::move(ofB.values);
  a.shape = b.shape = {rows, columns};
}

}  // namespace

LaneDifference::Pair LaneDifference::pairOf(const NamedTable& a, const NamedTable& b) {
  Pair pair;
  pair.name = a.name;
  pair.a = a;
  pair.b = b;
  matchRows(pair.a, pair.b);
  if (pair.a.shape != pair.b.shape || pair.a.values.size() != pair.b.values.size()) {
    pair.problem = tr("The shapes differ: %1 against %2.").arg(shapeText(a), shapeText(b));
    return pair;
  }
  if (pair.a.values.empty()) {
    pair.problem = tr("There is nothing in common.");
    return pair;
  }
  pair.columns = columnsOf(pair.a);
  pair.rows = static_cast<int>(pair.a.values.size()) / pair.columns;
  pair.difference = pair.a;
  pair.isList = pair.columns <= kListColumns && pair.columns != pair.rows;
  pair.reach.assign(static_cast<std::size_t>(pair.columns), 0);
  double squares = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < pair.a.values.size(); ++i) {
    const float d = pair.a.values[i] - pair.b.values[i];
    pair.difference.values[i] = std::isfinite(d) ? d : std::numeric_limits<float>::quiet_NaN();
    if (!std::isfinite(d)) continue;
    const double size = std::abs(static_cast<double>(d));
    double& reach = pair.reach[i % static_cast<std::size_t>(pair.columns)];
    reach = std::max(reach, size);
    squares += size * size;
    ++count;
    if (size > pair.largest || pair.largestAt < 0) {
      pair.largest = size;
      pair.largestAt = static_cast<int>(i);
    }
  }
  if (count > 0) pair.rms = std::sqrt(squares / static_cast<double>(count));
  if (!pair.isList) pair.reach.assign(pair.reach.size(), pair.largest);
  return pair;
}

std::vector<NamedTable> LaneDifference::tables(const std::vector<NamedTable>& tablesOfA,
                                               const std::vector<NamedTable>& tablesOfB) {
  std::vector<NamedTable> all;
  for (std::size_t i = 0; i < std::min(tablesOfA.size(), tablesOfB.size()); ++i) {
    Pair pair = pairOf(tablesOfA[i], tablesOfB[i]);
    if (!pair.problem.isEmpty()) continue;
    pair.difference.name = QStringLiteral("difference_%1").arg(pair.name);
    all.push_back(std::move(pair.difference));
  }
  return all;
}

void LaneDifference::present(const std::vector<NamedTable>& tablesOfA,
                             const std::vector<NamedTable>& tablesOfB, const QString& a, const QString& b) {
  m_a = a;
  m_b = b;
  m_pairs.clear();
  m_tableCount = static_cast<int>(std::min(tablesOfA.size(), tablesOfB.size()));
  m_page = std::clamp(m_page, 0, std::max(0, (m_tableCount - 1) / kTablesAPage));
  const int first = m_page * kTablesAPage;
  for (int i = first; i < std::min(m_tableCount, first + kTablesAPage); ++i)
    m_pairs.push_back(pairOf(tablesOfA[static_cast<std::size_t>(i)], tablesOfB[static_cast<std::size_t>(i)]));
  m_presented = true;
}

void LaneDifference::setPage(int page) {
  if (page == m_page) return;
  m_page = page;
  m_shown = -1;
  clear();
}

QString LaneDifference::spotName(const Pair& pair, int cell) {
  const int row = cell / pair.columns, column = cell % pair.columns;
  const QString rowName =
      row < pair.a.rowLabels.size() ? pair.a.rowLabels[row] : tr("row %1").arg(QString::number(row));
  if (pair.columns == 1) return rowName;
  const QString columnName =
      column < pair.a.columns.size() ? pair.a.columns[column] : tr("column %1").arg(QString::number(column));
  return rowName + QStringLiteral(", ") + columnName;
}

QString LaneDifference::summary(const Pair& pair) const {
  if (pair.largestAt < 0) return tr("no numbers in common");
  if (pair.largest == 0) return tr("every number is the same, to the bit");
  if (pair.isList && pair.columns > 1) return tr("each column on a scale of its own");
  QString text = tr("largest difference %1 at %2 · root mean square %3")
                     .arg(number(pair.largest), spotName(pair, pair.largestAt), number(pair.rms));
  if (pair.a.rowLabels != pair.b.rowLabels) text += tr(" · rows and columns are named as in A");
  return text;
}

QString LaneDifference::pageText() const {
  if (m_tableCount <= kTablesAPage) return {};
  return tr("   ·   tables %1–%2 of %3")
      .arg(m_page * kTablesAPage + 1)
      .arg(m_page * kTablesAPage + static_cast<int>(m_pairs.size()))
      .arg(m_tableCount);
}

void LaneDifference::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.fillRect(area, theme.background);
  for (Pair& pair : m_pairs) pair.title = pair.cells = {};
  if (m_pairs.empty()) {
    drawMessage(painter, area, theme, tr("Nothing to compare yet"),
                tr("Once both lanes have made a step, the difference of their numbers appears here."));
    painter.restore();
    return;
  }
  const double margin = theme.px(12);
  QRectF room = area.adjusted(margin, theme.px(6), -margin, -theme.px(8));
  painter.setFont(theme.sized(15, QFont::DemiBold));
  painter.setPen(theme.text);
  const double titleHeight = std::ceil(TextMetrics(painter.font(), painter.device()).height());
  drawFitted(painter, QRectF(room.left(), room.top(), room.width(), titleHeight),
             Qt::AlignLeft | Qt::AlignVCenter, tr("A − B:  %1  −  %2").arg(m_a, m_b) + pageText());
  room.setTop(room.top() + titleHeight + theme.px(4));
  const bool single = m_shown >= 0 && m_shown < static_cast<int>(m_pairs.size());
  if (single || m_pairs.size() == 1) {
    paintPair(painter, m_pairs[single ? static_cast<std::size_t>(m_shown) : 0], room, theme);
  } else {
    std::vector<Pair*> drawn;
    for (Pair& pair : m_pairs) {
      if (pair.problem.isEmpty()) {
        drawn.push_back(&pair);
        continue;
      }
      // Nothing to draw: a line is enough.
      painter.setFont(theme.sized(11.5));
      painter.setPen(theme.faintText);
      const double line = std::ceil(TextMetrics(painter.font(), painter.device()).height());
      drawFitted(painter, QRectF(room.left(), room.top(), room.width(), line),
                 Qt::AlignLeft | Qt::AlignVCenter, tr("%1: %2").arg(pair.name, pair.problem));
      room.setTop(room.top() + line + theme.px(3));
    }
    const int count = std::max(1, static_cast<int>(drawn.size()));
    int columns = 1;
    double best = 0;
    for (int c = 1; c <= count; ++c) {
      const double side = std::min(room.width() / c, 1.3 * room.height() / ((count + c - 1) / c));
      if (side > best) {
        best = side;
        columns = c;
      }
    }
    const int rows = (count + columns - 1) / columns;
    const double width = room.width() / columns, height = room.height() / rows;
    for (int i = 0; i < static_cast<int>(drawn.size()); ++i) {
      const QRectF cell(room.left() + (i % columns) * width, room.top() + (i / columns) * height,
                        width - margin, height - theme.px(8));
      paintPair(painter, *drawn[static_cast<std::size_t>(i)], cell, theme);
    }
  }
  painter.restore();
}

void LaneDifference::paintPair(QPainter& painter, Pair& pair, const QRectF& area, const Theme& theme) const {
  const TextMetrics label(theme.sized(11.5), painter.device());
  const double line = std::ceil(label.height());
  pair.title = QRectF(area.left(), area.top(), area.width(), line + theme.px(2));
  painter.setFont(theme.sized(12, QFont::DemiBold));
  painter.setPen(theme.text);
  drawFitted(painter, pair.title, Qt::AlignLeft | Qt::AlignVCenter, pair.name);
  if (!pair.problem.isEmpty()) {
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.faintText);
    painter.drawText(area.adjusted(0, pair.title.height() + theme.px(4), 0, 0),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, pair.problem);
    return;
  }
  painter.setFont(theme.sized(11.5));
  painter.setPen(theme.faintText);
  drawFitted(painter, QRectF(area.left(), pair.title.bottom(), area.width(), line),
             Qt::AlignLeft | Qt::AlignVCenter, summary(pair));
  QRectF room = area;
  room.setTop(pair.title.bottom() + line + theme.px(6));

  double names = 0;
  for (const QString& name : pair.a.rowLabels) names = std::max(names, label.horizontalAdvance(name));
  names = std::min({names, theme.px(130), room.width() * 0.3});
  if (room.width() < theme.px(220)) names = 0;
  if (names > 0) names += theme.px(6);
  // The columns' names run upwards above them.
  double heads = 0;
  for (const QString& name : pair.a.columns) heads = std::max(heads, label.horizontalAdvance(name));
  heads = std::min({heads, theme.px(80), room.height() * 0.25});
  if (pair.isList && heads > 0) heads = line;
  if (names <= 0 || heads < theme.px(8) || pair.a.columns.size() != pair.columns) heads = 0;
  if (heads > 0) room.setTop(room.top() + heads + theme.px(4));
  const double scale =
      room.width() > theme.px(200) && !pair.isList
          ? theme.px(22) +
                TextMetrics(theme.sized(11), painter.device()).horizontalAdvance(scaleNumber(-pair.largest))
          : 0;
  const QRectF inside = room.adjusted(names, 0, -scale, 0);
  if (inside.width() < 8 || inside.height() < 8) return;
  // Square cells where the matrix allows them.
  double cell = std::min(inside.width() / pair.columns, inside.height() / pair.rows);
  double cellWidth = cell, cellHeight = cell;
  if (pair.isList || pair.columns > 3 * pair.rows || pair.rows > 3 * pair.columns) {
    cellWidth = std::min(inside.width() / pair.columns, theme.px(pair.isList ? 100 : 120));
    cellHeight = std::min(inside.height() / pair.rows, theme.px(28));
  }
  pair.cells = QRectF(inside.left(), inside.top(), cellWidth * pair.columns, cellHeight * pair.rows);
  paintCells(painter, pair, theme);
  if (heads > 0) {
    const std::vector<int> wanted =
        pair.largestAt >= 0 ? std::vector{pair.largestAt % pair.columns} : std::vector<int>();
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.text);
    const double pitch = pair.isList ? line : cellWidth;  // flat ones never push each other away
    for (const int column : thinnedLabels(0, pair.columns, pitch, line, wanted)) {
      const double x = pair.cells.left() + (column + 0.5) * cellWidth;
      if (pair.isList) {
        drawFitted(painter, QRectF(x - cellWidth / 2, pair.cells.top() - line - theme.px(2), cellWidth, line),
                   Qt::AlignCenter, pair.a.columns[column]);
      } else {
        drawUpwards(painter, QPointF(x, pair.cells.top() - theme.px(4)), heads, pair.a.columns[column]);
      }
    }
  }
  if (names > 0) {
    const std::vector<int> wanted =
        pair.largestAt >= 0 ? std::vector{pair.largestAt / pair.columns} : std::vector<int>();
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.text);
    for (const int row : thinnedLabels(0, pair.rows, cellHeight, line, wanted)) {
      if (row >= pair.a.rowLabels.size()) break;
      const double y = pair.cells.top() + (row + 0.5) * cellHeight;
      drawFitted(painter, QRectF(room.left(), y - line / 2, names - theme.px(6), line),
                 Qt::AlignRight | Qt::AlignVCenter, pair.a.rowLabels[row]);
    }
  }
  if (scale > 0 && pair.largest > 0)
    paintScale(painter, pair,
               QRectF(pair.cells.right() + theme.px(8), pair.cells.top(), scale - theme.px(8),
                      std::min(inside.height(), std::max(pair.cells.height(), theme.px(80)))),
               theme);
}

void LaneDifference::paintCells(QPainter& painter, const Pair& pair, const Theme& theme) const {
  drawMasked(painter, pair.cells, theme);
  ColorScale scale;
  scale.map = Colormap::diverging;
  scale.lo = -1;
  std::vector<float> shares(pair.difference.values.size());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double reach = pair.reach[i % static_cast<std::size_t>(pair.columns)];
    shares[i] = reach > 0 ? static_cast<float>(static_cast<double>(pair.difference.values[i]) / reach)
                          : pair.difference.values[i];
  }
  HeatmapRows matrix;
  matrix.columns = pair.columns;
  for (int row = 0; row < pair.rows; ++row) {
    matrix.rows.emplace_back(shares.data() + static_cast<std::ptrdiff_t>(row) * pair.columns,
                             static_cast<std::size_t>(pair.columns));
    matrix.rowMax.push_back(static_cast<float>(scale.hi));
  }
  const double ratio = pixelRatio(painter);
  const QList<QRgb> colors = colormapTable(scale.map, theme.dark);
  drawCells(painter, pair.cells,
            heatmapImage(matrix, scale, colors, std::max(1, static_cast<int>(pair.cells.width() * ratio)),
                         std::max(1, static_cast<int>(pair.cells.height() * ratio))));
  const double cellWidth = pair.cells.width() / pair.columns, cellHeight = pair.cells.height() / pair.rows;
  painter.setFont(theme.sized(11));
  const TextMetrics metrics(painter.font(), painter.device());
  if (cellHeight >= metrics.height() && cellWidth >= metrics.horizontalAdvance(QStringLiteral("−0.0000"))) {
    for (int i = 0; i < pair.rows * pair.columns; ++i) {
      const float v = pair.difference.values[static_cast<std::size_t>(i)];
      if (!std::isfinite(v)) continue;
      const double share = static_cast<double>(shares[static_cast<std::size_t>(i)]);
      painter.setPen(readableOn(QColor::fromRgb(colors[scale.level(share, scale.hi)])));
      drawFitted(painter,
                 QRectF(pair.cells.left() + (i % pair.columns) * cellWidth,
                        pair.cells.top() + (i / pair.columns) * cellHeight, cellWidth, cellHeight),
                 Qt::AlignCenter, number(static_cast<double>(v)));
    }
  }
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawRect(pair.cells);
}

void LaneDifference::paintScale(QPainter& painter, const Pair& pair, const QRectF& area,
                                const Theme& theme) const {
  const QList<QRgb> colors = colormapTable(Colormap::diverging, theme.dark);
  const QRectF bar(area.left(), area.top(), theme.px(10), area.height());
  const int steps = 64;
  for (int i = 0; i < steps; ++i) {
    const QRectF part(bar.left(), bar.bottom() - (i + 1) * bar.height() / steps, bar.width(),
                      bar.height() / steps + 0.5);
    painter.fillRect(part, QColor::fromRgb(colors[i * 255 / (steps - 1)]));
  }
  painter.setFont(theme.sized(11));
  painter.setPen(theme.faintText);
  const double line = TextMetrics(painter.font(), painter.device()).height();
  const auto tick = [&](double y, const QString& text) {
    drawFitted(painter, QRectF(bar.right() + theme.px(3), y, area.right() - bar.right(), line),
               Qt::AlignLeft | Qt::AlignVCenter, text);
  };
  tick(bar.top(), scaleNumber(pair.largest));
  if (bar.height() > 3.2 * line) tick(bar.center().y() - line / 2, QStringLiteral("0"));
  tick(bar.bottom() - line, scaleNumber(-pair.largest));
}

std::optional<Hit> LaneDifference::hitTest(QPointF point) const {
  for (std::size_t i = 0; i < m_pairs.size(); ++i) {
    const Pair& pair = m_pairs[i];
    Hit hit;
    hit.locks = false;
    if (pair.title.contains(point) && m_pairs.size() > 1) {
      const bool alone = m_shown >= 0;
      hit.toolTip = alone ? tr("Click to see all tables") : tr("Click to see this table alone");
      hit.option = {QStringLiteral("difference.table"), alone ? QStringLiteral("-1") : QString::number(i)};
      return hit;
    }
    if (!pair.cells.contains(point) || pair.columns == 0) continue;
    const QPointF inside = point - pair.cells.topLeft();
    const int column =
        std::min(pair.columns - 1, static_cast<int>(inside.x() / pair.cells.width() * pair.columns));
    const int row = std::min(pair.rows - 1, static_cast<int>(inside.y() / pair.cells.height() * pair.rows));
    const int cell = row * pair.columns + column;
    const auto at = static_cast<std::size_t>(cell);
    const float a = pair.a.values[at], b = pair.b.values[at];
    hit.toolTip = spotName(pair, cell) + QLatin1Char('\n');
    if (std::isnan(a) || std::isnan(b)) {
      hit.toolTip +=
          std::isnan(a) && std::isnan(b) ? tr("no number in either lane") : tr("a number in one lane only");
    } else {
      hit.toolTip += tr("A %1 − B %2 = %3")
                         .arg(number(static_cast<double>(a)), number(static_cast<double>(b)),
                              number(static_cast<double>(a - b)));
    }
    return hit;
  }
  return std::nullopt;
}

}  // namespace decodescope
