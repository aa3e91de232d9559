#include "app/window/run_window.h"

#include "app/app_style.h"
#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"

#include <QApplication>
#include <QFileInfo>

#include <cstdio>
#include <cstring>

namespace decodescope {
namespace {

/// Qt ends the program when it finds no display; that is said in a line of our own instead.
bool hasDisplay(int argc, char** argv) {
#ifdef Q_OS_LINUX
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "-platform", 9) == 0 || std::strncmp(argv[i], "--platform", 10) == 0)
      return true;
  }
  return qEnvironmentVariableIsSet("DISPLAY") || qEnvironmentVariableIsSet("WAYLAND_DISPLAY") ||
         qEnvironmentVariableIsSet("QT_QPA_PLATFORM");
#else
  static_cast<void>(argc);
  static_cast<void>(argv);
  return true;
#endif
}

}  // namespace

int runWindow(int argc, char** argv) {
  if (!hasDisplay(argc, argv)) {
    // A wrong call is wrong without a display too; Qt cannot be asked which words are its own.
    for (int i = 1; i < argc; ++i) {
      if (argv[i][0] != '-' && i == 1) continue;
      std::fprintf(stderr, "decodescope: %s: unknown word; see decodescope --help\n", argv[i]);
      return 2;
    }
    std::fputs(
        "decodescope: there is no display for a window; decodescope decode and render work without one\n",
        stderr);
    return 1;
  }
  QApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
  QApplication application(argc, argv);
  QApplication::setApplicationName(QStringLiteral("decodescope"));
  QApplication::setApplicationDisplayName(QStringLiteral("Decodescope"));
  QApplication::setApplicationVersion(QStringLiteral(DECODESCOPE_VERSION));
  QApplication::setStyle(new AppStyle);

  const QStringList words = QApplication::arguments().mid(1);
  if (words.size() > 1 || (words.size() == 1 && words.front().startsWith(QLatin1Char('-')))) {
    std::fprintf(stderr, "decodescope: %s: unknown word; see decodescope --help\n", qPrintable(words.back()));
    return 2;
  }

  Settings settings;
  SessionController controller;
  MainWindow window(controller, settings);
  window.openFirstModel(words.isEmpty() ? QString() : QFileInfo(words.front()).absoluteFilePath());
  window.show();
  return QApplication::exec();
}

}  // namespace decodescope
