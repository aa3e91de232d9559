#include "views/lanes_view.h"

#include "views/text_fit.h"

#include <QPainter>

#include <algorithm>

namespace decodescope {

LanesView::LanesView(const ViewInfo& info) : m_info(info) {
  m_columns.push_back({info.make(), {}, {}});
}

std::vector<ViewOption> LanesView::options() const {
  return m_columns.front().view->options();
}

bool LanesView::setOption(const QString& id, const QString& value) {
  for (const Column& column : m_columns) {
    if (!column.view->setOption(id, value)) return false;
  }
  m_settings.emplace_back(id, value);
  shareScales();
  return true;
}

void LanesView::shareScales() {
  std::vector<double> ends;
  for (const Column& column : m_columns) {
    const std::vector<double> own = column.view->scaleEnds();
    ends.resize(std::max(ends.size(), own.size()));
    for (std::size_t i = 0; i < own.size(); ++i) ends[i] = std::max(ends[i], own[i]);
  }
  for (const Column& column : m_columns) {
    if (!ends.empty() && column.view->scaleEnds().size() == ends.size()) column.view->setScaleEnds(ends);
  }
}

bool LanesView::setZoomed(const QString& zoomed) {
  for (const Column& column : m_columns) {
    if (!column.view->setZoomed(zoomed)) return false;
  }
  return true;
}

void LanesView::present(const SessionSnapshot& session, const Selection& selection) {
  const std::size_t lanes = std::max<std::size_t>(1, session.lanes.size());
  m_columns.resize(std::min(m_columns.size(), lanes));
  while (m_columns.size() < lanes) {
    m_columns.push_back({m_info.make(), {}, {}});
    for (const auto& [id, value] : m_settings) m_columns.back().view->setOption(id, value);
  }
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    Selection own = selection;
    if (!isOnePicture()) own.lane = static_cast<int>(i);
    m_columns[i].view->present(session, clampTo(own, session));
    m_columns[i].label =
        i < session.lanes.size() ? QString::fromStdString(session.lanes[i].label) : QString();
  }
  shareScales();
}

void LanesView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  if (isOnePicture()) {
    for (Column& column : m_columns) column.area = {};
    m_columns.front().area = area;
    return m_columns.front().view->paint(painter, area, theme);
  }
  const double header = theme.px(26), gap = theme.px(8);
  const double width = area.width() / static_cast<double>(m_columns.size());
  painter.fillRect(area, theme.background);
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    const QRectF column(area.left() + static_cast<double>(i) * width, area.top(), width, area.height());
    const QRectF title(column.left() + gap, column.top(), column.width() - 2 * gap, header);
    painter.setFont(theme.sized(13, QFont::DemiBold));
    painter.setPen(theme.accent);
    drawFitted(painter, title, Qt::AlignLeft | Qt::AlignVCenter, m_columns[i].label);
    m_columns[i].area = column.adjusted(0, header, 0, 0);
    m_columns[i].view->paint(painter, m_columns[i].area, theme);
    if (i == 0) continue;
    painter.setPen(theme.line);
    painter.drawLine(column.topLeft(), column.bottomLeft());
  }
}

std::optional<Hit> LanesView::hitTest(QPointF point) const {
  for (const Column& column : m_columns) {
    if (column.area.contains(point)) return column.view->hitTest(point);
  }
  return std::nullopt;
}

std::vector<NamedTable> LanesView::tables() const {
  if (isOnePicture()) return m_columns.front().view->tables();
  std::vector<NamedTable> all;
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    for (NamedTable& table : m_columns[i].view->tables()) {
      table.name = QStringLiteral("lane%1_%2").arg(QString::number(i), table.name);
      all.push_back(std::move(table));
    }
  }
  return all;
}

QString LanesView::description() const {
  if (isOnePicture()) return m_columns.front().view->description();
  QString text;
  for (const Column& column : m_columns)
    text += column.label + QStringLiteral(": ") + column.view->description() + QLatin1Char('\n');
  return text.trimmed();
}

}  // namespace decodescope
