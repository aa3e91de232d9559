#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"
#include "views/view_widget.h"

namespace decodescope {
namespace {

constexpr int kSteps = 256;
constexpr int kMoves = 400;

}  // namespace

int timeFrames(TimedApplication& application, const QString& model) {
  BenchWindow bench(model);
  if (!bench.waitUntilIdle()) return 1;
  bench.playUntil([&] { return bench.steps() >= kSteps; });
  settle();

  Frames frames(application);
  if (!frames.timeScrubbing(bench)) return 1;
  frames.print(qPrintable(QStringLiteral("scrubbing through %1 steps and back").arg(bench.steps())));
  for (const ViewWidget* view : bench.window().findChildren<ViewWidget*>()) {
    QWidget& canvas = *view->focusProxy();
    if (canvas.visibleRegion().isEmpty()) continue;
    frames.timePointing(canvas, kMoves);
    frames.print(qPrintable(QStringLiteral("pointing at “%1”").arg(view->title())));
  }
  SessionController& controller = bench.controller();
  for (int i = 0; i < 2 * static_cast<int>(controller.stages().size()); ++i)
    frames.time([&] { controller.stageBack(); });
  frames.print("operation by operation");
  return 0;
}

}  // namespace decodescope
