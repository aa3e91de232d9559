// Times the window as its user feels it: from the key press to the painted step, and from the start of the
// process to the first painted window. Runs offscreen, with the default model or the one named; settings go
// to a folder of their own.

#include "app/app_style.h"
#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/timed_application.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

namespace decodescope {
namespace {

constexpr int kTokens = 128;
constexpr int kPresses = 100;
constexpr int kStarts = 9;

struct Spread {
  double median = 0, slowest = 0;
};

Spread spreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.back()};
}

int timeKeyPresses(TimedApplication& application, const QString& model) {
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
  const auto steps = [&] { return controller.run() ? controller.run()->stepCount() : 0; };
  QElapsedTimer patience;
  patience.start();
  const auto settle = [&] {
    for (int i = 0; i < 20; ++i) QApplication::processEvents(QEventLoop::AllEvents, 5);
  };
  while (!controller.run() || controller.session()->busy) {
    QApplication::processEvents(QEventLoop::WaitForMoreEvents, 10);
    if (patience.elapsed() > 60000) return 1;
  }
  controller.setSpeed(0);
  controller.setPlaying(true);
  while (controller.isPlaying() && static_cast<int>(controller.run()->tokens.size()) < kTokens) {
    QApplication::processEvents(QEventLoop::WaitForMoreEvents, 10);
  }
  controller.setPlaying(false);
  settle();
  if (static_cast<int>(controller.run()->tokens.size()) < kTokens || !controller.canStepForward()) {
    std::printf("%-48s the run ended before %d tokens\n", "key press to painted step", kTokens);
    return 0;
  }

  application.forgetLongest();
  std::vector<double> times;
  for (int i = 0; i < kPresses && controller.canStepForward(); ++i) {
    const int before = steps();
    QElapsedTimer timer;
    timer.start();
    QTest::keyPress(&window, Qt::Key_Space);
    while (steps() == before) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
    const int paints = application.paints();
    while (application.paints() == paints) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
    times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
    settle();
  }
  const Spread spread = spreadOf(times);
  std::printf("%-48s median %6.2f ms, slowest %6.2f ms (%zu steps from %d tokens)\n",
              "key press to painted step", spread.median, spread.slowest, times.size(), kTokens);
  std::printf("%-48s %6.2f ms\n", "longest time one event kept the window",
              application.longestMilliseconds());
  return 0;
}

/// A child: builds the window as the program does, says so once it is painted, and ends.
int startOnce(int argc, char** argv) {
  TimedApplication application(argc, argv);
  QApplication::setStyle(new AppStyle);
  Settings settings;
  SessionController controller;
  MainWindow window(controller, settings);
  window.openFirstModel({});
  window.show();
  while (application.paints() == 0) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
  std::puts("painted");
  std::fflush(stdout);
  while (!controller.run()) QApplication::processEvents(QEventLoop::WaitForMoreEvents);
  std::puts("decoded");
  std::fflush(stdout);
  return 0;
}

int timeStarts(const QString& program) {
  std::vector<double> painted, decoded;
  for (int i = 0; i < kStarts; ++i) {
    QProcess child;
    QElapsedTimer timer;
    timer.start();
    child.start(program, {QStringLiteral("--start-once")});
    QByteArray said;
    while (!said.contains("decoded") && child.waitForReadyRead(30000)) {
      said += child.readAll();
      const double now = static_cast<double>(timer.nsecsElapsed()) / 1e6;
      if (painted.size() == static_cast<std::size_t>(i) && said.contains("painted")) painted.push_back(now);
      if (said.contains("decoded")) decoded.push_back(now);
    }
    child.waitForFinished();
    if (decoded.size() != static_cast<std::size_t>(i) + 1) return 1;
  }
  const Spread first = spreadOf(painted), run = spreadOf(decoded);
  std::printf("%-48s median %6.1f ms, slowest %6.1f ms\n", "process start to first painted window",
              first.median, first.slowest);
  std::printf("%-48s median %6.1f ms, slowest %6.1f ms\n", "process start to the default model's first step",
              run.median, run.slowest);
  return 0;
}

}  // namespace
}  // namespace decodescope

int main(int argc, char** argv) {
  using namespace decodescope;
  qputenv("QT_QPA_PLATFORM", "offscreen");
  if (argc > 1 && std::strcmp(argv[1], "--start-once") == 0) return startOnce(argc, argv);
  const QTemporaryDir folder;
  qputenv("DECODESCOPE_SETTINGS_DIR", folder.path().toUtf8());
  TimedApplication application(argc, argv);
  QApplication::setStyle(new AppStyle);
  // Other arguments are Google Benchmark's, which the core's benchmarks take.
  const bool named = argc > 1 && argv[1][0] != '-';
  const QString model = named ? QFileInfo(QString::fromLocal8Bit(argv[1])).absoluteFilePath() : QString();
  if (timeKeyPresses(application, model) != 0) return 1;
  if (timeFrames(application, model) != 0) return 1;
  return timeStarts(QApplication::applicationFilePath());
}
