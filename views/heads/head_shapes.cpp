#include "views/heads/head_shapes.h"

#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("HeadsView", text);
}

/// The largest number of key/value heads below H, above 1 and up to `wanted` that divides H; 0: there is
/// none.
int sharedHeads(int heads, int wanted) {
  for (int g = std::min(wanted, heads / 2); g > 1; --g) {
    if (heads % g == 0) return g;
  }
  return 0;
}

using Sizes = AttentionSizes;
using Kind = HeadShapesRow::Kind;

constexpr std::array<HeadShapesRow, 12> kRows{{
    {Kind::plain, QT_TRANSLATE_NOOP("HeadsView", "x"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.tokens, s.hidden};
     },
     true},
    {Kind::query, QT_TRANSLATE_NOOP("HeadsView", "W_q (out, in)"),
     [](const Sizes& s) {
       return std::vector{s.heads * s.headDim, s.hidden};
     },
     true},
    {Kind::key, QT_TRANSLATE_NOOP("HeadsView", "W_k and W_v (out, in)"),
     [](const Sizes& s) {
       return std::vector{s.keyValueHeads * s.headDim, s.hidden};
     },
     true},
    {Kind::query, QT_TRANSLATE_NOOP("HeadsView", "Q"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.tokens, s.heads * s.headDim};
     }},
    {Kind::key, QT_TRANSLATE_NOOP("HeadsView", "K and V"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.tokens, s.keyValueHeads * s.headDim};
     }},
    {Kind::query, QT_TRANSLATE_NOOP("HeadsView", "Q by head"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.heads, s.tokens, s.headDim};
     }},
    {Kind::key, QT_TRANSLATE_NOOP("HeadsView", "Kᵀ by head, expanded"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.heads, s.headDim, s.tokens};
     }},
    {Kind::value, QT_TRANSLATE_NOOP("HeadsView", "V by head, expanded"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.heads, s.tokens, s.headDim};
     }},
    {Kind::plain, QT_TRANSLATE_NOOP("HeadsView", "scores, weights"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.heads, s.tokens, s.tokens};
     }},
    {Kind::plain, QT_TRANSLATE_NOOP("HeadsView", "context"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.heads, s.tokens, s.headDim};
     }},
    {Kind::plain, QT_TRANSLATE_NOOP("HeadsView", "output"),
     [](const Sizes& s) {
       return std::vector{s.batch, s.tokens, s.hidden};
     }},
    {Kind::key, QT_TRANSLATE_NOOP("HeadsView", "cached a token, layer"),
     [](const Sizes& s) { return std::vector{HeadShapesTable::cachedNumbers(s)}; }},
}};

}  // namespace

void HeadShapesTable::present(const AttentionSizes& sizes, std::optional<int> modelKeyValueHeads) {
  m_columns.clear();
  const auto add = [&](const QString& name, const QString& groups, int keyValueHeads) {
    HeadShapesColumn column{name, groups, sizes, modelKeyValueHeads == keyValueHeads};
    column.sizes.keyValueHeads = keyValueHeads;
    m_columns.push_back(column);
  };
  const int heads = sizes.heads;
  add(tr("MHA"), tr("G = H = %1").arg(heads), heads);
  const bool isShared = sizes.keyValueHeads > 1 && sizes.keyValueHeads < heads;
  if (const int g = sharedHeads(heads, isShared ? sizes.keyValueHeads : std::max(2, heads / 4)); g > 0)
    add(tr("GQA"), tr("G = %1, %2 heads share one").arg(g).arg(heads / g), g);
  if (heads > 1) add(tr("MQA"), tr("G = 1, all %1 share it").arg(heads), 1);
}

std::span<const HeadShapesRow> HeadShapesTable::rows() {
  return kRows;
}

QString HeadShapesTable::rowName(const HeadShapesRow& row) {
  return tr(row.name);
}

QString HeadShapesTable::shapeText(const std::vector<int>& shape) {
  QStringList axes;
  for (const int n : shape) axes << QString::number(n);
  return axes.join(QStringLiteral(" × "));
}

QString HeadShapesTable::toolTip(std::size_t row, std::size_t column) const {
  const HeadShapesColumn& c = m_columns[column];
  const std::vector<int> shape = kRows[row].shape(c.sizes);
  std::uint64_t numbers = 1;
  for (const int n : shape) numbers *= static_cast<std::uint64_t>(n);
  QString text = QStringLiteral("%1 · %2\n%3").arg(c.name, rowName(kRows[row]), shapeText(shape));
  if (shape.size() > 1) text += tr(" = %1 numbers").arg(groupedNumber(numbers));
  return text + QLatin1Char('\n') +
         tr("H/G = %1 query heads read each key/value head").arg(c.sizes.heads / c.sizes.keyValueHeads);
}

std::vector<NamedTable> HeadShapesTable::tables() const {
  NamedTable table;
  table.name = QStringLiteral("heads.shapes");
  table.columns = QStringList{QStringLiteral("axis 0"), QStringLiteral("axis 1"), QStringLiteral("axis 2"),
                              QStringLiteral("axis 3"), QStringLiteral("numbers")};
  for (const HeadShapesColumn& column : m_columns) {
    for (const HeadShapesRow& row : kRows) {
      const std::vector<int> shape = row.shape(column.sizes);
      double numbers = 1;
      for (std::size_t i = 0; i < 4; ++i) {
        table.values.push_back(i < shape.size() ? static_cast<float>(shape[i])
                                                : std::numeric_limits<float>::quiet_NaN());
        if (i < shape.size()) numbers *= shape[i];
      }
      table.values.push_back(static_cast<float>(numbers));
      table.rowLabels << QStringLiteral("%1: %2").arg(column.name, QString::fromUtf8(row.name));
    }
  }
  table.shape = {static_cast<int>(table.rowLabels.size()), 5};
  return {table};
}

}  // namespace decodescope
