#include "views/kv_cache/work_picture.h"

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

struct Unit {
  double size;
  QString prefix;
};

/// Thousands, millions … so that an axis has short numbers.
Unit unitFor(double largest) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T"};
  Unit unit{1, {}};
  for (int i = 1; i < 5 && largest >= unit.size * 1e4; ++i)
    unit = {unit.size * 1e3, QLatin1String(kPrefixes[i])};
  return unit;
}

QString unitText(const Unit& unit, KvWorkSettings::Measure measure) {
  switch (measure) {
    case KvWorkSettings::Measure::macs:
      return unit.prefix.isEmpty() ? tr("MACs") : unit.prefix + tr(" MACs");
    case KvWorkSettings::Measure::bytes:
      return unit.prefix + QStringLiteral("B");
    case KvWorkSettings::Measure::time:
      return {};
  }
  return {};
}

/// One lane's steps with the cache and those without it, as series of their own.
void addLane(PlotSpec& spec, const KvLane& lane, const std::vector<double>& values, double unit, bool isBars,
             const Theme& theme) {
  for (const bool cacheOn : {true, false}) {
    PlotSeries series;
    series.color = cacheColor(cacheOn, theme);
    // Points that touch would be a band.
    series.kind = isBars               ? PlotSeries::Kind::bars
                  : values.size() > 60 ? PlotSeries::Kind::curve
                                       : PlotSeries::Kind::points;
    if (isBars) series.color = mixed(series.color, theme.background, 0.35);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (lane.run->steps[i].kvCache != cacheOn) continue;
      series.x.push_back(static_cast<double>(i + 1));
      series.y.push_back(values[i] / unit);
    }
    if (series.x.empty()) continue;
    spec.series.push_back(std::move(series));
  }
}

}  // namespace

void KvWorkPicture::clear() {
  for (Plot& plot : m_plots) plot.clear();
}

void KvWorkPicture::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                          const KvWorkModel& model) {
  QRectF plots = area, table = area;
  const bool beside = area.width() >= area.height() * 2.2 && area.width() >= theme.px(700);
  if (beside) {
    table.setLeft(area.right() - std::min(theme.px(400), area.width() * 0.46));
    plots.setRight(table.left() - theme.px(20));
    paintTable(painter, table, theme, model, TableSize::full, true);
  } else {
    for (const TableSize size : {TableSize::full, TableSize::sumAlone}) {
      const double height = paintTable(painter, table, theme, model, size, false);
      if (area.height() - height < theme.px(150)) continue;
      table.setTop(area.bottom() - height);
      plots.setBottom(table.top() - theme.px(10));
      const double used = paintTable(painter, table, theme, model, size, true);
      table.setBottom(table.top() + used);
      paintFormulas(painter, table, theme, model);
      break;
    }
  }
  const std::vector<KvWorkPart> parts = model.plotted();
  std::vector<QRectF> places(parts.size(), plots);
  if (parts.size() > 1) {
    const double gap = theme.px(12), count = static_cast<double>(parts.size());
    const double width = (plots.width() - (count - 1) * gap) / count,
                 height = (plots.height() - (count - 1) * gap) / count;
    const bool isRow = plots.width() > plots.height() * 0.75 * count;
    // One readable curve rather than several squeezed ones.
    if (!isRow && height < theme.px(100)) places.resize(1);
    for (std::size_t i = 0; places.size() > 1 && i < places.size(); ++i) {
      const double at = static_cast<double>(i);
      places[i] = isRow ? QRectF(plots.left() + at * (width + gap), plots.top(), width, plots.height())
                        : QRectF(plots.left(), plots.top() + at * (height + gap), plots.width(), height);
    }
  }
  // Several beside each other are narrow, and may be higher than wide.
  const double upright = std::max(0.9, 0.45 * static_cast<double>(places.size()));
  for (QRectF& place : places)
    place.setHeight(std::min(place.height(), std::max(theme.px(200), place.width() * upright)));
  Key key{{},
          {},
          model.selection().step.value,
          model.selection().lane,
          static_cast<int>(model.settings().measure),
          model.settings().summed,
          theme.dark,
          theme.scale,
          m_generation,
          model.scaleEnds()};
  for (std::size_t i = 0; i < model.lanes().size(); ++i) {
    key.runs[i] = model.lanes()[i].run->runId;
    key.steps[i] = model.lanes()[i].run->stepCount();
  }
  QRectF all = places.front();
  for (const QRectF& place : places) all = all.united(place);
  m_image.paint(painter, all, theme.background, key, [&](QPainter& into) {
    clear();
    for (std::size_t i = 0; i < places.size(); ++i)
      paintPlot(into, places[i], theme, model, parts[i], key.ends[static_cast<std::size_t>(parts[i])],
                m_plots[i]);
  });
  if (isVectorDevice(painter)) ++m_generation;
}

void KvWorkPicture::paintPlot(QPainter& painter, const QRectF& area, const Theme& theme,
                              const KvWorkModel& model, KvWorkPart part, double largest, Plot& plot) const {
  if (area.height() < theme.px(60) || area.width() < theme.px(80)) return;
  PlotSpec spec;
  spec.xTitle = tr("step");
  spec.xFirst = 1;
  spec.xLast = std::max(2, model.stepCount());
  spec.markedX = model.selection().step.value;
  std::vector<std::vector<double>> counted;
  for (const KvLane& lane : model.lanes()) counted.push_back(model.counted(part, lane));
  const std::array formulas{model.formula(part, true), model.formula(part, false)};
  const bool isTime = part == KvWorkPart::time;
  const Unit unit = isTime ? Unit{largest >= 1e7 ? 1e6 : 1e3, {}} : unitFor(largest);
  const QString unitName = isTime ? (unit.size > 1e3 ? QStringLiteral("ms") : QStringLiteral("µs"))
                                  : unitText(unit, model.settings().measure);
  spec.title = QStringLiteral("%1 (%2)").arg(model.name(part), unitName);
  spec.yLast = largest > 0 ? largest / unit.size : 1;
  // The smaller numbers are drawn last: bars of the one without a cache would hide them.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < model.lanes().size(); ++i) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return model.lanes()[a].index == model.selection().lane &&
           model.lanes()[b].index != model.selection().lane;
  });
  for (const std::size_t i : order) {
    const KvLane& lane = model.lanes()[i];
    addLane(spec, lane, counted[i], unit.size, lane.index == model.selection().lane, theme);
  }
  for (const std::vector<double>& formula : formulas) {
    if (formula.empty()) continue;
    PlotSeries line;
    line.kind = PlotSeries::Kind::dashed;
    line.thickness = 0.6;
    line.color = theme.text;
    for (std::size_t s = 0; s < formula.size(); ++s) {
      line.x.push_back(static_cast<double>(s + 1));
      line.y.push_back(formula[s] / unit.size);
    }
    spec.series.push_back(std::move(line));
  }
  plot.paint(painter, area, theme, spec);
}

double KvWorkPicture::paintTable(QPainter& painter, const QRectF& area, const Theme& theme,
                                 const KvWorkModel& model, TableSize size, bool draw) const {
  std::vector<KvWorkModel::Row> rows = model.rows();
  if (size == TableSize::sumAlone && rows.size() > 1)
    std::erase_if(rows, [](const KvWorkModel::Row& row) { return !row.isSum; });
  const QFont plain = theme.sized(11.5), bold = theme.sized(11.5, QFont::DemiBold);
  const QFont mono = theme.monoSized(11.5);
  const TextMetrics words(plain, painter.device()), digits(mono, painter.device());
  const double line = std::ceil(words.height() * 1.2);
  double y = area.top();
  const double gap = theme.px(14);
  const TextMetrics heads(bold, painter.device());
  const auto head = [](bool cacheOn, bool isShort) {
    return !cacheOn ? tr("without") : isShort ? tr("with") : tr("with cache");
  };
  const auto columnWidth = [&](bool isShort) {
    double width =
        std::max(heads.horizontalAdvance(head(true, isShort)), heads.horizontalAdvance(head(false, isShort)));
    for (const KvWorkModel::Row& row : rows) {
      for (const KvWorkModel::Cell& cell : {row.with, row.without})
        width = std::max(width, digits.horizontalAdvance(model.valueText(cell, isShort)));
    }
    return width;
  };
  // Narrow areas: fewer digits, then no ratio.
  double ratio = digits.horizontalAdvance(QStringLiteral("×00.0")) + gap;
  const double lowest = theme.px(70);
  const bool isShort = lowest + 2 * (columnWidth(false) + gap) + ratio > area.width();
  const double value = columnWidth(isShort);
  const bool hasRatio = lowest + 2 * (value + gap) + ratio <= area.width();
  if (!hasRatio) ratio = 0;
  const double nameWidth = std::clamp(area.width() - 2 * (value + gap) - ratio, theme.px(30), theme.px(170));
  const auto put = [&](double left, double width, Qt::Alignment align, const QFont& font, const QColor& color,
                       const QString& text) {
    if (!draw) return;
    painter.setFont(font);
    painter.setPen(color);
    drawFitted(painter, QRectF(left, y, width, line), align | Qt::AlignVCenter, text);
  };
  const double withX = area.left() + nameWidth + gap, withoutX = withX + value + gap,
               ratioX = withoutX + value + gap;
  const QString span = model.settings().summed ? tr("steps 1–%1").arg(model.selection().step.value)
                                               : tr("step %1").arg(model.selection().step.value);
  put(area.left(), nameWidth, Qt::AlignLeft, bold, theme.text, span);
  put(withX, value, Qt::AlignRight, bold, cacheColor(true, theme), head(true, isShort));
  put(withoutX, value, Qt::AlignRight, bold, cacheColor(false, theme), head(false, isShort));
  y += line;
  const bool isTime = model.settings().measure == KvWorkSettings::Measure::time;
  const auto source = [&](bool cacheOn) {
    if (!model.laneWith(cacheOn)) return isTime ? tr("no lane") : tr("formula");
    return isTime ? tr("measured") : tr("counted");
  };
  put(withX, value, Qt::AlignRight, theme.sized(10.5), theme.faintText, source(true));
  put(withoutX, value, Qt::AlignRight, theme.sized(10.5), theme.faintText, source(false));
  y += line;
  for (const KvWorkModel::Row& row : rows) {
    if (row.isSum && draw) {
      painter.setPen(QPen(theme.line, theme.px(1)));
      painter.drawLine(QPointF(area.left(), y), QPointF(std::min(area.right(), ratioX + ratio), y));
    }
    put(area.left(), nameWidth, Qt::AlignLeft, row.isSum ? bold : plain,
        row.isSum ? theme.text : theme.faintText, row.name);
    const auto cell = [&](double left, const KvWorkModel::Cell& c) {
      QFont font = mono;
      font.setItalic(c.isFormula);
      put(left, value, Qt::AlignRight, font, c.isFormula || !c.known ? theme.faintText : theme.text,
          model.valueText(c, isShort));
    };
    cell(withX, row.with);
    cell(withoutX, row.without);
    if (hasRatio) put(ratioX, ratio - gap, Qt::AlignRight, mono, theme.text, KvWorkModel::ratioText(row));
    y += line;
  }
  if (size == TableSize::sumAlone) return y - area.top() + theme.px(2);
  const TextMetrics small(theme.sized(11), painter.device());
  for (const QString& text : model.differences()) {
    y += theme.px(4);
    for (const QString& words2 : wrappedWords(text, small, area.width(), 3)) {
      put(area.left(), area.width(), Qt::AlignLeft, theme.sized(11), theme.faintText, words2);
      y += std::ceil(small.height());
    }
  }
  return y - area.top() + theme.px(2);
}

/// Right of the table, where there is room.
void KvWorkPicture::paintFormulas(QPainter& painter, const QRectF& area, const Theme& theme,
                                  const KvWorkModel& model) const {
  const QStringList lines = model.formulaLines();
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  double width = 0;
  for (const QString& text : lines) width = std::max(width, metrics.horizontalAdvance(text) + 2);
  const double line = std::ceil(metrics.height() * 1.2);
  if (lines.isEmpty() || width > area.width() / 2 - theme.px(20) ||
      static_cast<double>(lines.size()) * line > area.height())
    return;
  QRectF row(area.center().x() + theme.px(6), area.top(), area.width() / 2 - theme.px(6), line);
  for (qsizetype i = 0; i < lines.size(); ++i) {
    painter.setFont(theme.sized(11.5, i == 0 ? QFont::DemiBold : QFont::Normal));
    painter.setPen(i == 0 ? theme.text : theme.faintText);
    drawFitted(painter, row, Qt::AlignLeft | Qt::AlignVCenter, lines[i]);
    row.translate(0, line);
  }
}

std::vector<LegendItem> KvWorkPicture::legend(const Theme& theme, const KvWorkModel& model) {
  std::vector<LegendItem> items;
  for (const bool cacheOn : {true, false}) {
    const KvLane* lane = model.laneWith(cacheOn);
    if (!lane) continue;
    const QColor color = cacheColor(cacheOn, theme);
    const bool isBars = lane->index == model.selection().lane;
    const auto sample = [=](QPainter& painter, const QRectF& r) {
      if (isBars) return painter.fillRect(r, mixed(color, theme.background, 0.35));
      painter.setPen(QPen(color, theme.px(1.6)));
      painter.drawLine(QPointF(r.left(), r.center().y()), QPointF(r.right(), r.center().y()));
      painter.fillRect(
          QRectF(r.center().x() - theme.px(3), r.center().y() - theme.px(3), theme.px(6), theme.px(6)),
          color);
    };
    const QString how =
        model.settings().measure == KvWorkSettings::Measure::time ? tr("measured") : tr("counted");
    items.push_back(
        {(cacheOn ? tr("with the cache, %1") : tr("without the cache, %1")).arg(how), sample, 16});
  }
  if (!model.formula(model.plotted().front(), true).empty()) {
    items.push_back({tr("closed formula, with and without"),
                     [theme](QPainter& painter, const QRectF& r) {
                       painter.setPen(QPen(theme.text, theme.px(1), Qt::DashLine));
                       painter.drawLine(QPointF(r.left(), r.center().y()),
                                        QPointF(r.right(), r.center().y()));
                     },
                     18});
  }
  return items;
}

std::optional<KvWorkPicture::Spot> KvWorkPicture::at(QPointF point) const {
  for (std::size_t i = 0; i < m_plots.size(); ++i) {
    if (const std::optional<QPointF> value = m_plots[i].valueAt(point))
      return Spot{StepIndex{std::max(1, static_cast<int>(std::lround(value->x())))}, i};
  }
  return std::nullopt;
}

}  // namespace decodescope
