#include "views/kv_cache/contents_panel.h"

#include "views/head_colors.h"
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

}  // namespace

void KvContentsPanel::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                            const KvCacheModel& model) {
  if (area.isNull()) return;
  m_model = &model;
  const bool upright = area.height() > area.width();
  QRectF numbers = area, curves = area;
  if (!upright) {
    // As wide as the formula, so that it is not cut.
    const TextMetrics metrics(theme.sized(11.5), painter.device());
    double wanted = theme.px(180);
    for (const QString& text : m_model->formula())
      wanted = std::max(wanted, metrics.horizontalAdvance(text) + 1);
    numbers.setWidth(std::min(wanted, area.width() * 0.62));
    curves.setLeft(numbers.right() + theme.px(16));
  }
  const double y = paintNumbers(painter, numbers, theme);
  if (upright) curves.setTop(y + theme.px(12));
  QRectF bytesArea = curves, rowsArea = curves;
  if (upright || curves.width() < theme.px(330)) {
    const double gap = theme.px(8);
    bytesArea.setHeight((curves.height() - gap) / 2);
    rowsArea.setTop(bytesArea.bottom() + gap);
  } else {
    bytesArea.setWidth(curves.width() / 2 - theme.px(8));
    rowsArea.setLeft(curves.center().x() + theme.px(8));
  }
  const double lowest = theme.px(96);
  if (bytesArea.height() < lowest || bytesArea.width() < theme.px(110)) {
    // One readable curve rather than two squeezed ones.
    bytesArea = curves;
    rowsArea = QRectF();
  }
  if (bytesArea.height() < lowest || bytesArea.width() < theme.px(110)) return;
  bytesArea.setHeight(std::min(bytesArea.height(), theme.px(220)));
  if (!rowsArea.isNull()) {
    if (rowsArea.left() == bytesArea.left()) rowsArea.moveTop(bytesArea.bottom() + theme.px(8));
    rowsArea.setHeight(std::min(rowsArea.height(), theme.px(220)));
  }
  paintCurves(painter, bytesArea, rowsArea, theme);
}

double KvContentsPanel::paintNumbers(QPainter& painter, const QRectF& numbers, const Theme& theme) const {
  double y = numbers.top();
  const auto line = [&](const QFont& font, const QColor& color, const QString& text) {
    painter.setFont(font);
    painter.setPen(color);
    const double height = TextMetrics(font, painter.device()).height();
    if (y + height > numbers.bottom()) return;
    drawFitted(painter, QRectF(numbers.left(), y, numbers.width(), height), Qt::AlignLeft | Qt::AlignTop,
               text);
    y += height;
  };
  line(theme.sized(28, QFont::DemiBold), m_model->cacheOn() ? theme.text : theme.warning,
       m_model->heldText());
  line(theme.sized(11.5), theme.faintText, m_model->heldCaption());
  y += theme.px(6);
  for (const QString& text : m_model->formula()) line(theme.sized(11.5), theme.text, text);
  const QString sharing = m_model->sharing();
  if (!sharing.isEmpty()) {
    const TextMetrics metrics(theme.sized(11), painter.device());
    const qsizetype at = sharing.indexOf(QLatin1Char(' '), sharing.size() / 2);
    if (metrics.horizontalAdvance(sharing) > numbers.width() && at > 0) {
      line(theme.sized(11), theme.query, sharing.left(at));
      line(theme.sized(11), theme.query, sharing.mid(at + 1));
    } else {
      line(theme.sized(11), theme.query, sharing);
    }
  }
  y += theme.px(6);
  for (const auto& [name, value] : m_model->facts()) {
    const QFont font = theme.sized(11.5);
    const double height = TextMetrics(font, painter.device()).height() + theme.px(1);
    if (y + height > numbers.bottom()) break;
    const QRectF row(numbers.left(), y, std::min(numbers.width(), theme.px(250)), height);
    painter.setFont(font);
    painter.setPen(theme.faintText);
    const double taken = drawFitted(painter, row, Qt::AlignLeft | Qt::AlignVCenter, name);
    painter.setFont(theme.monoSized(11.5));
    painter.setPen(theme.text);
    drawFitted(painter, row.adjusted(taken + theme.px(6), 0, 0, 0), Qt::AlignRight | Qt::AlignVCenter, value);
    y += height;
  }
  return y;
}

void KvContentsPanel::paintCurves(QPainter& painter, const QRectF& bytesArea, const QRectF& rowsArea,
                                  const Theme& theme) {
  const std::span<const StepRecord> steps = m_model->steps();
  const int shown = m_model->selection().step.value;
  PlotSpec bytes, rows;
  bytes.xTitle = rows.xTitle = tr("step");
  bytes.xFirst = rows.xFirst = 1;
  bytes.xLast = rows.xLast = std::max<double>(2, static_cast<double>(steps.size()));
  bytes.markedX = rows.markedX = shown;
  const double most = m_model->bytesEnd();
  const double unit = most >= 1e6 ? 1e6 : most >= 1e3 ? 1e3 : 1.0;
  bytes.yLast = most / unit;
  rows.yLast = m_model->rowsEnd();
  bytes.title = unit == 1.0 ? tr("bytes held") : unit == 1e3 ? tr("kB held") : tr("MB held");
  rows.title = tr("rows computed");
  rows.wholeY = true;
  // Stacked by their shares: K and V take the same room, a latent more than its rotary key. Without a cache
  // the dashed line is what one would hold: the formula beside it.
  const auto shares = m_model->heldShares();
  const auto ink = [&](KvNumbers numbers) {
    return numbers == KvNumbers::latents                                    ? latentColor(theme)
           : numbers == KvNumbers::keys || numbers == KvNumbers::normalizer ? theme.key
                                                                            : theme.value;
  };
  PlotSeries upper{{}, {}, ink(shares[0].first), PlotSeries::Kind::bars};
  PlotSeries lower{{}, {}, ink(shares[1].first), PlotSeries::Kind::bars};
  PlotSeries would{{}, {}, theme.faintText, PlotSeries::Kind::dashed};
  PlotSeries added{{}, {}, theme.accent, PlotSeries::Kind::bars};
  PlotSeries again{{}, {}, theme.warning, PlotSeries::Kind::bars};
  bool everOff = false;
  for (const StepRecord& s : steps) {
    const double x = s.index.value, held = static_cast<double>(s.kvBytes) / unit;
    for (PlotSeries* series : {&upper, &lower, &would, &added, &again}) series->x.push_back(x);
    upper.y.push_back(held * shares[0].second);
    lower.y.push_back(held * shares[1].second);
    would.y.push_back(static_cast<double>(m_model->bytesFor(s.tokensSeen)) / unit);
    added.y.push_back(s.tokensSeen - s.firstNewPosition);
    again.y.push_back(s.firstNewPosition - s.firstRow);
    everOff = everOff || !s.kvCache;
  }
  bytes.series = {upper, lower};
  if (everOff) {
    bytes.series.push_back(would);
    bytes.title += QStringLiteral(" ") + tr("(dashed: with the cache on)");
  }
  rows.series = {added, again};

  m_bytesPlot.paint(painter, bytesArea, theme, bytes);
  if (!rowsArea.isNull()) m_rowsPlot.paint(painter, rowsArea, theme, rows);
}

}  // namespace decodescope
