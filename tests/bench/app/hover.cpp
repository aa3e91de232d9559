#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"
#include "views/view_widget.h"

#include <QApplication>
#include <QDockWidget>

namespace decodescope {
namespace {

constexpr int kTokens = 300;
constexpr int kMoves = 60;

/// The settings of a view one at a time: as they are, then each choice that is not the present one.
std::vector<QString> settingsOf(const View& view) {
  std::vector<QString> all{QString()};
  for (const ViewOption& option : view.options()) {
    for (const auto& [value, title] : option.choices) {
      if (value != option.value) all.push_back(option.id + QLatin1Char('=') + value);
    }
  }
  return all;
}

}  // namespace

int timeViews(TimedApplication& application, const QString& model) {
  BenchWindow bench(model);
  if (!bench.waitUntilIdle()) return 1;
  bench.playUntil([&] { return bench.tokens() >= kTokens; });
  Frames frames(application);
  for (QDockWidget* dock : bench.window().findChildren<QDockWidget*>()) {
    auto* view = qobject_cast<ViewWidget*>(dock->widget());
    if (!view) continue;
    dock->show();
    dock->raise();
    settle();
    const QStringList before = view->optionValues();
    for (const QString& setting : settingsOf(view->view())) {
      if (!setting.isEmpty()) view->setOptionValues({setting});
      settle();
      frames.timePointing(*view->focusProxy(), kMoves);
      frames.print(
          qPrintable(QStringLiteral("%1 %2, %3 tokens")
                         .arg(QLatin1String(view->info().id), setting, QString::number(bench.tokens()))));
      view->setOptionValues(before);
    }
  }
  return 0;
}

}  // namespace decodescope
