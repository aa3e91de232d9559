#include "app/window/run_window.h"

#include "app/app_style.h"
#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"

#include <QApplication>
#include <QFileInfo>

#include <cstdio>

namespace decodescope {

int runWindow(int argc, char** argv) {
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
