#include "views/memory/memory_view.h"

#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MemoryView", text);
}

constexpr std::array<const char*, 3> kPanels{"size", "models", "roofline"};

// Of the design: between a table and its curves, the least height of those, the width of a table with all
// columns, and the part of that which a roofline beside it takes.
constexpr double kGap = 14, kLeastCurves = 110, kWide = 560, kNarrowPlot = 0.33;

constexpr NumberRange kBatch{.minimum = 1, .maximum = 65536, .step = 1, .standard = 1, .typed = true};
constexpr NumberRange kContext{.minimum = 0, .maximum = 10000000, .step = 1, .standard = 0, .typed = true};
constexpr NumberRange kTeraFlops{.minimum = 0, .maximum = 100000, .step = 0.1, .standard = 0, .typed = true};
constexpr NumberRange kGigabytes{.minimum = 0, .maximum = 1000000, .step = 1, .standard = 0, .typed = true};

ViewOption numberOption(const char* id, const QString& title, const QString& tip, const NumberRange& range,
                        double value) {
  ViewOption option{QLatin1String(id), title, tip, {}, range.text(value)};
  option.number = range;
  return option;
}

/// The first tick's height above a curve's largest value: 1, 2 or 5 times a power of ten.
double roundedUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(std::max(value, 1e-12))));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

}  // namespace

std::unique_ptr<View> makeMemoryView() {
  return std::make_unique<MemoryView>();
}

MemoryView::MemoryView() {
  m_settings.model = QStringLiteral("this");
  m_settings.accelerator = QLatin1String(accelerators().front().id);
  update();
}

std::vector<ViewOption> MemoryView::options() const {
  std::vector<ViewOption> options{
      {QStringLiteral("show"),
       tr("Show"),
       tr("The cache's size, that of published models, or what its traffic allows"),
       {{QStringLiteral("size"), tr("Cache size")},
        {QStringLiteral("models"), tr("Published models")},
        {QStringLiteral("roofline"), tr("Traffic and roofline")}},
       QLatin1String(kPanels[static_cast<std::size_t>(m_panel)])}};
  if (m_panel != Panel::models) {
    ViewOption model{QStringLiteral("model"),
                     tr("Sizes"),
                     tr("Whose layers, heads and widths"),
                     {{QStringLiteral("this"), tr("This model")}},
                     m_settings.model};
    for (const PublishedModel& m : publishedModels())
      model.choices.emplace_back(QLatin1String(m.id), QString::fromUtf8(m.name));
    options.push_back(model);
  }
  options.push_back(numberOption("batch", tr("Batch"), tr("Sequences at once"), kBatch, m_settings.batch));
  options.push_back(numberOption("context", tr("Context"),
                                 tr("Tokens of each sequence. 0: the shown step's, or the published context"),
                                 kContext, m_settings.context));
  options.push_back({QStringLiteral("bytes"),
                     tr("Number"),
                     tr("Bytes that a number takes"),
                     {{QStringLiteral("0"), tr("As usual")},
                      {QStringLiteral("4"), tr("4 bytes")},
                      {QStringLiteral("2"), tr("2 bytes")},
                      {QStringLiteral("1"), tr("1 byte")}},
                     QString::number(m_settings.bytes)});
  if (m_panel == Panel::size) {
    options.push_back({QStringLiteral("along"),
                       tr("Curves along"),
                       tr("What the curves go along"),
                       {{QStringLiteral("context"), tr("Context")}, {QStringLiteral("batch"), tr("Batch")}},
                       m_settings.alongBatch ? QStringLiteral("batch") : QStringLiteral("context")});
  }
  if (m_panel == Panel::roofline) {
    ViewOption gpu{QStringLiteral("gpu"),
                   tr("Processor"),
                   tr("Whose peak rates, from its datasheet"),
                   {},
                   m_settings.accelerator};
    for (const Accelerator& a : accelerators())
      gpu.choices.emplace_back(QLatin1String(a.id), QString::fromUtf8(a.name));
    options.push_back(gpu);
    options.push_back(numberOption("tflops", tr("TFLOP/s"),
                                   tr("Another peak of arithmetic. 0: the processor's"), kTeraFlops,
                                   m_settings.teraFlops));
    options.push_back(numberOption("gbs", tr("GB/s"),
                                   tr("Another bandwidth of the memory. 0: the processor's"), kGigabytes,
                                   m_settings.gigabytes));
  }
  return options;
}

bool MemoryView::setOption(const QString& id, const QString& value) {
  const auto number = [&](const NumberRange& range, auto& into) {
    const std::optional<double> parsed = range.parse(value);
    if (parsed) into = static_cast<std::decay_t<decltype(into)>>(*parsed);
    return parsed.has_value();
  };
  const auto isIdOf = [&](const auto& all) {
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& one) { return value == QLatin1String(one.id); });
  };
  bool known = false;
  if (id == QLatin1String("show")) {
    const auto at = std::find(kPanels.begin(), kPanels.end(), value);
    known = at != kPanels.end();
    if (known) m_panel = static_cast<Panel>(at - kPanels.begin());
  } else if (id == QLatin1String("model")) {
    known = value == QLatin1String("this") || isIdOf(publishedModels());
    if (known) {
      m_settings.model = value;
      // Chosen from the list of all: its formula is what comes next.
      if (m_panel == Panel::models) m_panel = Panel::size;
    }
  } else if (id == QLatin1String("batch")) {
    known = number(kBatch, m_settings.batch);
  } else if (id == QLatin1String("context")) {
    known = number(kContext, m_settings.context);
  } else if (id == QLatin1String("bytes")) {
    known = QStringList{QStringLiteral("0"), QStringLiteral("1"), QStringLiteral("2"), QStringLiteral("4")}
                .contains(value);
    if (known) m_settings.bytes = value.toInt();
  } else if (id == QLatin1String("along")) {
    known = value == QLatin1String("context") || value == QLatin1String("batch");
    if (known) m_settings.alongBatch = value == QLatin1String("batch");
  } else if (id == QLatin1String("gpu")) {
    known = isIdOf(accelerators());
    if (known) m_settings.accelerator = value;
  } else if (id == QLatin1String("tflops")) {
    known = number(kTeraFlops, m_settings.teraFlops);
  } else if (id == QLatin1String("gbs")) {
    known = number(kGigabytes, m_settings.gigabytes);
  }
  if (known) update();
  return known;
}

void MemoryView::present(const SessionSnapshot& session, const Selection& selection) {
  m_shown = shownRun(session, selection);
  update();
}

QString MemoryView::title() const {
  switch (m_panel) {
    case Panel::size:
      return tr("Cache size: %1").arg(m_model.name());
    case Panel::models:
      return tr("Cache sizes of published models");
    case Panel::roofline:
      break;
  }
  return tr("Traffic of attention: %1 on %2")
      .arg(m_model.name(), QString::fromUtf8(m_model.accelerator().name));
}

QString MemoryView::readout() const {
  if (m_panel == Panel::models) return tr("Click a model for its formula and for other kinds of attention.");
  if (m_panel == Panel::size) {
    for (const auto& kind : m_model.kinds()) {
      if (kind.isOwn)
        return QStringLiteral("%1: %2 = %3")
            .arg(kind.name, sizeText(static_cast<double>(m_model.bytesOf(kind))), m_model.formula(kind));
    }
  }
  return tr("Peak %1 TFLOP/s over %2 GB/s: below %3 operations a byte the memory is the limit. One layer's "
            "attention, each tensor moved once.")
      .arg(shortNumber(m_model.operationsPerSecond() / 1e12), shortNumber(m_model.bytesPerSecond() / 1e9),
           shortNumber(m_model.operationsPerSecond() / m_model.bytesPerSecond()));
}

QString MemoryView::shortReadout() const {
  if (m_panel == Panel::models) return {};
  if (m_panel == Panel::roofline)
    return tr("Below %1 operations a byte the memory is the limit.")
        .arg(shortNumber(m_model.operationsPerSecond() / m_model.bytesPerSecond()));
  for (const auto& kind : m_model.kinds()) {
    if (kind.isOwn) return tr("%1: %2 bytes").arg(kind.name, groupedNumber(m_model.bytesOf(kind)));
  }
  return {};
}

bool MemoryView::showsAllLanes() const {
  return m_panel == Panel::models || m_settings.model != QLatin1String("this");
}

FrameTexts MemoryView::words() const {
  QStringList facts = m_model.facts();
  if (m_panel == Panel::models) facts.removeFirst();
  if (m_panel == Panel::models && m_settings.context == 0) facts[1] = tr("context: each model's own");
  if (m_panel == Panel::models && m_settings.bytes == 0) facts[2] = tr("2 bytes a number");
  if (m_panel == Panel::roofline)
    facts << tr("rates: %1").arg(QString::fromUtf8(m_model.accelerator().source));
  return {title(),   facts,          m_panel == Panel::models ? QString() : m_model.note(),
          readout(), shortReadout(), {}};
}

double MemoryView::neededHeight(const QSizeF& room, const Theme& theme) const {
  return framedHeight(room, theme, words(), [&](QPainter& painter, const QSizeF& body) {
    const auto withCurves = [&](double table) {
      // What scrolls anyway has its curves below the table.
      return table <= body.height() ? table : table + theme.px(kGap + kLeastCurves);
    };
    switch (m_panel) {
      case Panel::size:
        return withCurves(sizeTable(theme).neededHeight(painter, body.width(), theme));
      case Panel::models:
        return modelsTable(publishedModels(), body.width() > theme.px(kWide), true, theme)
            .neededHeight(painter, body.width(), theme);
      case Panel::roofline:
        break;
    }
    const TextTable table = rooflineTable(m_model.rooflinePoints(), theme);
    if (body.width() > theme.px(kWide))
      return std::max(theme.px(kLeastCurves),
                      table.neededHeight(painter, body.width() * (1 - kNarrowPlot) - theme.px(kGap), theme));
    return withCurves(table.neededHeight(painter, body.width(), theme));
  });
}

void MemoryView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  m_spots.clear();
  m_plot.clear();
  m_roofline = {};
  const FrameTexts texts = words();
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  switch (m_panel) {
    case Panel::size:
      paintSize(painter, frame.body, theme);
      break;
    case Panel::models:
      paintModels(painter, frame.body, theme);
      break;
    case Panel::roofline:
      paintRoofline(painter, frame.body, theme);
      break;
  }
  paintFrame(painter, frame, theme, texts);
  painter.restore();
}

void MemoryView::paintSize(QPainter& painter, const QRectF& area, const Theme& theme) {
  const TextTable table = sizeTable(theme);
  const double needed = table.neededHeight(painter, area.width(), theme);
  const double curves = area.height() - std::max(needed, 0.45 * area.height()) - theme.px(kGap);
  const bool hasCurves = curves >= theme.px(kLeastCurves) - 1;
  QRectF upper = area;
  if (hasCurves) upper.setHeight(area.height() - curves - theme.px(kGap));
  const std::vector<QRectF> places = table.paint(painter, upper, theme);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& kind = m_model.kinds()[i];
    m_spots.push_back(
        {places[i],
         kind.name + QLatin1Char('\n') + m_model.formula(kind),
         {},
         m_model.bytesExplained(kind, static_cast<std::uint64_t>(m_settings.batch), m_model.context())});
  }
  if (!hasCurves) return;
  const double top = places.empty() ? upper.bottom() : places.back().bottom();
  paintCurves(painter, area.adjusted(0, top - area.top() + theme.px(kGap), 0, 0), theme);
}

void MemoryView::paintCurves(QPainter& painter, const QRectF& area, const Theme& theme) {
  const bool alongBatch = m_settings.alongBatch;
  const auto chosen =
      static_cast<double>(alongBatch ? static_cast<std::uint64_t>(m_settings.batch) : m_model.context());
  const double last = std::max(alongBatch ? 8.0 : 64.0, 2 * chosen);
  const auto bytesAt = [&](const MemoryModel::KindOfCache& kind, double x) {
    const auto n = static_cast<std::uint64_t>(std::llround(x));
    return static_cast<double>(alongBatch
                                   ? m_model.bytesOf(kind, n, m_model.context())
                                   : m_model.bytesOf(kind, static_cast<std::uint64_t>(m_settings.batch), n));
  };
  double most = 1;
  for (const auto& kind : m_model.kinds()) most = std::max(most, bytesAt(kind, last));
  static constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  double divisor = 1;
  while (most / divisor >= 2000 && unit + 1 < kUnits.size()) {
    divisor *= 1000;
    ++unit;
  }
  PlotSpec spec;
  spec.title = tr("cache in %1").arg(QLatin1String(kUnits[unit]));
  spec.xTitle = alongBatch ? tr("batch: sequences at once") : tr("context: tokens of each sequence");
  spec.xLast = last;
  spec.yLast = roundedUp(most / divisor);
  spec.markedX = chosen;
  for (std::size_t i = 0; i < m_model.kinds().size(); ++i) {
    const auto& kind = m_model.kinds()[i];
    PlotSeries series{{}, {}, memoryColor(i, theme), PlotSeries::Kind::curve, kind.name};
    for (int step = 0; step <= 64; ++step) {
      const double x = last * step / 64;
      series.x.push_back(x);
      series.y.push_back(bytesAt(kind, x) / divisor);
    }
    spec.series.push_back(series);
  }
  m_plot.paint(painter, area, theme, spec);
}

void MemoryView::paintModels(QPainter& painter, const QRectF& area, const Theme& theme) {
  const auto models = publishedModels();
  // Where the rows would be too low to read, they stand in two columns, the sizes left to the tool tips.
  const bool isLow = area.height() / static_cast<double>(models.size() + 1) < theme.px(14);
  const bool isWide = !isLow && area.width() > theme.px(kWide);
  const std::size_t half = isLow ? (models.size() + 1) / 2 : models.size();
  for (std::size_t first = 0; first < models.size(); first += half) {
    const auto part = models.subspan(first, std::min(half, models.size() - first));
    QRectF column = area;
    if (isLow) {
      column.setWidth((area.width() - theme.px(12)) / 2);
      if (first > 0) column.moveRight(area.right());
    }
    const std::vector<QRectF> places = modelsTable(part, isWide, !isLow, theme).paint(painter, column, theme);
    for (std::size_t i = 0; i < places.size(); ++i) {
      const PublishedModel& m = part[i];
      QString tip = tr("%1: %2 bytes\nsizes: %3")
                        .arg(QString::fromUtf8(m.name), groupedNumber(MemoryModel::bytesOf(m, m_settings)),
                             QString::fromUtf8(m.source));
      if (*m.remark) tip += QLatin1Char('\n') + QString::fromUtf8(m.remark);
      m_spots.push_back({places[i], tip, QLatin1String(m.id), MemoryModel::bytesExplained(m, m_settings)});
    }
  }
}

void MemoryView::paintRoofline(QPainter& painter, const QRectF& area, const Theme& theme) {
  const std::vector<MemoryModel::RooflinePoint> points = m_model.rooflinePoints();
  const TextTable table = rooflineTable(points, theme);
  QRectF plot = area, words = area;
  const double gap = theme.px(kGap);
  const double left =
      area.height() - std::max(0.5 * area.height(), table.neededHeight(painter, area.width(), theme)) - gap;
  if (area.width() > 1.3 * area.height() && area.width() > theme.px(kWide)) {
    plot.setWidth(area.width() * (area.width() < theme.px(800) ? kNarrowPlot : 0.42));
    words.setLeft(plot.right() + gap);
  } else if (left >= theme.px(kLeastCurves) - 1) {
    plot.setHeight(left);
    words.setTop(plot.bottom() + gap);
  } else {
    plot = QRectF();
  }
  if (!plot.isNull()) m_roofline.paint(painter, plot, theme, m_model, points);
  const std::vector<QRectF> places = table.paint(painter, words, theme);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& p = points[i];
    m_spots.push_back(
        {places[i],
         tr("%1\n%2 operations over %3 a layer = %4 operations a byte: %5\n%6")
             .arg(p.name, shortNumber(p.traffic.operations),
                  sizeText(p.traffic.bytes(m_model.bytesPerNumber())), shortNumber(p.intensity),
                  p.isMemoryBound ? tr("the memory is the limit") : tr("arithmetic is the limit"),
                  p.ratioText),
         {},
         m_model.rateExplained(p)});
  }
}

std::optional<Hit> MemoryView::hitTest(QPointF point) const {
  Hit hit;
  hit.hovered = m_shown.selection;
  hit.locks = false;
  const int dot = m_roofline.at(point);
  for (std::size_t i = 0; i < m_spots.size(); ++i) {
    const Spot& spot = m_spots[i];
    if (dot != static_cast<int>(i) && (dot >= 0 || !spot.area.contains(point))) continue;
    hit.toolTip = spot.toolTip;
    hit.number = derivedPlace(m_shown.selection, spot.explanation);
    if (!spot.model.isEmpty()) hit.option = {QStringLiteral("model"), spot.model};
    return hit;
  }
  if (const std::optional<QPointF> at = m_plot.valueAt(point)) {
    QStringList lines{
        m_settings.alongBatch
            ? tr("batch %1").arg(std::llround(at->x()))
            : tr("context %1")
                  .arg(groupedNumber(static_cast<std::uint64_t>(std::llround(std::max(0.0, at->x())))))};
    const auto n = static_cast<std::uint64_t>(std::llround(std::max(0.0, at->x())));
    const std::uint64_t batch = m_settings.alongBatch ? n : static_cast<std::uint64_t>(m_settings.batch);
    const std::uint64_t context = m_settings.alongBatch ? m_model.context() : n;
    for (const auto& kind : m_model.kinds()) {
      const std::uint64_t bytes = m_model.bytesOf(kind, batch, context);
      if (kind.isOwn || !hit.number)
        hit.number = derivedPlace(m_shown.selection, m_model.bytesExplained(kind, batch, context));
      lines << QStringLiteral("%1: %2").arg(kind.name, sizeText(static_cast<double>(bytes)));
    }
    hit.toolTip = lines.join(QLatin1Char('\n'));
    return hit;
  }
  return std::nullopt;
}

std::vector<NamedTable> MemoryView::tables() const {
  switch (m_panel) {
    case Panel::size:
      return m_model.sizeTables();
    case Panel::models:
      return m_model.modelTables();
    case Panel::roofline:
      break;
  }
  return m_model.rooflineTables();
}

QString MemoryView::description() const {
  QString text =
      title() + QStringLiteral(". ") + m_model.facts().join(QStringLiteral(", ")) + QStringLiteral(". ");
  if (m_panel == Panel::roofline) {
    for (const auto& p : m_model.rooflinePoints())
      text += tr("%1: %2 operations a byte, %3 tokens a second. ")
                  .arg(p.name, shortNumber(p.intensity), shortNumber(p.tokens));
  } else {
    for (const auto& kind : m_model.kinds())
      text += QStringLiteral("%1: %2. ").arg(kind.name, sizeText(static_cast<double>(m_model.bytesOf(kind))));
  }
  return text + m_model.note();
}

}  // namespace decodescope
