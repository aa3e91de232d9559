#include "tests/bench/app/bench_window.h"

#include <QApplication>
#include <QElapsedTimer>

namespace decodescope {
namespace {

constexpr int kPatienceMilliseconds = 60000;
constexpr int kSettlingTurns = 20;

}  // namespace

void settle() {
  for (int i = 0; i < kSettlingTurns; ++i) QApplication::processEvents(QEventLoop::AllEvents, 5);
}

BenchWindow::BenchWindow(const QString& model) : m_window(m_controller, m_settings) {
  RunSettings run;
  run.ignoreEos = true;
  m_settings.setRunSettings(run);
  m_controller.setSettings(run);
  m_window.openFirstModel(model);
  m_window.show();
  m_window.showNormal();
  m_window.resize(1440, 900);
}

int BenchWindow::steps() const {
  return m_controller.run() ? m_controller.run()->stepCount() : 0;
}

int BenchWindow::tokens() const {
  return m_controller.run() ? static_cast<int>(m_controller.run()->tokens.size()) : 0;
}

bool BenchWindow::waitFor(const std::function<bool()>& done) {
  QElapsedTimer patience;
  patience.start();
  while (!done()) {
    if (patience.elapsed() > kPatienceMilliseconds) return false;
    QApplication::processEvents(QEventLoop::WaitForMoreEvents, 10);
  }
  return true;
}

bool BenchWindow::waitUntilIdle() {
  return waitFor([this] { return steps() > 0 && !m_controller.session()->busy; });
}

bool BenchWindow::playUntil(const std::function<bool()>& done) {
  m_controller.setSpeed(0);
  m_controller.setPlaying(true);
  const bool ended = waitFor([&] { return done() || !m_controller.isPlaying(); });
  m_controller.setPlaying(false);
  return ended && done();
}

}  // namespace decodescope
