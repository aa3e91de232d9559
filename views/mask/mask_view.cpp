#include "views/mask/mask_view.h"

#include "views/heatmap.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MaskView", text);
}

constexpr std::pair<const char*, double> kDropouts[] = {{"0", 0}, {"0.05", 0.05}, {"0.1", 0.1}, {"0.5", 0.5}};

/// The selected row as a table: below this height only the matrices are shown.
constexpr double kRowsFrom = 420;

}  // namespace

std::unique_ptr<View> makeMaskView() {
  return std::make_unique<MaskView>();
}

std::vector<ViewOption> MaskView::options() const {
  ViewOption dropout{QStringLiteral("dropout"),
                     tr("Attention dropout"),
                     tr("Drops weights with probability p and divides the rest by 1 − p, as in training"),
                     {},
                     QStringLiteral("0")};
  for (const auto& [text, p] : kDropouts) {
    dropout.choices.emplace_back(QLatin1String(text), p == 0 ? tr("off") : QLatin1String(text));
    if (p == m_settings.dropout) dropout.value = QLatin1String(text);
  }
  return {{QStringLiteral("rows"),
           tr("Rows"),
           tr("Which rows are masked together"),
           {{QStringLiteral("step"), tr("Of the step")}, {QStringLiteral("all"), tr("All tokens so far")}},
           m_settings.rows == MaskSettings::Rows::all ? QStringLiteral("all") : QStringLiteral("step")},
          dropout};
}

bool MaskView::setOption(const QString& id, const QString& value) {
  if (id == QLatin1String("rows")) {
    if (value != QLatin1String("step") && value != QLatin1String("all")) return false;
    m_settings.rows = value == QLatin1String("all") ? MaskSettings::Rows::all : MaskSettings::Rows::step;
  } else if (id == QLatin1String("dropout")) {
    const auto* found = std::find_if(std::begin(kDropouts), std::end(kDropouts),
                                     [&](const auto& d) { return value == QLatin1String(d.first); });
    if (found == std::end(kDropouts)) return false;
    m_settings.dropout = found->second;
  } else {
    return false;
  }
  m_model.present(m_shown, m_settings);
  return true;
}

void MaskView::present(const SessionSnapshot& session, const Selection& selection) {
  m_shown = shownRunWithScores(session, selection);
  m_model.present(m_shown, m_settings);
}

std::vector<double> MaskView::scaleEnds() const {
  return m_shown.ready() ? std::vector{m_model.scoreEnd()} : std::vector<double>();
}

QString MaskView::emptyText() const {
  if (m_shown.state == ShownRun::State::noModel)
    return tr("Open a model: what its causal mask hides, and two ways to mask, appear here.");
  if (m_shown.state == ShownRun::State::lacking) return m_shown.lackingText();
  if (!m_shown.ready())
    return tr(
        "Make a step (Space in the window): the scores of the prompt's tokens, with what the mask "
        "hides, appear here.");
  return m_model.missingText();
}

FrameTexts MaskView::texts(const Theme& theme) const {
  FrameTexts texts{m_model.title(), m_model.subtitle(), m_model.note(), m_model.readout(), {}, {}};
  const auto hatched = [&theme](bool ghost) {
    return [ghost, &theme](QPainter& painter, const QRectF& r) {
      if (ghost) painter.fillRect(r, mixed(theme.background, theme.warning, 0.25));
      if (!ghost) drawMasked(painter, r, theme);
      drawOutline(painter, r, theme.line, theme.px(1), ghost ? Qt::DashLine : Qt::SolidLine);
    };
  };
  if (!m_model.maskOff())
    texts.legend.push_back({tr("veiled and hatched: never computed by the run"), hatched(true)});
  texts.legend.push_back({tr("masked"), hatched(false)});
  texts.legend.push_back({tr("selected query"), colorSample(theme.accent)});
  const QList<QRgb> weights = colormapTable(Colormap::viridis, theme.dark);
  texts.legend.push_back({tr("weight 0"), colorSample(QColor::fromRgb(weights[0]))});
  texts.legend.push_back({tr("weight 1"), colorSample(QColor::fromRgb(weights[255]))});
  const QList<QRgb> signs = colormapTable(Colormap::diverging, theme.dark);
  const QString end = QString::number(m_model.scoreEnd(), 'g', 4);
  texts.legend.push_back({tr("score −%1").arg(end), colorSample(QColor::fromRgb(signs[1]))});
  texts.legend.push_back({tr("score %1").arg(end), colorSample(QColor::fromRgb(signs[255]))});
  return texts;
}

void MaskView::place(const QRectF& whole, const Theme& theme, QPainter& painter) {
  using P = MaskModel::Panel;
  m_placed.clear();
  m_wayLabels.clear();
  m_conclusion = m_rows = QRectF();
  m_labelWidth = m_sumWidth = 0;
  const TextMetrics metrics(theme.sized(11), painter.device());
  const double line = std::ceil(metrics.height());
  QRectF area = whole;
  const bool words = whole.width() >= theme.px(420) && whole.height() >= theme.px(150);
  const double header = words ? line + theme.px(3) : 0, footer = words ? line + theme.px(2) : 0;
  if (words)
    m_conclusion = QRectF(area.left(), area.bottom() - line - theme.px(4), area.width(), line + theme.px(4));
  if (words) area.setBottom(m_conclusion.top() - theme.px(4));
  if (whole.height() >= theme.px(kRowsFrom) && whole.width() >= theme.px(480)) {
    const double lines = 7 + (m_model.dropsOut() ? 1 : 0) + (m_model.singleRow() ? 2 : 0);
    const double height = std::min(area.height() * 0.45, lines * (line + theme.px(5)) + theme.px(6));
    m_rows = QRectF(area.left(), area.bottom() - height, area.width(), height);
    area.setBottom(m_rows.top() - theme.px(8));
  }
  // Labels of tokens beside the first matrix, where they can be read.
  double widest = 0;
  for (int t = 0; t < m_model.tokens(); ++t)
    widest = std::max(widest, metrics.horizontalAdvance(m_model.label(t)));
  const bool labels = words && m_model.tokens() <= 40;
  const double rowLabels = labels ? std::min(widest, theme.px(90)) + theme.px(6) : 0;

  // Scores, then the two ways beside each other: rows of matrices, or columns in upright areas.
  const std::vector<P> first{P::softmaxAll, P::zeroed, P::renormalised};
  std::vector<P> second{P::masked, P::weights, m_model.dropsOut() ? P::dropout : P::difference};
  const bool upright = area.width() < area.height() * 0.9;
  // Sums of rows stand right of the weights, where rows are as high as a line.
  const double sums = words && m_model.tokens() <= 20 && area.width() >= theme.px(800)
                          ? metrics.horizontalAdvance(QStringLiteral("0.000")) + theme.px(8)
                          : 0;
  const double gap = theme.px(words ? 26 : 8) + sums;
  const double wayWidth = words ? theme.px(22) : 0;
  const int across = upright ? 2 : 4, down = upright ? 4 : 2;
  const double side = std::max(
      1.0,
      std::floor(std::min((area.width() - rowLabels - wayWidth - (across - 1) * gap - sums) / across,
                          (area.height() - down * (header + footer) - (down - 1) * theme.px(6)) / down)));
  const double cell = wholePixels(painter, side / std::max(1, m_model.tokens()));
  // Whole pixels a cell, where that costs little and there is at least one.
  const double crisp = cell * m_model.tokens();
  const double used = crisp >= 0.85 * side && crisp <= side ? crisp : side;
  m_sumWidth = used / m_model.tokens() >= line ? sums : 0;
  const auto at = [&](int column, int row) {
    const double x = onPixel(
        painter, area.left() + rowLabels + column * (side + gap) + (column > 0 || upright ? wayWidth : 0));
    const double y = onPixel(painter, area.top() + row * (side + header + footer + theme.px(6)) + header);
    return QRectF(x, y, used, used);
  };
  const auto put = [&](P panel, const QRectF& cells) {
    m_placed.push_back({panel, cells.adjusted(-theme.px(4), -header, gap * 0.8, footer), cells});
  };
  m_labelWidth = rowLabels;
  put(P::scores, at(0, 0));
  for (int i = 0; i < 3; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const QRectF a = upright ? at(0, i + 1) : at(i + 1, 0), b = upright ? at(1, i + 1) : at(i + 1, 1);
    put(first[index], a);
    put(second[index], b);
    if (!words) continue;
    const auto mark = [&](const QRectF& cells, const QString& text) {
      const double width = theme.px(24);
      if (!upright)
        m_wayLabels.emplace_back(
            QRectF(cells.left() - width - theme.px(1), cells.center().y() - line, width, 2 * line), text);
    };
    mark(a, i == 0 ? QStringLiteral("1") : QStringLiteral("→"));
    mark(b, i == 0                           ? QStringLiteral("2")
            : second[index] == P::difference ? QStringLiteral("1−2")
                                             : QStringLiteral("→"));
  }
}

void MaskView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  m_placed.clear();
  if (!m_model.ready()) {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_shown.ready() ? tr("Not stored") : m_shown.emptyTitle(), emptyText());
    painter.restore();
    return;
  }
  const FrameTexts words = texts(theme);
  const PictureFrame frame = framePicture(painter, area, theme, words);
  place(frame.body, theme, painter);
  for (const Placed& placed : m_placed) paintPanel(painter, theme, placed);
  paintLabels(painter, theme);
  painter.setFont(theme.sized(13, QFont::DemiBold));
  painter.setPen(theme.accent);
  for (const auto& [rect, text] : m_wayLabels) drawFitted(painter, rect, Qt::AlignCenter, text);
  if (!m_rows.isNull()) paintRows(painter, theme);
  if (!m_conclusion.isNull()) {
    painter.setFont(theme.sized(12.5, QFont::DemiBold));
    painter.setPen(theme.accent);
    drawFitted(painter, m_conclusion, Qt::AlignLeft | Qt::AlignVCenter, m_model.conclusion());
  }
  paintFrame(painter, frame, theme, words);
  painter.restore();
}

void MaskView::coverBeforeWindow(QPainter& painter, const Theme& theme, const QRectF& cells,
                                 const CellGrid& grid) const {
  const int window = m_model.window();
  if (window == 0 || grid.beyond == BeyondDiagonal::values) return;
  const double cell = cells.width() / grid.columns;
  QColor veil = theme.background;
  veil.setAlphaF(0.6f);
  for (int row = window; row < grid.rows; ++row) {
    const QRectF hidden(cells.left(), cells.top() + row * cell, (row - window + 1) * cell, cell);
    if (grid.beyond == BeyondDiagonal::masked) {
      drawMasked(painter, hidden, theme);
    } else {
      painter.fillRect(hidden, veil);
    }
  }
  drawOutline(painter, QRectF(cells.left(), cells.top() + m_model.query() * cell, cells.width(), cell),
              theme.accent, theme.px(2));
}

void MaskView::paintPanel(QPainter& painter, const Theme& theme, const Placed& placed) const {
  CellGrid grid = m_model.panel(placed.panel);
  const double cell = placed.cells.width() / grid.columns;
  double numbers = 0;
  if (placed.panel != MaskModel::difference) numbers = numberPixels(painter, theme, grid, cell, cell);
  // Rounded scores say more than none.
  while (numbers == 0 && placed.panel != MaskModel::difference && grid.scale.isSigned() &&
         grid.decimals > 0) {
    --grid.decimals;
    numbers = numberPixels(painter, theme, grid, cell, cell);
  }
  drawGridCells(painter, placed.cells, grid, theme, numbers);
  coverBeforeWindow(painter, theme, placed.cells, grid);
  const double header = placed.cells.top() - placed.frame.top(),
               footer = placed.frame.bottom() - placed.cells.bottom();
  if (header < theme.px(8)) return;
  painter.setFont(theme.sized(11));
  painter.setPen(theme.text);
  drawFitted(painter,
             QRectF(placed.cells.left(), placed.frame.top(), placed.frame.right() - placed.cells.left(),
                    header - theme.px(3)),
             Qt::AlignLeft | Qt::AlignVCenter, grid.name);
  painter.setPen(theme.faintText);
  if (m_sumWidth > 0) {
    for (int r = 0; r < grid.rows; ++r)
      drawFitted(painter,
                 QRectF(placed.cells.right() + theme.px(6), placed.cells.top() + r * cell, m_sumWidth, cell),
                 Qt::AlignLeft | Qt::AlignVCenter, m_model.sumText(placed.panel, r));
  }
  const QString sum = m_model.sumText(placed.panel, m_model.query());
  QString below;
  if (!sum.isEmpty()) below = tr("row %1: Σ = %2").arg(QString::number(m_model.query()), sum);
  if (placed.panel == MaskModel::difference) below = tr("colours end at ±1e−6");
  drawFitted(painter,
             QRectF(placed.cells.left(), placed.cells.bottom() + theme.px(1),
                    placed.frame.right() - placed.cells.left(), footer),
             Qt::AlignLeft | Qt::AlignVCenter, below);
}

void MaskView::paintLabels(QPainter& painter, const Theme& theme) const {
  if (m_labelWidth <= 0) return;
  const TextMetrics metrics(theme.sized(11), painter.device());
  const int tokens = m_model.tokens();
  const QRectF& cells = m_placed.front().cells;
  const double cell = cells.height() / tokens;
  const int wanted[] = {m_model.query()};
  for (const int t : thinnedLabels(0, tokens, cell, metrics.height(), wanted)) {
    painter.setFont(theme.sized(11, t == m_model.query() ? QFont::DemiBold : QFont::Normal));
    painter.setPen(t == m_model.query() ? theme.accent : theme.text);
    drawFitted(painter,
               QRectF(cells.left() - m_labelWidth, cells.top() + (t + 0.5) * cell - metrics.height() / 2,
                      m_labelWidth - theme.px(5), metrics.height()),
               Qt::AlignRight | Qt::AlignVCenter, m_model.label(t));
  }
}

void MaskView::paintRows(QPainter& painter, const Theme& theme) {
  const std::vector<MaskModel::RowLine> lines = m_model.rowLines();
  const CellGrid fresh = m_model.newRow();
  const QFont font = theme.sized(11);
  const TextMetrics metrics(font, painter.device());
  const double count = static_cast<double>(lines.size()) + 1 + (fresh.rows > 0 ? 2 : 0);
  const double pitch = m_rows.height() / count;
  double nameWidth = 0;
  for (const MaskModel::RowLine& line : lines)
    nameWidth = std::max(nameWidth, metrics.horizontalAdvance(line.name));
  nameWidth = std::min(nameWidth + theme.px(10), m_rows.width() * 0.35);
  const double sumWidth = metrics.horizontalAdvance(QStringLiteral("Σ = 0.000")) + theme.px(10);
  const double room = m_rows.width() - nameWidth - sumWidth;
  const double width = std::min(room, theme.px(70) * m_model.tokens());
  const double x = onPixel(painter, m_rows.left() + nameWidth);
  const double cell = width / m_model.tokens();
  double y = m_rows.top();
  // The tokens above their columns.
  const int wanted[] = {m_model.query(), m_model.key()};
  double widest = theme.px(14);
  for (int t = 0; t < m_model.tokens(); ++t)
    widest = std::max(widest, std::min(theme.px(60), metrics.horizontalAdvance(m_model.label(t))));
  painter.setFont(theme.sized(11, QFont::DemiBold));
  painter.setPen(theme.accent);
  drawFitted(painter, QRectF(m_rows.left(), y, nameWidth - theme.px(6), pitch),
             Qt::AlignLeft | Qt::AlignVCenter,
             tr("query %1 “%2”").arg(QString::number(m_model.query()), m_model.label(m_model.query())));
  painter.setFont(font);
  for (const int t :
       thinnedLabels(0, m_model.tokens(), cell, std::min(widest, theme.px(60)) + theme.px(4), wanted)) {
    painter.setPen(t > m_model.query() ? theme.faintText : theme.text);
    const double half = std::max(cell, widest) / 2;
    const double centre = std::clamp(x + (t + 0.5) * cell, x + half, x + std::max(half, width - half));
    drawFitted(painter, QRectF(centre - half, y, 2 * half, pitch), Qt::AlignHCenter | Qt::AlignVCenter,
               m_model.label(t));
  }
  y += pitch;
  const double height = std::max(theme.px(2), pitch - theme.px(3));
  // One size of numbers, where all have room for some.
  std::vector<double> sizes;
  for (const MaskModel::RowLine& line : lines)
    sizes.push_back(numberPixels(painter, theme, line.grid, cell, height));
  const double least = sizes.empty() ? 0 : *std::min_element(sizes.begin(), sizes.end());
  for (const MaskModel::RowLine& line : lines) {
    painter.setFont(font);
    painter.setPen(theme.text);
    drawFitted(painter, QRectF(m_rows.left(), y, nameWidth - theme.px(6), height),
               Qt::AlignLeft | Qt::AlignVCenter, line.name);
    const QRectF cells(x, onPixel(painter, y), width, onPixel(painter, y + height) - onPixel(painter, y));
    drawGridCells(painter, cells, line.grid, theme,
                  least > 0 ? least : numberPixels(painter, theme, line.grid, cell, cells.height()));
    if (!line.sum.isEmpty()) {
      painter.setFont(font);
      painter.setPen(theme.text);
      drawFitted(painter, QRectF(x + width + theme.px(8), y, sumWidth, height),
                 Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("Σ = %1").arg(line.sum));
    }
    y += pitch;
  }
  if (fresh.rows == 0) return;
  painter.setFont(font);
  painter.setPen(theme.text);
  drawFitted(painter, QRectF(m_rows.left(), y, m_rows.width(), pitch), Qt::AlignLeft | Qt::AlignBottom,
             fresh.name);
  y += pitch;
  const double freshWidth = std::min(m_rows.width() - sumWidth, theme.px(70) * fresh.columns);
  const QRectF cells(onPixel(painter, m_rows.left()), onPixel(painter, y), freshWidth, height);
  drawGridCells(painter, cells, fresh, theme,
                numberPixels(painter, theme, fresh, freshWidth / fresh.columns, height));
}

std::optional<Hit> MaskView::hitTest(QPointF point) const {
  if (!m_model.ready()) return std::nullopt;
  for (const Placed& placed : m_placed) {
    if (!placed.cells.contains(point)) continue;
    const auto index = [&](double offset) {
      return std::clamp(static_cast<int>(offset / placed.cells.width() * m_model.tokens()), 0,
                        m_model.tokens() - 1);
    };
    const int query = index(point.y() - placed.cells.top()), key = index(point.x() - placed.cells.left());
    Hit hit;
    hit.hovered = m_shown.selection;
    hit.hovered.query = Position{query};
    hit.hovered.key = Position{key};
    hit.clicked = hit.hovered;
    hit.clicked->site =
        placed.panel == MaskModel::scores || placed.panel == MaskModel::masked ? Site::scores : Site::weights;
    std::optional<Explanation> explanation = m_model.explanation(placed.panel, query, key);
    hit.number =
        explanation ? derivedPlace(*hit.clicked, std::move(*explanation)) : NumberPlace{*hit.clicked, -1};
    hit.toolTip = m_model.toolTip(placed.panel, query, key);
    return hit;
  }
  return std::nullopt;
}

QString MaskView::description() const {
  if (!m_model.ready())
    return (m_shown.ready() ? tr("Not stored") : m_shown.emptyTitle()) + QStringLiteral(". ") + emptyText();
  QString text = m_model.title() + QStringLiteral(". ");
  if (!m_model.note().isEmpty()) text += m_model.note() + QLatin1Char(' ');
  return text + m_model.readout() + QStringLiteral(". ") + m_model.conclusion();
}

}  // namespace decodescope
