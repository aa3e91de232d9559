#include "views/attention/row_page.h"

#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

/// The lowest weight that a logarithmic axis tells from 0.
constexpr double kLowestWeight = 1e-4;
constexpr int kNamed = 8;

}  // namespace

AttentionRowNumbers attentionRowNumbers(const AttentionModel& model) {
  AttentionRowNumbers numbers;
  const AttentionStage stage = model.settings().stage;
  numbers.values = model.row(stage, model.selection().query.value);
  double low = 0, high = 0;
  for (int k = 0; k < static_cast<int>(numbers.values.size()); ++k) {
    const auto v = static_cast<double>(numbers.values[static_cast<std::size_t>(k)]);
    if (!std::isfinite(v)) continue;
    numbers.order.push_back(k);
    numbers.sum += v;
    if (k == 0 && model.withoutFirst()) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  std::stable_sort(numbers.order.begin(), numbers.order.end(), [&](int a, int b) {
    return numbers.values[static_cast<std::size_t>(a)] > numbers.values[static_cast<std::size_t>(b)];
  });
  numbers.low = low;
  numbers.high = high > 0 || low < 0 ? high : 1;
  return numbers;
}

QString RowPage::title(const AttentionModel& model) const {
  return tr("%1 of query %2 · %3")
      .arg(model.stageName(model.settings().stage), model.tokenText(model.selection().query.value),
           model.place());
}

double RowPage::heightOf(const AttentionModel& model, float value) const {
  const auto v = static_cast<double>(value);
  if (model.settings().scale == AttentionScale::logarithmic &&
      model.settings().stage == AttentionStage::weights) {
    const double top = std::log(std::max(m_numbers.high, 10 * kLowestWeight) / kLowestWeight);
    return v <= kLowestWeight ? 0 : std::min(1.0, std::log(v / kLowestWeight) / top) * m_chart.height();
  }
  const double range = m_numbers.high - m_numbers.low;
  return std::clamp(v, m_numbers.low, m_numbers.high) / range * m_chart.height();
}

void RowPage::paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
                    const MatrixWindow&) {
  m_numbers = attentionRowNumbers(model);
  const int query = model.selection().query.value, key = model.selection().key.value;
  const bool weights = model.settings().stage == AttentionStage::weights;
  FrameTexts texts;
  texts.title = title(model);
  texts.subtitle = QStringList{model.formula(model.settings().stage)} + model.circumstances();
  texts.readout = model.readout(query, key);
  texts.shortReadout = model.shortReadout(model.settings().stage, query, key);
  texts.legend.push_back({weights ? tr("weight of a key") : tr("score of a key"), colorSample(theme.query)});
  texts.legend.push_back({tr("selected key"), colorSample(theme.accent)});
  if (model.causal() && query + 1 < model.tokens())
    texts.legend.push_back({tr("masked: later than the query"),
                            [theme](QPainter& p, const QRectF& r) { drawMasked(p, r, theme); }});
  if (model.withoutFirst())
    texts.legend.push_back({tr("key 0 may reach beyond the axis"), colorSample(theme.line)});
  const PictureFrame frame = framePicture(painter, area, theme, texts);

  const TextMetrics label(theme.sized(11.5), painter.device());
  const double line = std::ceil(label.height());
  QRectF body = frame.body;
  m_list = QRectF();
  m_listRow = line * 1.35;
  if (body.width() >= theme.px(560)) {
    const double width = std::clamp(body.width() * 0.3, theme.px(200), theme.px(340));
    m_list = QRectF(body.right() - width, body.top(), width, body.height());
    body.setRight(m_list.left() - theme.px(24));
  } else if (body.height() >= theme.px(340)) {
    const double height = std::min(body.height() * 0.45, m_listRow * (kNamed + 2));
    m_list = QRectF(body.left(), body.bottom() - height, body.width(), height);
    body.setBottom(m_list.top() - theme.px(12));
  }
  double widest = 0;
  for (qsizetype i = 0; i < std::min<qsizetype>(model.labels().size(), 400); ++i)
    widest = std::max(widest, label.horizontalAdvance(model.labels()[i]));
  const bool words = !frame.small;
  const double axis = words ? label.horizontalAdvance(QStringLiteral("−0.000")) + theme.px(8) : 0;
  const double slotWidth = (body.width() - axis) / model.tokens();
  const double below = !words                              ? 0
                       : slotWidth >= widest + theme.px(6) ? line
                       : slotWidth >= line * 0.9           ? std::min(widest, theme.px(80))
                                                           : line;
  m_axis = QRectF(body.left(), body.top(), axis, body.height() - below - theme.px(4));
  m_chart = QRectF(body.left() + axis, body.top() + (words ? line * 1.4 : 0), body.width() - axis,
                   body.height() - below - theme.px(4) - (words ? line * 1.4 : 0));
  m_labels = QRectF(m_chart.left(), m_chart.bottom() + theme.px(4), m_chart.width(), below);
  if (m_chart.height() < 1 || m_chart.width() < 1) m_chart = body;

  paintBars(painter, theme, model);
  if (words) paintKeys(painter, theme, model);
  if (words) paintNames(painter, theme, model);
  if (!m_list.isNull()) paintList(painter, theme, model);
  if (const auto note = poolingNote(model.tokens(), m_chart.width(), pixelRatio(painter), tr("number")))
    texts.legend.push_back({tr("a dot shows the largest of its keys"), note->sample, 0});
  paintFrame(painter, frame, theme, texts);
}

void RowPage::paintBars(QPainter& painter, const Theme& theme, const AttentionModel& model) const {
  const int query = model.selection().query.value, selected = model.selection().key.value;
  const double width = slot(model);
  const double zero = m_chart.bottom() + m_numbers.low / (m_numbers.high - m_numbers.low) * m_chart.height();
  const bool logarithmic = model.settings().scale == AttentionScale::logarithmic &&
                           model.settings().stage == AttentionStage::weights;
  const double base = logarithmic ? m_chart.bottom() : zero;
  painter.fillRect(m_chart, theme.panel);
  // What the query does not see.
  const double seen = model.visible(query) * width;
  if (seen < m_chart.width()) drawMasked(painter, m_chart.adjusted(seen, 0, 0, 0), theme);
  if (m_numbers.values.empty()) {
    painter.setPen(theme.faintText);
    painter.setFont(theme.sized(12));
    drawFitted(painter, m_chart, Qt::AlignCenter, tr("not stored any more (trace budget)"));
  }
  const QRectF marked(m_chart.left() + selected * width, m_chart.top(), width, m_chart.height());
  QColor light = theme.accent;
  light.setAlpha(36);
  painter.fillRect(marked, light);
  const double gap = width >= theme.px(4) ? std::min(width * 0.15, theme.px(4)) : 0;
  // Several keys a dot: the largest of them.
  const double dot = 1 / (isVectorDevice(painter) ? 2 : pixelRatio(painter));
  const int step = std::max(1, static_cast<int>(std::floor(dot / width)));
  for (int k = 0; k < static_cast<int>(m_numbers.values.size()); k += step) {
    float v = std::numeric_limits<float>::quiet_NaN();
    for (int i = k; i < std::min(k + step, static_cast<int>(m_numbers.values.size())); ++i) {
      const float x = m_numbers.values[static_cast<std::size_t>(i)];
      if (std::isfinite(x) && !(std::abs(x) <= std::abs(v))) v = x;
    }
    const double x = m_chart.left() + k * width;
    if (std::isnan(v)) continue;
    const double height = heightOf(model, v);
    const QColor color = selected >= k && selected < k + step ? theme.accent
                         : k == 0 && model.withoutFirst()     ? theme.line
                                                              : theme.query;
    painter.fillRect(QRectF(x + gap, base - std::max(0.0, height), std::max(dot, step * width - 2 * gap),
                            std::max(std::abs(height), dot)),
                     color);
  }
  painter.setPen(QPen(theme.faintText, theme.px(1)));
  painter.drawLine(QPointF(m_chart.left(), base), QPointF(m_chart.right(), base));
  // The axis: its ends and the middle.
  if (m_axis.width() <= 0) return;
  const TextMetrics metrics(theme.sized(11), painter.device());
  painter.setFont(theme.sized(11));
  const auto tick = [&](double y, double value) {
    painter.setPen(theme.faintText);
    drawFitted(
        painter,
        QRectF(m_axis.left(), y - metrics.height() / 2, m_axis.width() - theme.px(6), metrics.height()),
        Qt::AlignRight | Qt::AlignVCenter, AttentionModel::numberText(static_cast<float>(value)));
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(m_chart.left() - theme.px(3), y), QPointF(m_chart.left(), y));
  };
  if (logarithmic) {
    for (double v = kLowestWeight; v <= std::max(m_numbers.high, 10 * kLowestWeight) * 1.0001; v *= 10)
      tick(base - heightOf(model, static_cast<float>(v * 1.00001)), v);
    return;
  }
  tick(base, 0);
  if (m_numbers.high > 0) tick(m_chart.top(), m_numbers.high);
  if (m_numbers.high > 0 && m_numbers.low == 0) tick(m_chart.center().y(), m_numbers.high / 2);
  if (m_numbers.low < 0) tick(m_chart.bottom(), m_numbers.low);
}

void RowPage::paintKeys(QPainter& painter, const Theme& theme, const AttentionModel& model) const {
  const double width = slot(model);
  const int selected = model.selection().key.value;
  const TextMetrics label(theme.sized(11.5), painter.device());
  const double line = label.height();
  double widest = 0;
  for (qsizetype i = 0; i < std::min<qsizetype>(model.labels().size(), 400); ++i)
    widest = std::max(widest, label.horizontalAdvance(model.labels()[i]));
  const bool flat = width >= widest + theme.px(6), upright = !flat && width >= line * 0.9;
  const double number = label.horizontalAdvance(QString::number(model.tokens())) + theme.px(8);
  const int wanted[] = {selected, model.tokens() - 1};
  for (const int k : thinnedLabels(0, model.tokens(), width, flat || upright ? 1 : number, wanted)) {
    painter.setFont(theme.sized(11.5, k == selected ? QFont::DemiBold : QFont::Normal));
    painter.setPen(k == selected ? theme.key : theme.text);
    const double centre = m_labels.left() + (k + 0.5) * width;
    if (upright) {
      const QString text = fitted(model.labels()[k], label, m_labels.height());
      drawUpwards(painter, QPointF(centre, m_labels.top() + label.horizontalAdvance(text)), m_labels.height(),
                  text);
      continue;
    }
    const double half = (flat ? width : number) / 2;
    drawFitted(painter, QRectF(centre - half, m_labels.top(), 2 * half, line), Qt::AlignCenter,
               flat ? model.labels()[k] : QString::number(k));
  }
}

void RowPage::paintNames(QPainter& painter, const Theme& theme, const AttentionModel& model) const {
  // The largest ones are named on top of their bars, where names do not meet.
  const double width = slot(model);
  painter.setFont(theme.sized(11));
  const TextMetrics metrics(painter.font(), painter.device());
  std::vector<QRectF> taken;
  const double zero = m_chart.bottom() + m_numbers.low / (m_numbers.high - m_numbers.low) * m_chart.height();
  const bool logarithmic = model.settings().scale == AttentionScale::logarithmic &&
                           model.settings().stage == AttentionStage::weights;
  const double base = logarithmic ? m_chart.bottom() : zero;
  for (std::size_t i = 0; i < std::min<std::size_t>(kNamed, m_numbers.order.size()); ++i) {
    const int k = m_numbers.order[i];
    const float v = m_numbers.values[static_cast<std::size_t>(k)];
    if (v <= 0) break;
    const QString number = AttentionModel::cellText(model.settings().stage, v);
    const QString text =
        width >= theme.px(40) ? number : QStringLiteral("%1 %2").arg(model.labels()[k], number);
    const double length = metrics.horizontalAdvance(text);
    const double top = base - heightOf(model, v) - metrics.height() - theme.px(1);
    const double left = std::clamp(m_chart.left() + (k + 0.5) * width - length / 2, m_chart.left(),
                                   std::max(m_chart.left(), m_chart.right() - length));
    const QRectF box(left, top, length + 1, metrics.height());
    if (std::any_of(taken.begin(), taken.end(),
                    [&](const QRectF& r) { return r.adjusted(-3, 0, 3, 0).intersects(box); }))
      continue;
    // Nor do names cross higher bars.
    const int from = std::max(0, static_cast<int>((box.left() - m_chart.left()) / width));
    const int to = std::min(static_cast<int>(m_numbers.values.size()) - 1,
                            static_cast<int>((box.right() - m_chart.left()) / width));
    bool crossed = false;
    for (int other = from; other <= to && !crossed; ++other) {
      const float height = m_numbers.values[static_cast<std::size_t>(other)];
      crossed = other != k && std::isfinite(height) && heightOf(model, height) > base - box.bottom();
    }
    if (crossed) continue;
    taken.push_back(box);
    painter.setPen(theme.text);
    drawFitted(painter, box, Qt::AlignLeft | Qt::AlignVCenter, text);
  }
}

void RowPage::paintList(QPainter& painter, const Theme& theme, const AttentionModel& model) const {
  const AttentionStage stage = model.settings().stage;
  const bool weights = stage == AttentionStage::weights;
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double number = metrics.horizontalAdvance(QStringLiteral("−00.00")) + theme.px(8);
  const double bar = m_list.width() * 0.28;
  QRectF line(m_list.left(), m_list.top(), m_list.width(), m_listRow);
  painter.setFont(theme.sized(12, QFont::DemiBold));
  painter.setPen(theme.text);
  drawFitted(painter, line, Qt::AlignLeft | Qt::AlignVCenter,
             weights ? tr("Looks most at") : tr("Highest scores"));
  line.translate(0, m_listRow);
  const int rows = static_cast<int>(m_list.height() / m_listRow) - (weights ? 3 : 1);
  const auto count = std::min<int>(std::max(0, rows), static_cast<int>(m_numbers.order.size()));
  const double largest = std::max(std::abs(m_numbers.high), std::abs(m_numbers.low));
  double listed = 0;
  for (int i = 0; i < count; ++i) {
    const int k = m_numbers.order[static_cast<std::size_t>(i)];
    const float v = m_numbers.values[static_cast<std::size_t>(k)];
    listed += static_cast<double>(v);
    const bool selected = k == model.selection().key.value;
    painter.setFont(theme.sized(11.5, selected ? QFont::DemiBold : QFont::Normal));
    painter.setPen(selected ? theme.accent : theme.text);
    drawFitted(painter, QRectF(line.left(), line.top(), line.width() - number - bar, line.height()),
               Qt::AlignLeft | Qt::AlignVCenter, model.tokenText(k));
    const double length = std::min(1.0, std::abs(static_cast<double>(v)) / largest) * (bar - theme.px(8));
    painter.fillRect(QRectF(line.right() - number - bar, line.center().y() - theme.px(4),
                            std::max(1.0, length), theme.px(8)),
                     selected ? theme.accent
                     : v < 0  ? theme.faintText
                              : theme.query);
    drawFitted(painter, QRectF(line.right() - number, line.top(), number, line.height()),
               Qt::AlignRight | Qt::AlignVCenter, AttentionModel::cellText(stage, v));
    line.translate(0, m_listRow);
  }
  if (!weights) return;
  const auto say = [&](const QString& text, double value) {
    painter.setFont(theme.sized(11.5));
    painter.setPen(theme.faintText);
    drawFitted(painter, line, Qt::AlignLeft | Qt::AlignVCenter, text);
    drawFitted(painter, QRectF(line.right() - number, line.top(), number, line.height()),
               Qt::AlignRight | Qt::AlignVCenter, QString::number(value, 'f', 3));
    line.translate(0, m_listRow);
  };
  const auto others = static_cast<int>(m_numbers.order.size()) - count;
  if (others > 0) say(tr("the other %1 keys together").arg(others), m_numbers.sum - listed);
  say(tr("all %1 keys").arg(m_numbers.order.size()), m_numbers.sum);
}

std::optional<Hit> RowPage::hitTest(QPointF point, const AttentionModel& model, const MatrixWindow&) const {
  const int query = model.selection().query.value;
  if (m_chart.united(m_labels).contains(point)) {
    const int key =
        std::clamp(static_cast<int>((point.x() - m_chart.left()) / slot(model)), 0, model.tokens() - 1);
    return cellHit(model, model.settings().stage, query, key);
  }
  if (!m_list.contains(point)) return std::nullopt;
  const int row = static_cast<int>((point.y() - m_list.top()) / m_listRow) - 1;
  const int rows = static_cast<int>(m_list.height() / m_listRow) -
                   (model.settings().stage == AttentionStage::weights ? 3 : 1);
  if (row < 0 || row >= rows || row >= static_cast<int>(m_numbers.order.size())) return std::nullopt;
  return cellHit(model, model.settings().stage, query, m_numbers.order[static_cast<std::size_t>(row)]);
}

std::vector<NamedTable> RowPage::tables(const AttentionModel& model) const {
  const AttentionRowNumbers numbers = attentionRowNumbers(model);
  NamedTable table = {QStringLiteral("row"), {}, {model.tokenText(model.selection().query.value)}, {}, {}};
  table.values = numbers.values;
  table.shape = {1, static_cast<int>(numbers.values.size())};
  for (int k = 0; k < static_cast<int>(numbers.values.size()); ++k) table.columns << model.tokenText(k);
  return {table};
}

QString RowPage::description(const AttentionModel& model) const {
  const AttentionRowNumbers numbers = attentionRowNumbers(model);
  QStringList top;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, numbers.order.size()); ++i) {
    const int k = numbers.order[i];
    top << QStringLiteral("%1: %2").arg(
        model.tokenText(k), AttentionModel::numberText(numbers.values[static_cast<std::size_t>(k)]));
  }
  return QStringLiteral("%1. %2. %3.")
      .arg(title(model), top.join(QStringLiteral("; ")),
           model.readout(model.selection().query.value, model.selection().key.value));
}

}  // namespace decodescope
