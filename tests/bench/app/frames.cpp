#include "tests/bench/app/frames.h"

#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"
#include "tests/bench/app/timed_application.h"
#include "views/view_widget.h"

#include <QMouseEvent>
#include <QSlider>

#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <vector>

namespace decodescope {
namespace {

constexpr int kSteps = 256;
constexpr int kMoves = 400;
constexpr int kSettlingTurns = 20;

/// Of the calling thread: what the window itself needs, whatever else the machine does.
double processorMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// Wall and processor time of every frame.
class Frames {
 public:
  explicit Frames(TimedApplication& application) : m_application(application) {}

  /// What `input` does, until everything that follows from it has been painted.
  void time(const std::function<void()>& input) {
    QElapsedTimer timer;
    timer.start();
    const double before = processorMilliseconds();
    const int atFirst = m_application.paints();
    input();
    int paints = -1;
    while (paints != m_application.paints()) {
      paints = m_application.paints();
      QApplication::processEvents();
    }
    if (paints == atFirst) return;  // nothing changed: no frame
    m_wall.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    m_processor.push_back(processorMilliseconds() - before);
  }

  void print(const char* what) {
    std::printf("%-48s median %6.2f ms, 99 %% within %6.2f ms (processor: %6.2f, %6.2f; %zu frames)\n", what,
                share(m_wall, 0.5), share(m_wall, 0.99), share(m_processor, 0.5), share(m_processor, 0.99),
                m_wall.size());
    std::fflush(stdout);
    m_wall.clear();
    m_processor.clear();
  }

 private:
  static double share(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0
                          : values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  }

  TimedApplication& m_application;
  std::vector<double> m_wall, m_processor;
};

void settle() {
  for (int i = 0; i < kSettlingTurns; ++i) QApplication::processEvents(QEventLoop::AllEvents, 5);
}

void moveTo(QWidget& canvas, QPointF at) {
  QMouseEvent move(QEvent::MouseMove, at, canvas.mapToGlobal(at), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
  QApplication::sendEvent(&canvas, &move);
}

}  // namespace

int timeFrames(TimedApplication& application, const QString& model) {
  Settings settings;
  RunSettings run;
  run.ignoreEos = true;
  settings.setRunSettings(run);
  SessionController controller;
  MainWindow window(controller, settings);
  window.openFirstModel(model);
  window.show();
  window.showNormal();
  window.resize(1440, 900);
  while (!controller.run() || controller.session()->busy)
    QApplication::processEvents(QEventLoop::WaitForMoreEvents, 10);
  controller.setSpeed(0);
  controller.setPlaying(true);
  while (controller.isPlaying() && controller.run()->stepCount() < kSteps)
    QApplication::processEvents(QEventLoop::WaitForMoreEvents, 10);
  controller.setPlaying(false);
  settle();
  const int steps = controller.run()->stepCount();
  QSlider* scrub = nullptr;
  for (QSlider* slider : window.findChildren<QSlider*>()) {
    if (slider->accessibleName() == QLatin1String("Step shown")) scrub = slider;
  }
  if (!scrub) return 1;

  Frames frames(application);
  for (int step = steps; step >= 1; --step) frames.time([&] { scrub->setValue(step); });
  for (int step = 2; step <= steps; ++step) frames.time([&] { scrub->setValue(step); });
  frames.print("scrubbing through 256 steps and back");
  for (const ViewWidget* view : window.findChildren<ViewWidget*>()) {
    QWidget& canvas = *view->focusProxy();
    if (canvas.visibleRegion().isEmpty()) continue;
    for (int i = 0; i < kMoves; ++i) {
      // A path that crosses rows and columns unevenly.
      const double t = i * 0.05;
      const QPointF at((0.5 + 0.48 * std::sin(3.1 * t)) * canvas.width(),
                       (0.5 + 0.48 * std::sin(2.3 * t + 1)) * canvas.height());
      frames.time([&] { moveTo(canvas, at); });
    }
    QEvent leave(QEvent::Leave);
    QApplication::sendEvent(&canvas, &leave);
    settle();
    frames.print(qPrintable(QStringLiteral("pointing at “%1”").arg(view->title())));
  }
  for (int i = 0; i < 2 * static_cast<int>(controller.stages().size()); ++i)
    frames.time([&] { controller.stageBack(); });
  frames.print("operation by operation");
  return 0;
}

}  // namespace decodescope
