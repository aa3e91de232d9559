#include "tests/bench/app/bench_window.h"
#include "tests/bench/app/frames.h"
#include "tests/bench/app/parts.h"
#include "views/view_widget.h"

#include <QApplication>
#include <QDockWidget>

#include <cstdio>

namespace decodescope {
namespace {

constexpr int kTokens = 300;
constexpr int kMoves = 60;
constexpr std::size_t kMostChoices = 8;  // longer ones are lists of models
constexpr double kMostNumbers = 10;

/// The settings of a view one at a time: as they are, then each choice that is not the present one.
std::vector<QString> settingsOf(const View& view) {
  std::vector<QString> all{QString()};
  for (const ViewOption& option : view.options()) {
    if (option.choices.size() > kMostChoices) continue;
    if (const auto& n = option.number; n && (n->maximum - n->minimum) / n->step <= kMostNumbers) {
      for (double v = n->minimum; v <= n->maximum; v += n->step) {
        if (n->text(v) != option.value) all.push_back(option.id + QLatin1Char('=') + n->text(v));
      }
    }
    for (const auto& [value, title] : option.choices) {
      if (value != option.value) all.push_back(option.id + QLatin1Char('=') + value);
    }
  }
  return all;
}

/// What pointing at another view beside it means: query and key move.
void timePreviews(Frames& frames, SessionController& controller) {
  const int tokens = controller.run()->tokensSeenAt(controller.selection().step);
  for (int i = 0; i < kMoves; ++i) {
    Selection pointed = controller.lastingSelection();
    pointed.query = Position{i * 37 % tokens};
    pointed.key = Position{i * 11 % (pointed.query.value + 1)};
    frames.time([&] { controller.preview(pointed); });
  }
  controller.preview(std::nullopt);
  settle();
}

}  // namespace

int timeViews(TimedApplication& application, const QString& model) {
  BenchWindow bench(model);
  if (!bench.waitUntilIdle()) return 1;
  bench.playUntil([&] { return bench.tokens() >= kTokens; });
  std::printf("pointing at every view at %d tokens\n", bench.tokens());
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
      const QString name = QLatin1String(view->info().id) + QLatin1Char(' ') + setting;
      frames.timePointing(*view->focusProxy(), kMoves);
      frames.print(qPrintable(name));
      timePreviews(frames, bench.controller());
      frames.print(qPrintable(name.leftJustified(32) + QStringLiteral(" query moves")));
      view->setOptionValues(before);
    }
  }
  return 0;
}

}  // namespace decodescope
