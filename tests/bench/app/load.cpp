#include "app/banner.h"
#include "core/formats/model_outline.h"
#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/parts.h"
#include "tests/bench/app/timed_application.h"

#include <QFileInfo>
#include <QPushButton>

#include <cstdio>
#include <fstream>
#include <string>

namespace decodescope {
namespace {

constexpr double kMega = 1e6;
constexpr int kSteps = 8;
/// How far a load has come when it is called off.
constexpr double kCancelledAt = 0.3;

/// A row of /proc/self/status, in bytes.
double statusBytes(const std::string& row) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(row + ":")) return 1024 * std::stod(line.substr(row.size() + 1));
  }
  return 0;
}

double milliseconds(const QElapsedTimer& timer) {
  return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

void printLongest(const TimedApplication& application, const QString& what) {
  std::printf("%-56s %6.1f ms, of the processor %.1f ms\n", qPrintable(what),
              application.longestMilliseconds(), application.longestWorkMilliseconds());
}

/// What a user sees of one loading.
class Loading {
 public:
  Loading(TimedApplication& application, BenchWindow& window, QString path)
      : m_application(application), m_window(window), m_path(std::move(path)) {}

  /// As a drop or the menu does; the former model stays until the new one is there.
  void begin() {
    settle();
    m_application.forgetLongest();
    if (const RunSnapshot* run = m_window.controller().run()) m_before = run->runId;
    m_timer.start();
    m_window.window().openModel(m_path);
  }

  double milliseconds() const { return decodescope::milliseconds(m_timer); }
  bool isShown() const {
    const RunSnapshot* run = m_window.controller().run();
    return run && run->runId != m_before && QString::fromStdString(run->model->path) == m_path &&
           run->stepCount() > 0;
  }
  double progress() const {
    const SessionSnapshot& session = *m_window.controller().session();
    return session.outline && QString::fromStdString(session.outline->path) == m_path ? session.progress : -1;
  }
  void press(const QString& button) {
    for (QPushButton* candidate : m_window.window().banner().findChildren<QPushButton*>()) {
      if (candidate->text() == button) return candidate->click();
    }
  }

 private:
  TimedApplication& m_application;
  BenchWindow& m_window;
  QString m_path;
  QElapsedTimer m_timer;
  std::uint64_t m_before = 0;
};

/// From a press of Cancel to a new token of the model that was there before.
bool timeCancel(TimedApplication& application, BenchWindow& window, const QString& path) {
  Loading loading(application, window, path);
  loading.begin();
  if (!window.waitFor([&] { return loading.progress() >= kCancelledAt || loading.isShown(); })) return false;
  if (loading.isShown()) {
    std::printf("%-56s the load was over before it could be called off\n", "cancel");
    return true;
  }
  const double at = loading.progress();
  const int before = window.steps();
  QElapsedTimer timer;
  timer.start();
  loading.press(QStringLiteral("Cancel"));
  if (!window.waitFor([&] { return !window.controller().session()->busy; })) return false;
  const double stopped = milliseconds(timer);
  window.controller().stepForward();
  if (!window.waitFor([&] { return window.steps() > before; })) return false;
  std::printf("%-56s %6.1f ms, to a new token of the former model %.1f ms\n",
              qPrintable(QStringLiteral("cancel at %1 %, until nothing loads").arg(100 * at, 0, 'f', 0)),
              stopped, milliseconds(timer));
  return true;
}

}  // namespace

int timeLoading(TimedApplication& application, const QString& path) {
  const Result<ModelOutline> outline = outlineModel(path.toStdString());
  if (!outline.ok()) {
    std::fprintf(stderr, "%s\n", outline.error().message().c_str());
    return 1;
  }
  const ModelOutline& told = outline.value();
  std::printf("%s: %s, %.0f MB in the file; told: %.1f MB copied, %.0f MB used in place\n", qPrintable(path),
              told.storedAs.c_str(), static_cast<double>(told.fileBytes) / kMega,
              static_cast<double>(told.memoryBytes) / kMega, static_cast<double>(told.mappedBytes) / kMega);
  BenchWindow window({});
  if (!window.waitUntilIdle()) return 1;
  settle();
  if (!timeCancel(application, window, path)) return 1;
  const double before = statusBytes("VmRSS");
  std::ofstream("/proc/self/clear_refs") << "5";  // the highest mark begins anew
  Loading loading(application, window, path);
  loading.begin();
  double banner = -1;
  if (!window.waitFor([&] {
        const Banner& shown = window.window().banner();
        if (banner < 0 && shown.isVisible() && shown.kind() == Banner::Kind::progress)
          banner = loading.milliseconds();
        return loading.isShown();
      }))
    return 1;
  settle();
  std::printf("%-56s %6.0f ms%s\n", "from the call until its first step is shown", loading.milliseconds(),
              banner < 0 ? "" : qPrintable(QStringLiteral(" (progress after %1 ms)").arg(banner, 0, 'f', 0)));
  if (!window.waitUntilIdle()) return 1;
  printLongest(application, QStringLiteral("longest turn of the event loop until its five steps"));
  application.forgetLongest();
  const int from = window.steps();
  for (int i = 1; i <= kSteps; ++i) {
    window.controller().stepForward();
    if (!window.waitFor([&] { return window.steps() >= from + i; })) return 1;
    settle();
  }
  printLongest(application, QStringLiteral("longest turn of the event loop during %1 more").arg(kSteps));
  const double peak = statusBytes("VmHWM"), own = peak - before;
  const double file = static_cast<double>(QFileInfo(path).isDir() ? told.fileBytes : QFileInfo(path).size());
  const double budget = static_cast<double>(window.controller().run()->traceBudget);
  std::printf("%-56s %6.0f MB (%.0f MB before it was opened)\n", "highest resident memory", peak / kMega,
              before / kMega);
  std::printf("%-56s %5.1f %% of the file; %.1f %% of file + 10 %% + the trace's budget of %.0f MB\n",
              "what loading and stepping added", 100 * own / file, 100 * own / (1.1 * file + budget),
              budget / kMega);
  std::printf("%-56s %6.0f MB of it are pages of files, %.0f MB memory of its own\n", "resident now",
              statusBytes("RssFile") / kMega, statusBytes("RssAnon") / kMega);
  return 0;
}

}  // namespace decodescope
