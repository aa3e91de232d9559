#include "app/format.h"
#include "app/lane_editor.h"
#include "app/session_controller.h"
#include "app/token_strip.h"
#include "views/lane_text.h"
#include "views/panel_frame.h"
#include "views/text_fit.h"

#include <QPainter>
#include <QScrollBar>

#include <algorithm>

/// What the token strip looks like.

namespace decodescope {

void TokenStrip::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  painter.setRenderHint(QPainter::Antialiasing);
  painter.fillRect(viewport()->rect(), m_theme.background);
  if (m_columns.empty()) {
    painter.setPen(m_theme.faintText);
    painter.setFont(m_chipFont);
    const QString text =
        m_controller.session()->busy ? tr("Loading…") : tr("The tokens of the prompt will stand here.");
    painter.drawText(QRectF(viewport()->rect()).adjusted(margin(), 0, -margin(), 0), Qt::AlignVCenter, text);
    return;
  }
  const int first = verticalScrollBar()->value();
  for (int place = 0; place < shownRows() && first + place < static_cast<int>(m_rows.size()); ++place) {
    const double top = m_theme.px(5) + place * rowHeight();
    if (hasNames()) paintName(painter, first + place, top);
    paintRow(painter, first + place, top);
  }
  painter.setPen(m_theme.line);
  const double foot = viewport()->height() - 0.5;
  painter.drawLine(QPointF(0, foot), QPointF(viewport()->width(), foot));
}

void TokenStrip::paintName(QPainter& painter, int row, double top) const {
  const bool selected = row == m_controller.lastingSelection().lane;
  const QColor color = laneColor(row, m_theme);
  const double gap = m_theme.px(6), height = rowHeight() - m_theme.px(4);
  const QRectF box(m_theme.px(6), top, nameWidth() - m_theme.px(10), height);
  const bool pointed = m_hovered.row == row && m_hovered.kind != Spot::Kind::chip;
  if (selected || pointed) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(m_theme.background, color, selected ? 0.2 : 0.09));
    painter.drawRoundedRect(box, m_theme.px(4), m_theme.px(4));
  }
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  painter.drawRoundedRect(QRectF(box.left(), box.top(), m_theme.px(4), box.height()), m_theme.px(2),
                          m_theme.px(2));
  if (row > 0 && m_lanes.isPinned(m_rows[static_cast<std::size_t>(row)].laneId)) {
    const double head = m_theme.px(4.5);
    painter.drawEllipse(QPointF(box.left() + m_theme.px(2), box.top() + head * 0.6), head, head);
  }
  const double right = row > 0 ? crossOf(top).left() - gap / 2 : box.right() - gap;
  const QRectF text(box.left() + m_theme.px(4) + gap, top, right - box.left() - m_theme.px(4) - gap,
                    box.height());
  const SessionSnapshot& session = *m_controller.session();
  const QString differences = laneDifferences(session, row).join(QStringLiteral(" · "));
  painter.setPen(m_theme.text);
  painter.setFont(selected ? m_nameFont : m_theme.sized(12));
  const QString label = laneLabel(session, row);
  if (textHeight() <= 0) {
    drawFitted(painter, text, Qt::AlignLeft | Qt::AlignVCenter, laneTitle(session, row));
  } else if (differences.isEmpty()) {
    paintWrapped(painter, text, label);
  } else {
    const QRectF upper(text.left(), top, text.width(), chipHeight());
    drawFitted(painter, upper, Qt::AlignLeft | Qt::AlignVCenter, label);
    painter.setFont(m_smallFont);
    painter.setPen(m_theme.faintText);
    drawFitted(painter, QRectF(text.left(), upper.bottom() - m_theme.px(2), text.width(), textHeight()),
               Qt::AlignLeft | Qt::AlignVCenter, differences);
  }
  if (row == 0) return;
  const QRectF cross = crossOf(top);
  const bool onCross = pointed && m_hovered.kind == Spot::Kind::cross;
  if (onCross) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(m_theme.background, m_theme.text, 0.15));
    painter.drawRoundedRect(cross, m_theme.px(3), m_theme.px(3));
  }
  painter.setPen(QPen(onCross ? m_theme.text : m_theme.faintText, m_theme.px(1.5)));
  const QRectF arms = cross.adjusted(m_theme.px(5.5), m_theme.px(5.5), -m_theme.px(5.5), -m_theme.px(5.5));
  painter.drawLine(arms.topLeft(), arms.bottomRight());
  painter.drawLine(arms.topRight(), arms.bottomLeft());
}

/// In the middle of its place; on two lines where one is too short for it.
void TokenStrip::paintWrapped(QPainter& painter, const QRectF& area, const QString& text) const {
  const TextMetrics metrics(painter.font());
  QStringList lines{text};
  if (metrics.horizontalAdvance(text) > area.width()) {
    lines = wrappedText(text, metrics, area.width());
    if (lines.size() > 2) lines = {lines.first(), lines.mid(1).join(QLatin1Char(' '))};
  }
  const double line = std::min(metrics.height(), area.height() / static_cast<double>(lines.size()));
  double y = area.center().y() - line * static_cast<double>(lines.size()) / 2;
  for (const QString& part : lines) {
    drawFitted(painter, QRectF(area.left(), y, area.width(), line), Qt::AlignLeft | Qt::AlignVCenter, part);
    y += line;
  }
}

void TokenStrip::paintRow(QPainter& painter, int row, double top) const {
  const double left = nameWidth(), offset = horizontalScrollBar()->value();
  const double width = viewport()->width() - left;
  const auto chips = static_cast<std::ptrdiff_t>(m_rows[static_cast<std::size_t>(row)].chips.size());
  painter.save();
  painter.setClipRect(QRectF(left, top - m_theme.px(2), width, rowHeight() + m_theme.px(2)));
  const auto end = m_columns.begin() + chips;
  const auto first = std::lower_bound(m_columns.begin(), end, offset, [](const Column& column, double v) {
    return column.x + column.width < v;
  });
  for (auto column = first; column != end && column->x - offset < width; ++column) {
    const QRectF box(left + column->x - offset, top, column->width, chipHeight());
    const auto position = static_cast<int>(column - m_columns.begin());
    paintChip(painter, row, position, box);
    if (position == branchPosition(row)) paintBranch(painter, row, box);
  }
  painter.restore();
}

void TokenStrip::paintChip(QPainter& painter, int row, int position, const QRectF& box) const {
  const RunSnapshot& run = runOf(row);
  const Chip& chip = m_rows[static_cast<std::size_t>(row)].chips[static_cast<std::size_t>(position)];
  const int shown = std::min(m_controller.selection().step.value, run.stepCount());
  const StepRecord* step = shown >= 1 ? &run.steps[static_cast<std::size_t>(shown - 1)] : nullptr;
  const bool generated = position >= run.promptLength;
  const bool justFed = step && position >= step->firstNewPosition && position < step->tokensSeen;
  const bool justMade = step && position == step->tokensSeen;
  const bool later = step ? position > step->tokensSeen : generated;
  const bool other = differs(row, position);
  const bool shared = row > 0 && position < branchPosition(row);

  const QColor tint = other ? laneColor(row, m_theme) : generated ? m_theme.accent : m_theme.faintText;
  QColor fill = mixed(m_theme.background, tint, other ? 0.28 : generated ? 0.16 : 0.12);
  QColor text = m_theme.text;
  QColor edge = mixed(m_theme.background, tint, other ? 1.0 : generated ? 0.45 : 0.35);
  if (justFed && !other) edge = m_theme.accent;
  if (justMade) {
    fill = other ? laneColor(row, m_theme) : m_theme.accent;
    edge = fill;
    text = readableOn(fill);
  }
  if (m_hovered.row == row && m_hovered.position == position && !justMade)
    fill = mixed(fill, m_theme.text, 0.12);
  painter.setOpacity(later ? 0.4 : shared && !justMade ? 0.6 : 1);
  painter.setPen(QPen(edge, m_theme.px(justFed || other ? 1.8 : 1.0)));
  painter.setBrush(fill);
  painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), m_theme.px(4), m_theme.px(4));
  painter.setFont(m_chipFont);
  painter.setPen(text);
  drawFitted(painter, box, Qt::AlignCenter, chip.shown);
  if (textHeight() > 0) {
    painter.setFont(m_smallFont);
    painter.setPen(m_theme.faintText);
    const QRectF under(box.left() - 2, box.bottom() + m_theme.px(1.5), box.width() + 4, textHeight());
    drawFitted(painter, under, Qt::AlignHCenter | Qt::AlignTop,
               chip.probability >= 0 ? shownPercent(chip.probability) : QString::number(position));
  }
  if (row == m_controller.selection().lane) paintFoot(painter, row, position, box);
  painter.setOpacity(1);
}

/// Query and key of the selection, in their colours, as bars on the chip's foot.
void TokenStrip::paintFoot(QPainter& painter, int row, int position, const QRectF& box) const {
  const Selection& selection = m_controller.selection();
  const int seen = runOf(row).tokensSeenAt(selection.step);
  const bool isQuery = position == selection.query.value && position < seen;
  const bool isKey = position == selection.key.value && position < seen;
  painter.setPen(Qt::NoPen);
  const double bar = m_theme.px(3);
  const QRectF foot(box.left() + 2, box.bottom() - bar, box.width() - 4, bar);
  if (isQuery) {
    painter.setBrush(m_theme.query);
    painter.drawRect(isKey ? foot.adjusted(0, 0, -foot.width() / 2, 0) : foot);
  }
  if (isKey) {
    painter.setBrush(m_theme.key);
    painter.drawRect(isQuery ? foot.adjusted(foot.width() / 2, 0, 0, 0) : foot);
  }
  if (hasFocus() && isQuery) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(m_theme.text, m_theme.px(1.2), Qt::DotLine));
    painter.drawRoundedRect(box.adjusted(2.5, 2.5, -2.5, -2.5), 3, 3);
  }
}

/// A branch comes down from the row above, in the gap before the chip.
void TokenStrip::paintBranch(QPainter& painter, int row, const QRectF& box) const {
  painter.setOpacity(1);
  painter.setPen(QPen(laneColor(row, m_theme), m_theme.px(2), Qt::SolidLine, Qt::FlatCap));
  const double x = box.left() - m_theme.px(1.5);
  painter.drawLine(QPointF(x, box.top() - m_theme.px(2)), QPointF(x, box.bottom() + textHeight()));
}

}  // namespace decodescope
