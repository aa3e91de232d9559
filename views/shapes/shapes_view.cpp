#include "views/shapes/shapes_view.h"

#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ShapesView", text);
}

constexpr NumberRange kStep{.minimum = 1, .maximum = kWalkSteps, .step = 1, .standard = 1};

constexpr std::array<const char*, 3> kNumbers{"run", "lecture", "lecture-three"};
constexpr std::array<const char*, 3> kFollowed{"q", "k", "v"};

/// From all that can be read to what every room has place for.
constexpr std::array<WalkRoom, 10> kRooms{{{12, 8, 16, 16},
                                           {8, 8, 8, 8},
                                           {6, 5, 6, 8},
                                           {5, 4, 5, 6},
                                           {5, 3, 4, 5},
                                           {4, 3, 3, 4},
                                           {3, 2, 3, 3},
                                           {7, 2, 2, 2},
                                           {4, 2, 2, 2},
                                           {2, 2, 2, 2}}};
/// Smaller numbers are not for the back row: then more is left out.
constexpr std::array kGoodPixels{15.0, 12.0, 10.5, 9.0};

/// An arrow from a row to where it goes.
void drawWay(QPainter& painter, const Theme& theme, QPointF from, QPointF to) {
  painter.setRenderHint(QPainter::Antialiasing, true);
  const double head = theme.px(9), middle = (from.y() + to.y()) / 2;
  QPainterPath path(from);
  path.cubicTo(QPointF(from.x(), middle), QPointF(to.x(), middle), QPointF(to.x(), to.y() - head));
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.accent, theme.px(2.5), Qt::SolidLine, Qt::RoundCap));
  painter.drawPath(path);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.accent);
  painter.drawPolygon(QPolygonF({to, to + QPointF(-head * 0.55, -head), to + QPointF(head * 0.55, -head)}));
  painter.setRenderHint(QPainter::Antialiasing, false);
}

}  // namespace

std::unique_ptr<View> makeShapesView() {
  return std::make_unique<ShapesView>();
}

std::vector<ViewOption> ShapesView::options() const {
  ViewOption step{QStringLiteral("step"),
                  tr("Step"),
                  tr("Walk through the reshape; or click a step in the picture"),
                  {},
                  kStep.text(static_cast<int>(m_step) + 1)};
  step.number = kStep;
  const auto followed = static_cast<std::size_t>(m_followed) - static_cast<std::size_t>(WalkTensor::q);
  return {step,
          {QStringLiteral("numbers"),
           tr("Numbers"),
           tr("This run's, or the lecture's 1 × 3 × 6 with 2 heads of 3 or 3 heads of 2"),
           {{QStringLiteral("run"), tr("This model")},
            {QStringLiteral("lecture"), tr("Lecture: 1 × 3 × 6, 2 heads")},
            {QStringLiteral("lecture-three"), tr("1 × 3 × 6, 3 heads")}},
           QLatin1String(kNumbers[static_cast<std::size_t>(m_numbers)])},
          {QStringLiteral("tensor"),
           tr("Follow"),
           tr("Which of the three is followed through projection, view and transpose"),
           {{QStringLiteral("q"), tr("Queries")},
            {QStringLiteral("k"), tr("Keys")},
            {QStringLiteral("v"), tr("Values")}},
           QLatin1String(kFollowed[followed])}};
}

bool ShapesView::setOption(const QString& id, const QString& value) {
  const auto indexIn = [&](const auto& names) {
    return std::find(names.begin(), names.end(), value) - names.begin();
  };
  if (id == QLatin1String("step")) {
    const std::optional<double> number = kStep.parse(value);
    if (!number) return false;
    m_step = static_cast<WalkStep>(static_cast<int>(*number) - 1);
  } else if (id == QLatin1String("numbers")) {
    const auto at = indexIn(kNumbers);
    if (at == static_cast<std::ptrdiff_t>(kNumbers.size())) return false;
    m_numbers = static_cast<ShapesModel::Numbers>(at);
  } else if (id == QLatin1String("tensor")) {
    const auto at = indexIn(kFollowed);
    if (at == static_cast<std::ptrdiff_t>(kFollowed.size())) return false;
    m_followed = static_cast<WalkTensor>(static_cast<int>(WalkTensor::q) + static_cast<int>(at));
  } else {
    return false;
  }
  update();
  return true;
}

void ShapesView::present(const SessionSnapshot& session, const Selection& selection) {
  m_shown = shownRun(session, selection);
  update();
}

std::vector<double> ShapesView::scaleEnds() const {
  return m_model.ready() ? m_model.scaleEnds() : std::vector<double>();
}

double ShapesView::paintSteps(QPainter& painter, const QRectF& area, const Theme& theme) {
  m_steps.clear();
  const QFont name = theme.sized(11.5, QFont::DemiBold), shape = theme.sized(11);
  const TextMetrics names(name, painter.device()), shapes(shape, painter.device());
  double widest = 0;
  bool shapesFit = true;
  const double gap = theme.px(5);
  int lines = 1;
  double width = 0;
  // Where there is little room, numbers stand for the names: the title has the current one.
  const bool isLow = area.height() < theme.px(330);
  for (; lines <= 2; ++lines) {
    const int each = (kWalkSteps + lines - 1) / lines;
    width = (area.width() - gap * (each - 1)) / each;
    widest = 0;
    shapesFit = true;
    for (int i = 0; i < kWalkSteps; ++i) {
      const auto step = static_cast<WalkStep>(i);
      widest = std::max(widest, names.horizontalAdvance(ShapesModel::stepName(step)));
      shapesFit &= shapes.horizontalAdvance(m_model.shapeAfter(step)) + theme.px(4) <= width;
    }
    if (widest + theme.px(4) <= width && (shapesFit || lines == 2)) break;
  }
  const bool numbered = lines > 2 || (isLow && lines > 1);
  if (numbered) {
    lines = 1;
    width = (area.width() - gap * (kWalkSteps - 1)) / kWalkSteps;
  }
  const bool withShapes = shapesFit && !isLow;
  const int each = (kWalkSteps + lines - 1) / lines;
  const double height =
      std::ceil(names.height()) + (withShapes ? std::ceil(shapes.height()) : 0) + theme.px(6);
  if (height * lines > area.height() * 0.3) return 0;
  for (int i = 0; i < kWalkSteps; ++i) {
    const auto step = static_cast<WalkStep>(i);
    const QRectF chip(area.left() + (i % each) * (width + gap), area.top() + (i / each) * (height + gap),
                      width, height);
    m_steps.push_back(chip);
    const bool isCurrent = step == m_model.step();
    painter.fillRect(chip, isCurrent ? theme.accent : theme.panel);
    drawOutline(painter, chip, isCurrent ? theme.accent : theme.line, theme.px(1));
    painter.setFont(name);
    painter.setPen(isCurrent ? readableOn(theme.accent) : theme.text);
    const QRectF inside = chip.adjusted(theme.px(1), theme.px(3), -theme.px(1), -theme.px(3));
    drawFitted(painter, QRectF(inside.left(), inside.top(), inside.width(), names.height()), Qt::AlignCenter,
               numbered ? QString::number(i + 1) : ShapesModel::stepName(step));
    if (!withShapes) continue;
    painter.setFont(shape);
    if (!isCurrent) painter.setPen(theme.faintText);
    drawFitted(painter,
               QRectF(inside.left(), inside.bottom() - shapes.height(), inside.width(), shapes.height()),
               Qt::AlignCenter, m_model.shapeAfter(step));
  }
  return lines * height + (lines - 1) * gap + theme.px(12);
}

void ShapesView::paintSheet(QPainter& painter, const QRectF& area, const Theme& theme) {
  // As much as leaves the numbers large enough to read.
  std::array<double, kRooms.size()> pixels{};
  std::size_t tried = 0;
  while (tried < kRooms.size()) {
    m_sheet.settle(painter, area, theme, m_model.lines(kRooms[tried], theme));
    pixels[tried++] = m_sheet.numberPixels();
    if (pixels[tried - 1] >= kGoodPixels.front() || !m_model.isShortened()) break;
  }
  std::size_t chosen = tried - 1;
  for (const double good : kGoodPixels) {
    const auto found = std::find_if(pixels.begin(), pixels.begin() + static_cast<std::ptrdiff_t>(tried),
                                    [good](double size) { return size >= good; });
    if (found == pixels.begin() + static_cast<std::ptrdiff_t>(tried)) continue;
    chosen = static_cast<std::size_t>(found - pixels.begin());
    break;
  }
  const std::vector<GridLine> lines = m_model.lines(kRooms[chosen], theme);
  m_sheet.settle(painter, area, theme, lines);
  paintWay(painter, area, theme, lines);
  m_sheet.paint(painter, theme, lines);
}

void ShapesView::paintWay(QPainter& painter, const QRectF& area, const Theme& theme,
                          const std::vector<GridLine>& lines) {
  auto way = m_model.chosenWay();
  if (!way) return;
  // From matrix to matrix: numbers are not drawn over. The rows themselves are outlined.
  way->first.row = lines[way->first.line][way->first.item].grid.rows - 1;
  way->second.row = 0;
  const QRectF from = m_sheet.cellArea(way->first), to = m_sheet.cellArea(way->second);
  if (from.isNull() || to.isNull() || to.top() <= from.bottom() || to.bottom() > area.bottom() + 1) return;
  drawWay(painter, theme, QPointF(from.center().x(), from.bottom()), QPointF(to.center().x(), to.top()));
}

void ShapesView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  m_steps.clear();
  m_sheet = {};
  if (!m_model.ready()) {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
    painter.restore();
    return;
  }
  const FrameTexts words{m_model.title(),   m_model.facts(),        m_model.note(),
                         m_model.readout(), m_model.shortReadout(), {}};
  const PictureFrame frame = framePicture(painter, area, theme, words);
  QRectF body = frame.body;
  if (!frame.small) body.setTop(body.top() + paintSteps(painter, body, theme));
  paintSheet(painter, body, theme);
  paintFrame(painter, frame, theme, words);
  painter.restore();
}

std::optional<Hit> ShapesView::hitTest(QPointF point) const {
  if (!m_model.ready()) return std::nullopt;
  Hit hit;
  hit.hovered = m_shown.selection;
  for (std::size_t i = 0; i < m_steps.size(); ++i) {
    if (!m_steps[i].contains(point)) continue;
    hit.toolTip = tr("Step %1: %2\n%3")
                      .arg(QString::number(i + 1), ShapesModel::stepName(static_cast<WalkStep>(i)),
                           m_model.shapeAfter(static_cast<WalkStep>(i)));
    hit.locks = false;
    hit.option = {QStringLiteral("step"), QString::number(i + 1)};
    return hit;
  }
  const std::optional<GridSheet::Spot> spot = m_sheet.at(point);
  if (!spot) return std::nullopt;
  hit.toolTip = m_model.toolTip(*spot);
  hit.number = m_model.number(*spot);
  const std::optional<Selection> selected = m_model.selected(*spot);
  if (selected) {
    hit.hovered = *selected;
  } else {
    hit.locks = false;
  }
  return hit;
}

Selection ShapesView::moved(const Selection& selection, int dx, int dy) const {
  // Tokens down, heads across.
  Selection s = selection;
  s.query = Position{std::max(0, s.query.value + dy)};
  s.head = HeadIndex{std::max(0, s.head.value + dx)};
  return s;
}

QString ShapesView::description() const {
  if (!m_model.ready()) return m_model.emptyTitle() + QStringLiteral(". ") + m_model.emptyText();
  return m_model.title() + QStringLiteral(": ") + m_model.facts().join(QStringLiteral(", ")) +
         QStringLiteral(". ") + m_model.readout() + QLatin1Char(' ') + m_model.note();
}

}  // namespace decodescope
