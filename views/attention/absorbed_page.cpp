#include "views/attention/absorbed_page.h"

#include "views/cell_grid.h"
#include "views/head_colors.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

QString differenceText(double difference) {
  return difference == 0 ? QStringLiteral("0") : AttentionModel::numberText(static_cast<float>(difference));
}

/// Columns of the table of scores, from left to right.
struct Columns {
  QRectF token, rebuilt, absorbed, difference, weight;
};

Columns columnsOf(const QRectF& area, double tokenWidth, double numberWidth, double gap) {
  Columns c;
  double x = area.left();
  const auto take = [&](double width) {
    const QRectF taken(x, area.top(), std::max(0.0, width), area.height());
    x += width + gap;
    return taken;
  };
  c.token = take(std::min(tokenWidth, area.width() * 0.24));
  const double left = area.right() - x;
  // Both scores and the difference as wide as their numbers ask for; the bars of weights take the rest.
  const double each = std::min(numberWidth, (left - 3 * gap) / 4);
  c.rebuilt = take(each);
  c.absorbed = take(each);
  c.difference = take(each);
  c.weight = take(std::min(area.right() - x, 3 * numberWidth));
  return c;
}

}  // namespace

QString AbsorbedPage::title(const AttentionModel& model) const {
  return tr("Rebuilt and absorbed scores of query %1 · %2")
      .arg(model.tokenText(model.selection().query.value), model.place());
}

QString AbsorbedPage::conclusion() const {
  if (!m_numbers.ready()) return tr("not stored any more (trace budget)");
  return tr("the same scores: largest difference %1; the same context: largest difference %2. Only the "
            "rounding "
            "differs.")
      .arg(differenceText(m_numbers.maxScoreDifference), differenceText(m_numbers.maxContextDifference));
}

QString AbsorbedPage::lackingText(const AttentionModel& model) {
  return tr("%1 caches keys and values themselves, so there is nothing to rebuild or to absorb. Multi-head "
            "latent "
            "attention (tales-mla among the bundled models) caches a latent c in their place: its scores can "
            "be "
            "worked out on rebuilt keys, or on c itself.")
      .arg(QString::fromStdString(model.config().attentionName()));
}

std::vector<int> AbsorbedPage::shownKeys(const AttentionModel& model, int most) const {
  std::vector<int> keys(m_numbers.rows.size());
  std::iota(keys.begin(), keys.end(), 0);
  if (static_cast<int>(keys.size()) <= most) return keys;
  const int chosen = model.selection().key.value;
  const auto weight = [&](int key) {
    return key == chosen ? 2.0f : m_numbers.rows[static_cast<std::size_t>(key)].weight;
  };
  std::stable_sort(keys.begin(), keys.end(), [&](int a, int b) { return weight(a) > weight(b); });
  keys.resize(static_cast<std::size_t>(std::max(1, most - 1)));
  std::sort(keys.begin(), keys.end());
  return keys;
}

void AbsorbedPage::paintScores(QPainter& painter, const Theme& theme, const AttentionModel& model,
                               const QRectF& area) {
  const TextMetrics metrics(theme.sized(12), painter.device());
  const double line = std::ceil(metrics.height());
  const int room = static_cast<int>((area.height() - line * 1.4) / (line * 1.25));
  const std::vector<int> keys = shownKeys(model, std::max(1, room));
  const auto lines = static_cast<double>(keys.size() + (keys.size() < m_numbers.rows.size() ? 1 : 0));
  const double pitch = std::clamp((area.height() - line * 1.4) / lines, line * 1.05, theme.px(30));
  double widest = 0;
  for (const int key : keys) widest = std::max(widest, metrics.horizontalAdvance(model.tokenText(key)));
  const Columns c = columnsOf(area, widest + theme.px(6), theme.px(150), theme.px(14));
  double y = area.top();
  const auto put = [&](const QRectF& column, Qt::Alignment align, const QColor& color, const QString& text) {
    painter.setPen(color);
    drawFitted(painter, QRectF(column.left(), y, column.width(), pitch), align | Qt::AlignVCenter, text);
  };
  painter.setFont(theme.sized(12, QFont::DemiBold));
  const TextMetrics bold(painter.font(), painter.device());
  const auto fitting = [&](const QRectF& column, const QString& words, const QString& word) {
    return bold.horizontalAdvance(words) <= column.width() ? words : word;
  };
  put(c.token, Qt::AlignRight, theme.key, tr("key"));
  put(c.rebuilt, Qt::AlignRight, theme.key, fitting(c.rebuilt, tr("rebuilt: q·k/√d"), tr("rebuilt")));
  put(c.absorbed, Qt::AlignRight, latentColor(theme),
      fitting(c.absorbed, tr("absorbed: on c, kᴿ"), tr("absorbed")));
  put(c.difference, Qt::AlignRight, theme.text, tr("difference"));
  put(c.weight, Qt::AlignLeft, theme.query, tr("weight"));
  y += line * 1.4;
  float heaviest = 1e-12f;
  for (const AbsorbedNumbers::Row& row : m_numbers.rows) heaviest = std::max(heaviest, row.weight);
  const double number = metrics.horizontalAdvance(QStringLiteral("0.000")) + theme.px(8);
  for (const int key : keys) {
    const AbsorbedNumbers::Row& row = m_numbers.rows[static_cast<std::size_t>(key)];
    const bool chosen = key == model.selection().key.value;
    const QRectF place(area.left(), y, area.width(), pitch);
    if (chosen) painter.fillRect(place, mixed(theme.accent, theme.background, 0.85));
    painter.setFont(theme.sized(12, chosen ? QFont::DemiBold : QFont::Normal));
    put(c.token, Qt::AlignRight, chosen ? theme.accent : theme.text, model.tokenText(key));
    painter.setFont(theme.monoSized(12));
    put(c.rebuilt, Qt::AlignRight, theme.text, QString::number(static_cast<double>(row.rebuilt), 'f', 6));
    put(c.absorbed, Qt::AlignRight, theme.text, QString::number(static_cast<double>(row.absorbed), 'f', 6));
    put(c.difference, Qt::AlignRight, theme.faintText, differenceText(row.difference()));
    const double length = static_cast<double>(row.weight / heaviest) * (c.weight.width() - number);
    painter.fillRect(QRectF(c.weight.left(), y + pitch / 2 - theme.px(4), std::max(1.0, length), theme.px(8)),
                     chosen ? theme.accent : theme.query);
    painter.setFont(theme.sized(12));
    put(c.weight, Qt::AlignRight, theme.text, QString::number(static_cast<double>(row.weight), 'f', 3));
    m_lines.push_back({place, key});
    y += pitch;
  }
  if (keys.size() == m_numbers.rows.size()) return;
  painter.setFont(theme.sized(12));
  put(area, Qt::AlignLeft, theme.faintText,
      tr("%1 more keys, with less weight").arg(m_numbers.rows.size() - keys.size()));
}

/// The head's context from rebuilt values, and from the weighted latent.
void AbsorbedPage::paintContext(QPainter& painter, const Theme& theme, const QRectF& area) const {
  const TextMetrics metrics(theme.sized(12), painter.device());
  const std::array<std::pair<QString, const std::vector<float>*>, 2> rows{
      {{tr("context, the run's: Σ a·(W_V c)"), &m_numbers.rebuiltContext},
       {tr("context, absorbed: W_V·(Σ a·c)"), &m_numbers.absorbedContext}}};
  double widest = 0;
  CellGrid all;
  for (const auto& [name, numbers] : rows) {
    widest = std::max(widest, metrics.horizontalAdvance(name) + 2);
    all.columns = std::max(all.columns, static_cast<int>(numbers->size()));
    all.rows += numbers->empty() ? 0 : 1;
    all.values.insert(all.values.end(), numbers->begin(), numbers->end());
  }
  if (all.rows == 0) return;
  all.useOwnSignedScale();
  widest = std::min(widest, area.width() * 0.4);
  const double pitch = area.height() / 2, left = area.left() + widest + theme.px(12);
  const double height = std::max(1.0, pitch - theme.px(4));
  const double cell = std::min((area.right() - left) / all.columns, theme.px(64));
  const double size = numberPixels(painter, theme, all, cell, height);
  double y = area.top();
  for (const auto& [name, numbers] : rows) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.text);
    drawFitted(painter, QRectF(area.left(), y, widest, height), Qt::AlignRight | Qt::AlignVCenter, name);
    if (!numbers->empty()) {
      CellGrid strip;
      strip.rows = 1;
      strip.columns = static_cast<int>(numbers->size());
      strip.view = ConstMatrixSpan(numbers->data(), 1, strip.columns);
      strip.scale = all.scale;
      drawGridCells(painter,
                    QRectF(onPixel(painter, left), onPixel(painter, y), cell * strip.columns, height), strip,
                    theme, size);
    }
    y += pitch;
  }
}

void AbsorbedPage::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                         const AttentionModel& model, const MatrixWindow&) {
  m_lines.clear();
  m_numbers = absorbedNumbers(model);
  const ModelConfig& c = model.config();
  if (c.attention != AttentionKind::latent) {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, tr("Nothing to absorb"), lackingText(model));
    return;
  }
  FrameTexts texts;
  texts.title = title(model);
  texts.subtitle = QStringList{tr("rebuilt: k_j = [W_K c_j; kᴿ_j], q·k_j/√d"),
                               tr("absorbed: ((W_Kᵀ q_n)·c_j + q_r·kᴿ_j)/√d"),
                               tr("the run rebuilds; the absorbed form is worked out for this page")};
  texts.note =
      tr("Absorbed, a key costs C + r = %1 products a head and none is rebuilt; rebuilt, it costs d = %2, "
         "after C·(n + v) = %3 to make its key and value.")
          .arg(c.kvLoraRank + c.qkRopeHeadDim)
          .arg(c.headDim)
          .arg(groupedNumber(static_cast<std::uint64_t>(c.kvLoraRank) *
                             static_cast<std::uint64_t>(c.qkNopeHeadDim + c.vHeadDim)));
  texts.readout = conclusion();
  if (m_numbers.ready())
    texts.shortReadout = tr("largest difference %1").arg(differenceText(m_numbers.maxScoreDifference));
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  QRectF body = frame.body;
  const double context = theme.px(52);
  if (!m_numbers.ready()) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.faintText);
    drawFitted(painter, body, Qt::AlignCenter, conclusion());
  } else {
    if (body.height() >= theme.px(200)) {
      paintContext(painter, theme, QRectF(body.left(), body.bottom() - context, body.width(), context));
      body.setBottom(body.bottom() - context - theme.px(12));
    }
    paintScores(painter, theme, model, body);
  }
  paintFrame(painter, frame, theme, texts);
}

std::optional<Hit> AbsorbedPage::hitTest(QPointF point, const AttentionModel& model,
                                         const MatrixWindow&) const {
  for (const Line& line : m_lines) {
    if (!line.area.contains(point)) continue;
    Hit hit;
    hit.hovered = model.selection();
    hit.hovered.key = Position{line.key};
    hit.clicked = hit.hovered;
    hit.clicked->site = Site::scores;
    hit.number = NumberPlace{*hit.clicked};
    const AbsorbedNumbers::Row& row = m_numbers.rows[static_cast<std::size_t>(line.key)];
    hit.toolTip =
        tr("key %1\nrebuilt %2, absorbed %3: difference %4")
            .arg(model.tokenText(line.key), QString::number(static_cast<double>(row.rebuilt), 'g', 9),
                 QString::number(static_cast<double>(row.absorbed), 'g', 9),
                 differenceText(row.difference()));
    return hit;
  }
  return std::nullopt;
}

std::vector<NamedTable> AbsorbedPage::tables(const AttentionModel& model) const {
  const AbsorbedNumbers numbers = absorbedNumbers(model);
  if (!numbers.ready()) return {};
  NamedTable scores{QStringLiteral("scores"),
                    {QStringLiteral("rebuilt"), QStringLiteral("absorbed"), QStringLiteral("difference"),
                     QStringLiteral("weight")},
                    {},
                    {static_cast<int>(numbers.rows.size()), 4},
                    {}};
  for (const AbsorbedNumbers::Row& row : numbers.rows) {
    scores.rowLabels << model.tokenText(row.key);
    for (const float v : {row.rebuilt, row.absorbed, static_cast<float>(row.difference()), row.weight})
      scores.values.push_back(v);
  }
  const auto strip = [](const char* name, std::initializer_list<const char*> labels,
                        std::initializer_list<const std::vector<float>*> rows) {
    NamedTable table;
    table.name = QLatin1String(name);
    for (const char* label : labels) table.rowLabels << QLatin1String(label);
    const std::size_t width = (*rows.begin())->size();
    for (std::size_t i = 0; i < width; ++i) table.columns << QString::number(i);
    for (const std::vector<float>* row : rows)
      table.values.insert(table.values.end(), row->begin(), row->end());
    table.shape = {static_cast<int>(rows.size()), static_cast<int>(width)};
    return table;
  };
  return {scores, strip("absorbed_query", {"W_K^T q"}, {&numbers.query}),
          strip("context", {"rebuilt", "absorbed"}, {&numbers.rebuiltContext, &numbers.absorbedContext})};
}

QString AbsorbedPage::description(const AttentionModel& model) const {
  if (model.config().attention != AttentionKind::latent) return lackingText(model);
  const AbsorbedNumbers numbers = absorbedNumbers(model);
  return tr("%1: %2 keys, largest difference of a score %3, of the context %4.")
      .arg(title(model))
      .arg(numbers.rows.size())
      .arg(differenceText(numbers.maxScoreDifference), differenceText(numbers.maxContextDifference));
}

}  // namespace decodescope
