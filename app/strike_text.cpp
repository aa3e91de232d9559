#include "app/strike_text.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>

namespace decodescope {
namespace {

/// More of a kind than this are counted.
constexpr std::size_t kNamed = 2;

QString tr(const char* text) {
  return QCoreApplication::translate("LaneEditor", text);
}

}  // namespace

void addStrikes(AttentionRules& rules, const StrikeOffer& offer, Position from) {
  for (AttentionRules::StruckHead head : offer.heads) {
    const auto same = [&](const AttentionRules::StruckHead& h) {
      return h.layer == head.layer && h.head == head.head && h.from.value <= from.value;
    };
    if (std::any_of(rules.struckHeads.begin(), rules.struckHeads.end(), same)) continue;
    head.from = from;
    rules.struckHeads.push_back(head);
  }
  for (AttentionRules::StruckRow row : offer.rows) {
    const auto same = [&](const AttentionRules::StruckRow& r) {
      return r.layer == row.layer && r.head == row.head && r.position == row.position &&
             r.from.value <= from.value;
    };
    if (std::any_of(rules.struckRows.begin(), rules.struckRows.end(), same)) continue;
    row.from = from;
    rules.struckRows.push_back(row);
  }
}

QString strikeLabel(const AttentionRules& rules) {
  QStringList parts;
  if (rules.struckHeads.size() <= kNamed) {
    for (const auto& head : rules.struckHeads)
      parts << tr("layer %1 head %2").arg(head.layer.value).arg(head.head.value);
  } else {
    parts << tr("%1 heads").arg(rules.struckHeads.size());
  }
  if (rules.struckRows.size() <= kNamed) {
    for (const auto& row : rules.struckRows)
      parts << tr("layer %1 KV head %2 row %3")
                   .arg(row.layer.value)
                   .arg(row.head.value)
                   .arg(row.position.value);
  } else {
    parts << tr("%1 KV rows").arg(rules.struckRows.size());
  }
  QString label = tr("struck out: %1").arg(parts.join(QStringLiteral(", ")));
  if (!rules.causalMask) label += tr(", no causal mask");
  return label;
}

}  // namespace decodescope
