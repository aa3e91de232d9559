#include "views/attention/scaling_page.h"

#include "core/explain/derived.h"
#include "views/bar_strip.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <map>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

/// The lecture's experiment: 10 queries and keys, 1000 draws, one seed.
constexpr int kRows = 10, kDraws = 1000;
constexpr std::uint64_t kSeed = 1;
/// Of the one row of normal scores that is looked at.
constexpr std::uint64_t kRowSeed = 2;

const NormalScoresExperiment& experimentFor(int headDim) {
  static std::map<int, NormalScoresExperiment> known;
  const auto found = known.find(headDim);
  if (found != known.end()) return found->second;
  std::vector<int> dims;
  for (int d = 2; d <= std::max(64, headDim); d *= 2) dims.push_back(d);
  if (std::find(dims.begin(), dims.end(), headDim) == dims.end()) dims.push_back(headDim);
  return known[headDim] = normalScoresExperiment(dims, kRows, kDraws, kSeed);
}

QString divisorName(int column, int headDim) {
  const double divisor = divisorOf(static_cast<ScoreDivisor>(column), headDim);
  const QString number = QString::number(divisor, 'g', 5);
  switch (static_cast<ScoreDivisor>(column)) {
    case ScoreDivisor::none:
      return tr("undivided");
    case ScoreDivisor::rootD:
      return tr("÷ √d = %1").arg(number);
    case ScoreDivisor::d:
      return tr("÷ d = %1").arg(number);
    case ScoreDivisor::dSquared:
      return tr("÷ d² = %1").arg(number);
  }
  return {};
}

QString numberOf(double v) {
  return AttentionModel::numberText(static_cast<float>(v));
}

}  // namespace

ScalingNumbers scalingNumbers(const AttentionModel& model) {
  ScalingNumbers numbers;
  numbers.headDim = model.config().headDim;
  std::vector<float> row = model.row(AttentionStage::raw, model.selection().query.value);
  if (row.empty()) return numbers;
  // A struck key is not there.
  std::erase_if(row, [](float v) { return !std::isfinite(v); });
  if (row.empty()) return numbers;
  numbers.keys = static_cast<int>(row.size());
  numbers.experiment = experimentFor(numbers.headDim);
  numbers.scores = row;
  numbers.normalScores = normalScores(numbers.headDim, numbers.keys, kRowSeed);
  const std::vector<float>& normal = numbers.normalScores;
  const auto at = std::find(numbers.experiment.dims.begin(), numbers.experiment.dims.end(), numbers.headDim) -
                  numbers.experiment.dims.begin();
  for (int i = 0; i < kScoreDivisors; ++i) {
    ScalingNumbers::Column& column = numbers.columns[static_cast<std::size_t>(i)];
    column.divisor = divisorOf(static_cast<ScoreDivisor>(i), numbers.headDim);
    const double squared = column.divisor * column.divisor;
    column.actual = dividedSoftmax(row, column.divisor);
    column.actualVariance = varianceOf(row) / squared;
    column.normal = dividedSoftmax(normal, column.divisor);
    column.normalVariance = numbers.experiment.variance[static_cast<std::size_t>(at)] / squared;
    column.expected = numbers.headDim / squared;
  }
  return numbers;
}

void ScalingPage::paintColumns(QPainter& painter, const Theme& theme, const AttentionModel& model,
                               const QRectF& body) {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double line = std::ceil(metrics.height());
  const double gap = theme.px(16);
  const double width = (body.width() - (kScoreDivisors - 1) * gap) / kScoreDivisors;
  const double header = line + theme.px(6);
  const double rowTitle = line + theme.px(2);
  const double facts = 3 * line;
  const double barsHeight = (body.height() - header - 2 * rowTitle - 2 * facts - theme.px(16)) / 2;
  if (barsHeight < theme.px(12)) return;
  const double limit = std::log2(std::max(2, m_numbers.keys));
  double y = body.top() + header;
  const int query = model.selection().query.value;
  const QString rows[] = {
      tr("this head's q·k, query %1, %2 keys").arg(model.tokenText(query)).arg(m_numbers.keys),
      tr("seeded normal q and k, d = %1, %2 keys; variance over %3 draws of %4 × %4 scores")
          .arg(m_numbers.headDim)
          .arg(m_numbers.keys)
          .arg(kDraws)
          .arg(kRows)};
  for (int r = 0; r < 2; ++r) {
    const bool normal = r == 1;
    painter.setFont(theme.sized(11.5, QFont::DemiBold));
    painter.setPen(normal ? theme.faintText : theme.query);
    drawFitted(painter, QRectF(body.left(), y, body.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
               rows[r]);
    y += rowTitle;
    for (int i = 0; i < kScoreDivisors; ++i) {
      const ScalingNumbers::Column& column = m_numbers.columns[static_cast<std::size_t>(i)];
      const SoftmaxShape& shape = normal ? column.normal : column.actual;
      const bool chosen = static_cast<ScoreDivisor>(i) == ScoreDivisor::rootD;
      const double x = body.left() + i * (width + gap);
      if (r == 0) {
        painter.setFont(theme.sized(13, QFont::DemiBold));
        painter.setPen(chosen ? theme.accent : theme.text);
        const QString name = divisorName(i, m_numbers.headDim);
        const bool fits = TextMetrics(painter.font(), painter.device()).horizontalAdvance(name) <= width;
        static constexpr const char* kShort[] = {"÷ 1", "÷ √d", "÷ d", "÷ d²"};
        drawFitted(painter, QRectF(x, body.top(), width, header), Qt::AlignLeft | Qt::AlignVCenter,
                   fits ? name : QString::fromUtf8(kShort[i]));
      }
      const QRectF bars(x, y, width, barsHeight);
      drawBarStrip(painter, bars, theme, shape.weights, {}, 1,
                   normal   ? theme.faintText
                   : chosen ? theme.accent
                            : theme.query,
                   BarBase::bottom);
      m_bars.push_back({bars, i, normal});
      const double variance = normal ? column.normalVariance : column.actualVariance;
      const QString entropy = QString::number(shape.entropy, 'f', 2);
      const QString spread = tr("variance of scores %1").arg(numberOf(variance));
      // The first of each that fits.
      const QStringList lines[] = {
          {tr("largest weight %1").arg(numberOf(shape.largest)), tr("max %1").arg(shape.largest, 0, 'g', 2)},
          {tr("entropy %1 of %2 bits").arg(entropy, QString::number(limit, 'f', 2)),
           tr("%1 bits").arg(entropy)},
          {normal ? spread + tr(" (expected %1)").arg(numberOf(column.expected)) : spread,
           tr("variance %1").arg(numberOf(variance)), tr("var %1").arg(variance, 0, 'g', 2)}};
      QStringList words;
      for (const QStringList& choices : lines) {
        const auto fits = std::find_if(choices.begin(), choices.end(), [&](const QString& text) {
          return metrics.horizontalAdvance(text) <= width;
        });
        words << (fits == choices.end() ? choices.last() : *fits);
      }
      painter.setFont(theme.sized(11.5));
      painter.setPen(theme.text);
      QRectF at(x, bars.bottom() + theme.px(2), width, line);
      for (const QString& text : words) {
        drawFitted(painter, at, Qt::AlignLeft | Qt::AlignVCenter, text);
        at.translate(0, line);
      }
    }
    y += barsHeight + facts + theme.px(8);
  }
}

void ScalingPage::paintVariance(QPainter& painter, const Theme& theme, const QRectF& area) {
  PlotSpec spec;
  spec.title = tr("variance of normal q·k by head width, each divided (dashed: expected)");
  spec.xTitle = tr("log₂ d");
  spec.logY = true;
  spec.wholeX = true;
  const QColor colors[] = {theme.key, theme.accent, theme.value, theme.query};
  const QString names[] = {tr("undivided"), tr("÷ √d"), tr("÷ d"), tr("÷ d²")};
  const NormalScoresExperiment& e = m_numbers.experiment;
  spec.xFirst = std::log2(e.dims.front()) - 0.2;
  spec.xLast = std::log2(e.dims.back()) + 0.2;
  spec.yFirst = 1e9;
  spec.yLast = 0;
  for (int i = 0; i < kScoreDivisors; ++i) {
    PlotSeries measured{{}, {}, colors[i], PlotSeries::Kind::points, names[i]};
    PlotSeries expected{{}, {}, colors[i], PlotSeries::Kind::dashed};
    for (std::size_t w = 0; w < e.dims.size(); ++w) {
      const double divisor = divisorOf(static_cast<ScoreDivisor>(i), e.dims[w]);
      measured.x.push_back(std::log2(e.dims[w]));
      expected.x.push_back(std::log2(e.dims[w]));
      measured.y.push_back(e.variance[w] / (divisor * divisor));
      expected.y.push_back(e.dims[w] / (divisor * divisor));
      spec.yFirst = std::min(spec.yFirst, expected.y.back() / 3);
      spec.yLast = std::max(spec.yLast, expected.y.back() * 3);
    }
    spec.series.push_back(expected);
    spec.series.push_back(measured);
  }
  spec.markedX = std::log2(m_numbers.headDim);
  const PlotKey key{m_numbers.headDim, theme.dark, theme.scale};
  m_keptPlot.paint(painter, area, theme.background, key,
                   [&](QPainter& into) { m_plot.paint(into, area, theme, spec); });
}

void ScalingPage::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                        const AttentionModel& model, const MatrixWindow&) {
  m_bars.clear();
  m_numbers = scalingNumbers(model);
  const QString d = QString::number(m_numbers.headDim);
  FrameTexts texts;
  texts.title = tr("Why √d · %1").arg(model.place());
  texts.subtitle = {
      tr("q·k of d = %1 numbers of variance 1 has variance d = %1; divided by √d it has 1 whatever d is")
          .arg(d),
      tr("undivided: one key takes all; ÷ d and ÷ d²: all keys get the same")};
  texts.readout = m_numbers.ready()
                      ? tr("÷ √d: largest weight %1, entropy %2 bits; undivided: %3 and %4 bits")
                            .arg(numberOf(m_numbers.columns[1].actual.largest),
                                 QString::number(m_numbers.columns[1].actual.entropy, 'f', 2),
                                 numberOf(m_numbers.columns[0].actual.largest),
                                 QString::number(m_numbers.columns[0].actual.entropy, 'f', 2))
                      : tr("not stored any more (trace budget)");
  texts.legend.push_back({tr("weights of this head's row, 0 … 1"), colorSample(theme.query)});
  texts.legend.push_back({tr("what the model uses"), colorSample(theme.accent)});
  texts.legend.push_back(
      {tr("normal numbers, seeds %1 and %2").arg(kSeed).arg(kRowSeed), colorSample(theme.faintText)});
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  if (!m_numbers.ready()) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.faintText);
    drawFitted(painter, frame.body, Qt::AlignCenter, texts.readout);
  } else {
    QRectF columns = frame.body, plot;
    if (frame.body.height() >= theme.px(430)) {
      const double height = std::min(theme.px(300), frame.body.height() * 0.4);
      plot = QRectF(columns.left(), columns.bottom() - height, columns.width(), height);
      columns.setBottom(plot.top() - theme.px(10));
      columns.setHeight(std::min(columns.height(), theme.px(520)));
      plot.setTop(columns.bottom() + theme.px(10));
    }
    paintColumns(painter, theme, model, columns);
    if (!plot.isNull()) paintVariance(painter, theme, plot);
  }
  paintFrame(painter, frame, theme, texts);
}

NumberPlace ScalingPage::numberAt(const AttentionModel& model, const Selection& hovered, const Bars& bars,
                                  int index) const {
  const ScalingNumbers::Column& column = m_numbers.columns[static_cast<std::size_t>(bars.column)];
  const Selection& s = model.selection();
  Operand scores{"s", "normal q·k", m_numbers.normalScores, std::nullopt};
  if (!bars.normal) {
    const int query = s.query.value;
    scores = {"s",
              siteDumpName(Site::scores, s.layer) + "[head " + std::to_string(s.head.value) + ", query " +
                  std::to_string(query) + "] · √d",
              m_numbers.scores, Cell{Site::scores, s.layer, s.query, s.head.value * model.visible(query)}};
  }
  const DerivedName name{
      tr("weight of key %1, q·k %2")
          .arg(index)
          .arg(divisorName(bars.column, m_numbers.headDim))
          .toStdString(),
      "",
      (bars.normal
           ? tr("Seeded normal numbers, seed %1: not from the run.").arg(kRowSeed)
           : tr("Worked out for this view from the q and k rows of the run, which itself divides by √d."))
          .toStdString()};
  const std::vector<float>& weights = bars.normal ? column.normal.weights : column.actual.weights;
  return derivedPlace(hovered,
                      explainDividedSoftmax(name, std::move(scores), column.divisor, index,
                                            static_cast<double>(weights[static_cast<std::size_t>(index)])));
}

std::optional<Hit> ScalingPage::hitTest(QPointF point, const AttentionModel& model,
                                        const MatrixWindow&) const {
  for (const Bars& bars : m_bars) {
    if (!bars.area.contains(point)) continue;
    const ScalingNumbers::Column& column = m_numbers.columns[static_cast<std::size_t>(bars.column)];
    const std::vector<float>& weights = bars.normal ? column.normal.weights : column.actual.weights;
    const int index = std::clamp(static_cast<int>((point.x() - bars.area.left()) / bars.area.width() *
                                                  static_cast<double>(weights.size())),
                                 0, static_cast<int>(weights.size()) - 1);
    Hit hit;
    hit.hovered = model.selection();
    // With struck keys the bars are fewer than the keys, and no bar stands for its index.
    const bool keyed = !bars.normal && m_numbers.keys == model.visible(model.selection().query.value);
    if (keyed) hit.hovered.key = Position{index};
    hit.number = numberAt(model, hit.hovered, bars, index);
    hit.toolTip =
        QStringLiteral("%1, %2\n%3")
            .arg(divisorName(bars.column, m_numbers.headDim),
                 keyed ? tr("key %1").arg(model.tokenText(index))
                       : tr("key %1 of %2").arg(index).arg(weights.size()),
                 tr("weight %1").arg(AttentionModel::numberText(weights[static_cast<std::size_t>(index)])));
    return hit;
  }
  return std::nullopt;
}

std::vector<NamedTable> ScalingPage::tables(const AttentionModel& model) const {
  const ScalingNumbers numbers = scalingNumbers(model);
  if (!numbers.ready()) return {};
  NamedTable facts{QStringLiteral("divisors"),
                   {QStringLiteral("divisor"), QStringLiteral("largest_weight"),
                    QStringLiteral("entropy_bits"), QStringLiteral("variance"),
                    QStringLiteral("normal_largest_weight"), QStringLiteral("normal_entropy_bits"),
                    QStringLiteral("normal_variance"), QStringLiteral("expected_variance")},
                   {},
                   {kScoreDivisors, 8},
                   {}};
  NamedTable weights{QStringLiteral("weights"), {}, {}, {2 * kScoreDivisors, numbers.keys}, {}};
  for (int k = 0; k < numbers.keys; ++k) weights.columns << QString::number(k);
  for (int i = 0; i < kScoreDivisors; ++i) {
    const ScalingNumbers::Column& c = numbers.columns[static_cast<std::size_t>(i)];
    facts.rowLabels << divisorName(i, numbers.headDim);
    for (const double v : {c.divisor, c.actual.largest, c.actual.entropy, c.actualVariance, c.normal.largest,
                           c.normal.entropy, c.normalVariance, c.expected})
      facts.values.push_back(static_cast<float>(v));
    weights.rowLabels << divisorName(i, numbers.headDim)
                      << divisorName(i, numbers.headDim) + QStringLiteral(" normal");
    weights.values.insert(weights.values.end(), c.actual.weights.begin(), c.actual.weights.end());
    weights.values.insert(weights.values.end(), c.normal.weights.begin(), c.normal.weights.end());
  }
  NamedTable variance{QStringLiteral("normal_variance_by_width"),
                      {QStringLiteral("d"), QStringLiteral("variance")},
                      {},
                      {static_cast<int>(numbers.experiment.dims.size()), 2},
                      {}};
  for (std::size_t w = 0; w < numbers.experiment.dims.size(); ++w) {
    variance.rowLabels << QString::number(numbers.experiment.dims[w]);
    variance.values.push_back(static_cast<float>(numbers.experiment.dims[w]));
    variance.values.push_back(static_cast<float>(numbers.experiment.variance[w]));
  }
  return {facts, weights, variance};
}

QString ScalingPage::description(const AttentionModel& model) const {
  const ScalingNumbers numbers = scalingNumbers(model);
  QStringList parts;
  for (int i = 0; numbers.ready() && i < kScoreDivisors; ++i) {
    const ScalingNumbers::Column& c = numbers.columns[static_cast<std::size_t>(i)];
    parts << tr("%1: largest weight %2, entropy %3 bits")
                 .arg(divisorName(i, numbers.headDim), numberOf(c.actual.largest),
                      QString::number(c.actual.entropy, 'f', 2));
  }
  if (!numbers.ready()) parts << tr("not stored any more (trace budget)");
  return tr("Why √d · %1").arg(model.place()) + QStringLiteral(". ") + parts.join(QStringLiteral("; ")) +
         QLatin1Char('.');
}

}  // namespace decodescope
