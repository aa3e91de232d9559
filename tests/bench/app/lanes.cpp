#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"

#include <QAction>
#include <QElapsedTimer>

#include <algorithm>
#include <cstdio>

namespace decodescope {
namespace {

constexpr int kSteps = 200;

/// Steps a second of the session as it is, all its lanes together; 0 when it did not get that far.
double pace(BenchWindow& bench) {
  const int before = bench.steps();
  settle();
  QElapsedTimer timer;
  timer.start();
  if (!bench.playUntil([&] { return bench.steps() >= before + kSteps; })) return 0;
  return kSteps / (static_cast<double>(timer.nsecsElapsed()) / 1e9);
}

/// A window with `model` and what this entry of the Compare menu adds to it (nothing when it is empty): its
/// pace, and afterwards a frame of scrubbing. 0 when it did not get that far.
double paceWith(TimedApplication& application, const QString& model, const QString& entry,
                std::size_t lanes) {
  BenchWindow bench(model);
  if (!bench.waitUntilIdle()) return 0;
  const QList<QAction*> actions = bench.window().findChildren<QAction*>();
  const auto action = std::find_if(actions.begin(), actions.end(), [&](const QAction* a) {
    return !entry.isEmpty() && a->text().remove(QLatin1Char('&')) == entry;
  });
  if (!entry.isEmpty() && action == actions.end()) return 0;
  if (!entry.isEmpty()) (*action)->trigger();
  const bool there = bench.waitFor([&] {
    const SessionSnapshot& session = *bench.controller().session();
    return session.lanes.size() == lanes && bench.controller().lanesSettled() && !session.busy;
  });
  const double steps = there ? pace(bench) : 0;
  settle();
  Frames frames(application);
  if (!frames.timeScrubbing(bench)) return 0;
  frames.print(qPrintable(QStringLiteral("scrubbing %1 lane(s)").arg(lanes)));
  return steps;
}

}  // namespace

int timeLanes(TimedApplication& application, const QString& model) {
  const double one = paceWith(application, model, {}, 1);
  const double two = paceWith(application, model, QStringLiteral("KV cache on · off"), 2);
  const double four = paceWith(application, model, QStringLiteral("MHA · GQA · MQA · MLA"), 4);
  if (one <= 0 || two <= 0 || four <= 0) return 1;
  const auto print = [one](const char* what, double steps) {
    std::printf("%-48s %6.1f steps a second, %.2f of one lane's pace\n", what, steps, steps / one);
  };
  print("one lane", one);
  print("two lanes, cache on and off", two);
  print("four lanes: MHA, GQA, MQA, MLA", four);
  std::fflush(stdout);
  return 0;
}

}  // namespace decodescope
