#include "views/worked_example/worked_example_view.h"

#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <QBuffer>
#include <QPainter>
#include <QSvgGenerator>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace decodescope::test {
namespace {

constexpr const char* kExamples[] = {"linear", "norm", "mask", "softmax", "cache", "scaling"};

TEST(WorkedExampleView, SaysThatItIsNotTheRun) {
  for (const char* example : kExamples) {
    WorkedExampleView view;
    ASSERT_TRUE(view.setOption("example", example));
    EXPECT_TRUE(view.description().contains("not from the run")) << example;
    EXPECT_TRUE(view.model().title().startsWith("Worked example")) << example;
    EXPECT_FALSE(view.model().remarks().isEmpty()) << example;
  }
}

TEST(WorkedExampleView, LooksTheSameWithAnyRun) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 3);
  WorkedExampleView view;
  view.present({}, {});
  const QImage before = painted(view, {900, 600}, Theme::makeLight());
  view.present(sessionOf(run), {});
  EXPECT_EQ(before, painted(view, {900, 600}, Theme::makeLight()));
}

TEST(WorkedExampleView, ExamplesAndSeedsDiffer) {
  std::vector<QImage> images;
  WorkedExampleView view;
  for (const char* example : kExamples) {
    ASSERT_TRUE(view.setOption("example", example));
    images.push_back(painted(view, {900, 600}, Theme::makeLight()));
    for (std::size_t i = 0; i + 1 < images.size(); ++i) EXPECT_NE(images[i], images.back()) << example;
    const bool seeded = view.options().size() == 2;
    ASSERT_TRUE(view.setOption("seed", "2"));
    EXPECT_EQ(seeded, images.back() != painted(view, {900, 600}, Theme::makeLight())) << example;
    ASSERT_TRUE(view.setOption("seed", "1"));
  }
  EXPECT_FALSE(view.setOption("example", "none"));
  EXPECT_FALSE(view.setOption("seed", "0"));
}

TEST(WorkedExampleView, TheLecturesNumbersStandInTheTables) {
  WorkedExampleView view;
  view.setOption("example", "softmax");
  const NamedTable softmax = view.tables().at(1);
  EXPECT_NEAR(softmax.values[0], 0.9995, 5e-5);
  EXPECT_NEAR(softmax.values[1], 0.0001, 5e-5);
  EXPECT_NEAR(softmax.values[2], 0.0003, 5e-5);
  view.setOption("example", "mask");
  const NamedTable renormalised = view.tables().at(3);
  EXPECT_NEAR(renormalised.values[3], 0.2, 1e-6);
  EXPECT_NEAR(renormalised.values[4], 0.8, 1e-6);
  view.setOption("example", "linear");
  EXPECT_EQ(view.tables().back().shape, (std::vector<int>{10, 5}));
  view.setOption("example", "cache");
  EXPECT_EQ(view.tables().front().shape, (std::vector<int>{5, 8}));
  EXPECT_EQ(view.tables().at(4).shape, (std::vector<int>{5, 5}));
  for (const NamedTable& table : view.tables())
    EXPECT_EQ(table.values.size(), static_cast<std::size_t>(table.shape[0] * table.shape[1]));
}

TEST(WorkedExampleView, EveryCellTellsItsNumber) {
  WorkedExampleView view;
  view.setOption("example", "cache");
  painted(view, {1200, 800}, Theme::makeLight());
  std::set<QString> told;
  for (int y = 0; y < 800; y += 4) {
    for (int x = 0; x < 1200; x += 6) {
      if (const auto hit = view.hitTest(QPointF(x, y))) told.insert(hit->toolTip);
    }
  }
  EXPECT_GT(told.size(), 100u);
}

/// Every number that is shown is explained, and its operands give it again.
TEST(WorkedExampleView, EveryNumberIsExplained) {
  for (const char* example : kExamples) {
    WorkedExampleView view;
    view.setOption("example", example);
    const std::vector<GridLine>& lines = view.model().lines();
    for (std::size_t line = 0; line < lines.size(); ++line) {
      for (std::size_t item = 0; item < lines[line].size(); ++item) {
        const CellGrid& grid = lines[line][item].grid;
        for (int r = 0; r < grid.rows; ++r) {
          for (int c = 0; c < grid.columns; ++c) {
            const auto e = view.model().explanation({line, item, r, c});
            const auto shown = static_cast<double>(grid.hasValue(r, c) ? grid.value(r, c) : 0);
            ASSERT_EQ(e.has_value(), grid.hasValue(r, c)) << example << " " << qPrintable(grid.name);
            if (!e) continue;
            EXPECT_EQ(e->traced, shown) << e->name;
            EXPECT_NEAR(e->recomputed, shown, 1e-5 * std::max(1.0, std::abs(shown)))
                << e->name << ": " << e->filled;
            EXPECT_NE(e->origin.find("not from the run"), std::string::npos);
          }
        }
      }
    }
  }
}

TEST(WorkedExampleView, PointingGivesTheExplanationOfTheCell) {
  WorkedExampleView view;
  const QImage image = painted(view, {900, 600}, Theme::makeLight());
  std::set<std::string> names;
  for (int y = 0; y < 600; y += 5) {
    for (int x = 0; x < 900; x += 5) {
      const auto hit = view.hitTest(QPointF(x, y));
      if (hit && hit->number && hit->number->derived) names.insert(hit->number->derived->name);
    }
  }
  EXPECT_TRUE(names.count("Y[0, 1]") && names.count("X[9, 2]") && names.count("W[1, 0]"));
  EXPECT_EQ(names.size(), 30u + 15 + 5 + 50);
}

/// In a low dock at a large scale the picture is made higher, and scrolled, rather than without numbers.
TEST(WorkedExampleView, IsAsHighAsItsNumbersNeed) {
  for (const char* example : kExamples) {
    WorkedExampleView view;
    view.setOption("example", example);
    EXPECT_EQ(view.neededHeight({1200, 800}, Theme::makeLight()), 800) << example;
    const QSizeF low(860, 200);
    const Theme theme = Theme::makeLight(2);
    const double height = view.neededHeight(low, theme);
    EXPECT_GE(height, low.height()) << example;
    if (example == std::string("linear") || example == std::string("cache")) {
      EXPECT_GT(height, low.height());
    }
    EXPECT_EQ(view.neededHeight({low.width(), height}, theme), height) << example;
    painted(view, {860, static_cast<int>(height)}, theme);
    EXPECT_TRUE(view.sheet().hasNumbers()) << example;
    EXPECT_LT(view.sheet().bottom(), height - 40) << example << ": no room for what is said of them";
  }
}

TEST(WorkedExampleView, FillsItsArea) {
  for (const char* example : kExamples) {
    WorkedExampleView view;
    view.setOption("example", example);
    for (const QSize size :
         {QSize(1, 1), QSize(200, 160), QSize(320, 240), QSize(500, 900), QSize(2560, 1440)}) {
      for (const double scale : {1.0, 2.5}) {
        const QImage image = painted(view, size, Theme::makeDark(scale));
        EXPECT_EQ(untouchedPixels(image), 0) << example;
        if (size.width() >= 320) {
          EXPECT_GE(colorCount(image, 6), 6) << example;
        }
      }
    }
  }
}

/// Each matrix once: where its first place was too small, nothing of it stays behind.
TEST(WorkedExampleView, PaintsEachMatrixOnce) {
  for (const ViewOption& option : WorkedExampleView().options()) {
    if (option.id != QLatin1String("example")) continue;
    for (const auto& [example, title] : option.choices) {
      for (const double scale : {1.0, 1.5, 2.0, 2.5}) {
        WorkedExampleView view;
        view.setOption(QStringLiteral("example"), example);
        QByteArray svg;
        QBuffer buffer(&svg);
        buffer.open(QIODevice::WriteOnly);
        QSvgGenerator device;
        device.setOutputDevice(&buffer);
        device.setSize(QSize(1280, 720));
        QPainter painter(&device);
        view.paint(painter, QRectF(0, 0, 1280, 720), Theme::makeLight(scale));
        painter.end();
        const CellGrid& first = view.model().lines().front().front().grid;
        const QByteArray name = '>' + first.name.toHtmlEscaped().toUtf8() + '<';
        EXPECT_LE(svg.count(name), 1) << qPrintable(example) << " at " << scale;
      }
    }
  }
}

}  // namespace
}  // namespace decodescope::test
