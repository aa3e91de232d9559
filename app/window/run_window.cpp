#include "app/window/run_window.h"

#include "app/app_style.h"
#include "app/cli/run_options.h"
#include "app/cli/subcommand.h"
#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"

#include <QApplication>
#include <QFileInfo>

#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

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

struct Call {
  QString model, tokenizer;
};

/// Nothing, and a line that says why, when the words are not [MODEL] [--tokenizer FILE].
std::optional<Call> readCall(const QStringList& words) {
  const auto refused = [](const Error& error) {
    reportError(error, kExitCallAtFault);
    return std::nullopt;
  };
  std::vector<std::string> plain;
  for (const QString& word : words) plain.push_back(word.toStdString());
  const auto arguments = Arguments::parse(plain, std::span(&kTokenizerOption, 1));
  if (!arguments.ok()) return refused(arguments.error());
  if (arguments.value().words().size() > 1)
    return refused(
        Error{.field = arguments.value().words()[1], .what = "unknown word; see decodescope --help"});
  const auto path = [](const std::string& word) {
    return QFileInfo(QString::fromStdString(word)).absoluteFilePath();
  };
  Call call;
  if (!arguments.value().words().empty()) call.model = path(arguments.value().words().front());
  if (const auto tokenizer = arguments.value().value("--tokenizer")) call.tokenizer = path(*tokenizer);
  if (!call.tokenizer.isEmpty() && call.model.isEmpty())
    return refused(Error{.field = "--tokenizer", .what = "needs the model that it is for"});
  return call;
}

}  // namespace

int runWindow(int argc, char** argv) {
  if (!hasDisplay(argc, argv)) {
    // A wrong call is wrong without a display too; Qt cannot be asked which words are its own.
    QStringList words;
    for (int i = 1; i < argc; ++i) words << QString::fromLocal8Bit(argv[i]);
    if (!readCall(words)) return kExitCallAtFault;
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

  const auto call = readCall(QApplication::arguments().mid(1));
  if (!call) return kExitCallAtFault;

  Settings settings;
  SessionController controller;
  MainWindow window(controller, settings);
  window.openFirstModel(call->model, call->tokenizer);
  window.show();
  return QApplication::exec();
}

}  // namespace decodescope
