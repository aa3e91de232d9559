#include "tests/bench/app/frames.h"

#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/timed_application.h"

#include <QMouseEvent>
#include <QSlider>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace decodescope {
namespace {

constexpr double kPathLength = 20;

double processorMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0
                        : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void Frames::time(const std::function<void()>& input) {
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
  const double wall = static_cast<double>(timer.nsecsElapsed()) / 1e6;
  if (paints == atFirst) {
    m_slowestWithout = std::max(m_slowestWithout, wall);
    return;
  }
  m_wall.push_back(wall);
  m_processor.push_back(processorMilliseconds() - before);
}

void Frames::timePointing(QWidget& canvas, int moves) {
  for (int i = 0; i < moves; ++i) {
    const double t = i * kPathLength / moves;
    const QPointF at((0.5 + 0.48 * std::sin(3.1 * t)) * canvas.width(),
                     (0.5 + 0.48 * std::sin(2.3 * t + 1)) * canvas.height());
    time([&] {
      QMouseEvent move(QEvent::MouseMove, at, canvas.mapToGlobal(at), Qt::NoButton, Qt::NoButton,
                       Qt::NoModifier);
      QApplication::sendEvent(&canvas, &move);
    });
  }
  QEvent leave(QEvent::Leave);
  QApplication::sendEvent(&canvas, &leave);
  settle();
}

bool Frames::timeScrubbing(BenchWindow& bench) {
  const QList<QSlider*> sliders = bench.window().findChildren<QSlider*>();
  const auto scrub = std::find_if(sliders.begin(), sliders.end(), [](const QSlider* slider) {
    return slider->accessibleName() == QLatin1String("Step shown");
  });
  if (scrub == sliders.end()) return false;
  const int steps = bench.steps();
  for (int step = steps; step >= 1; --step) time([&] { (*scrub)->setValue(step); });
  for (int step = 2; step <= steps; ++step) time([&] { (*scrub)->setValue(step); });
  return true;
}

void Frames::print(const char* what) {
  if (m_wall.empty() && m_slowestWithout <= 1) return;
  std::printf("%-48s median %6.2f ms, 99 %% within %6.2f ms (processor: %6.2f, %6.2f; %zu frames", what,
              quantile(m_wall, 0.5), quantile(m_wall, 0.99), quantile(m_processor, 0.5),
              quantile(m_processor, 0.99), m_wall.size());
  if (m_slowestWithout > 1) std::printf("; slowest without one: %.2f ms", m_slowestWithout);
  std::printf(")\n");
  std::fflush(stdout);
  m_slowestWithout = 0;
  m_wall.clear();
  m_processor.clear();
}

}  // namespace decodescope
