#include "views/norms/norms_view.h"

#include "views/bar_strip.h"
#include "views/norms/histogram.h"
#include "views/panel_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr NumberRange kFactor{.minimum = 0.1, .maximum = 10, .step = 0.1, .standard = 1};
constexpr NumberRange kAddend{.minimum = -10, .maximum = 10, .step = 0.1, .standard = 0};

constexpr std::array<const char*, 4> kPanels{"row", "histogram", "layers", "columns"};

struct SiteChoice {
  const char* id;
  std::optional<Site> site;
};
constexpr std::array<SiteChoice, 5> kSites{{{"map", std::nullopt},
                                            {"input_layernorm", Site::inputLayernorm},
                                            {"post_attention_layernorm", Site::postAttentionLayernorm},
                                            {"post_feedforward_layernorm", Site::postFeedforwardLayernorm},
                                            {"norm", Site::norm}}};

QString tr(const char* text) {
  return QCoreApplication::translate("NormsView", text);
}

QString rangeText(std::span<const float> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return QStringLiteral("%1 … %2").arg(signedNumber(static_cast<double>(*low), 2),
                                       signedNumber(static_cast<double>(*high), 2));
}

}  // namespace

std::unique_ptr<View> makeNormsView() {
  return std::make_unique<NormsView>();
}

std::vector<ViewOption> NormsView::options() const {
  const auto chosen = std::find_if(kSites.begin(), kSites.end(),
                                   [&](const SiteChoice& c) { return c.site == m_settings.site; });
  std::vector<ViewOption> options{
      {QStringLiteral("show"),
       tr("Show"),
       tr("Which picture of the norms"),
       {{QStringLiteral("row"), tr("One token's row")},
        {QStringLiteral("histogram"), tr("Before and after")},
        {QStringLiteral("layers"), tr("All tokens and norms")},
        {QStringLiteral("columns"), tr("By row or by column")}},
       QLatin1String(kPanels[static_cast<std::size_t>(m_settings.panel)])},
      {QStringLiteral("norm"),
       tr("Norm"),
       tr("Which norm of the selected layer"),
       {{QStringLiteral("map"), tr("As on the map")},
        {QStringLiteral("input_layernorm"), QStringLiteral("input_layernorm")},
        {QStringLiteral("post_attention_layernorm"), QStringLiteral("post_attention_layernorm")},
        {QStringLiteral("post_feedforward_layernorm"), QStringLiteral("post_feedforward_layernorm")},
        {QStringLiteral("norm"), tr("the final norm")}},
       QLatin1String(chosen->id)},
      {QStringLiteral("add"),
       tr("Add"),
       tr("A constant added to every number of the row: what if"),
       {},
       kAddend.text(m_settings.addend),
       kAddend},
      {QStringLiteral("multiply"),
       tr("Multiply"),
       tr("A factor of every number of the row, before the constant: what if"),
       {},
       kFactor.text(m_settings.factor),
       kFactor},
  };
  if (m_settings.panel == NormsPanel::layers)
    options.push_back(
        {QStringLiteral("colours"),
         tr("Colours"),
         tr("Logarithmic colours tell small variances apart where one token's is a hundred times as large"),
         {{QStringLiteral("log"), tr("Logarithmic")}, {QStringLiteral("linear"), tr("Linear")}},
         m_logarithmic ? QStringLiteral("log") : QStringLiteral("linear")});
  return options;
}

bool NormsView::setOption(const QString& id, const QString& value) {
  if (id == QLatin1String("add") || id == QLatin1String("multiply")) {
    const bool isAddend = id == QLatin1String("add");
    const std::optional<double> number = (isAddend ? kAddend : kFactor).parse(value);
    if (!number) return false;
    (isAddend ? m_settings.addend : m_settings.factor) = *number;
  } else if (id == QLatin1String("show")) {
    const auto at = std::find(kPanels.begin(), kPanels.end(), value);
    if (at == kPanels.end()) return false;
    m_settings.panel = static_cast<NormsPanel>(at - kPanels.begin());
  } else if (id == QLatin1String("colours")) {
    if (value != QLatin1String("log") && value != QLatin1String("linear")) return false;
    m_logarithmic = value == QLatin1String("log");
  } else if (id == QLatin1String("norm")) {
    const auto at = std::find_if(kSites.begin(), kSites.end(),
                                 [&](const SiteChoice& c) { return value == QLatin1String(c.id); });
    if (at == kSites.end()) return false;
    m_settings.site = at->site;
  } else {
    return false;
  }
  m_model.setSettings(m_settings);
  m_ends = ownEnds();
  return true;
}

void NormsView::present(const SessionSnapshot& session, const Selection& selection) {
  m_model.present(session, selection, m_settings);
  m_ends = ownEnds();
}

std::vector<double> NormsView::ownEnds() const {
  if (m_model.state() != NormsModel::State::ready) return {};
  const auto largest = [](std::initializer_list<std::span<const float>> rows) {
    double end = 0;
    for (const std::span<const float> row : rows) end = std::max(end, largestMagnitude(row));
    return end;
  };
  if (m_settings.panel == NormsPanel::row) {
    // Both outputs on one scale, which does not move with the sliders unless it must.
    const double both =
        largest({m_model.output(NormKind::layerNorm), m_model.output(NormKind::rmsNorm),
                 m_model.outputBefore(NormKind::layerNorm), m_model.outputBefore(NormKind::rmsNorm)});
    // Small differences are enlarged, rounding is not.
    return {largest({m_model.changed(), m_model.input()}), both,
            std::max(largest({m_model.difference()}), 1e-3 * both)};
  }
  // The three histograms on one range would hide what is shown: before by itself, both norms on one.
  if (m_settings.panel == NormsPanel::histogram)
    return {1.05 * largest({m_model.changed()}), 1.05 * largest({m_model.plainOutput(NormKind::layerNorm),
                                                                 m_model.plainOutput(NormKind::rmsNorm)})};
  if (m_settings.panel == NormsPanel::layers || m_settings.panel == NormsPanel::columns) return mapEnds();
  return {};
}

void NormsView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, true);
  m_area = area;
  if (m_model.state() != NormsModel::State::ready) {
    painter.fillRect(area, theme.background);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
    painter.restore();
    return;
  }
  PanelFrame frame{m_model.title(), m_model.facts(), {}, m_model.notes()};
  if (m_settings.panel == NormsPanel::row) {
    const auto flat = [](const QColor& color) {
      return [color](QPainter& p, const QRectF& r) { p.fillRect(r, color); };
    };
    frame.legend = {{11, flat(theme.accent), tr("this model's norm")},
                    {11, flat(theme.faintText), tr("the other norm, same γ: what if")}};
    if (m_model.isChanged()) {
      frame.legend.push_back({18,
                              [&theme](QPainter& p, const QRectF& r) {
                                p.setPen(QPen(theme.text, theme.px(1.4)));
                                p.drawLine(QPointF(r.left(), r.center().y()),
                                           QPointF(r.right(), r.center().y()));
                              },
                              tr("before adding and multiplying")});
    }
  }
  const QRectF body = paintFrame(painter, area, theme, frame);
  switch (m_settings.panel) {
    case NormsPanel::row:
      paintRow(painter, body, theme);
      break;
    case NormsPanel::histogram:
      paintHistograms(painter, body, theme);
      break;
    case NormsPanel::layers:
      paintMaps(painter, body, theme);
      break;
    case NormsPanel::columns:
      paintColumns(painter, body, theme);
      break;
  }
  painter.restore();
}

void NormsView::paintRow(QPainter& painter, const QRectF& area, const Theme& theme) {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  m_row = layoutNormsRow(area, std::ceil(metrics.height()),
                         metrics.horizontalAdvance(QStringLiteral("−0.000")) + theme.px(8), theme.scale);
  const auto colorOf = [&](NormKind kind) { return m_model.isOwn(kind) ? theme.accent : theme.faintText; };
  const std::span<const float> layer = m_model.output(NormKind::layerNorm),
                               rms = m_model.output(NormKind::rmsNorm);
  const double inputs = m_ends[0], both = m_ends[1], apart = m_ends[2];
  const std::span<const float> none;
  const bool changed = m_model.isChanged();
  drawBarStrip(painter, m_row.strips[0], theme, m_model.changed(), changed ? m_model.input() : none, inputs,
               mixed(theme.text, theme.background, 0.35));
  drawBarStrip(painter, m_row.strips[1], theme, layer,
               changed ? m_model.outputBefore(NormKind::layerNorm) : none, both,
               colorOf(NormKind::layerNorm));
  drawBarStrip(painter, m_row.strips[2], theme, rms, changed ? m_model.outputBefore(NormKind::rmsNorm) : none,
               both, colorOf(NormKind::rmsNorm));
  drawBarStrip(painter, m_row.strips[3], theme, m_model.difference(), none, apart, theme.warning);
  // The mean of x, as a line: what LayerNorm takes out.
  const QRectF& x = m_row.strips[0];
  const double y = x.center().y() - m_model.statistics().mean / std::max(1e-12, inputs) * x.height() / 2;
  QPen dashed(theme.accent, theme.px(1.2), Qt::DashLine);
  painter.setPen(dashed);
  painter.drawLine(QPointF(x.left(), y), QPointF(x.right(), y));
  if (m_row.axisWidth > 0) {
    painter.setFont(theme.sized(10.5));
    painter.setPen(theme.faintText);
    for (std::size_t i = 0; i < 4; ++i) {
      const QRectF& strip = m_row.strips[i];
      const QString end = shortNumber(i == 0 ? inputs : i == 3 ? apart : both);
      const double line = std::ceil(TextMetrics(painter.font(), painter.device()).height());
      const auto label = [&](double at, const QString& text) {
        drawFitted(painter, QRectF(strip.left() - m_row.axisWidth, at, m_row.axisWidth - theme.px(5), line),
                   Qt::AlignRight | Qt::AlignVCenter, text);
      };
      label(strip.top() - line * 0.1, end);
      if (strip.height() > 3 * line) label(strip.center().y() - line / 2, QStringLiteral("0"));
      if (strip.height() > 2 * line) label(strip.bottom() - line * 0.9, QChar(0x2212) + end);
    }
  }
  paintRowWords(painter, theme);
}

void NormsView::paintRowWords(QPainter& painter, const Theme& theme) const {
  const RowStatistics& s = m_model.statistics();
  const NormWeights weights = normWeightsAt(*m_model.model(), m_model.place());
  const auto width = static_cast<std::size_t>(m_model.width());
  struct Words {
    QString title;
    QColor color;
    QStringList lines;
    QString brief;  ///< after the title, where there is one line
  };
  const auto norm = [&](NormKind kind) {
    const QString whose = m_model.isOwn(kind) ? tr("this model's") : tr("what if");
    Words words{QStringLiteral("%1 · %2").arg(m_model.kindName(kind), whose),
                m_model.isOwn(kind) ? theme.accent : theme.text,
                {m_model.formula(kind), m_model.costText(kind)},
                m_model.isChanged() ? m_model.changeText(kind) : m_model.formula(kind)};
    words.lines.insert(
        1, m_model.isChanged() ? m_model.changeText(kind)
           : m_model.isOwn(kind)
               ? tr("recomputed − traced: at most %1").arg(QString::number(m_model.traceDifference(), 'g', 2))
               : QString());
    words.lines.removeAll(QString());
    return words;
  };
  QString parameters = tr("γ %1").arg(rangeText({weights.weight, width}));
  parameters += weights.bias ? tr(", β %1").arg(rangeText({weights.bias, width})) : tr(", no β");
  const double apart = largestMagnitude(m_model.difference());
  const std::array<Words, 4> all{{
      {m_model.isChanged() ? tr("x, multiplied and shifted") : tr("x, the residual"),
       theme.text,
       {tr("mean μ = %1 (dashed)").arg(signedNumber(s.mean, 4)),
        tr("variance σ² = %1, σ = %2").arg(signedNumber(s.variance, 4), signedNumber(s.deviation(), 4)),
        tr("RMS = %1 = √(σ² + μ²)").arg(signedNumber(s.rms(), 4))},
       tr("μ %1, σ² %2, RMS %3").arg(signedNumber(s.mean), signedNumber(s.variance), signedNumber(s.rms()))},
      norm(NormKind::layerNorm),
      norm(NormKind::rmsNorm),
      {tr("LayerNorm − RMSNorm"),
       theme.warning,
       {tr("at most %1").arg(shortNumber(apart)), parameters,
        tr("ε = %1").arg(QString::number(static_cast<double>(m_model.config().normEps), 'g', 3))},
       tr("at most %1").arg(shortNumber(apart))},
  }};
  const QFont bold = theme.sized(12, QFont::DemiBold), plain = theme.sized(11.5);
  for (std::size_t i = 0; i < 4; ++i) {
    const QRectF& box = m_row.words[i];
    if (box.isNull()) continue;
    const Words& words = all[i];
    const double first = std::ceil(TextMetrics(bold, painter.device()).height());
    painter.setFont(bold);
    painter.setPen(words.color);
    const double taken = drawFitted(painter, QRectF(box.left(), box.top(), box.width(), first),
                                    Qt::AlignLeft | Qt::AlignVCenter, words.title);
    painter.setFont(plain);
    painter.setPen(m_row.beside ? theme.text : theme.faintText);
    const TextMetrics metrics(plain, painter.device());
    if (!m_row.beside) {
      drawFitted(
          painter,
          QRectF(box.left() + taken + theme.px(10), box.top(), box.width() - taken - theme.px(10), first),
          Qt::AlignLeft | Qt::AlignVCenter, words.brief);
      continue;
    }
    double y = box.top() + first;
    const double height = std::ceil(metrics.height());
    for (const QString& text : words.lines) {
      if (y + height > box.bottom() + 1) break;
      drawFitted(painter, QRectF(box.left(), y, box.width(), height), Qt::AlignLeft | Qt::AlignVCenter, text);
      y += height;
    }
  }
}

void NormsView::paintHistograms(QPainter& painter, const QRectF& area, const Theme& theme) {
  struct Part {
    QString title;
    std::span<const float> values;
    QColor color;
  };
  const auto colorOf = [&](NormKind kind) { return m_model.isOwn(kind) ? theme.accent : theme.faintText; };
  const std::array<Part, 3> parts{{
      {tr("before: x"), m_model.changed(), mixed(theme.text, theme.background, 0.35)},
      {tr("LayerNorm"), m_model.plainOutput(NormKind::layerNorm), colorOf(NormKind::layerNorm)},
      {tr("RMSNorm"), m_model.plainOutput(NormKind::rmsNorm), colorOf(NormKind::rmsNorm)},
  }};
  const bool across = area.width() > 1.9 * area.height() || area.height() / 3 < theme.px(112);
  const double before = m_ends[0], after = m_ends[1];
  double most = 1;
  for (const Part& part : parts) {
    for (const int count : histogramOf(part.values).counts) most = std::max(most, static_cast<double>(count));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const Part& part = parts[i];
    const Histogram histogram = histogramOf(part.values);
    const RowStatistics s = rowStatistics(part.values);
    PlotSpec spec;
    spec.title = tr("%1 · mean %2, variance %3, RMS %4")
                     .arg(part.title, signedNumber(s.mean), signedNumber(s.variance), signedNumber(s.rms()));
    spec.xTitle = tr("value");
    spec.wholeX = false;
    spec.wholeY = true;
    spec.xLast = std::max(1e-6, i == 0 ? before : after);
    spec.xFirst = -spec.xLast;
    spec.yLast = most;
    spec.markedX = s.mean;
    PlotSeries bars{{}, {}, part.color, PlotSeries::Kind::bars, {}};
    for (std::size_t b = 0; b < histogram.counts.size(); ++b) {
      bars.x.push_back(histogram.centre(b));
      bars.y.push_back(histogram.counts[b]);
    }
    spec.series = {bars};
    const double gap = theme.px(12);
    QRectF at = area;
    if (across) {
      at.setWidth((area.width() - 2 * gap) / 3);
      at.moveLeft(area.left() + static_cast<double>(i) * (at.width() + gap));
    } else {
      at.setHeight((area.height() - 2 * gap) / 3);
      at.moveTop(area.top() + static_cast<double>(i) * (at.height() + gap));
    }
    if (across && at.width() < theme.px(320))
      spec.title =
          tr("%1 · μ %2, σ² %3").arg(part.title, signedNumber(s.mean, 2), signedNumber(s.variance, 2));
    m_plots[i].paint(painter, at, theme, spec);
  }
}

/// The selection with the norm's output as the row.
Selection NormsView::inRowOf(Selection selection, NormPlace place) {
  selection.site = place.site;
  if (place.layer != kNoLayer) selection.layer = place.layer;
  return selection;
}

std::optional<Hit> NormsView::hitTest(QPointF point) const {
  if (!m_area.contains(point)) return std::nullopt;
  Hit hit;
  hit.hovered = m_model.selection();
  hit.locks = false;
  if (m_model.state() == NormsModel::State::notStored) {
    hit.toolTip = m_model.emptyText();
    return hit;
  }
  if (m_model.state() != NormsModel::State::ready) return std::nullopt;
  const auto at = [](double from, double length, int count) {
    return std::clamp(static_cast<int>(from / length * count), 0, count - 1);
  };
  switch (m_settings.panel) {
    case NormsPanel::row:
      for (const QRectF& strip : m_row.strips) {
        if (!strip.contains(point)) continue;
        const int element = at(point.x() - strip.left(), strip.width(), m_model.width());
        hit.toolTip = m_model.elementToolTip(element);
        hit.number = NumberPlace{inRowOf(hit.hovered, m_model.place()), element};
        return hit;
      }
      break;
    case NormsPanel::histogram:
      for (std::size_t i = 0; i < m_plots.size(); ++i) {
        const std::optional<QPointF> value = m_plots[i].valueAt(point);
        if (!value) continue;
        const Histogram histogram =
            histogramOf(i == 0 ? m_model.changed()
                               : m_model.plainOutput(i == 1 ? NormKind::layerNorm : NormKind::rmsNorm));
        const int bin = static_cast<int>(std::floor((value->x() - histogram.first) / histogram.width));
        if (bin < 0 || bin >= static_cast<int>(histogram.counts.size())) return std::nullopt;
        const auto b = static_cast<std::size_t>(bin);
        hit.toolTip = tr("%1 of the %2 numbers lie between %3 and %4")
                          .arg(QString::number(histogram.counts[b]), QString::number(m_model.width()),
                               signedNumber(histogram.edge(b)), signedNumber(histogram.edge(b + 1)));
        return hit;
      }
      break;
    case NormsPanel::layers:
      for (const QRectF& map : m_maps.maps) {
        if (!map.contains(point)) continue;
        const int token = at(point.x() - map.left(), map.width(), m_model.tokens());
        const int place = at(point.y() - map.top(), map.height(), static_cast<int>(m_model.places().size()));
        hit.toolTip = m_model.mapToolTip(place, token);
        hit.hovered.query = Position{token};
        hit.clicked = hit.hovered;
        const NormPlace chosen = m_model.places()[static_cast<std::size_t>(place)];
        hit.clicked = inRowOf(*hit.clicked, chosen);
        hit.number = NumberPlace{*hit.clicked, -1};
        return hit;
      }
      break;
    case NormsPanel::columns: {
      const QRectF& m = m_columns.matrix;
      const bool inRow = m_columns.rowBars.contains(point) || m.contains(point);
      const bool inColumn = m.contains(point) || m_columns.columnMean.contains(point) ||
                            m_columns.columnVariance.contains(point);
      if (!inRow && !inColumn) break;
      const int token =
          inRow ? at(point.y() - m.top(), m.height(), m_model.tokens()) : hit.hovered.query.value;
      const int element = inColumn ? at(point.x() - m.left(), m.width(), m_model.width()) : 0;
      hit.toolTip = m_model.cellToolTip(token, element);
      hit.hovered.query = Position{token};
      hit.number = NumberPlace{inRowOf(hit.hovered, m_model.place()), inColumn ? element : -1};
      return hit;
    }
  }
  return std::nullopt;
}

}  // namespace decodescope
