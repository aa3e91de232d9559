#include "views/probabilities/journey_picture.h"

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

}  // namespace

int JourneyPicture::tokenAt(QPointF point) const {
  if (!m_tokens.contains(point) || m_shownTokens == 0) return -1;
  const double row = (point.y() - m_tokens.top()) / m_tokens.height() * m_shownTokens;
  return m_firstToken + std::clamp(static_cast<int>(row), 0, m_shownTokens - 1);
}

JourneyPicture::StopSpot JourneyPicture::stopAt(QPointF point) const {
  for (const StopRow& row : m_stops) {
    if (!row.area.contains(point)) continue;
    StopSpot spot{row.stop, -1};
    if (row.cells.contains(point) && row.columns > 0)
      spot.index =
          std::clamp(static_cast<int>((point.x() - row.cells.left()) / row.cells.width() * row.columns), 0,
                     row.columns - 1);
    return spot;
  }
  return {};
}

void JourneyPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                           const JourneyModel& model) {
  m_tokens = QRectF();
  m_stops.clear();
  const double gap = theme.px(28);
  QRectF tokens = area, stops = area;
  if (area.width() >= theme.px(560)) {
    tokens.setWidth((area.width() - gap) * 0.48);
    stops.setLeft(tokens.right() + gap);
  } else {
    tokens.setHeight((area.height() - gap / 2) * 0.5);
    stops.setTop(tokens.bottom() + gap / 2);
    if (stops.height() < theme.px(60)) tokens = area, stops = QRectF();
  }
  paintTokens(painter, tokens, theme, model);
  if (!stops.isNull()) paintStops(painter, stops, theme, model);
}

void JourneyPicture::paintTokens(QPainter& painter, const QRectF& area, const Theme& theme,
                                 const JourneyModel& model) {
  const QFont font = theme.sized(12), bold = theme.sized(12, QFont::DemiBold), small = theme.sized(10.5);
  const TextMetrics metrics(bold, painter.device()), smallMetrics(small, painter.device());
  const double header = area.height() >= theme.px(80) ? smallMetrics.height() + theme.px(4) : 0;
  const double least = metrics.height() + theme.px(3);
  const int fit = std::max(1, static_cast<int>((area.height() - header) / least));
  m_shownTokens = std::min(fit, model.tokens());
  m_firstToken = std::clamp(model.query() - m_shownTokens / 2, 0, model.tokens() - m_shownTokens);
  const double rowHeight =
      wholePixels(painter, std::min(theme.px(40), (area.height() - header) / m_shownTokens));

  double pieceWidth = 0, idWidth = smallMetrics.horizontalAdvance(tr("id")), positionWidth = 0;
  for (int p = m_firstToken; p < m_firstToken + m_shownTokens; ++p) {
    pieceWidth = std::max(pieceWidth, metrics.horizontalAdvance(model.pieceAt(p)));
    idWidth = std::max(idWidth, metrics.horizontalAdvance(QString::number(model.idAt(p).value)));
    positionWidth = std::max(positionWidth, metrics.horizontalAdvance(QString::number(p)));
  }
  const double gap = theme.px(10), arrow = theme.px(24);
  pieceWidth = std::min(pieceWidth, area.width() * 0.3);
  const double positionX = area.left() + theme.px(4);
  const double pieceX = positionX + positionWidth + gap;
  const double idX = pieceX + pieceWidth + arrow;
  const double cellsX = onPixel(painter, idX + idWidth + arrow);
  const double top = onPixel(painter, area.top() + header);
  m_tokens = QRectF(area.left(), top, area.width(), rowHeight * m_shownTokens);
  if (header > 0) {
    painter.setFont(small);
    painter.setPen(theme.faintText);
    const auto head = [&](double x, double width, Qt::Alignment align, const QString& text) {
      drawFitted(painter, QRectF(x, area.top(), width, smallMetrics.height()), align | Qt::AlignVCenter,
                 text);
    };
    head(pieceX, pieceWidth + arrow, Qt::AlignLeft, tr("token"));
    head(idX, idWidth, Qt::AlignRight, tr("id"));
    head(cellsX, std::max(0.0, area.right() - cellsX), Qt::AlignLeft,
         tr("embedding row, D = %1").arg(model.width()));
  }
  const QRectF chosen(area.left(), top + (model.query() - m_firstToken) * rowHeight, area.width(), rowHeight);
  painter.fillRect(chosen, mixed(theme.background, theme.query, 0.15));
  for (int i = 0; i < m_shownTokens; ++i) {
    const int p = m_firstToken + i;
    const double y = top + i * rowHeight;
    const bool isChosen = p == model.query();
    const auto cell = [&](double x, double width, Qt::Alignment align, const QString& text) {
      drawFitted(painter, QRectF(x, y, width, rowHeight), align | Qt::AlignVCenter, text);
    };
    painter.setFont(small);
    painter.setPen(theme.faintText);
    cell(positionX, positionWidth, Qt::AlignRight, QString::number(p));
    painter.setFont(isChosen ? bold : font);
    painter.setPen(isChosen ? theme.query : model.isPrompt(p) ? theme.text : theme.accent);
    cell(pieceX, pieceWidth, Qt::AlignLeft, model.pieceAt(p));
    painter.setFont(font);
    painter.setPen(theme.text);
    cell(idX, idWidth, Qt::AlignRight, QString::number(model.idAt(p).value));
    painter.setPen(theme.faintText);
    cell(idX - arrow, arrow - theme.px(4), Qt::AlignHCenter, QStringLiteral("→"));
    cell(idX + idWidth, arrow, Qt::AlignHCenter, QStringLiteral("→"));
  }
  if (area.right() - cellsX < theme.px(20)) return;
  const CellGrid grid = model.embeddings(m_firstToken, m_shownTokens);
  const double cell = std::min(theme.px(58), (area.right() - cellsX - theme.px(1)) / grid.columns);
  const double width =
      cell * pixelRatio(painter) >= 2 ? wholePixels(painter, cell) * grid.columns : cell * grid.columns;
  const QRectF cells(cellsX, top, width, rowHeight * m_shownTokens);
  drawGridCells(painter, cells, grid, theme,
                numberPixels(painter, theme, grid, width / grid.columns, rowHeight));
  drawOutline(painter, QRectF(cellsX, chosen.top(), width, rowHeight), theme.query, theme.px(2));
}

void JourneyPicture::paintStops(QPainter& painter, const QRectF& area, const Theme& theme,
                                const JourneyModel& model) {
  const std::vector<JourneyModel::Stop>& stops = model.stops();
  const QFont font = theme.sized(11.5), small = theme.sized(10.5);
  const TextMetrics metrics(font, painter.device()), smallMetrics(small, painter.device());
  const double header = area.height() >= theme.px(80) ? smallMetrics.height() + theme.px(4) : 0;
  const double line = metrics.height();
  double nameWidth = 0;
  for (const JourneyModel::Stop& stop : stops)
    nameWidth = std::max(nameWidth, metrics.horizontalAdvance(stop.name));
  const QString widest = QStringLiteral("±0000.0");
  const double rangeWidth =
      area.width() >= theme.px(240) ? smallMetrics.horizontalAdvance(widest) + theme.px(6) : 0;
  nameWidth = std::min(nameWidth, area.width() * 0.4);
  const double cellsX = onPixel(painter, area.left() + nameWidth + theme.px(10));
  const double cellsWidth = std::max(1.0, area.right() - cellsX - rangeWidth);
  const int count = static_cast<int>(stops.size());
  const double pitch = std::min(theme.px(46), (area.height() - header) / count);
  if (header > 0) {
    painter.setFont(small);
    painter.setPen(theme.query);
    drawFitted(painter, QRectF(area.left(), area.top(), area.width(), smallMetrics.height()),
               Qt::AlignLeft | Qt::AlignVCenter,
               tr("token %1 “%2” on its way, a row of numbers each")
                   .arg(QString::number(model.query()), model.pieceAt(model.query())));
  }
  const int wanted[] = {count - 1, 0};
  const std::vector<int> named = thinnedLabels(0, count, pitch, line, wanted);
  double columnWidth = 0;
  for (const JourneyModel::Stop& stop : stops) {
    if (stop.grid.columns == model.width())
      columnWidth = std::min(theme.px(58), cellsWidth / stop.grid.columns);
  }
  if (columnWidth * pixelRatio(painter) >= 2) columnWidth = wholePixels(painter, columnWidth);
  for (int i = 0; i < count; ++i) {
    const JourneyModel::Stop& stop = stops[static_cast<std::size_t>(i)];
    const double y = onPixel(painter, area.top() + header + i * pitch);
    const double height = std::max(1.0, pitch - (pitch >= theme.px(10)  ? theme.px(5)
                                                 : pitch >= theme.px(4) ? 1
                                                                        : 0));
    const bool hasName = std::find(named.begin(), named.end(), i) != named.end();
    const QRectF text(area.left(), y + (height - line) / 2, nameWidth, line);
    if (hasName) {
      painter.setFont(font);
      painter.setPen(theme.text);
      drawFitted(painter, text, Qt::AlignLeft | Qt::AlignVCenter, stop.name);
    }
    StopRow row{QRectF(area.left(), y, area.width(), pitch), QRectF(), i, stop.grid.columns};
    if (stop.grid.rows == 0) {
      painter.setFont(small);
      painter.setPen(theme.faintText);
      if (hasName)
        drawFitted(painter, QRectF(cellsX, y, cellsWidth, height), Qt::AlignLeft | Qt::AlignVCenter,
                   tr("not stored"));
      m_stops.push_back(row);
      continue;
    }
    const double width = stop.grid.columns == model.width()
                             ? columnWidth * stop.grid.columns
                             : std::min(cellsWidth, theme.px(58) * stop.grid.columns);
    row.cells = QRectF(cellsX, y, width, height);
    drawGridCells(painter, row.cells, stop.grid, theme,
                  numberPixels(painter, theme, stop.grid, width / stop.grid.columns, height));
    if (hasName && rangeWidth > 0) {
      painter.setFont(small);
      painter.setPen(theme.faintText);
      drawFitted(painter, QRectF(area.right() - rangeWidth, y, rangeWidth, height),
                 Qt::AlignRight | Qt::AlignVCenter,
                 QStringLiteral("±%1").arg(shortNumber(stop.grid.scale.hi)));
    }
    m_stops.push_back(row);
  }
}

}  // namespace decodescope
