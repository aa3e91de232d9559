#include "views/rope/rope_view.h"

#include "core/ops/rope.h"
#include "views/colormap.h"
#include "views/heatmap.h"
#include "views/panel_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>

namespace decodescope {
namespace {

constexpr NumberRange kPair{.minimum = -1, .maximum = 255, .step = 1, .standard = -1};
constexpr NumberRange kShift{.minimum = 0, .maximum = 2000, .step = 1, .standard = 0};

constexpr std::array<const char*, 4> kPanels{"dials", "matrix", "spectrum", "distance"};

QString tr(const char* text) {
  return QCoreApplication::translate("RopeView", text);
}

/// An arrow from the dial's centre. Before: hollow and thin; after: solid.
void drawArrow(QPainter& painter, QPointF from, QPointF to, const QColor& color, bool solid,
               const Theme& theme) {
  const QPointF along = to - from;
  const double length = std::hypot(along.x(), along.y());
  if (length < theme.px(1.5)) {
    painter.setPen(QPen(color, theme.px(1.4)));
    painter.setBrush(solid ? QBrush(color) : QBrush(theme.background));
    painter.drawEllipse(to, theme.px(2), theme.px(2));
    return;
  }
  const QPointF u = along / length, normal(-u.y(), u.x());
  const double head = std::min(theme.px(solid ? 10 : 9), length * 0.6);
  const QPointF neck = to - u * head;
  QPen pen(color, theme.px(solid ? 2.4 : 1.2), solid ? Qt::SolidLine : Qt::DashLine, Qt::FlatCap);
  if (!solid) pen.setDashPattern({3, 2});
  painter.setPen(pen);
  painter.drawLine(from, neck);
  QPainterPath tip(to);
  tip.lineTo(neck + normal * head * 0.42);
  tip.lineTo(neck - normal * head * 0.42);
  tip.closeSubpath();
  painter.setPen(QPen(color, theme.px(1.2), Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
  painter.setBrush(solid ? QBrush(color) : QBrush(theme.background));
  painter.drawPath(tip);
}

/// The arc from `start` (radians, counter-clockwise) over what is left of `angle` after its full turns.
void drawTurn(QPainter& painter, QPointF centre, double radius, double start, double angle,
              const QColor& color, const Theme& theme) {
  const double rest = std::fmod(angle, 2 * M_PI);
  if (rest * radius < theme.px(2)) return;
  const QRectF box(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius);
  QColor pale = color;
  pale.setAlphaF(0.75F);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(pale, theme.px(1.6), Qt::SolidLine, Qt::FlatCap));
  painter.drawArc(box, static_cast<int>(std::lround(start * 180 / M_PI * 16)),
                  static_cast<int>(std::lround(rest * 180 / M_PI * 16)));
  // The arc's own small head, tangent to the circle.
  const double end = start + rest;
  const QPointF at = centre + radius * QPointF(std::cos(end), -std::sin(end));
  const QPointF tangent(-std::sin(end), -std::cos(end)), outward(std::cos(end), -std::sin(end));
  const double head = std::min(theme.px(5), rest * radius);
  QPainterPath tip(at);
  tip.lineTo(at - tangent * head + outward * head * 0.5);
  tip.lineTo(at - tangent * head - outward * head * 0.5);
  tip.closeSubpath();
  painter.fillPath(tip, pale);
}

}  // namespace

std::unique_ptr<View> makeRopeView() {
  return std::make_unique<RopeView>();
}

std::vector<ViewOption> RopeView::options() const {
  ViewOption shift{QStringLiteral("shift"),
                   tr("Shift Δ"),
                   tr("Added to the positions of query and key: the score stays what it is"),
                   {},
                   kShift.text(m_settings.shift),
                   kShift};
  ViewOption pair{
      QStringLiteral("pair"),
      tr("Pair"),
      tr("The pair that is followed through all pictures (−1: none); a click on it does the same"),
      {},
      kPair.text(m_settings.pair),
      kPair};
  if (m_model.state() == RopeModel::State::rotary) pair.number->maximum = m_model.config().headDim / 2 - 1;
  return {
      {QStringLiteral("show"),
       tr("Show"),
       tr("Which picture of the rotation"),
       {{QStringLiteral("dials"), tr("Dials")},
        {QStringLiteral("matrix"), tr("Matrix")},
        {QStringLiteral("spectrum"), tr("Frequencies")},
        {QStringLiteral("distance"), tr("Score by distance")}},
       QLatin1String(kPanels[static_cast<std::size_t>(m_settings.panel)])},
      shift,
      {QStringLiteral("layout"),
       tr("Pairs"),
       tr("Which elements of a head make a pair: as in the model's file, or q and k permuted to the other "
          "layout"),
       {{QStringLiteral("model"), tr("The model's own")}, {QStringLiteral("other"), tr("The other layout")}},
       m_settings.otherLayout ? QStringLiteral("other") : QStringLiteral("model")},
      {QStringLiteral("scale"),
       tr("Lengths"),
       tr("Whether a dial's edge is its own longest arrow, or the longest of all dials"),
       {{QStringLiteral("own"), tr("Each dial its own")}, {QStringLiteral("all"), tr("One scale")}},
       m_oneScale ? QStringLiteral("all") : QStringLiteral("own")},
      pair,
  };
}

bool RopeView::setOption(const QString& id, const QString& value) {
  m_ends.clear();
  if (id == QLatin1String("pair")) {
    const std::optional<double> pair = kPair.parse(value);
    if (!pair) return false;
    m_settings.pair = static_cast<int>(*pair);
    m_model.setSettings(m_settings);
    return true;
  }
  if (id == QLatin1String("shift")) {
    const std::optional<double> shift = kShift.parse(value);
    if (!shift) return false;
    m_settings.shift = static_cast<int>(*shift);
    m_model.setSettings(m_settings);
    return true;
  }
  for (const ViewOption& option : options()) {
    if (option.id != id) continue;
    const auto is = [&](const auto& choice) { return choice.first == value; };
    if (std::none_of(option.choices.begin(), option.choices.end(), is)) return false;
  }
  if (id == QLatin1String("show")) {
    const auto at = std::find(kPanels.begin(), kPanels.end(), value);
    m_settings.panel = static_cast<RopePanel>(at - kPanels.begin());
  } else if (id == QLatin1String("layout")) {
    m_settings.otherLayout = value == QLatin1String("other");
  } else if (id == QLatin1String("scale")) {
    m_oneScale = value == QLatin1String("all");
  } else {
    return false;
  }
  m_model.setSettings(m_settings);
  return true;
}

void RopeView::present(const SessionSnapshot& session, const Selection& selection) {
  m_ends.clear();
  m_model.present(session, selection, m_settings);
}

std::vector<double> RopeView::ends() const {
  if (!m_ends.empty()) return m_ends;
  // The first place is the rotation's: a table is on no scale with it.
  if (m_model.state() == RopeModel::State::table) return {0, static_cast<double>(m_model.tableMax())};
  if (m_model.state() != RopeModel::State::rotary) return {};
  switch (m_settings.panel) {
    case RopePanel::dials:
      return m_oneScale ? std::vector{m_model.longestArrow()} : std::vector<double>();
    case RopePanel::matrix:
      return {m_model.largestShown()};
    case RopePanel::distance: {
      const auto reach = m_model.curvesReach();
      return {reach.below, reach.above, reach.bound};
    }
    case RopePanel::spectrum:
      break;
  }
  return {};
}

void RopeView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  m_area = area;
  if (m_model.state() != RopeModel::State::rotary && m_model.state() != RopeModel::State::table) {
    painter.fillRect(area, theme.background);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
    painter.restore();
    return;
  }
  PanelFrame frame{m_model.title(), m_model.facts(), {}, m_model.notes()};
  const bool isTable = m_model.state() == RopeModel::State::table;
  if (!isTable && m_settings.panel == RopePanel::dials) {
    const auto arrow = [&theme](const QColor& color, bool solid) {
      return [color, solid, &theme](QPainter& p, const QRectF& r) {
        drawArrow(p, QPointF(r.left(), r.center().y()), QPointF(r.right(), r.center().y()), color, solid,
                  theme);
      };
    };
    frame.legend = {{26, arrow(theme.query, false), tr("q")},
                    {26, arrow(theme.query, true), tr("q′ turned by (m + Δ)·θ")},
                    {26, arrow(theme.key, false), tr("k")},
                    {26, arrow(theme.key, true), tr("k′ turned by (n + Δ)·θ")}};
    if (m_settings.shift == 0) {
      frame.legend[1].text = tr("q′ turned by m·θ");
      frame.legend[3].text = tr("k′ turned by n·θ");
    }
  }
  if (!isTable && m_settings.panel == RopePanel::matrix) {
    const auto ramp = [&theme](QPainter& p, const QRectF& r) {
      const QList<QRgb> colors = colormapTable(Colormap::diverging, theme.dark);
      QImage image(128, 1, QImage::Format_RGB32);
      for (int i = 0; i < 128; ++i) image.setPixel(i, 0, colors[2 * i + 1]);
      drawCells(p, r, image);
    };
    const QString range = shortNumber(ends().front());
    frame.legend = {{60, ramp, tr("R, cos, sin: −1 … 1")}, {60, ramp, tr("q: −%1 … %1").arg(range)}};
  }
  const QRectF body = paintFrame(painter, area, theme, frame);
  if (isTable) {
    paintTable(painter, body, theme);
  } else {
    switch (m_settings.panel) {
      case RopePanel::dials:
        paintDials(painter, body, theme);
        break;
      case RopePanel::matrix:
        paintMatrix(painter, body, theme);
        break;
      case RopePanel::spectrum:
        paintSpectrum(painter, body, theme);
        break;
      case RopePanel::distance:
        paintDistance(painter, body, theme);
        break;
    }
  }
  painter.restore();
}

void RopeView::paintDials(QPainter& painter, const QRectF& area, const Theme& theme) {
  const double cards = cardHeight(theme, painter);
  QRectF dials = area;
  if (area.height() > 2.6 * cards && area.width() > theme.px(150)) {
    paintScores(painter, QRectF(area.left(), area.bottom() - cards, area.width(), cards), theme);
    dials.setBottom(area.bottom() - cards - theme.px(8));
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(area.left(), dials.bottom()), QPointF(area.right(), dials.bottom()));
    dials.setBottom(dials.bottom() - theme.px(6));
  }
  const std::span<const RopePairShown> pairs = m_model.pairs();
  const TextMetrics metrics(theme.sized(11), painter.device());
  m_dials = layoutDials(dials, static_cast<int>(pairs.size()), std::ceil(metrics.height()), theme.scale);
  const double all = m_oneScale ? ends().front() : 0;

  for (const RopePairShown& pair : pairs) {
    const QPointF centre = m_dials.centre(pair.pair);
    const double radius = m_dials.radius;
    const bool followed = &pair == m_model.chosenPair();
    painter.setPen(followed ? QPen(theme.accent, theme.px(2.5)) : QPen(theme.line, theme.px(1)));
    painter.setBrush(followed ? mixed(theme.panel, theme.accent, 0.07) : theme.panel);
    painter.drawEllipse(centre, radius, radius);
    painter.setPen(QPen(mixed(theme.line, theme.panel, 0.35), theme.px(1)));
    painter.drawLine(centre - QPointF(radius, 0), centre + QPointF(radius, 0));
    painter.drawLine(centre - QPointF(0, radius), centre + QPointF(0, radius));
    const double unit = radius * 0.94 / std::max(1e-12, m_oneScale ? all : pair.longest());
    const auto end = [&](QPointF p) { return centre + QPointF(p.x(), -p.y()) * unit; };
    if (radius >= theme.px(16)) {
      // Across the arrows, and never on top of each other.
      const auto across = [&](QPointF p) {
        return std::max(0.6 * std::hypot(p.x(), p.y()) * unit, radius * 0.2);
      };
      double queryArc = across(pair.query), keyArc = across(pair.key);
      const double apart = std::min(theme.px(8), radius * 0.15);
      if (std::abs(queryArc - keyArc) < apart) (queryArc < keyArc ? keyArc : queryArc) += apart;
      drawTurn(painter, centre, queryArc, std::atan2(pair.query.y(), pair.query.x()), pair.queryAngle,
               theme.query, theme);
      drawTurn(painter, centre, keyArc, std::atan2(pair.key.y(), pair.key.x()), pair.keyAngle, theme.key,
               theme);
    }
    drawArrow(painter, centre, end(pair.query), theme.query, false, theme);
    drawArrow(painter, centre, end(pair.key), theme.key, false, theme);
    drawArrow(painter, centre, end(pair.turnedQuery), theme.query, true, theme);
    drawArrow(painter, centre, end(pair.turnedKey), theme.key, true, theme);
    if (m_dials.lines == 0) continue;

    const auto text = [&](int line, const QColor& color, const QFont& font, const QString& words) {
      painter.setFont(font);
      painter.setPen(color);
      drawFitted(painter, m_dials.textLine(pair.pair, line), Qt::AlignHCenter | Qt::AlignVCenter, words);
    };
    if (m_dials.lines == 1) {
      text(0, followed ? theme.accent : theme.text, theme.sized(11),
           pairs.size() > 1 ? tr("pair %1").arg(pair.pair) : QString());
      continue;
    }
    const auto angle = [&](const QString& letter, int position, double radians) {
      return QStringLiteral("%1: %2 θ = %3 rad")
          .arg(letter)
          .arg(position)
          .arg(signedNumber(radians, radians >= 100 ? 1
                                     : radians >= 1 ? 2
                                                    : 3));
    };
    text(0, followed ? theme.accent : theme.text, theme.sized(11, QFont::DemiBold),
         tr("%1 · θ = %2").arg(m_model.pairName(pair), QString::number(pair.theta, 'g', 3)));
    text(1, theme.query, theme.sized(11),
         angle(QStringLiteral("q"), m_model.queryPosition(), pair.queryAngle));
    text(2, theme.key, theme.sized(11), angle(QStringLiteral("k"), m_model.keyPosition(), pair.keyAngle));
    text(3, theme.faintText, theme.sized(11), tr("q′·k′ = %1").arg(signedNumber(pair.product)));
  }
}

void RopeView::paintScores(QPainter& painter, const QRectF& area, const Theme& theme) const {
  const Selection& s = m_model.selection();
  const double difference = std::abs(m_model.shiftedScore() - m_model.score());
  struct Card {
    QString caption, value;
    QColor color;
  };
  std::vector<Card> cards{
      {tr("score q′·k′/√d at %1, %2").arg(s.query.value).arg(s.key.value), signedNumber(m_model.score(), 4),
       theme.text},
      {tr("shifted: at %1, %2").arg(m_model.queryPosition()).arg(m_model.keyPosition()),
       signedNumber(m_model.shiftedScore(), 4), theme.accent},
      {tr("|difference|"), QString::number(difference, 'g', 2),
       difference < 1e-5 * std::max(1.0, std::abs(m_model.score())) ? theme.value : theme.warning},
      {tr("not turned: q·k/√d"), signedNumber(m_model.unturnedScore(), 4), theme.faintText},
      {tr("|Δ| to the other pair layout"), QString::number(m_model.layoutDifference(), 'g', 2),
       theme.faintText},
  };
  if (const RopePairShown* pair = m_model.chosenPair()) {
    const double root = std::sqrt(static_cast<double>(m_model.config().headDim));
    cards.insert(cards.begin() + 1, {tr("of it pair %1: q′·k′/√d").arg(pair->pair),
                                     signedNumber(pair->product / root, 4), theme.accent});
  }
  // All of one width, those on the right left out first.
  const TextMetrics metrics(theme.sized(11), painter.device());
  double widest = 0;
  for (const Card& card : cards) widest = std::max(widest, metrics.horizontalAdvance(card.caption));
  const int count =
      std::clamp(static_cast<int>(area.width() / (widest + theme.px(14))), 1, static_cast<int>(cards.size()));
  const double width = area.width() / count;
  for (int i = 0; i < count; ++i) {
    const Card& card = cards[static_cast<std::size_t>(i)];
    drawCard(painter, QRectF(area.left() + i * width, area.top(), width - theme.px(10), area.height()), theme,
             card.color, card.caption, card.value);
  }
}

/// A pair: its first (or second) number of the turned query, where the model's own layout has it.
Hit RopeView::pairHit(const RopePairShown& pair, bool second) const {
  Hit hit;
  hit.hovered = m_model.selection();
  hit.locks = false;
  hit.toolTip = m_model.toolTip(pair);
  const bool followed = m_settings.pair == pair.pair;
  hit.option = {QStringLiteral("pair"), QString::number(followed ? -1 : pair.pair)};
  const ModelConfig& config = m_model.config();
  const RopePair own = ropePair(config.rotaryLayout, pair.pair, config.headDim);
  hit.number = NumberPlace{hit.hovered, second ? own.second : own.first};
  hit.number->row.site = Site::qRot;
  return hit;
}

std::optional<Hit> RopeView::hitTest(QPointF point) const {
  if (!m_area.contains(point)) return std::nullopt;
  Hit hit;
  hit.hovered = m_model.selection();
  hit.locks = false;
  switch (m_model.state()) {
    case RopeModel::State::noModel:
    case RopeModel::State::nothingDecoded:
      return std::nullopt;
    case RopeModel::State::none:
    case RopeModel::State::notStored:
      hit.toolTip = m_model.emptyText();
      return hit;
    case RopeModel::State::table: {
      if (!m_tableArea.contains(point)) return std::nullopt;
      const int dims = m_model.config().hiddenSize;
      const int position =
          std::clamp(static_cast<int>((point.y() - m_tableArea.top()) / m_tableArea.height() * m_tableRows),
                     0, m_tableRows - 1);
      const int dim = std::clamp(
          static_cast<int>((point.x() - m_tableArea.left()) / m_tableArea.width() * dims), 0, dims - 1);
      hit.toolTip = m_model.tableToolTip(position, dim);
      if (position < m_model.shownTokens()) {
        hit.number = NumberPlace{hit.hovered, dim};
        hit.number->row.site = Site::embedPositions;
        hit.number->row.query = Position{position};
      }
      return hit;
    }
    case RopeModel::State::rotary:
      break;
  }
  const std::span<const RopePairShown> pairs = m_model.pairs();
  switch (m_settings.panel) {
    case RopePanel::dials:
      for (std::size_t i = 0; i < m_dials.cells.size() && i < pairs.size(); ++i) {
        if (m_dials.cells[i].contains(point)) return pairHit(pairs[i]);
      }
      break;
    case RopePanel::matrix: {
      const QRectF& m = m_matrix.matrix;
      const int d = m_model.config().rotaryDim();
      const auto elementAt = [&](double at, double length) {
        return std::clamp(static_cast<int>(at / length * d), 0, d - 1);
      };
      int element = -1;
      if (m.contains(point) || m_matrix.input.contains(point) || m_matrix.output.contains(point))
        element = elementAt(point.y() - m.top(), m.height());
      for (const QRectF& strip : m_matrix.strips) {
        if (strip.contains(point)) element = elementAt(point.x() - strip.left(), strip.width());
      }
      for (const RopePairShown& pair : pairs) {
        if (pair.first == element || pair.second == element) return pairHit(pair, pair.second == element);
      }
      break;
    }
    case RopePanel::spectrum: {
      std::optional<QPointF> at = m_upperPlot.valueAt(point);
      if (!at) at = m_lowerPlot.valueAt(point);
      const int pair = at ? static_cast<int>(std::lround(at->x())) : -1;
      if (pair < 0 || pair >= static_cast<int>(pairs.size())) return std::nullopt;
      return pairHit(pairs[static_cast<std::size_t>(pair)]);
    }
    case RopePanel::distance: {
      std::optional<QPointF> at = m_upperPlot.valueAt(point);
      if (!at) at = m_lowerPlot.valueAt(point);
      const int distance = at ? static_cast<int>(std::lround(at->x())) : -1;
      if (distance < 0 || distance >= m_model.distances()) return std::nullopt;
      hit.toolTip = m_model.distanceToolTip(distance);
      if (distance == m_model.distance()) {  // the others are no numbers of the run
        hit.number = NumberPlace{hit.hovered, -1};
        hit.number->row.site = Site::scores;
      }
      return hit;
    }
  }
  return std::nullopt;
}

}  // namespace decodescope
