#include "views/compare/compare_view.h"

#include "views/picture_frame.h"
#include "views/rect_strips.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("CompareView", text);
}

// Of the design.
constexpr double kDamagePixels = 12, kDamageGap = 8;
constexpr int kDamageLines = 8;

double damageLine(QPainter& painter, const Theme& theme) {
  return std::ceil(TextMetrics(theme.sized(kDamagePixels), painter.device()).height() * 1.1);
}

}  // namespace

std::unique_ptr<View> makeCompareView() {
  return std::make_unique<CompareView>();
}

void CompareView::present(const SessionSnapshot& session, const Selection& selection) {
  m_selection = clampTo(selection, session);
  m_model.present(session, m_selection);
}

QStringList CompareView::damageParts() const {
  const auto& lanes = m_model.lanes();
  const CompareModel::Lane* told = nullptr;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (!lanes[i].damage.isEmpty() && (!told || static_cast<int>(i) <= m_selection.lane)) told = &lanes[i];
  }
  const auto selected = static_cast<std::size_t>(m_selection.lane);
  if (selected < lanes.size() && !lanes[selected].damage.isEmpty()) told = &lanes[selected];
  if (!told) return {};
  QStringList parts = told->damage;
  parts.front().prepend(told->name + QStringLiteral(": "));
  return parts;
}

QStringList CompareView::damageLines(QPainter& painter, const Theme& theme, double width) const {
  return brokenParts(damageParts(), TextMetrics(theme.sized(kDamagePixels), painter.device()), width,
                     kDamageLines);
}

FrameTexts CompareView::frameTexts() const {
  FrameTexts words;
  words.title = tr("Lanes compared");
  words.subtitle << tr("cache: 4 bytes a number") << tr("loss: nats a token, smaller is better");
  if (m_model.lanes().size() == 1) words.note = tr("The Compare menu sets other lanes beside this one.");
  return words;
}

double CompareView::neededHeight(const QSizeF& room, const Theme& theme) const {
  if (m_model.lanes().empty()) return room.height();
  return framedHeight(room, theme, frameTexts(), [&](QPainter& painter, const QSizeF& body) {
    const double lines = static_cast<double>(damageLines(painter, theme, body.width()).size());
    return CompareTable::neededHeight(painter, body.width(), theme, m_model) +
           (lines > 0 ? lines * damageLine(painter, theme) + theme.px(kDamageGap) : 0);
  });
}

void CompareView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  if (m_model.lanes().empty()) {
    m_table = {};
    drawMessage(painter, area, theme, tr("No model is open"),
                tr("Open one to see what it costs; the Compare menu sets others beside it."));
    painter.restore();
    return;
  }
  const FrameTexts words = frameTexts();
  const PictureFrame frame = framePicture(painter, area, theme, words);
  QRectF body = frame.body;
  const QStringList damage = frame.small ? QStringList() : damageLines(painter, theme, body.width());
  if (!damage.isEmpty()) {
    const double line = damageLine(painter, theme);
    QRectF told = takeBottom(body, static_cast<double>(damage.size()) * line, theme.px(kDamageGap));
    painter.setFont(theme.sized(kDamagePixels));
    painter.setPen(theme.text);
    for (const QString& text : damage)
      drawFitted(painter, takeTop(told, line, 0), Qt::AlignLeft | Qt::AlignVCenter, text);
  }
  m_table.paint(painter, body, theme, m_model, m_selection.lane);
  paintFrame(painter, frame, theme, words);
  painter.restore();
}

std::optional<Hit> CompareView::hitTest(QPointF point) const {
  for (const CompareTable::Place& place : m_table.places()) {
    if (!place.area.contains(point)) continue;
    Hit hit;
    hit.hovered = m_selection;
    hit.locks = false;
    if (place.lane < 0) {
      if (place.column < 0) return std::nullopt;
      hit.toolTip = CompareModel::headerTip(static_cast<CompareModel::Column>(place.column));
      return hit;
    }
    if (place.lane >= static_cast<int>(m_model.lanes().size())) return std::nullopt;
    const CompareModel::Lane& lane = m_model.lanes()[static_cast<std::size_t>(place.lane)];
    hit.clicked = m_selection;
    hit.clicked->lane = place.lane;
    if (place.column < 0) {
      hit.toolTip = lane.name + (lane.remark.isEmpty() ? QString() : QStringLiteral(", ") + lane.remark) +
                    QLatin1Char('\n') + tr("A click selects the lane.");
      return hit;
    }
    const CompareModel::Cell& cell = lane.cells[static_cast<std::size_t>(place.column)];
    QStringList lines{QStringLiteral("%1 · %2: %3")
                          .arg(lane.name,
                               CompareModel::header(static_cast<CompareModel::Column>(place.column)),
                               cell.text)};
    if (!cell.below.isEmpty()) lines << cell.below;
    if (!cell.tip.isEmpty()) lines << cell.tip;
    hit.toolTip = lines.join(QLatin1Char('\n'));
    hit.measures = cell.measures;
    return hit;
  }
  return std::nullopt;
}

Selection CompareView::moved(const Selection& selection, int dx, int dy) const {
  Selection next = selection;
  const int by = m_table.lanesAreRows() ? dy : dx;
  next.lane = std::clamp(selection.lane + by, 0, std::max(0, static_cast<int>(m_model.lanes().size()) - 1));
  return next;
}

QString CompareView::beyondCommand() const {
  return m_model.hasMeasured() ? QStringLiteral("times and losses that were measured in the window are shown")
                               : QString();
}

QString CompareView::description() const {
  if (m_model.lanes().empty()) return tr("No model is open.");
  QStringList lanes;
  for (const CompareModel::Lane& lane : m_model.lanes()) {
    QStringList parts;
    for (int c = 0; c < CompareModel::kColumnCount; ++c) {
      const CompareModel::Cell& cell = lane.cells[static_cast<std::size_t>(c)];
      QString part =
          CompareModel::header(static_cast<CompareModel::Column>(c)) + QLatin1Char(' ') + cell.text;
      if (!cell.below.isEmpty()) part += QStringLiteral(" (%1)").arg(cell.below);
      parts << part;
    }
    parts << lane.damage;
    lanes << lane.name + QStringLiteral(": ") + parts.join(QStringLiteral(", "));
  }
  return lanes.join(QStringLiteral("; ")) + QLatin1Char('.');
}

}  // namespace decodescope
