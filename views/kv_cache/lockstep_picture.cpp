#include "views/kv_cache/lockstep_picture.h"

#include "views/head_colors.h"
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
  return QCoreApplication::translate("KvCacheView", text);
}

/// `ink`: the matrix' own colour, which rows from the cache have in a paler tone.
QColor stateColor(KvCellState state, const QColor& ink, const Theme& theme) {
  switch (state) {
    case KvCellState::absent:
      return mixed(theme.background, theme.panel, 0.6);
    case KvCellState::reused:
      return mixed(ink, theme.background, theme.dark ? 0.5 : 0.55);
    case KvCellState::rebuilt:
      return mixed(ink, theme.background, theme.dark ? 0.72 : 0.78);
    case KvCellState::dropped:
    case KvCellState::folded:
      return theme.maskedCell;
    case KvCellState::added:
      return theme.accent;
    case KvCellState::unused:
      return mixed(theme.accent, theme.background, 0.62);
    case KvCellState::repeated:
      return repeatedColor(theme);
  }
  return {};
}

/// Rows (or columns) first … last−1 of a strip, at least `least` long at the end that is new.
QRectF stretch(const QRectF& strip, bool across, double cell, int first, int last, double least) {
  double from = first * cell;
  const double to = last * cell;
  from = std::min(from, std::max(0.0, to - least));
  return across ? QRectF(strip.left() + from, strip.top(), to - from, strip.height())
                : QRectF(strip.left(), strip.top() + from, strip.width(), to - from);
}

void drawStrip(QPainter& painter, const QRectF& strip, bool across, double cell, const KvLockstepLane& lane,
               KvMatrix matrix, const QColor& ink, const Theme& theme) {
  painter.fillRect(strip, stateColor(KvCellState::absent, ink, theme));
  int first = 0;
  for (int p = 1; p <= lane.tokens(); ++p) {
    if (p < lane.tokens() && lane.row(matrix, p) == lane.row(matrix, first)) continue;
    const KvCellState state = lane.row(matrix, first);
    const double least = state == KvCellState::added ? theme.px(2) : 0;
    const QRectF part = stretch(strip, across, cell, first, p, least);
    if (state == KvCellState::dropped || state == KvCellState::folded) {
      drawMasked(painter, part, theme);
    } else if (state != KvCellState::absent) {
      painter.fillRect(part, stateColor(state, ink, theme));
    }
    first = p;
  }
  if (cell >= theme.px(4)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int p = 1; p < lane.tokens(); ++p) {
      const double at = p * cell;
      if (across) {
        painter.drawLine(QPointF(strip.left() + at, strip.top()), QPointF(strip.left() + at, strip.bottom()));
      } else {
        painter.drawLine(QPointF(strip.left(), strip.top() + at), QPointF(strip.right(), strip.top() + at));
      }
    }
  }
  const bool empty = lane.count(matrix, KvCellState::absent) == static_cast<std::uint64_t>(lane.tokens());
  drawOutline(painter, strip, theme.line, theme.px(1), empty ? Qt::DashLine : Qt::SolidLine);
}

/// Linear attention: what stands where scores would.
void drawNoScores(QPainter& painter, const QRectF& box, const KvLockstepLane& lane, const Theme& theme) {
  const ModelConfig& c = lane.config();
  painter.fillRect(box, mixed(theme.background, theme.panel, 0.6));
  drawOutline(painter, box, theme.line, theme.px(1), Qt::DashLine);
  painter.setFont(theme.sized(11.5));
  const TextMetrics metrics(painter.font(), painter.device());
  const double line = std::ceil(metrics.height() * 1.15), inside = box.width() - theme.px(16);
  // The state is as large as it is: a square of so many cells would be.
  const QStringList words =
      QStringList{tr("No scores."), tr("S: %1 × %1").arg(c.headDim), tr("z: %1").arg(c.headDim)} +
      wrappedWords(tr("Each new row adds φ(k)·vᵀ to S and φ(k) to z, then φ(q) reads them: the same work "
                      "however long the text."),
                   metrics, inside, 8);
  const double height = static_cast<double>(words.size()) * line;
  double y = std::max(box.top() + theme.px(4), box.center().y() - height / 2);
  for (const QString& word : words) {
    if (y + line > box.bottom()) break;
    painter.setPen(word == words.front() ? theme.text : theme.faintText);
    drawFitted(painter, QRectF(box.left() + theme.px(8), y, inside, line), Qt::AlignCenter, word);
    y += line;
  }
}

void drawScores(QPainter& painter, const QRectF& box, double cell, const KvLockstepLane& lane,
                const Theme& theme) {
  const int tokens = lane.tokens();
  painter.fillRect(box, stateColor(KvCellState::absent, theme.accent, theme));
  const QRectF rows = stretch(box, false, cell, lane.firstRow(), tokens, theme.px(2));
  if (lane.isLinear()) return drawNoScores(painter, box, lane, theme);
  const bool hides = lane.firstRow() < tokens - 1 || lane.firstVisible(tokens - 1) > 0;
  if (lane.masked() && hides) drawMasked(painter, rows, theme);
  // Rows thinner than a dot are drawn together.
  const double dot = 1 / pixelRatio(painter);
  const int pool = std::max(1, static_cast<int>(std::ceil(dot / cell)));
  for (int r = lane.firstRow(); r < tokens; r += pool) {
    const int end = std::min(tokens, r + pool);
    const KvCellState state = lane.row(KvMatrix::scores, end - 1);
    QRectF row = stretch(box, false, cell, r, end, end == tokens ? theme.px(2) : 0);
    row.setLeft(box.left() + lane.firstVisible(end - 1) * cell);
    row.setWidth(lane.visible(end - 1) * cell);
    painter.fillRect(row, stateColor(state, theme.accent, theme));
  }
  if (cell >= theme.px(4)) {
    painter.setPen(QPen(theme.background, theme.px(1)));
    for (int p = 1; p < tokens; ++p) {
      const double at = p * cell;
      painter.drawLine(QPointF(box.left() + at, box.top()), QPointF(box.left() + at, box.bottom()));
      painter.drawLine(QPointF(box.left(), box.top() + at), QPointF(box.right(), box.top() + at));
    }
  }
  drawOutline(painter, box, theme.line, theme.px(1));
}

}  // namespace

KvEquationLayout layoutKvEquation(const QRectF& area, const KvEquationNeeds& needs) {
  KvEquationLayout band;
  const double s = needs.scale, line = needs.lineHeight;
  band.words = QRectF(area.left(), area.top(), area.width(), needs.wordLines * line);
  QRectF rest = area.adjusted(0, needs.wordLines * line + 6 * s, 0, 0);
  const double gap = 6 * s, sign = 22 * s, under = line;
  // Strips are a fifth as wide as the scores: the numbers of a row are not told apart here.
  constexpr double kStrip = 0.2;
  const double latent = needs.hasLatent ? 0.5 * kStrip : 0, latentGap = needs.hasLatent ? gap : 0;
  const auto sideWith = [&](double labels) {
    return std::min((rest.width() - labels - gap - 2 * sign) / (1 + 3 * kStrip),
                    (rest.height() - under - gap - latentGap) / (1 + kStrip + latent));
  };
  double labels = needs.labelWidth + 5 * s;
  if (sideWith(labels) / needs.tokens < line * 0.85) labels = 0;
  const double side = std::max(1.0, sideWith(labels));
  band.cell = side / needs.tokens;
  const double strip = kStrip * side;
  const double above = latent * side + latentGap;
  const double left = rest.left(), top = rest.top() + above + strip + gap;
  if (labels > 0) band.labels = QRectF(left, top, needs.labelWidth, side);
  band.q = QRectF(left + labels, top, strip, side);
  band.scores = QRectF(band.q.right() + gap, top, side, side);
  band.k = QRectF(band.scores.left(), rest.top() + above, side, strip);
  if (needs.hasLatent) band.latent = QRectF(band.k.left(), rest.top(), side, latent * side);
  band.times = QRectF(band.scores.right(), top, sign, side);
  band.v = QRectF(band.times.right(), top, strip, side);
  band.equals = QRectF(band.v.right(), top, sign, side);
  band.context = QRectF(band.equals.right(), top, strip, side);
  const QRectF below(area.left(), band.q.bottom() + under + 26 * s, band.context.right() - area.left(),
                     area.bottom() - band.q.bottom() - under - 26 * s);
  if (below.height() >= 60 * s && below.width() >= 120 * s)
    band.history = QRectF(below.topLeft(), QSizeF(below.width(), std::min(below.height(), 150 * s)));
  return band;
}

std::vector<LegendItem> KvLockstepPicture::legend(const Theme& theme, const KvLockstepModel& model) {
  std::vector<LegendItem> items;
  const bool isLatent = std::any_of(model.lanes().begin(), model.lanes().end(),
                                    [](const KvLockstepLane& lane) { return lane.isLatent(); });
  const auto has = [&](KvCellState state) {
    return std::any_of(model.lanes().begin(), model.lanes().end(), [&](const KvLockstepLane& lane) {
      return lane.count(KvMatrix::q, state) + lane.count(KvMatrix::k, state) +
                 lane.count(KvMatrix::latent, state) >
             0;
    });
  };
  const auto add = [&](const QString& text, KvCellState state) {
    if (has(state)) items.push_back({text, colorSample(stateColor(state, theme.key, theme))});
  };
  add(tr("computed now"), KvCellState::added);
  add(tr("computed, read by nobody"), KvCellState::unused);
  if (has(KvCellState::reused))
    items.push_back({isLatent ? tr("reused from the cache (c, kᴿ)") : tr("reused from the cache (K, V)"),
                     [theme, isLatent](QPainter& painter, const QRectF& r) {
                       const QColor left = isLatent ? latentColor(theme) : theme.key;
                       QRectF half = r;
                       half.setWidth(r.width() / 2);
                       painter.fillRect(half, stateColor(KvCellState::reused, left, theme));
                       half.moveLeft(half.right());
                       painter.fillRect(
                           half, stateColor(KvCellState::reused, isLatent ? theme.key : theme.value, theme));
                     },
                     18});
  const bool fills = std::all_of(model.lanes().begin(), model.lanes().end(),
                                 [](const KvLockstepLane& lane) { return lane.lane().cacheOn(); });
  add(fills ? tr("computed again, to fill the cache") : tr("computed again, for nothing"),
      KvCellState::repeated);
  add(tr("K, V rebuilt from c"), KvCellState::rebuilt);
  const auto addHatched = [&](const QString& text, KvCellState state) {
    if (has(state))
      items.push_back({text, [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  };
  addHatched(tr("left the window"), KvCellState::dropped);
  addHatched(tr("in the state: the row is gone"), KvCellState::folded);
  add(tr("not computed"), KvCellState::absent);
  const bool isLinear = std::any_of(model.lanes().begin(), model.lanes().end(),
                                    [](const KvLockstepLane& lane) { return lane.isLinear(); });
  if (isLinear) return items;
  items.push_back(
      {tr("masked"), [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  return items;
}

void KvLockstepPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                              const KvLockstepModel& model) {
  m_bands.clear();
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  KvEquationNeeds needs;
  needs.scale = theme.scale;
  needs.lineHeight = std::ceil(metrics.height());
  needs.tokens = std::max(1, model.tokens());
  needs.hasLatent = std::any_of(model.lanes().begin(), model.lanes().end(),
                                [](const KvLockstepLane& lane) { return lane.isLatent(); });
  for (int p = 0; p < std::min(needs.tokens, 64); ++p)
    needs.labelWidth = std::max(needs.labelWidth, metrics.horizontalAdvance(model.label(p)));
  needs.labelWidth = std::min(std::ceil(needs.labelWidth), theme.px(90));
  const auto count = static_cast<double>(model.lanes().size());
  // Beside or below each other, whichever makes larger matrices.
  const double gap = theme.px(18);
  const auto place = [&](std::size_t i, bool beside) {
    const double width = beside ? (area.width() - (count - 1) * gap) / count : area.width();
    const double height = beside ? area.height() : (area.height() - (count - 1) * gap) / count;
    const double at = static_cast<double>(i);
    return QRectF(area.left() + (beside ? at * (width + gap) : 0),
                  area.top() + (beside ? 0 : at * (height + gap)), width, height);
  };
  const auto layout = [&](std::size_t i, bool beside) {
    const QRectF box = place(i, beside);
    needs.wordLines = 1;
    if (box.height() >= theme.px(120)) {
      for (const KvLockstepLane& lane : model.lanes())
        needs.wordLines = std::max(
            needs.wordLines,
            1.0 + static_cast<double>(brokenParts(model.laneFacts(lane), metrics, box.width(), 3).size()));
    }
    return layoutKvEquation(box, needs);
  };
  const bool beside = layout(0, true).cell > 1.2 * layout(0, false).cell;
  for (std::size_t i = 0; i < model.lanes().size(); ++i) {
    m_bands.push_back(layout(i, beside));
    paintLane(painter, theme, model, model.lanes()[i], m_bands.back());
    if (!m_bands.back().history.isNull())
      paintHistory(painter, theme, model, model.lanes()[i], m_bands.back().history);
  }
}

void KvLockstepPicture::paintLane(QPainter& painter, const Theme& theme, const KvLockstepModel& model,
                                  const KvLockstepLane& lane, const KvEquationLayout& band) const {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double line = std::ceil(metrics.height());
  QRectF words = band.words;
  words.setHeight(line);
  painter.setFont(theme.sized(12, QFont::DemiBold));
  painter.setPen(cacheColor(lane.lane().cacheOn(), theme));
  drawFitted(painter, words, Qt::AlignLeft | Qt::AlignVCenter, model.laneTitle(lane));
  if (band.words.height() > 1.5 * line) {
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.text);
    for (const QString& text : brokenParts(model.laneFacts(lane), metrics, band.words.width(), 3)) {
      words.translate(0, line);
      drawFitted(painter, words, Qt::AlignLeft | Qt::AlignVCenter, text);
    }
  }

  const double cell = band.cell;
  drawStrip(painter, band.q, false, cell, lane, KvMatrix::q, theme.query, theme);
  if (!band.latent.isNull())
    drawStrip(painter, band.latent, true, cell, lane, KvMatrix::latent, latentColor(theme), theme);
  drawStrip(painter, band.k, true, cell, lane, KvMatrix::k, theme.key, theme);
  drawScores(painter, band.scores, cell, lane, theme);
  drawStrip(painter, band.v, false, cell, lane, KvMatrix::v, theme.value, theme);
  drawStrip(painter, band.context, false, cell, lane, KvMatrix::context, theme.text, theme);

  const auto under = [&](const QRectF& box, const QColor& color, const QString& text) {
    painter.setFont(theme.sized(11.5, QFont::DemiBold));
    painter.setPen(color);
    const double letters = TextMetrics(painter.font(), painter.device()).horizontalAdvance(text) + 2;
    const double width = std::max(box.width(), letters);
    // What stands last must not run out of the picture.
    const double left = std::min(box.center().x() - width / 2, band.context.right() + theme.px(1) - width);
    drawFitted(painter, QRectF(left, box.bottom() + theme.px(1), width, line),
               Qt::AlignHCenter | Qt::AlignVCenter, text);
  };
  under(band.q, theme.query, QStringLiteral("Q"));
  if (lane.isLinear()) {
    under(band.scores, theme.text, QString::fromUtf8("S, z"));
  } else {
    under(band.scores, theme.text,
          firstFitting({QStringLiteral("Q·Kᵀ/√d → w"), QStringLiteral("scores"), QStringLiteral("s")},
                       metrics, band.scores.width()));
  }
  under(band.v, theme.value, QStringLiteral("V"));
  under(band.context, theme.text, lane.isLinear() ? QString::fromUtf8("φ(q)S/φ(q)z") : QStringLiteral("w·V"));
  const QRectF corner(band.q.left(), band.k.top(), band.k.left() - band.q.left() - theme.px(3),
                      band.k.height());
  if (metrics.horizontalAdvance(QStringLiteral("Kᵀ")) <= corner.width()) {
    painter.setPen(theme.key);
    drawFitted(painter, corner, Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("Kᵀ"));
  }
  if (!band.latent.isNull()) {
    const QRectF before(band.q.left(), band.latent.top(), corner.width(), band.latent.height());
    painter.setPen(latentColor(theme));
    drawFitted(painter, before, Qt::AlignRight | Qt::AlignVCenter, QString::fromUtf8("c, kᴿ"));
  }
  painter.setFont(theme.sized(20, QFont::DemiBold));
  painter.setPen(theme.text);
  drawFitted(painter, band.times, Qt::AlignCenter, QStringLiteral("·"));
  drawFitted(painter, band.equals, Qt::AlignCenter, QStringLiteral("="));
  if (!band.labels.isNull()) {
    painter.setFont(theme.sized(11));
    const int chosen = model.selection().query.value;
    for (int p = 0; p < lane.tokens(); ++p) {
      painter.setPen(p == chosen ? theme.text : p >= lane.firstNew() ? theme.accent : theme.faintText);
      drawFitted(painter, QRectF(band.labels.left(), band.labels.top() + p * cell, band.labels.width(), cell),
                 Qt::AlignRight | Qt::AlignVCenter, model.label(p));
    }
  }
  // The chosen query and key.
  const int query = std::min(model.selection().query.value, lane.tokens() - 1),
            key = std::min(model.selection().key.value, lane.tokens() - 1);
  if (cell >= theme.px(3) && query >= 0 && key >= 0 && !lane.isLinear()) {
    drawOutline(painter,
                QRectF(band.scores.left() + key * cell, band.scores.top() + query * cell, cell, cell),
                theme.text, theme.px(1.5));
  }
}

/// Rows of q, k and v that each step computed: new ones on those that had been computed before.
void KvLockstepPicture::paintHistory(QPainter& painter, const Theme& theme, const KvLockstepModel& model,
                                     const KvLockstepLane& lane, const QRectF& area) const {
  const QFont bold = theme.sized(11.5, QFont::DemiBold), small = theme.sized(10.5);
  const TextMetrics metrics(small, painter.device());
  const double line = std::ceil(metrics.height());
  painter.setFont(bold);
  painter.setPen(theme.text);
  drawFitted(painter, QRectF(area.left(), area.top(), area.width(), line * 1.2), Qt::AlignLeft | Qt::AlignTop,
             tr("rows computed by step"));
  const double axis = metrics.horizontalAdvance(QStringLiteral("0000")) + theme.px(4);
  const QRectF bars = area.adjusted(axis, line * 1.2 + theme.px(8), 0, -line);
  int most = 1;
  std::size_t steps = 2;
  for (const KvLockstepLane& any : model.lanes()) {
    steps = std::max(steps, any.lane().run->steps.size());
    for (const StepRecord& step : any.lane().run->steps) most = std::max(most, step.rowsComputed);
  }
  const double width = bars.width() / static_cast<double>(steps);
  const double inside = width >= theme.px(4) ? theme.px(1) : 0;
  painter.setPen(QPen(mixed(theme.line, theme.background, 0.5), theme.px(1), Qt::DotLine));
  painter.drawLine(bars.topLeft(), bars.topRight());
  for (const StepRecord& step : lane.lane().run->steps) {
    const double left = bars.left() + (step.index.value - 1) * width;
    const double again = bars.height() * (step.firstNewPosition - step.firstRow) / most;
    const double added = bars.height() * (step.tokensSeen - step.firstNewPosition) / most;
    painter.fillRect(QRectF(left + inside / 2, bars.bottom() - again, width - inside, again),
                     repeatedColor(theme));
    const double least = std::max(added, theme.px(1.5));
    painter.fillRect(QRectF(left + inside / 2, bars.bottom() - again - least, width - inside, least),
                     theme.accent);
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawLine(bars.bottomLeft(), bars.bottomRight());
  const double shown = bars.left() + (lane.lane().step.value - 0.5) * width;
  painter.setPen(QPen(theme.text, theme.px(1), Qt::DotLine));
  painter.drawLine(QPointF(shown, bars.top()), QPointF(shown, bars.bottom()));
  painter.setFont(small);
  painter.setPen(theme.faintText);
  const auto number = [&](double y, int value) {
    drawFitted(painter, QRectF(area.left(), y - line / 2, axis - theme.px(4), line),
               Qt::AlignRight | Qt::AlignVCenter, QString::number(value));
  };
  number(bars.top(), most);
  number(bars.bottom(), 0);
  const int wanted[] = {lane.lane().step.value};
  for (const int s : thinnedLabels(1, static_cast<int>(steps), width,
                                   metrics.horizontalAdvance(QStringLiteral("0000")), wanted)) {
    const QString text = s == 1 ? tr("step 1") : QString::number(s);
    const double room = metrics.horizontalAdvance(text) + 2;
    drawFitted(
        painter,
        QRectF(std::max(bars.left(), bars.left() + (s - 0.5) * width - room / 2), bars.bottom(), room, line),
        Qt::AlignLeft | Qt::AlignVCenter, text);
  }
}

std::optional<Hit> KvLockstepPicture::hitTest(QPointF point, const KvLockstepModel& model) const {
  for (std::size_t i = 0; i < std::min(m_bands.size(), model.lanes().size()); ++i) {
    const KvEquationLayout& band = m_bands[i];
    const KvLockstepLane& lane = model.lanes()[i];
    const auto at = [&](double offset) { return static_cast<int>(offset / band.cell); };
    Hit hit;
    hit.hovered = model.selection();
    const struct {
      const QRectF& box;
      KvMatrix matrix;
      Site site;
    } strips[] = {{band.q, KvMatrix::q, Site::qProj},
                  {band.k, KvMatrix::k, Site::kProj},
                  {band.v, KvMatrix::v, Site::vProj},
                  {band.context, KvMatrix::context, Site::context},
                  {band.latent, KvMatrix::latent, Site::kvALayernorm}};
    for (const auto& strip : strips) {
      if (!strip.box.contains(point)) continue;
      const bool across = strip.matrix == KvMatrix::k || strip.matrix == KvMatrix::latent;
      const int p = at(across ? point.x() - strip.box.left() : point.y() - strip.box.top());
      if (p < 0 || p >= lane.tokens()) return std::nullopt;
      hit.toolTip = model.rowToolTip(lane, strip.matrix, p);
      const bool isKey = across || strip.matrix == KvMatrix::v;
      (isKey ? hit.hovered.key : hit.hovered.query) = Position{p};
      hit.clicked = hit.hovered;
      // MLA has neither k_proj nor v_proj, nor always q_proj.
      const ModelConfig& config = lane.config();
      const bool ofQueries = strip.matrix == KvMatrix::q;
      hit.clicked->site = siteExists(strip.site, config) ? strip.site
                          : ofQueries                    ? queryProjectionSite(config)
                                                         : Site::kvBProj;
      // The run stores each row once, whichever step and lane it is looked at in.
      hit.number = NumberPlace{*hit.clicked, -1, isKey ? p : -1};
      return hit;
    }
    if (!band.scores.contains(point)) continue;
    const int query = at(point.y() - band.scores.top()), key = at(point.x() - band.scores.left());
    if (query < 0 || query >= lane.tokens() || key < 0 || key >= lane.tokens()) return std::nullopt;
    hit.toolTip = model.scoreToolTip(lane, query, key);
    hit.hovered.query = Position{query};
    hit.hovered.key = Position{key};
    hit.clicked = hit.hovered;
    if (!siteExists(Site::weights, lane.config())) return hit;
    hit.clicked->site = Site::weights;
    hit.number = NumberPlace{*hit.clicked};
    return hit;
  }
  return std::nullopt;
}

}  // namespace decodescope
