#include "views/lanes_view.h"

#include "views/lane_text.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

// A picture below this size (of the design) says too little: there it is better to scroll.
constexpr double kLeastWidth = 280, kLeastHeight = 250;
constexpr double kHeader = 24;

QString tr(const char* text) {
  return QCoreApplication::translate("Lanes", text);
}

}  // namespace

LanesView::LanesView(const ViewInfo& info) : m_info(info) {
  m_columns.push_back({info.make(), {}, {}});
}

QString LanesView::laneMode() const {
  return m_mode == Mode::beside ? QStringLiteral("beside")
         : m_mode == Mode::one  ? QStringLiteral("one")
                                : QStringLiteral("difference");
}

std::unique_ptr<LanesView> LanesView::copy() const {
  auto other = std::make_unique<LanesView>(m_info);
  other->m_mode = m_mode;
  other->m_difference.setPage(m_difference.page());
  other->m_difference.setShownTable(m_difference.shownTable());
  for (const ViewOption& option : m_columns.front().view->options())
    other->setOption(option.id, option.value);
  return other;
}

std::vector<ViewOption> LanesView::options() const {
  std::vector<ViewOption> all = m_columns.front().view->options();
  if (!hasSeveral()) return all;
  all.insert(all.begin(), {QStringLiteral("lanes"),
                           tr("Lanes"),
                           tr("All lanes beside each other on one scale, the selected one, or its difference "
                              "from the first lane"),
                           {{QStringLiteral("beside"), tr("Side by side")},
                            {QStringLiteral("one"), tr("Selected one")},
                            {QStringLiteral("difference"), tr("Difference")}},
                           laneMode()});
  constexpr int kEach = LaneDifference::kTablesAPage;
  // Before they have been compared there are as many as the chosen page needs.
  const int tables = std::max(m_difference.tableCount(), m_difference.page() * kEach + 1);
  if (m_mode != Mode::difference || tables <= kEach) return all;
  ViewOption page{QStringLiteral("difference.page"),
                  tr("Tables"),
                  tr("Which of the tables are compared"),
                  {},
                  QString::number(m_difference.page() + 1)};
  for (int first = 0; first < tables; first += kEach)
    page.choices.emplace_back(QString::number(first / kEach + 1),
                              tr("%1–%2").arg(first + 1).arg(std::min(first + kEach, tables)));
  all.insert(all.begin() + 1, page);
  return all;
}

bool LanesView::setOption(const QString& id, const QString& value) {
  if (id == QLatin1String("lanes")) {
    if (value == QLatin1String("beside")) {
      m_mode = Mode::beside;
    } else if (value == QLatin1String("one")) {
      m_mode = Mode::one;
    } else if (value == QLatin1String("difference")) {
      m_mode = Mode::difference;
    } else {
      return false;
    }
    presentLanes();
    // So that its pages can be offered at once.
    if (hasSeveral() && m_mode == Mode::difference) makeDifference();
    return true;
  }
  if (id == QLatin1String("difference.page")) {
    bool isNumber = false;
    const int page = value.toInt(&isNumber);
    if (!isNumber || page < 1) return false;
    m_difference.setPage(page - 1);
    return true;
  }
  if (id == QLatin1String("difference.table")) {
    m_difference.setShownTable(value.toInt());
    return true;
  }
  bool taken = false;
  for (const Column& column : m_columns) taken = column.view->setOption(id, value) || taken;
  if (!taken) return false;
  std::erase_if(m_settings, [&](const auto& setting) { return setting.first == id; });
  m_settings.emplace_back(id, value);
  presentLanes();
  return true;
}

void LanesView::shareScales() {
  // Alone each reaches as far as its own numbers.
  if (!hasSeveral() || m_mode != Mode::beside) return;
  std::vector<double> ends;
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    const std::vector<double> own = m_columns[i].view->scaleEnds();
    ends.resize(std::max(ends.size(), own.size()));
    for (std::size_t e = 0; e < own.size(); ++e) ends[e] = std::max(ends[e], own[e]);
  }
  if (ends.empty()) return;
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    View& view = *m_columns[i].view;
    if (view.scaleEnds().size() == ends.size()) view.setScaleEnds(ends);
  }
}

std::size_t LanesView::selected() const {
  return static_cast<std::size_t>(std::clamp(m_selection.lane, 0, static_cast<int>(m_columns.size()) - 1));
}

std::pair<std::size_t, std::size_t> LanesView::compared() const {
  return {0, selected() > 0 ? selected() : std::min<std::size_t>(1, m_columns.size() - 1)};
}

bool LanesView::isPresented(std::size_t lane) const {
  if (isOnePicture()) return lane == 0;
  if (!hasSeveral() || m_mode == Mode::one) return lane == selected();
  return m_mode == Mode::beside || lane == compared().first || lane == compared().second;
}

/// The shown step in that lane. A lane that has ended stays at its end while the others go on: at its last
/// step they show their newest.
Selection LanesView::selectionOf(std::size_t lane) const {
  Selection own = m_selection;
  if (isOnePicture()) return clampTo(own, m_session);
  own.lane = static_cast<int>(lane);
  if (lane != selected() && !m_session.lanes.empty()) {
    const RunSnapshot& run = *m_session.lanes[selected()].run;
    if (run.state != RunState::ready && m_selection.step.value >= run.stepCount())
      own.step = StepIndex{std::max(own.step.value, m_session.lanes[lane].run->stepCount())};
  }
  return clampTo(own, m_session);
}

void LanesView::present(const SessionSnapshot& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  const std::size_t lanes = std::max<std::size_t>(1, session.lanes.size());
  m_columns.resize(std::min(m_columns.size(), lanes));
  const std::size_t before = m_columns.size();
  const QString enlarged = m_columns.front().view->zoomed();
  while (m_columns.size() < lanes) {
    m_columns.push_back({m_info.make(), {}, {}});
    for (const auto& [id, value] : m_settings) m_columns.back().view->setOption(id, value);
  }
  presentLanes();
  for (std::size_t i = before; i < m_columns.size() && !enlarged.isEmpty(); ++i)
    m_columns[i].view->setZoomed(enlarged);
}

void LanesView::presentLanes() {
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    if (isPresented(i)) m_columns[i].view->present(m_session, selectionOf(i));
  }
  if (hasSeveral() && m_mode == Mode::difference) {
    m_difference.clear();  // worked out when it is painted
  } else {
    shareScales();
  }
}

int LanesView::columnsIn(const QSizeF& room, const Theme& theme) const {
  const int lanes = static_cast<int>(m_columns.size());
  int best = 1;
  double largest = 0;
  for (int columns = 1; columns <= lanes; ++columns) {
    if (columns > 1 && room.width() / columns < theme.px(kLeastWidth)) break;
    const int rows = (lanes + columns - 1) / columns;
    const double height = room.height() / rows - theme.px(kHeader), least = theme.px(kLeastHeight);
    // Lanes that have to be scrolled are not seen beside each other.
    const double worth = height < least ? 0.8 : 1.0;
    const double size = worth * std::min(room.width() / columns, std::max(height, least) * 1.25);
    // Among equals the one with fewer rows: what stands beside each other is compared most easily.
    if (size >= largest * 0.97) {
      largest = std::max(largest, size);
      best = columns;
    }
  }
  return best;
}

double LanesView::neededHeight(const QSizeF& room, const Theme& theme) const {
  if (hasSeveral() && m_mode == Mode::difference) return room.height();
  const auto heightOf = [&](const View& view, QSizeF inside) {
    // A higher picture may have larger letters, which need more again.
    for (int i = 0; i < 3; ++i) {
      const double height = view.neededHeight(inside, theme.inRoom(inside));
      if (height <= inside.height()) break;
      inside.setHeight(height);
    }
    return inside.height();
  };
  const double header = hasSeveral() ? theme.px(kHeader) : 0;
  if (!hasSeveral() || m_mode == Mode::one)
    return header + heightOf(*m_columns[isOnePicture() ? 0 : selected()].view,
                             {room.width(), std::max(0.0, room.height() - header)});
  const int columns = columnsIn(room, theme);
  const int rows = (static_cast<int>(m_columns.size()) + columns - 1) / columns;
  // One row is shown whatever the room, but for letters that would be too small: little is gained by
  // scrolling.
  const double least = rows == 1 ? 0 : theme.px(kLeastHeight);
  const double line = theme.px(1);
  const QSizeF cell(room.width() / columns - line, std::max(least, room.height() / rows - header - line));
  double needed = cell.height();
  for (const Column& column : m_columns) needed = std::max(needed, heightOf(*column.view, cell));
  if (needed <= cell.height() && least < cell.height()) return room.height();
  return std::max(room.height(), std::ceil(rows * (needed + header + line)));
}

void LanesView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  for (Column& column : m_columns) column.area = column.header = {};
  if (hasSeveral() && m_mode == Mode::beside) return paintBeside(painter, area, theme);
  if (hasSeveral() && m_mode == Mode::difference) return paintDifference(painter, area, theme);
  Column& column = m_columns[isOnePicture() ? 0 : selected()];
  column.area = area;
  if (hasSeveral()) {
    painter.fillRect(area, theme.background);
    column.header = QRectF(area.topLeft(),
                           QSizeF(area.width(), std::min(theme.px(kHeader), std::floor(area.height() / 2))));
    column.area.setTop(column.header.bottom());
    paintHeader(painter, selected(), column.header, theme);
  }
  column.view->paint(painter, column.area, theme.inRoom(column.area.size()));
}

void LanesView::paintHeader(QPainter& painter, std::size_t lane, const QRectF& area,
                            const Theme& theme) const {
  const int index = static_cast<int>(lane);
  const bool isSelected = lane == selected();
  const QColor color = laneColor(index, theme);
  painter.save();
  painter.fillRect(area, mixed(theme.background, color, isSelected ? 0.2 : 0.07));
  painter.fillRect(QRectF(area.left(), area.top(), theme.px(4), area.height()), color);
  const QRectF text = area.adjusted(theme.px(12), 0, -theme.px(8), 0);
  painter.setFont(theme.sized(12.5, isSelected ? QFont::DemiBold : QFont::Normal));
  painter.setPen(theme.text);
  const double width =
      drawFitted(painter, text, Qt::AlignLeft | Qt::AlignVCenter, laneLabel(m_session, index));
  painter.setFont(theme.sized(11.5));
  painter.setPen(theme.faintText);
  const QString differences = laneDifferences(m_session, index).join(QStringLiteral(" · "));
  drawFitted(painter, text.adjusted(width + theme.px(10), 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
             differences);
  painter.restore();
}

void LanesView::paintBeside(QPainter& painter, const QRectF& area, const Theme& theme) {
  const auto columns = static_cast<std::size_t>(columnsIn(area.size(), theme));
  const std::size_t rows = (m_columns.size() + columns - 1) / columns;
  const double gap = theme.px(1);
  const double width = area.width() / static_cast<double>(columns);
  const double height = area.height() / static_cast<double>(rows);
  painter.fillRect(area, theme.background);
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    // Whole units, so that lines are as crisp in every lane.
    const double left = std::round(static_cast<double>(i % columns) * width);
    const double right = std::round(static_cast<double>(i % columns + 1) * width);
    const double top = std::round(static_cast<double>(i / columns) * height);
    const double bottom = std::round(static_cast<double>(i / columns + 1) * height);
    const QRectF cell(area.left() + left, area.top() + top, right - left - gap, bottom - top - gap);
    const double header = std::min(theme.px(kHeader), std::floor(cell.height() / 2));
    m_columns[i].header = QRectF(cell.left(), cell.top(), cell.width(), header);
    m_columns[i].area = cell.adjusted(0, header, 0, 0);
    m_columns[i].view->paint(painter, m_columns[i].area, theme.inRoom(m_columns[i].area.size()));
    paintHeader(painter, i, m_columns[i].header, theme);
    painter.fillRect(QRectF(cell.right(), cell.top(), gap, cell.height() + gap), theme.line);
    painter.fillRect(QRectF(cell.left(), cell.bottom(), cell.width(), gap), theme.line);
  }
}

void LanesView::makeDifference() {
  if (m_difference.isPresented()) return;
  const auto [a, b] = compared();
  m_difference.present(m_columns[a].view->tables(), m_columns[b].view->tables(),
                       laneTitle(m_session, static_cast<int>(a)), laneTitle(m_session, static_cast<int>(b)));
}

void LanesView::paintDifference(QPainter& painter, const QRectF& area, const Theme& theme) {
  makeDifference();
  m_difference.paint(painter, area, theme.inRoom(area.size()));
}

std::optional<Hit> LanesView::hitTest(QPointF point) const {
  if (hasSeveral() && m_mode == Mode::difference) {
    std::optional<Hit> hit = m_difference.hitTest(point);
    if (hit) hit->hovered = m_selection;
    return hit;
  }
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    if (m_columns[i].area.contains(point)) return m_columns[i].view->hitTest(point);
    if (!m_columns[i].header.contains(point)) continue;
    Hit hit;
    hit.hovered = m_selection;
    hit.clicked = m_selection;
    hit.clicked->lane = static_cast<int>(i);
    hit.locks = false;
    hit.toolTip =
        laneTitle(m_session, static_cast<int>(i)) + QLatin1Char('\n') + tr("Click to select this lane");
    return hit;
  }
  return std::nullopt;
}

Selection LanesView::moved(const Selection& selection, int dx, int dy) const {
  return m_columns[isOnePicture() ? 0 : selected()].view->moved(selection, dx, dy);
}

bool LanesView::zoom(QPointF at, double factor) {
  const auto under = std::find_if(m_columns.begin(), m_columns.end(),
                                  [&](const Column& column) { return column.area.contains(at); });
  if (under == m_columns.end()) return false;
  const QPointF inside = at - under->area.topLeft();
  bool changed = false;
  for (const Column& column : m_columns) {
    if (!column.area.isNull()) changed = column.view->zoom(column.area.topLeft() + inside, factor) || changed;
  }
  return changed;
}

bool LanesView::pan(QPointF delta) {
  bool moved = false;
  for (const Column& column : m_columns) {
    if (!column.area.isNull()) moved = column.view->pan(delta) || moved;
  }
  return moved;
}

void LanesView::resetZoom() {
  for (const Column& column : m_columns) column.view->resetZoom();
}

QString LanesView::zoomed() const {
  return m_columns[isOnePicture() ? 0 : selected()].view->zoomed();
}

bool LanesView::setZoomed(const QString& zoomed) {
  bool taken = false;
  for (const Column& column : m_columns) taken = column.view->setZoomed(zoomed) || taken;
  return taken;
}

std::vector<NamedTable> LanesView::tables() const {
  if (!hasSeveral()) return m_columns[isOnePicture() ? 0 : selected()].view->tables();
  if (m_mode == Mode::one) return m_columns[selected()].view->tables();
  if (m_mode == Mode::difference) {
    const auto [a, b] = compared();
    return LaneDifference::tables(m_columns[a].view->tables(), m_columns[b].view->tables());
  }
  std::vector<NamedTable> all;
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    for (NamedTable& table : m_columns[i].view->tables()) {
      table.name = QStringLiteral("lane%1_%2").arg(QString::number(i), table.name);
      all.push_back(std::move(table));
    }
  }
  return all;
}

QString LanesView::beyondCommand() const {
  if (hasSeveral() && m_mode == Mode::difference && m_difference.shownTable() >= 0)
    return QStringLiteral("one table of the difference was shown alone");
  return m_columns[isOnePicture() ? 0 : selected()].view->beyondCommand();
}

QString LanesView::description() const {
  if (!hasSeveral()) return m_columns[isOnePicture() ? 0 : selected()].view->description();
  if (m_mode == Mode::difference) {
    const auto [a, b] = compared();
    return tr("Difference of two lanes: %1 minus %2")
        .arg(laneTitle(m_session, static_cast<int>(a)), laneTitle(m_session, static_cast<int>(b)));
  }
  QString text;
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    if (!isPresented(i)) continue;
    text += laneTitle(m_session, static_cast<int>(i)) + QStringLiteral(": ") +
            m_columns[i].view->description() + QLatin1Char('\n');
  }
  return text.trimmed();
}

}  // namespace decodescope
