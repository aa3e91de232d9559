#include "views/kv_cache/kv_lanes.h"

#include "views/text_fit.h"

#include <QLocale>

#include <algorithm>

namespace decodescope {
namespace {

KvLane cut(const SessionSnapshot& session, int index, StepIndex step) {
  const LaneSnapshot& lane = session.lanes[static_cast<std::size_t>(index)];
  return {index, QString::fromStdString(lane.label), lane.run,
          StepIndex{std::min(step.value, lane.run->stepCount())}};
}

bool comparable(const RunSnapshot& a, const RunSnapshot& b) {
  return a.model && b.model && a.model->path == b.model->path && a.promptLength == b.promptLength &&
         std::equal(a.tokens.begin(), a.tokens.begin() + a.promptLength, b.tokens.begin());
}

}  // namespace

std::vector<KvLane> kvLanes(const SessionSnapshot& session, const Selection& selection) {
  std::vector<KvLane> lanes;
  if (session.lanes.empty()) return lanes;
  const RunSnapshot& own = *session.lanes[static_cast<std::size_t>(selection.lane)].run;
  if (!own.model || selection.step.value < 1 || own.stepCount() < 1) return lanes;
  lanes.push_back(cut(session, selection.lane, selection.step));
  for (int i = 0; i < static_cast<int>(session.lanes.size()); ++i) {
    const RunSnapshot& other = *session.lanes[static_cast<std::size_t>(i)].run;
    if (i == selection.lane || other.stepCount() < 1 || !comparable(own, other)) continue;
    KvLane lane = cut(session, i, selection.step);
    if (lane.cacheOn() == lanes.front().cacheOn()) continue;
    lanes.insert(i < selection.lane ? lanes.begin() : lanes.end(), std::move(lane));
    break;
  }
  return lanes;
}

QColor cacheColor(bool cacheOn, const Theme& theme) {
  return cacheOn ? theme.accent : theme.warning;
}

QColor repeatedColor(const Theme& theme) {
  return mixed(theme.warning, QColor(0, 0, 0), theme.dark ? 0.5 : 0.6);
}

QString countText(std::uint64_t count) {
  return count < 10'000'000'000u ? groupedNumber(count) : shortCount(count);
}

QString shortCount(std::uint64_t count) {
  if (count < 10'000) return groupedNumber(count);
  static constexpr const char* kUnits[] = {"", "k", "M", "G", "T"};
  double value = static_cast<double>(count);
  int unit = 0;
  for (; value >= 999.5 && unit < 4; ++unit) value /= 1000;
  return QStringLiteral("%1 %2").arg(QLocale().toString(value, 'f',
                                                        value < 9.995   ? 2
                                                        : value < 99.95 ? 1
                                                                        : 0),
                                     QLatin1String(kUnits[unit]));
}

QString firstFitting(const QStringList& texts, const TextMetrics& metrics, double width) {
  const auto found = std::find_if(texts.begin(), texts.end(), [&](const QString& text) {
    return metrics.horizontalAdvance(text) <= width;
  });
  return found == texts.end() ? texts.last() : *found;
}

QString durationText(std::uint64_t nanoseconds) {
  const double ns = static_cast<double>(nanoseconds);
  const auto text = [](double value, const char* unit) {
    return QStringLiteral("%1 %2").arg(QLocale().toString(value, 'f',
                                                          value < 10    ? 2
                                                          : value < 100 ? 1
                                                                        : 0),
                                       QString::fromUtf8(unit));
  };
  if (ns < 1e6) return text(ns / 1e3, "µs");
  return ns < 1e9 ? text(ns / 1e6, "ms") : text(ns / 1e9, "s");
}

}  // namespace decodescope
