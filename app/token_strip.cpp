#include "app/token_strip.h"

#include "app/format.h"
#include "app/session_controller.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace decodescope {

TokenStrip::TokenStrip(SessionController& controller, QWidget* parent)
    : QAbstractScrollArea(parent), m_controller(controller) {
  setFrameShape(QFrame::NoFrame);
  setAccessibleName(tr("Tokens"));
  setFocusPolicy(Qt::StrongFocus);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  horizontalScrollBar()->setAccessibleName(tr("Scroll the tokens"));
  horizontalScrollBar()->setFocusPolicy(Qt::NoFocus);
  viewport()->setMouseTracking(true);
  viewport()->setAutoFillBackground(false);
  connect(&m_controller, &SessionController::snapshotChanged, this, &TokenStrip::refreshRun);
  connect(&m_controller, &SessionController::selectionChanged, this, &TokenStrip::refreshSelection);
}

void TokenStrip::applyTheme(const Theme& theme) {
  m_theme = theme;
  m_chipFont = theme.sized(13);
  m_smallFont = theme.sized(10.5);
  m_chips.clear();
  refreshRun();
  horizontalScrollBar()->setFixedHeight(static_cast<int>(theme.px(7)));
  setFixedHeight(sizeHint().height());
}

double TokenStrip::chipHeight() const {
  return QFontMetricsF(m_chipFont).height() + m_theme.px(8);
}

double TokenStrip::textHeight() const {
  return QFontMetricsF(m_smallFont).height() + m_theme.px(2);
}

QSize TokenStrip::sizeHint() const {
  const int bar = static_cast<int>(m_theme.px(7));
  return {400, static_cast<int>(std::ceil(m_theme.px(6) + chipHeight() + textHeight())) + bar};
}

void TokenStrip::refreshRun() {
  const RunSnapshot* run = m_controller.run();
  if (!run) {
    m_chips.clear();
    viewport()->update();
    return;
  }
  if (run->runId != m_runId || m_chips.size() > run->tokens.size()) {
    m_chips.clear();
    m_hovered = -1;
    m_shownStep = -1;
    m_runId = run->runId;
  }
  addChips(*run);
  updateScrollBar();
  refreshSelection();
}

void TokenStrip::addChips(const RunSnapshot& run) {
  const QFontMetricsF metrics(m_chipFont);
  const QFontMetricsF small(m_smallFont);
  const double padding = m_theme.px(7), gap = m_theme.px(3);
  double x = m_chips.empty() ? margin() : m_chips.back().x + m_chips.back().width + gap;
  for (std::size_t i = m_chips.size(); i < run.tokens.size(); ++i) {
    Chip chip;
    const int position = static_cast<int>(i);
    chip.piece = QString::fromStdString(run.model->tokenizer->shownPiece(run.tokens[i]));
    chip.shown = metrics.elidedText(chip.piece, Qt::ElideMiddle, m_theme.px(150));
    if (position >= run.promptLength) {
      const std::size_t made = i - static_cast<std::size_t>(run.promptLength);
      if (made < run.steps.size()) {
        chip.madeByStep = run.steps[made].index.value;
        chip.probability = run.steps[made].sampledProbability;
      }
      // A wider gap where the generated text begins.
      if (position == run.promptLength) x += 3 * gap;
    }
    const QString below = chip.probability >= 0 ? shownPercent(chip.probability) : QString::number(position);
    chip.width = std::max({metrics.horizontalAdvance(chip.shown) + 2 * padding,
                           small.horizontalAdvance(below) + padding, m_theme.px(24)});
    chip.x = x;
    x += chip.width + gap;
    m_chips.push_back(std::move(chip));
  }
}

void TokenStrip::updateScrollBar() {
  const int visible = viewport()->width();
  const double end = m_chips.empty() ? 0 : m_chips.back().x + m_chips.back().width + margin();
  horizontalScrollBar()->setPageStep(visible);
  horizontalScrollBar()->setSingleStep(static_cast<int>(m_theme.px(40)));
  horizontalScrollBar()->setRange(0, std::max(0, static_cast<int>(std::ceil(end)) - visible));
}

void TokenStrip::scrollTo(const Chip& chip) {
  QScrollBar* bar = horizontalScrollBar();
  const int slack = static_cast<int>(m_theme.px(40));
  const int left = static_cast<int>(chip.x) - slack;
  const int right = static_cast<int>(chip.x + chip.width) + slack - viewport()->width();
  if (bar->value() > left) bar->setValue(left);
  if (bar->value() < right) bar->setValue(right);
}

void TokenStrip::refreshSelection() {
  const RunSnapshot* run = m_controller.run();
  const Selection& selection = m_controller.selection();
  if (run && !m_chips.empty() && selection.step.value != m_shownStep) {
    m_shownStep = selection.step.value;
    const int newest = std::min(run->tokensSeenAt(selection.step), static_cast<int>(m_chips.size()) - 1);
    scrollTo(m_chips[static_cast<std::size_t>(newest)]);
  }
  if (run) {
    const auto query = static_cast<std::size_t>(selection.query.value);
    setAccessibleDescription(
        tr("%n token(s); query at position %1: %2", nullptr, static_cast<int>(m_chips.size()))
            .arg(selection.query.value)
            .arg(query < m_chips.size() ? m_chips[query].piece : QString()));
  }
  viewport()->update();
}

int TokenStrip::chipAt(QPointF point) const {
  const double x = point.x() + horizontalScrollBar()->value();
  const auto after = std::upper_bound(m_chips.begin(), m_chips.end(), x,
                                      [](double v, const Chip& chip) { return v < chip.x; });
  if (after == m_chips.begin()) return -1;
  const auto chip = std::prev(after);
  if (x > chip->x + chip->width || point.y() > m_theme.px(6) + chipHeight() + textHeight()) return -1;
  return static_cast<int>(chip - m_chips.begin());
}

void TokenStrip::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  painter.setRenderHint(QPainter::Antialiasing);
  painter.fillRect(viewport()->rect(), m_theme.background);
  const RunSnapshot* run = m_controller.run();
  if (!run || m_chips.empty()) {
    painter.setPen(m_theme.faintText);
    painter.setFont(m_chipFont);
    const QString text =
        m_controller.session()->busy ? tr("Loading…") : tr("The tokens of the prompt will stand here.");
    painter.drawText(QRectF(viewport()->rect()).adjusted(margin(), 0, -margin(), 0), Qt::AlignVCenter, text);
    return;
  }
  const double offset = horizontalScrollBar()->value();
  const double width = viewport()->width();
  const auto first = std::lower_bound(m_chips.begin(), m_chips.end(), offset,
                                      [](const Chip& chip, double v) { return chip.x + chip.width < v; });
  for (auto chip = first; chip != m_chips.end() && chip->x - offset < width; ++chip) {
    paintChip(painter, static_cast<int>(chip - m_chips.begin()),
              QRectF(chip->x - offset, m_theme.px(5), chip->width, chipHeight()), *run);
  }
  painter.setPen(m_theme.line);
  painter.drawLine(QPointF(0, viewport()->height() - 0.5), QPointF(width, viewport()->height() - 0.5));
}

void TokenStrip::paintChip(QPainter& painter, int index, const QRectF& box, const RunSnapshot& run) const {
  const Chip& chip = m_chips[static_cast<std::size_t>(index)];
  const Selection& selection = m_controller.selection();
  const StepRecord* step = m_controller.shownStep();
  const bool generated = index >= run.promptLength;
  const int seen = run.tokensSeenAt(selection.step);
  const bool justFed = step && index >= step->firstNewPosition && index < step->tokensSeen;
  const bool justMade = step && index == step->tokensSeen;
  const bool later = selection.step.value > 0 ? index > seen : generated;

  const QColor tint = generated ? m_theme.accent : m_theme.faintText;
  QColor fill = mixed(m_theme.background, tint, generated ? 0.16 : 0.12);
  QColor text = m_theme.text;
  QColor edge = mixed(m_theme.background, tint, generated ? 0.45 : 0.35);
  if (justFed) edge = m_theme.accent;
  if (justMade) {
    fill = m_theme.accent;
    edge = m_theme.accent;
    text = readableOn(m_theme.accent);
  }
  if (index == m_hovered && !justMade) fill = mixed(fill, m_theme.text, 0.12);
  painter.setOpacity(later ? 0.4 : 1);
  painter.setPen(QPen(edge, m_theme.px(justFed ? 1.8 : 1.0)));
  painter.setBrush(fill);
  painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), m_theme.px(4), m_theme.px(4));
  painter.setFont(m_chipFont);
  painter.setPen(text);
  painter.drawText(box, Qt::AlignCenter, chip.shown);

  painter.setFont(m_smallFont);
  painter.setPen(m_theme.faintText);
  const QRectF under(box.left() - 2, box.bottom() + m_theme.px(1.5), box.width() + 4, textHeight());
  painter.drawText(under, Qt::AlignHCenter | Qt::AlignTop,
                   chip.probability >= 0 ? shownPercent(chip.probability) : QString::number(index));

  // Query and key of the selection, in their colours, as bars on the chip's foot.
  const bool isQuery = index == selection.query.value && index < seen;
  const bool isKey = index == selection.key.value && index < seen;
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
  painter.setOpacity(1);
}

QString TokenStrip::toolTipOf(int index) const {
  const RunSnapshot* run = m_controller.run();
  if (!run || index < 0 || index >= static_cast<int>(m_chips.size())) return {};
  const Chip& chip = m_chips[static_cast<std::size_t>(index)];
  const QString head = tr("%1\nposition %2 · token id %3")
                           .arg(chip.piece)
                           .arg(index)
                           .arg(run->tokens[static_cast<std::size_t>(index)].value);
  if (chip.madeByStep == 0) return head + QLatin1Char('\n') + tr("part of the prompt");
  return head + QLatin1Char('\n') +
         tr("picked by step %1 with probability %2").arg(chip.madeByStep).arg(shownNumber(chip.probability));
}

bool TokenStrip::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const QString tip = toolTipOf(chipAt(help->pos()));
    tip.isEmpty() ? QToolTip::hideText() : QToolTip::showText(help->globalPos(), tip, this);
    return true;
  }
  if (event->type() == QEvent::Leave && m_hovered >= 0) {
    m_hovered = -1;
    m_controller.preview(std::nullopt);
    viewport()->update();
  }
  return QAbstractScrollArea::viewportEvent(event);
}

void TokenStrip::resizeEvent(QResizeEvent*) {
  updateScrollBar();
}

void TokenStrip::mouseMoveEvent(QMouseEvent* event) {
  const int index = chipAt(event->position());
  if (index == m_hovered) return;
  m_hovered = index;
  const RunSnapshot* run = m_controller.run();
  Selection hovered = m_controller.selection();
  if (run && index >= 0 && index < run->tokensSeenAt(hovered.step)) {
    hovered.query = Position{index};
    hovered.key = Position{std::min(hovered.key.value, index)};
    m_controller.preview(hovered);
  } else {
    m_controller.preview(std::nullopt);
  }
  viewport()->update();
}

void TokenStrip::mousePressEvent(QMouseEvent* event) {
  const int index = chipAt(event->position());
  if (event->button() != Qt::LeftButton) return;
  if (index >= 0) {
    m_controller.selectPosition(Position{index});
  } else {
    m_controller.unlock();
  }
}

void TokenStrip::mouseDoubleClickEvent(QMouseEvent* event) {
  goToMaker(chipAt(event->position()));
}

void TokenStrip::goToMaker(int index) {
  if (index < 0 || index >= static_cast<int>(m_chips.size())) return;
  m_controller.unlock();
  m_controller.showStep(std::max(1, m_chips[static_cast<std::size_t>(index)].madeByStep));
}

void TokenStrip::wheelEvent(QWheelEvent* event) {
  const QPoint delta = event->pixelDelta().isNull() ? event->angleDelta() : event->pixelDelta();
  const int amount = std::abs(delta.x()) > std::abs(delta.y()) ? delta.x() : delta.y();
  horizontalScrollBar()->setValue(horizontalScrollBar()->value() - amount);
  event->accept();
}

void TokenStrip::keyPressEvent(QKeyEvent* event) {
  const int count = static_cast<int>(m_chips.size());
  int target = m_controller.selection().query.value;
  switch (event->key()) {
    case Qt::Key_Left:
      --target;
      break;
    case Qt::Key_Right:
      ++target;
      break;
    case Qt::Key_Home:
      target = 0;
      break;
    case Qt::Key_End:
      target = count - 1;
      break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      goToMaker(target);
      return;
    default:
      QAbstractScrollArea::keyPressEvent(event);
      return;
  }
  if (count == 0) return;
  target = std::clamp(target, 0, count - 1);
  m_controller.selectPosition(Position{target});
  scrollTo(m_chips[static_cast<std::size_t>(target)]);
}

}  // namespace decodescope
