#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"
#include "views/view_widget.h"

#include <QSlider>

#include <algorithm>

namespace decodescope {
namespace {

constexpr int kSteps = 256;
constexpr int kMoves = 400;

QSlider* scrubberOf(const QWidget& window) {
  const QList<QSlider*> sliders = window.findChildren<QSlider*>();
  const auto scrub = std::find_if(sliders.begin(), sliders.end(), [](const QSlider* slider) {
    return slider->accessibleName() == QLatin1String("Step shown");
  });
  return scrub == sliders.end() ? nullptr : *scrub;
}

}  // namespace

int timeFrames(TimedApplication& application, const QString& model) {
  BenchWindow bench(model);
  QSlider* scrub = scrubberOf(bench.window());
  if (!scrub || !bench.waitUntilIdle()) return 1;
  bench.playUntil([&] { return bench.steps() >= kSteps; });
  settle();
  const int steps = bench.steps();

  Frames frames(application);
  for (int step = steps; step >= 1; --step) frames.time([&] { scrub->setValue(step); });
  for (int step = 2; step <= steps; ++step) frames.time([&] { scrub->setValue(step); });
  frames.print(qPrintable(QStringLiteral("scrubbing through %1 steps and back").arg(steps)));
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
