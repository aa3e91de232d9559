#include "app/token_strip.h"

#include "app/format.h"
#include "app/lane_editor.h"
#include "app/session_controller.h"
#include "views/lane_text.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

/// More rows than this scroll.
constexpr int kMostRows = 4;

/// Whether the lane would have picked another token than the first lane's.
bool isTold(const RunSnapshot& run, int step) {
  return run.sameTokens && step >= 1 && run.steps[static_cast<std::size_t>(step - 1)].chosen;
}

}  // namespace

TokenStrip::TokenStrip(SessionController& controller, const LaneEditor& lanes, QWidget* parent)
    : QAbstractScrollArea(parent), m_controller(controller), m_lanes(lanes) {
  setFrameShape(QFrame::NoFrame);
  setAccessibleName(tr("Tokens"));
  setFocusPolicy(Qt::StrongFocus);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  horizontalScrollBar()->setAccessibleName(tr("Scroll the tokens"));
  horizontalScrollBar()->setFocusPolicy(Qt::NoFocus);
  verticalScrollBar()->setAccessibleName(tr("Scroll the lanes"));
  verticalScrollBar()->setFocusPolicy(Qt::NoFocus);
  viewport()->setMouseTracking(true);
  viewport()->setAttribute(Qt::WA_OpaquePaintEvent);  // all of it is painted
  connect(&m_controller, &SessionController::snapshotChanged, this, &TokenStrip::refreshRun);
  connect(&m_controller, &SessionController::selectionChanged, this, &TokenStrip::refreshSelection);
}

void TokenStrip::applyTheme(const Theme& theme) {
  m_theme = theme;
  m_chipFont = theme.sized(13);
  m_smallFont = theme.sized(10.5);
  m_nameFont = theme.sized(12, QFont::DemiBold);
  m_rows.clear();
  horizontalScrollBar()->setFixedHeight(static_cast<int>(theme.px(7)));
  verticalScrollBar()->setFixedWidth(static_cast<int>(theme.px(9)));
  refreshRun();
  updateHeight();
}

void TokenStrip::fitTo(double height) {
  m_low = height < 760;
  updateHeight();
}

const RunSnapshot& TokenStrip::runOf(int row) const {
  return *m_controller.session()->lanes[static_cast<std::size_t>(row)].run;
}

double TokenStrip::chipHeight() const {
  return std::ceil(QFontMetricsF(m_chipFont).height() + m_theme.px(hasNames() ? 4 : 8));
}

/// 0 where there is no room for the small line below the chips.
double TokenStrip::textHeight() const {
  if (m_low && m_rows.size() > 2) return 0;
  return std::ceil(QFontMetricsF(m_smallFont).height() + m_theme.px(2));
}

double TokenStrip::rowHeight() const {
  return chipHeight() + textHeight() + m_theme.px(hasNames() ? 4 : 1);
}

int TokenStrip::shownRows() const {
  return std::clamp(static_cast<int>(m_rows.size()), 1, kMostRows);
}

double TokenStrip::nameWidth() const {
  return hasNames() ? std::clamp(viewport()->width() * 0.2, m_theme.px(120), m_theme.px(230)) : 0;
}

QSize TokenStrip::sizeHint() const {
  const int bar = static_cast<int>(m_theme.px(7));
  const double foot = m_theme.px(hasNames() ? 7 : 5);
  return {400, static_cast<int>(std::ceil(foot + shownRows() * rowHeight())) + bar};
}

void TokenStrip::updateHeight() {
  const bool scrolls = static_cast<int>(m_rows.size()) > kMostRows;
  setVerticalScrollBarPolicy(scrolls ? Qt::ScrollBarAlwaysOn : Qt::ScrollBarAlwaysOff);
  const int height = sizeHint().height();
  if (height != minimumHeight() || height != maximumHeight()) setFixedHeight(height);
  updateScrollBars();
  viewport()->update();
}

void TokenStrip::refreshRun() {
  const auto& lanes = m_controller.session()->lanes;
  const std::size_t before = m_rows.size();
  m_rows.resize(lanes.size());
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    Row& row = m_rows[i];
    const RunSnapshot& run = *lanes[i].run;
    if (row.laneId != lanes[i].laneId || row.runId != run.runId || row.chips.size() > run.tokens.size()) {
      if (i == 0) m_shownStep = -1;
      row = {};
      row.laneId = lanes[i].laneId;
      row.runId = run.runId;
      m_hovered = {};
    }
    addChips(row, run);
  }
  layoutColumns();
  if (m_rows.size() != before) updateHeight();
  updateScrollBars();
  refreshSelection();
}

void TokenStrip::addChips(Row& row, const RunSnapshot& run) const {
  const QFontMetricsF metrics(m_chipFont);
  const QFontMetricsF small(m_smallFont);
  const double padding = m_theme.px(7);
  for (std::size_t i = row.chips.size(); i < run.tokens.size(); ++i) {
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
    }
    const QString below = chip.probability >= 0 ? shownPercent(chip.probability) : QString::number(position);
    chip.width = std::max({metrics.horizontalAdvance(chip.shown) + 2 * padding,
                           small.horizontalAdvance(below) + padding, m_theme.px(24)});
    row.chips.push_back(std::move(chip));
  }
}

/// As wide as the widest chip of the position, so that equal positions stand below each other.
void TokenStrip::layoutColumns() {
  std::size_t count = 0;
  for (const Row& row : m_rows) count = std::max(count, row.chips.size());
  m_columns.assign(count, {});
  for (const Row& row : m_rows) {
    for (std::size_t i = 0; i < row.chips.size(); ++i)
      m_columns[i].width = std::max(m_columns[i].width, row.chips[i].width);
  }
  const double gap = m_theme.px(3);
  const int promptLength = m_rows.empty() ? 0 : runOf(0).promptLength;
  double x = margin();
  for (std::size_t i = 0; i < count; ++i) {
    // A wider gap where the generated text begins.
    if (i > 0 && static_cast<int>(i) == promptLength) x += 3 * gap;
    m_columns[i].x = x;
    x += m_columns[i].width + gap;
  }
}

void TokenStrip::updateScrollBars() {
  const int visible = std::max(1, viewport()->width() - static_cast<int>(nameWidth()));
  const double end = m_columns.empty() ? 0 : m_columns.back().x + m_columns.back().width + margin();
  horizontalScrollBar()->setPageStep(visible);
  horizontalScrollBar()->setSingleStep(static_cast<int>(m_theme.px(40)));
  horizontalScrollBar()->setRange(0, std::max(0, static_cast<int>(std::ceil(end)) - visible));
  const auto hidden = static_cast<int>(m_rows.size()) - shownRows();
  verticalScrollBar()->setPageStep(shownRows());
  verticalScrollBar()->setRange(0, std::max(0, hidden));  // whole rows
}

void TokenStrip::scrollTo(int position) {
  if (position < 0 || position >= static_cast<int>(m_columns.size())) return;
  const Column& column = m_columns[static_cast<std::size_t>(position)];
  QScrollBar* bar = horizontalScrollBar();
  const int slack = static_cast<int>(m_theme.px(40));
  const int visible = viewport()->width() - static_cast<int>(nameWidth());
  const int left = static_cast<int>(column.x) - slack;
  const int right = static_cast<int>(column.x + column.width) + slack - visible;
  if (bar->value() > left) bar->setValue(left);
  if (bar->value() < right) bar->setValue(right);
}

void TokenStrip::refreshSelection() {
  const RunSnapshot* run = m_controller.run();
  const Selection& selection = m_controller.selection();
  if (run && !m_columns.empty() && selection.step.value != m_shownStep) {
    m_shownStep = selection.step.value;
    scrollTo(std::min(run->tokensSeenAt(selection.step), static_cast<int>(m_columns.size()) - 1));
  }
  const int lane = m_controller.lastingSelection().lane;
  if (lane != m_shownLane) {
    m_shownLane = lane;
    QScrollBar* bar = verticalScrollBar();
    bar->setValue(std::clamp(bar->value(), lane - shownRows() + 1, lane));
  }
  if (run && selection.lane < static_cast<int>(m_rows.size())) {
    const std::vector<Chip>& chips = m_rows[static_cast<std::size_t>(selection.lane)].chips;
    const auto query = static_cast<std::size_t>(selection.query.value);
    setAccessibleDescription(
        describedLanes() +
        tr("%n token(s); query at position %1: %2", nullptr, static_cast<int>(chips.size()))
            .arg(selection.query.value)
            .arg(query < chips.size() ? chips[query].piece : QString()));
  }
  viewport()->update();
}

QString TokenStrip::describedLanes() const {
  if (!hasNames()) return {};
  return tr("Lane %1 of %2: %3. ")
      .arg(m_shownLane + 1)
      .arg(m_rows.size())
      .arg(laneTitle(*m_controller.session(), m_shownLane));
}

TokenStrip::Spot TokenStrip::spotAt(QPointF point) const {
  if (m_rows.empty()) return {};
  const double y = point.y() - m_theme.px(5);
  const int place = static_cast<int>(std::floor(y / rowHeight()));
  const int row = place + verticalScrollBar()->value();
  if (place < 0 || place >= shownRows() || row >= static_cast<int>(m_rows.size())) return {};
  if (point.x() < nameWidth()) {
    const bool cross = row > 0 && crossOf(m_theme.px(5) + place * rowHeight()).contains(point);
    return {cross ? Spot::Kind::cross : Spot::Kind::name, row, -1};
  }
  const double x = point.x() - nameWidth() + horizontalScrollBar()->value();
  const auto after = std::upper_bound(m_columns.begin(), m_columns.end(), x,
                                      [](double v, const Column& column) { return v < column.x; });
  if (after == m_columns.begin()) return {};
  const auto column = std::prev(after);
  const auto position = static_cast<int>(column - m_columns.begin());
  const Row& chips = m_rows[static_cast<std::size_t>(row)];
  if (x > column->x + column->width || position >= static_cast<int>(chips.chips.size())) return {};
  return {Spot::Kind::chip, row, position};
}

QRectF TokenStrip::crossOf(double top) const {
  const double side = m_theme.px(18);
  return {nameWidth() - side - m_theme.px(5), top + (chipHeight() - side) / 2, side, side};
}

int TokenStrip::branchPosition(int row) const {
  const LaneEditor::LaneSpec* spec =
      row > 0 ? m_lanes.spec(m_rows[static_cast<std::size_t>(row)].laneId) : nullptr;
  if (!spec || !spec->branchStep) return -1;
  return runOf(row).promptLength + spec->branchStep->value - (spec->branchToken ? 1 : 0);
}

bool TokenStrip::differs(int row, int position) const {
  if (row == 0) return false;
  const RunSnapshot& first = runOf(0);
  const auto at = static_cast<std::size_t>(position);
  // Ids mean something within one vocabulary only; pieces in all.
  const std::vector<Chip>& base = m_rows.front().chips;
  return at < first.tokens.size() && at < base.size() &&
         base[at].piece != m_rows[static_cast<std::size_t>(row)].chips[at].piece;
}

QString TokenStrip::toolTipOf(const Spot& spot) const {
  if (spot.kind == Spot::Kind::nothing || spot.row >= static_cast<int>(m_rows.size())) return {};
  const SessionSnapshot& session = *m_controller.session();
  if (spot.kind == Spot::Kind::cross) return tr("Remove this lane (Delete while it is selected)");
  if (spot.kind == Spot::Kind::name) {
    QString text = laneTitle(session, spot.row);
    const int branch = m_lanes.branchStep(m_rows[static_cast<std::size_t>(spot.row)].laneId);
    if (branch > 0) text += QLatin1Char('\n') + tr("shares the first %n step(s)", nullptr, branch);
    if (m_lanes.isPinned(m_rows[static_cast<std::size_t>(spot.row)].laneId))
      text += QLatin1Char('\n') + tr("pinned: stays when others are replaced");
    if (runOf(spot.row).sameTokens) text += QLatin1Char('\n') + tr("takes the first lane's tokens");
    return text + QLatin1Char('\n') + tr("Click to select it; N goes to the next lane");
  }
  const RunSnapshot& run = runOf(spot.row);
  const Row& row = m_rows[static_cast<std::size_t>(spot.row)];
  const auto at = static_cast<std::size_t>(spot.position);
  if (at >= row.chips.size()) return {};
  const Chip& chip = row.chips[at];
  QString text =
      tr("%1\nposition %2 · token id %3").arg(chip.piece).arg(spot.position).arg(run.tokens[at].value);
  text += QLatin1Char('\n') + (chip.madeByStep == 0 ? tr("part of the prompt")
                               : isTold(run, chip.madeByStep)
                                   ? tr("the first lane's token in step %1; its probability here is %2")
                                         .arg(chip.madeByStep)
                                         .arg(shownNumber(chip.probability))
                                   : tr("picked by step %1 with probability %2")
                                         .arg(chip.madeByStep)
                                         .arg(shownNumber(chip.probability)));
  if (differs(spot.row, spot.position))
    text +=
        QLatin1Char('\n') + tr("%1 has %2 here").arg(laneLabel(session, 0), m_rows.front().chips[at].piece);
  return text;
}

bool TokenStrip::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const QString tip = toolTipOf(spotAt(help->pos()));
    tip.isEmpty() ? QToolTip::hideText() : QToolTip::showText(help->globalPos(), tip, this);
    return true;
  }
  if (event->type() == QEvent::Leave && m_hovered != Spot()) {
    m_hovered = {};
    m_controller.preview(std::nullopt);
    m_controller.pointAt(std::nullopt);
    viewport()->update();
  }
  return QAbstractScrollArea::viewportEvent(event);
}

void TokenStrip::resizeEvent(QResizeEvent*) {
  updateScrollBars();
}

void TokenStrip::mouseMoveEvent(QMouseEvent* event) {
  const Spot spot = spotAt(event->position());
  if (spot != m_hovered) point(spot);
}

void TokenStrip::point(const Spot& spot) {
  m_hovered = spot;
  Selection hovered = m_controller.lastingSelection();
  if (spot.kind == Spot::Kind::chip) {
    const RunSnapshot& run = runOf(spot.row);
    const StepIndex step{std::min(hovered.step.value, run.stepCount())};
    if (spot.position < run.tokensSeenAt(step)) {
      hovered.lane = spot.row;
      hovered.query = Position{spot.position};
      hovered.key = Position{std::min(hovered.key.value, spot.position)};
      m_controller.preview(hovered);
      m_controller.pointAt(numberOf(spot.row, spot.position));
      viewport()->update();
      return;
    }
  }
  m_controller.preview(std::nullopt);
  m_controller.pointAt(std::nullopt);
  viewport()->update();
}

/// What the inspector explains of a chip: the logit that a generated token was picked with, a prompt token's
/// embedding.
NumberPlace TokenStrip::numberOf(int row, int position) const {
  NumberPlace place{m_controller.lastingSelection()};
  const std::vector<Chip>& chips = m_rows[static_cast<std::size_t>(row)].chips;
  const bool generated = position > 0 && chips[static_cast<std::size_t>(position)].madeByStep > 0;
  place.row.lane = row;
  place.row.site = generated ? Site::logits : Site::embedTokens;
  place.row.query = Position{generated ? position - 1 : position};
  if (generated) place.element = runOf(row).tokens[static_cast<std::size_t>(position)].value;
  return place;
}

void TokenStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const Spot spot = spotAt(event->position());
  if (spot.kind == Spot::Kind::cross) {
    emit removeRequested(m_rows[static_cast<std::size_t>(spot.row)].laneId);
    return;
  }
  if (spot.kind == Spot::Kind::nothing) return m_controller.unlock();
  if (spot.row != m_controller.lastingSelection().lane) m_controller.selectLane(spot.row);
  if (spot.kind == Spot::Kind::chip) m_controller.selectPosition(Position{spot.position});
}

void TokenStrip::mouseDoubleClickEvent(QMouseEvent* event) {
  const Spot spot = spotAt(event->position());
  if (spot.kind == Spot::Kind::chip) goToMaker(spot.row, spot.position);
}

void TokenStrip::goToMaker(int row, int position) {
  if (row < 0 || row >= static_cast<int>(m_rows.size())) return;
  const std::vector<Chip>& chips = m_rows[static_cast<std::size_t>(row)].chips;
  if (position < 0 || position >= static_cast<int>(chips.size())) return;
  m_controller.unlock();
  m_controller.showStep(std::max(1, chips[static_cast<std::size_t>(position)].madeByStep));
}

void TokenStrip::wheelEvent(QWheelEvent* event) {
  const QPoint delta = event->pixelDelta().isNull() ? event->angleDelta() : event->pixelDelta();
  if (event->position().x() < nameWidth() && verticalScrollBar()->maximum() > 0) {
    verticalScrollBar()->setValue(verticalScrollBar()->value() - (delta.y() > 0 ? 1 : -1));
    viewport()->update();
  } else {
    const int amount = std::abs(delta.x()) > std::abs(delta.y()) ? delta.x() : delta.y();
    horizontalScrollBar()->setValue(horizontalScrollBar()->value() - amount);
  }
  event->accept();
}

void TokenStrip::keyPressEvent(QKeyEvent* event) {
  const int lane = m_controller.lastingSelection().lane;
  const auto rows = static_cast<int>(m_rows.size());
  if (lane < 0 || lane >= rows) return QAbstractScrollArea::keyPressEvent(event);
  const Row& row = m_rows[static_cast<std::size_t>(lane)];
  const auto count = static_cast<int>(row.chips.size());
  int target = m_controller.lastingSelection().query.value;
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
    case Qt::Key_Up:
      if (lane > 0) m_controller.selectLane(lane - 1);
      return;
    case Qt::Key_Down:
      if (lane + 1 < rows) m_controller.selectLane(lane + 1);
      return;
    case Qt::Key_Delete:
      if (lane > 0) emit removeRequested(row.laneId);
      return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      goToMaker(lane, target);
      return;
    default:
      QAbstractScrollArea::keyPressEvent(event);
      return;
  }
  if (count == 0) return;
  target = std::clamp(target, 0, count - 1);
  m_controller.selectPosition(Position{target});
  scrollTo(target);
}

}  // namespace decodescope
