#include "app/app_style.h"
#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"
#include "tests/bench/app/timed_application.h"

#include <QProcess>

#include <cstdio>

namespace decodescope {
namespace {

constexpr int kStarts = 9;

}  // namespace

/// Builds the window as the program does, says so once it is painted, and ends.
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
  const auto print = [](const char* what, const std::vector<double>& times) {
    std::printf("%-48s median %6.1f ms, slowest %6.1f ms\n", what, quantile(times, 0.5), quantile(times, 1));
  };
  print("process start to first painted window", painted);
  print("process start to the default model's first step", decoded);
  return 0;
}

}  // namespace decodescope
