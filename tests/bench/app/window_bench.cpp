// Times the window as its user feels it. Runs offscreen; settings go to a folder of their own.
//
//   decodescope_app_bench [MODEL] [keys|frames|views|lanes|starts]…
//   decodescope_app_bench load MODEL…
//
// With the default model and all parts of the first line unless told otherwise. `load` opens each model in a
// process of its own beside the default one: the longest turn of the event loop, the time till it is shown
// and till Cancel has ended it, and the peak of memory against the file. decodescope_large_model makes one.

#include "app/app_style.h"
#include "tests/bench/app/parts.h"
#include "tests/bench/app/timed_application.h"

#include <QFileInfo>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  using namespace decodescope;
  qputenv("QT_QPA_PLATFORM", "offscreen");
  if (argc > 1 && std::strcmp(argv[1], "--start-once") == 0) return startOnce(argc, argv);
  const QTemporaryDir folder;
  qputenv("DECODESCOPE_SETTINGS_DIR", folder.path().toUtf8());
  TimedApplication application(argc, argv);
  QApplication::setStyle(new AppStyle);
  if (argc > 2 && std::strcmp(argv[1], "load") == 0) {
    const QStringList models = QApplication::arguments().mid(2);
    if (models.size() == 1) return timeLoading(application, QFileInfo(models.front()).absoluteFilePath());
    for (const QString& model : models) {
      if (QProcess::execute(QApplication::applicationFilePath(), {QStringLiteral("load"), model}) != 0)
        return 1;
    }
    return 0;
  }
  struct Part {
    QString name;
    int (*time)(TimedApplication&, const QString&);
  };
  const Part parts[] = {
      {QStringLiteral("keys"), timeKeyPresses},
      {QStringLiteral("frames"), timeFrames},
      {QStringLiteral("views"), timeViews},
      {QStringLiteral("lanes"), timeLanes},
      {QStringLiteral("starts"),
       [](TimedApplication&, const QString&) { return timeStarts(QApplication::applicationFilePath()); }},
  };
  QString model;
  QStringList wanted;
  for (const QString& argument : QApplication::arguments().mid(1)) {
    const bool isPart = std::any_of(std::begin(parts), std::end(parts),
                                    [&](const Part& part) { return part.name == argument; });
    if (isPart) {
      wanted << argument;
    } else {
      model = QFileInfo(argument).absoluteFilePath();
    }
  }
  for (const Part& part : parts) {
    if (!wanted.isEmpty() && !wanted.contains(part.name)) continue;
    if (part.time(application, model) == 0) continue;
    std::fprintf(stderr, "decodescope_app_bench: %s: the window did not come up\n", qPrintable(part.name));
    return 1;
  }
  return 0;
}
