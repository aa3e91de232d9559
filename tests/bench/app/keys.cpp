#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"
#include "tests/bench/app/timed_application.h"

#include <QTest>

#include <cstdio>

namespace decodescope {
namespace {

constexpr int kTokens = 128;
constexpr int kPresses = 100;

}  // namespace

int timeKeyPresses(TimedApplication& application, const QString& model) {
  BenchWindow bench(model);
  if (!bench.waitUntilIdle()) return 1;
  const bool there = bench.playUntil([&] { return bench.tokens() >= kTokens; });
  settle();
  if (!there || !bench.controller().canStepForward()) {
    std::printf("%-48s the run ended before %d tokens\n", "key press to painted step", kTokens);
    return 0;
  }

  application.forgetLongest();
  std::vector<double> times;
  for (int i = 0; i < kPresses && bench.controller().canStepForward(); ++i) {
    const int before = bench.steps();
    QElapsedTimer timer;
    timer.start();
    QTest::keyPress(&bench.window(), Qt::Key_Space);
    while (bench.steps() == before) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
    const int paints = application.paints();
    while (application.paints() == paints) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
    times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    settle();
  }
  std::printf("%-48s median %6.2f ms, slowest %6.2f ms (%zu steps from %d tokens)\n",
              "key press to painted step", quantile(times, 0.5), quantile(times, 1), times.size(), kTokens);
  std::printf("%-48s %6.2f ms\n", "longest time one event kept the window",
              application.longestMilliseconds());
  return 0;
}

}  // namespace decodescope
