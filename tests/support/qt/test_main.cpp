// The main of every test binary that needs Qt: no display is wanted, the user's settings stay untouched, and
// a Qt warning fails the test that caused it.

#include <QApplication>
#include <QStandardPaths>
#include <QtGlobal>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

namespace {

// A warning outside any test: at start-up or while the application is torn down.
std::atomic<bool> g_warnedOutsideTests{false};

void failOnWarning(QtMsgType type, const QMessageLogContext&, const QString& message) {
  if (type == QtDebugMsg || type == QtInfoMsg) return;
  if (message.contains(QLatin1String("XDG_RUNTIME_DIR"))) return;  // the machine's business, not ours
  // The offscreen platform says this of every window that has a least size.
  if (message.contains(QLatin1String("does not support propagateSizeHints"))) return;
  std::fprintf(stderr, "%s\n", qPrintable(message));
  if (type == QtFatalMsg) std::abort();
  if (testing::UnitTest::GetInstance()->current_test_info() != nullptr) {
    ADD_FAILURE() << "Qt warned: " << message.toStdString();
  } else {
    g_warnedOutsideTests = true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  qputenv("QT_QPA_PLATFORM", "offscreen");
  qunsetenv("QT_STYLE_OVERRIDE");
  qunsetenv("QT_SCALE_FACTOR");
  QStandardPaths::setTestModeEnabled(true);
  qInstallMessageHandler(failOnWarning);
  int failed = 0;
  {
    QApplication application(argc, argv);
    failed = RUN_ALL_TESTS();
  }
  if (g_warnedOutsideTests) {
    std::fprintf(stderr, "Qt warned outside the tests\n");
    return 1;
  }
  return failed;
}
