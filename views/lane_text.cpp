#include "views/lane_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <iterator>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("Lanes", text);
}

// Away from the colours of query, key, value and of what is new.
constexpr QRgb kLight[] = {0xff55636f, 0xff6a4ac8, 0xff0a87a0, 0xff6d8500,
                           0xffc23b3b, 0xff7c5136, 0xff9b4b9c, 0xff2c2c2c};
constexpr QRgb kDark[] = {0xff9fb0bf, 0xffab95f7, 0xff4fc3dc, 0xffb4cf4a,
                          0xfff08080, 0xffc79a7b, 0xffdb93dc, 0xffe6e6e6};

/// One fact of a lane; facts that are the same in all lanes are not worth telling.
enum class Fact { model, attention, norm, cache, rules };

QString factOf(const RunSnapshot& run, Fact fact) {
  const ModelConfig& config = run.model->config();
  switch (fact) {
    case Fact::model:
      return QString::fromStdString(run.model->name);
    case Fact::attention:
      return QString::fromStdString(config.attentionName());
    case Fact::norm:
      return config.norm == NormKind::layerNorm ? QStringLiteral("LayerNorm") : QStringLiteral("RMSNorm");
    case Fact::cache:
      // Without a mask every row changes with every token: there is nothing to keep.
      return run.settings.kvCache && run.settings.rules.causalMask ? tr("cache on") : tr("cache off");
    case Fact::rules: {
      const AttentionRules& rules = run.settings.rules;
      QStringList parts;
      if (!rules.causalMask) parts << tr("no causal mask");
      if (!rules.struckHeads.empty()) parts << tr("%1 head(s) struck out").arg(rules.struckHeads.size());
      if (!rules.struckRows.empty()) parts << tr("%1 row(s) struck out").arg(rules.struckRows.size());
      return parts.join(QStringLiteral(", "));
    }
  }
  return {};
}

}  // namespace

QColor laneColor(int index, const Theme& theme) {
  const auto& colors = theme.dark ? kDark : kLight;
  return QColor::fromRgb(colors[static_cast<std::size_t>(std::max(0, index)) % std::size(colors)]);
}

QString laneLabel(const SessionSnapshot& session, int index) {
  return index >= 0 && index < static_cast<int>(session.lanes.size())
             ? QString::fromStdString(session.lanes[static_cast<std::size_t>(index)].label)
             : QString();
}

QStringList laneDifferences(const SessionSnapshot& session, int index) {
  if (session.lanes.size() < 2 || index < 0 || index >= static_cast<int>(session.lanes.size())) return {};
  const LaneSnapshot& lane = session.lanes[static_cast<std::size_t>(index)];
  if (!lane.run->model) return {};
  const QString label = QString::fromStdString(lane.label);
  QStringList parts;
  for (const Fact fact : {Fact::model, Fact::attention, Fact::norm, Fact::cache, Fact::rules}) {
    const QString own = factOf(*lane.run, fact);
    const bool same = std::all_of(session.lanes.begin(), session.lanes.end(), [&](const LaneSnapshot& other) {
      return !other.run->model || factOf(*other.run, fact) == own;
    });
    // What was struck out the label says better than a count.
    const bool said = label.contains(own, Qt::CaseInsensitive) ||
                      (fact == Fact::rules && !lane.run->settings.rules.changesNothing() && index > 0 &&
                       lane.run->settings.rules.causalMask);
    if (!own.isEmpty() && !same && !said) parts << own;
  }
  return parts;
}

QString laneTitle(const SessionSnapshot& session, int index) {
  return (QStringList(laneLabel(session, index)) + laneDifferences(session, index))
      .join(QStringLiteral(" · "));
}

int firstDifference(const RunSnapshot& first, const RunSnapshot& other) {
  const std::size_t common = std::min(first.tokens.size(), other.tokens.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (first.tokens[i] != other.tokens[i]) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace decodescope
