// What heat maps cost, beside QCustomPlot's in the same run: one of 1024×1024 and 32 of 128×128, new numbers
// each time; and a frame of the attention view at 2000 tokens when nothing changed, when the selection moved,
// and when it is shown first. Runs offscreen, with random weights (times do not depend on them).

#include "tests/support/random_run.h"
#include "views/attention/attention_view.h"
#include "views/heatmap.h"

#include <QApplication>
#include <QPainter>
#include <qcustomplot.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <vector>

namespace decodescope {
namespace {

constexpr int kRounds = 31;

/// Of the processor's time, which a busy machine does not lengthen.
double medianMilliseconds(const std::function<void(int)>& work) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const std::clock_t before = std::clock();
    work(i);
    times.push_back(static_cast<double>(std::clock() - before) * 1e3 / CLOCKS_PER_SEC);
  }
  std::nth_element(times.begin(), times.begin() + kRounds / 2, times.end());
  return times[kRounds / 2];
}

/// Numbers 0 … 1 that differ from round to round.
std::vector<float> numbers(int side, int round) {
  std::vector<float> values(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i * 2654435761u + static_cast<unsigned>(round) * 40503u) % 1000) / 1000;
  return values;
}

HeatmapRows rowsOf(const std::vector<float>& values, int side) {
  HeatmapRows matrix;
  matrix.columns = side;
  for (int r = 0; r < side; ++r) {
    matrix.rows.emplace_back(values.data() + static_cast<std::ptrdiff_t>(r) * side,
                             static_cast<std::size_t>(side));
    matrix.rowMax.push_back(1);
  }
  return matrix;
}

/// QCustomPlot's way: a plot of `side` dots whose axes fill it, with a colour map.
struct PlotMap {
  QCustomPlot plot;
  QCPColorMap* map = nullptr;

  explicit PlotMap(int side) {
    plot.setGeometry(0, 0, side, side);
    plot.plotLayout()->setMargins(QMargins());
    plot.axisRect()->setAutoMargins(QCP::msNone);
    plot.axisRect()->setMargins(QMargins());
    map = new QCPColorMap(plot.xAxis, plot.yAxis);
    map->data()->setSize(side, side);
    map->data()->setRange(QCPRange(0, side - 1), QCPRange(0, side - 1));
    map->setDataRange(QCPRange(0, 1));
    map->setInterpolate(false);
    map->setGradient(QCPColorGradient(QCPColorGradient::gpThermal));
    plot.xAxis->setRange(-0.5, side - 0.5);
    plot.yAxis->setRange(-0.5, side - 0.5);
    plot.setViewport(QRect(0, 0, side, side));
  }
  void show(const std::vector<float>& values, int side) {
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x)
        map->data()->setCell(x, y, static_cast<double>(values[static_cast<std::size_t>(y * side + x)]));
    }
    plot.replot(QCustomPlot::rpImmediateRefresh);
  }
};

void compare(const char* name, int count, int side) {
  const int across = count == 1 ? 1 : 8;
  QImage screen(across * side, (count + across - 1) / across * side, QImage::Format_RGB32);
  std::vector<std::vector<float>> rounds;
  for (int i = 0; i < 4; ++i) rounds.push_back(numbers(side, i));
  const QList<QRgb> colors = colormapTable(Colormap::viridis, false);
  const double ours = medianMilliseconds([&](int round) {
    QPainter painter(&screen);
    for (int i = 0; i < count; ++i) {
      const QRectF target((i % across) * side, (i / across) * side, side, side);
      drawCells(painter, target,
                heatmapImage(rowsOf(rounds[static_cast<std::size_t>((round + i) % 4)], side), ColorScale(),
                             colors, side, side));
    }
  });
  std::vector<std::unique_ptr<PlotMap>> maps;
  for (int i = 0; i < count; ++i) maps.push_back(std::make_unique<PlotMap>(side));
  const double plots = medianMilliseconds([&](int round) {
    for (int i = 0; i < count; ++i)
      maps[static_cast<std::size_t>(i)]->show(rounds[static_cast<std::size_t>((round + i) % 4)], side);
  });
  std::printf("%-44s median %7.2f ms, QCPColorMap %7.2f ms: %.2f times (at most 0.6)\n", name, ours, plots,
              ours / plots);
}

void attentionFrames() {
  const LoadedModelPtr model =
      test::wordyModel({.layers = 3, .heads = 8, .kvHeads = 2, .headDim = 16, .context = 2048});
  const RunSnapshotPtr run = test::randomRun(model, 2000, 1);
  const SessionSnapshot session = test::sessionOf(run);
  const Theme theme = Theme::makeLight();
  QImage screen(1000, 800, QImage::Format_RGB32);
  for (const char* layout :
       {"one", "stages", "grid", "row", "context", "scaling", "embeddings", "absorbed"}) {
    AttentionView view;
    view.setOption(QStringLiteral("layout"), QLatin1String(layout));
    Selection selection;
    selection.step = StepIndex{1};
    selection.query = Position{1999};
    const auto frame = [&] {
      view.present(session, selection);
      view.description();
      QPainter painter(&screen);
      view.paint(painter, QRectF(screen.rect()), theme);
    };
    const std::clock_t before = std::clock();
    frame();
    const double first = static_cast<double>(std::clock() - before) * 1e3 / CLOCKS_PER_SEC;
    const double still = medianMilliseconds([&](int) { frame(); });
    const double moved = medianMilliseconds([&](int round) {
      selection.key = Position{round * 61 % 2000};
      frame();
    });
    std::printf(
        "attention at 2000 tokens, %-18s median %7.2f ms unchanged (at most 16), %7.2f ms pointing, %7.1f ms "
        "first\n",
        layout, still, moved, first);
  }
}

}  // namespace
}  // namespace decodescope

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  const QApplication application(argc, argv);
  decodescope::compare("1024×1024 numbers updated and painted", 1, 1024);
  decodescope::compare("32 of 128×128 numbers updated and painted", 32, 128);
  decodescope::attentionFrames();
  return 0;
}
