#include "views/memory/memory_view.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

/// The view's tables of words.

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MemoryView", text);
}

}  // namespace

TextTable MemoryView::sizeTable(const Theme& theme) const {
  TextTable table;
  table.headers = QStringList{tr("attention"), tr("a token"), tr("cache")};
  table.largest = 16;
  double most = 1;
  for (const auto& kind : m_model.kinds()) most = std::max(most, static_cast<double>(m_model.bytesOf(kind)));
  for (std::size_t i = 0; i < m_model.kinds().size(); ++i) {
    const auto& kind = m_model.kinds()[i];
    const double bytes = static_cast<double>(m_model.bytesOf(kind));
    TextTableRow row;
    row.cells = QStringList{kind.isOwn ? tr("%1 (its own)").arg(kind.name) : kind.name,
                            kind.shape.isLinear ? tr("none: a state")
                                                : sizeText(static_cast<double>(m_model.bytesOf(kind, 1, 1))),
                            sizeText(bytes)};
    row.color = memoryColor(i, theme);
    row.below = m_model.formula(kind);
    row.bar = bytes / most;
    row.isChosen = kind.isOwn;
    table.rows.push_back(row);
  }
  return table;
}

TextTable MemoryView::modelsTable(std::span<const PublishedModel> models, bool hasSizes, bool hasBars,
                                  const Theme& theme) const {
  double most = 1, least = 1e30;
  for (const PublishedModel& m : publishedModels()) {
    const double bytes = static_cast<double>(MemoryModel::bytesOf(m, m_settings));
    most = std::max(most, bytes);
    least = std::min(least, bytes);
  }
  TextTable table;
  table.headers = hasSizes ? QStringList{tr("model"),           tr("layers"),  tr("heads × d"),
                                         tr("key/value heads"), tr("context"), tr("cache, bars logarithmic")}
                           : QStringList{tr("model"), tr("cache")};
  for (const PublishedModel& m : models) {
    const double bytes = static_cast<double>(MemoryModel::bytesOf(m, m_settings));
    const CacheShape& s = m.shape;
    TextTableRow row;
    row.cells << QString::fromUtf8(m.name);
    if (hasSizes)
      row.cells << QString::number(s.layers) << QStringLiteral("%1 × %2").arg(s.heads).arg(s.headDim)
                << (s.isLatent() ? tr("latent %1 + %2").arg(s.latentRank).arg(s.rotaryDim)
                                 : QString::number(s.keyValueHeads))
                << groupedNumber(static_cast<std::uint64_t>(
                       m_settings.context > 0 ? m_settings.context : static_cast<double>(m.context)));
    row.cells << sizeText(bytes);
    if (hasBars) row.bar = std::log(2 * bytes / least) / std::log(2 * most / least);
    row.color = memoryColor(s.isLatent()                 ? 3
                            : s.keyValueHeads == s.heads ? 0
                            : s.keyValueHeads == 1       ? 2
                                                         : 1,
                            theme);
    table.rows.push_back(row);
  }
  return table;
}

TextTable MemoryView::rooflineTable(const std::vector<MemoryModel::RooflinePoint>& points,
                                    const Theme& theme) const {
  TextTable table;
  table.headers = QStringList{tr("attention"), tr("FLOP/byte"), tr("TFLOP/s"), tr("tokens/s")};
  table.largest = 17;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& p = points[i];
    TextTableRow row;
    row.cells = QStringList{
        QStringLiteral("%1  %2").arg(i + 1).arg(p.name), shortNumber(p.intensity), shortNumber(p.rate / 1e12),
        p.tokens < 1e5 ? shortNumber(p.tokens) : groupedNumber(static_cast<std::uint64_t>(p.tokens))};
    row.color = memoryColor(i, theme);
    row.below = p.ratioText;
    table.rows.push_back(row);
  }
  return table;
}

}  // namespace decodescope
