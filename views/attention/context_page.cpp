#include "views/attention/context_page.h"

#include "views/cell_grid.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

/// Rows of d numbers that share a range of colours and a size of numbers: a column of the picture.
class StripColumn {
 public:
  StripColumn(const QRectF& area, double height) : m_area(area), m_height(height) {}
  void add(std::span<const float> numbers) {
    m_grid.columns = static_cast<int>(numbers.size());
    ++m_grid.rows;
    m_grid.values.insert(m_grid.values.end(), numbers.begin(), numbers.end());
  }
  /// After the last add().
  void settle(QPainter& painter, const Theme& theme) {
    m_grid.useOwnSignedScale();
    m_numberSize = numberPixels(painter, theme, m_grid, m_area.width() / m_grid.columns, m_height);
  }
  bool isShown() const { return !m_area.isNull(); }
  void draw(QPainter& painter, const Theme& theme, double y, std::span<const float> numbers) const {
    if (!isShown()) return;
    CellGrid strip;
    strip.rows = 1;
    strip.columns = m_grid.columns;
    strip.view = ConstMatrixSpan(numbers.data(), 1, strip.columns);
    strip.scale = m_grid.scale;
    drawGridCells(painter,
                  QRectF(onPixel(painter, m_area.left()), onPixel(painter, y), m_area.width(), m_height),
                  strip, theme, m_numberSize);
  }

 private:
  QRectF m_area;
  double m_height;
  CellGrid m_grid;
  double m_numberSize = 0;
};

}  // namespace

QString ContextPage::title(const AttentionModel& model) const {
  return tr("Context of query %1 · %2").arg(model.tokenText(model.selection().query.value), model.place());
}

QString ContextPage::conclusion() const {
  if (!m_numbers.ready()) return tr("not stored any more (trace budget)");
  if (m_numbers.headStruck) return tr("what-if: this head is struck out, so the run's context is zero");
  if (m_numbers.traced.empty()) return tr("the run's context is not stored");
  return tr("the sum equals the run's context: largest difference %1")
      .arg(m_numbers.maxDifference == 0
               ? QStringLiteral("0")
               : AttentionModel::numberText(static_cast<float>(m_numbers.maxDifference)));
}

ContextPage::Columns ContextPage::columnsOf(QPainter& painter, const Theme& theme,
                                            const AttentionModel& model, const QRectF& body) const {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  double widest = metrics.horizontalAdvance(tr("the run's context"));
  for (const ContextNumbers::Row& row : m_numbers.rows)
    widest = std::max(widest, metrics.horizontalAdvance(model.tokenText(row.key)));
  Columns c;
  const double gap = theme.px(14);
  double x = body.left();
  const auto take = [&](double width) {
    const QRectF taken(x, body.top(), width, body.height());
    x += width + gap;
    return taken;
  };
  c.token = take(std::min(widest + theme.px(4), body.width() * (body.width() < theme.px(420) ? 0.3 : 0.22)));
  c.weight = take(std::min(theme.px(130), body.width() * 0.16));
  const double room = body.right() - x;
  if (room >= theme.px(380)) {
    c.values = take((room - gap) / 2);
    c.products = take((room - gap) / 2);
  } else {
    c.values = take(room);
  }
  return c;
}

void ContextPage::paintLines(QPainter& painter, const Theme& theme, const AttentionModel& model,
                             const QRectF& body) {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const double line = std::ceil(metrics.height());
  double pitch = std::max(line * 1.25, theme.px(20));
  // Header, the others, both sums and the gap before them.
  const double around = line + theme.px(14);
  const int room = static_cast<int>((body.height() - around) / pitch) - 3;
  m_numbers = contextNumbers(model, std::max(1, room));
  if (!m_numbers.ready()) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.faintText);
    drawFitted(painter, body, Qt::AlignCenter, conclusion());
    return;
  }
  // A short sum uses the height that there is.
  const double lines = static_cast<double>(m_numbers.rows.size()) + 3;
  pitch = std::clamp(std::floor((body.height() - around) / lines), pitch, theme.px(34));
  const Columns c = columnsOf(painter, theme, model, body);
  StripColumn values(c.values, pitch - theme.px(3)), products(c.products, pitch - theme.px(3));
  for (const ContextNumbers::Row& row : m_numbers.rows) {
    values.add(row.value);
    products.add(row.product);
  }
  products.add(m_numbers.sum);
  if (!products.isShown()) values.add(m_numbers.sum);
  values.settle(painter, theme);
  products.settle(painter, theme);
  const QString d = QString::number(m_numbers.headDim);
  const int group = model.config().keyValueHeadOf(model.selection().head).value;
  double y = body.top();
  const auto head = [&](const QRectF& column, const QColor& color, const QString& text) {
    painter.setFont(theme.sized(11.5, QFont::DemiBold));
    painter.setPen(color);
    drawFitted(painter, QRectF(column.left(), y, column.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
               text);
  };
  const auto name = [&](const QString& text, const QColor& color, bool bold) {
    painter.setFont(theme.sized(11.5, bold ? QFont::DemiBold : QFont::Normal));
    painter.setPen(color);
    drawFitted(painter, QRectF(c.token.left(), y, c.token.width(), pitch - theme.px(3)),
               Qt::AlignRight | Qt::AlignVCenter, text);
  };
  const StripColumn& results = products.isShown() ? products : values;
  head(c.token, theme.key, tr("key"));
  head(c.weight, theme.query, c.weight.width() >= theme.px(60) ? tr("weight a") : QStringLiteral("a"));
  head(c.values, theme.value,
       c.products.isNull() ? tr("v, %1 numbers").arg(d)
                           : tr("× v of key/value head %1, %2 numbers").arg(QString::number(group), d));
  if (!c.products.isNull()) head(c.products, theme.text, tr("= a · v"));
  y += line + theme.px(4);
  const double number = metrics.horizontalAdvance(QStringLiteral("0.000")) + theme.px(6);
  const double heaviest = static_cast<double>(m_numbers.rows.front().weight);
  for (const ContextNumbers::Row& row : m_numbers.rows) {
    const bool selected = row.key == model.selection().key.value;
    const double height = pitch - theme.px(3);
    name(model.tokenText(row.key), selected ? theme.accent : theme.text, selected);
    const QRectF weight(c.weight.left(), y, c.weight.width(), height);
    const double length = heaviest > 0 ? static_cast<double>(row.weight) / heaviest : 0;
    painter.fillRect(QRectF(weight.left(), weight.center().y() - theme.px(4),
                            std::max(1.0, length * (weight.width() - number)), theme.px(8)),
                     selected ? theme.accent : theme.query);
    drawFitted(painter, weight, Qt::AlignRight | Qt::AlignVCenter,
               QString::number(static_cast<double>(row.weight), 'f', 3));
    values.draw(painter, theme, y, row.value);
    products.draw(painter, theme, y, row.product);
    m_lines.push_back(
        {QRectF(body.left(), y, body.width(), pitch), row.key,
         attentionValuePlace(model.config(), KvHeadIndex{group}).site,
         tr("weight %1 of key %2 × its V row (key/value head %3)")
             .arg(AttentionModel::numberText(row.weight), model.tokenText(row.key), QString::number(group))});
    y += pitch;
  }
  if (m_numbers.others > 0) {
    name(tr("%1 other keys").arg(m_numbers.others), theme.faintText, false);
    drawFitted(painter, QRectF(c.weight.left(), y, c.weight.width(), pitch - theme.px(3)),
               Qt::AlignRight | Qt::AlignVCenter, QString::number(m_numbers.otherWeight, 'f', 3));
    products.draw(painter, theme, y, m_numbers.otherSum);
    y += pitch;
  }
  painter.setPen(QPen(theme.line, theme.px(1)));
  painter.drawLine(QPointF(body.left(), y + theme.px(3)), QPointF(body.right(), y + theme.px(3)));
  y += theme.px(9);
  const auto total = [&](const QString& text, std::span<const float> numbers, Site site, const QString& tip) {
    name(text, theme.text, true);
    results.draw(painter, theme, y, numbers);
    m_lines.push_back({QRectF(body.left(), y, body.width(), pitch), -1, site, tip});
    y += pitch;
  };
  total(tr("Σ a · v"), m_numbers.sum, Site::context,
        tr("the sum over %1 keys, added by the decoder's own kernel")
            .arg(m_numbers.rows.size() + static_cast<std::size_t>(m_numbers.others)));
  if (!m_numbers.traced.empty())
    total(tr("the run's context"), m_numbers.traced, Site::context,
          tr("traced in the run: the rows that o_proj reads"));
}

void ContextPage::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                        const AttentionModel& model, const MatrixWindow&) {
  m_lines.clear();
  m_numbers = contextNumbers(model, 1);
  FrameTexts texts;
  texts.title = title(model);
  texts.subtitle =
      QStringList{tr("c = Σ a_j · v_j over the keys that the query sees")} + model.circumstances();
  texts.readout = conclusion();
  if (m_numbers.ready() && !m_numbers.headStruck && !m_numbers.traced.empty())
    texts.shortReadout = tr("Σ a · v = the run's context");
  const QList<QRgb> signs = colormapTable(Colormap::diverging, theme.dark);
  texts.legend.push_back({tr("negative"), colorSample(QColor::fromRgb(signs[40]))});
  texts.legend.push_back({tr("positive; one range a column"), colorSample(QColor::fromRgb(signs[215]))});
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  paintLines(painter, theme, model, frame.body);
  paintFrame(painter, frame, theme, texts);
}

std::optional<Hit> ContextPage::hitTest(QPointF point, const AttentionModel& model,
                                        const MatrixWindow&) const {
  for (const Line& line : m_lines) {
    if (!line.area.contains(point)) continue;
    Hit hit;
    hit.hovered = model.selection();
    if (line.key >= 0) hit.hovered.key = Position{line.key};
    hit.clicked = hit.hovered;
    hit.clicked->site = line.site;
    const bool ofKey = siteInfo(line.site).layout == SiteShape::keyHeads;
    // MLA's value stands behind the key in kv_b_proj.
    const int element = line.site == Site::kvBProj ? model.config().qkNopeHeadDim : -1;
    hit.number = NumberPlace{*hit.clicked, element, ofKey ? line.key : -1};
    hit.toolTip = line.toolTip;
    if (line.key >= 0) hit.strikes = model.strikesAt(line.key);
    return hit;
  }
  return std::nullopt;
}

std::vector<NamedTable> ContextPage::tables(const AttentionModel& model) const {
  const ContextNumbers all = contextNumbers(model, model.tokens());
  if (!all.ready()) return {};
  QStringList numbers;
  for (int i = 0; i < all.headDim; ++i) numbers << QString::number(i);
  NamedTable weights{QStringLiteral("weights"), {QStringLiteral("weight")}, {}, {}, {}};
  NamedTable products{QStringLiteral("weight_times_v"), numbers, {}, {}, {}};
  NamedTable values{QStringLiteral("v"), numbers, {}, {}, {}};
  for (const ContextNumbers::Row& row : all.rows) {
    for (NamedTable* table : {&weights, &products, &values}) table->rowLabels << model.tokenText(row.key);
    weights.values.push_back(row.weight);
    products.values.insert(products.values.end(), row.product.begin(), row.product.end());
    values.values.insert(values.values.end(), row.value.begin(), row.value.end());
  }
  const int rows = static_cast<int>(all.rows.size());
  weights.shape = {rows, 1};
  products.shape = values.shape = {rows, all.headDim};
  NamedTable sums{QStringLiteral("context"), numbers, {QStringLiteral("sum")}, {}, all.sum};
  if (!all.traced.empty()) {
    sums.rowLabels << QStringLiteral("traced");
    sums.values.insert(sums.values.end(), all.traced.begin(), all.traced.end());
  }
  sums.shape = {static_cast<int>(sums.rowLabels.size()), all.headDim};
  return {sums, weights, values, products};
}

QString ContextPage::description(const AttentionModel& model) const {
  const ContextNumbers numbers = contextNumbers(model, 3);
  QStringList top;
  for (const ContextNumbers::Row& row : numbers.rows)
    top << QStringLiteral("%1 × v[%2]").arg(AttentionModel::numberText(row.weight), model.tokenText(row.key));
  return QStringLiteral("%1: %2.").arg(title(model), top.join(QStringLiteral(" + ")));
}

}  // namespace decodescope
