#include "views/shapes/shapes_view.h"

#include "tests/support/random_run.h"
#include "tests/views/paint.h"

#include <cmath>
#include <gtest/gtest.h>
#include <set>

namespace decodescope::test {
namespace {

Selection lastOf(const RunSnapshotPtr& run) {
  Selection s;
  s.step = StepIndex{run->stepCount()};
  s.query = Position{run->tokensSeenAt(s.step) - 1};
  return s;
}

void setStep(ShapesView& view, int step) {
  ASSERT_TRUE(view.setOption("step", QString::number(step)));
}

TEST(ShapesView, TheLecturesShapes) {
  ShapesView view;
  view.setOption("numbers", "lecture");
  const std::vector<QString> shapes{"1 × 3 × 6",     "1 × 3 × 2 × 3", "1 × 2 × 3 × 3",
                                    "1 × 2 × 3 × 3", "1 × 2 × 3 × 3", "1 × 2 × 3 × 3",
                                    "1 × 3 × 2 × 3", "1 × 3 × 6",     "1 × 3 × 6"};
  for (int step = 1; step <= kWalkSteps; ++step) {
    setStep(view, step);
    EXPECT_EQ(view.model().shapeAfter(static_cast<WalkStep>(step - 1)),
              shapes[static_cast<std::size_t>(step - 1)]);
    std::size_t numbers = 1;
    const NamedTable table = view.tables().back();
    for (const int n : table.shape) numbers *= static_cast<std::size_t>(n);
    EXPECT_EQ(numbers, table.values.size());
    EXPECT_TRUE(view.description().contains("not from the run"));
  }
  view.setOption("numbers", "lecture-three");
  EXPECT_EQ(view.model().shapeAfter(WalkStep::transpose), "1 × 3 × 3 × 2");
}

TEST(ShapesView, RearrangingKeepsEveryNumber) {
  for (const char* numbers : {"lecture", "lecture-three", "run"}) {
    ShapesView view;
    const RunSnapshotPtr run = randomRun(wordyModel({.heads = 8, .kvHeads = 2, .headDim = 4}), 4, 2);
    view.present(sessionOf(run), lastOf(run));
    view.setOption("numbers", numbers);
    const int tokens = view.model().source().tokens, d = view.model().source().headDim;
    for (const char* tensor : {"q", "k", "v"}) {
      view.setOption("tensor", tensor);
      setStep(view, 2);
      const NamedTable flat = view.tables().front(), byToken = view.tables().back();
      // view() only counts otherwise.
      EXPECT_EQ(flat.values, byToken.values);
      setStep(view, 3);
      const NamedTable byHead = view.tables().back();
      const int heads = byHead.shape[1];
      EXPECT_EQ(byToken.shape, (std::vector<int>{1, tokens, heads, d}));
      for (int t = 0; t < tokens; ++t) {
        for (int h = 0; h < heads; ++h) {
          for (int i = 0; i < d; ++i)
            EXPECT_EQ(byToken.values[static_cast<std::size_t>((t * heads + h) * d + i)],
                      byHead.values[static_cast<std::size_t>((h * tokens + t) * d + i)]);
        }
      }
    }
  }
}

TEST(ShapesView, EveryStepFollowsFromTheOneBefore) {
  for (const char* numbers : {"lecture", "lecture-three", "run"}) {
    ShapesView view;
    const RunSnapshotPtr run =
        randomRun(wordyModel({.heads = 4, .kvHeads = 2, .headDim = 4, .rotary = true}), 4, 2);
    view.present(sessionOf(run), lastOf(run));
    view.setOption("numbers", numbers);
    const WalkSource& s = view.model().source();
    const int each = s.heads / s.keyValueHeads;
    for (int h = 0; h < s.heads; ++h) {
      for (int t = 0; t < s.tokens; ++t) {
        const auto& q = s.row(WalkTensor::qUsed, t, h);
        const auto &scores = s.row(WalkTensor::scores, t, h), &weights = s.row(WalkTensor::weights, t, h);
        double sum = 0;
        std::vector<double> context(static_cast<std::size_t>(s.headDim));
        for (int j = 0; j <= t; ++j) {
          const auto &k = s.row(WalkTensor::kUsed, j, h / each), &v = s.row(WalkTensor::v, j, h / each);
          double dot = 0;
          for (std::size_t i = 0; i < q.size(); ++i)
            dot += static_cast<double>(q[i]) * static_cast<double>(k[i]);
          EXPECT_NEAR(dot, static_cast<double>(scores[static_cast<std::size_t>(j)]), 1e-4);
          sum += static_cast<double>(weights[static_cast<std::size_t>(j)]);
          for (std::size_t i = 0; i < v.size(); ++i)
            context[i] +=
                static_cast<double>(weights[static_cast<std::size_t>(j)]) * static_cast<double>(v[i]);
        }
        EXPECT_NEAR(sum, 1, 1e-5);
        for (std::size_t i = 0; i < context.size(); ++i)
          EXPECT_NEAR(context[i], static_cast<double>(s.row(WalkTensor::context, t, h)[i]), 1e-4);
      }
    }
    // X · W_qᵀ = Q, and context · W_oᵀ = output.
    for (int t = 0; t < s.tokens; ++t) {
      double q = 0, out = 0;
      for (int i = 0; i < s.hidden; ++i)
        q += static_cast<double>(s.row(WalkTensor::x, t, 0)[static_cast<std::size_t>(i)]) *
             static_cast<double>(s.weight(WalkMatrix::q, s.headDim, i));
      for (int i = 0; i < s.heads * s.headDim; ++i)
        out += static_cast<double>(
                   s.row(WalkTensor::context, t, i / s.headDim)[static_cast<std::size_t>(i % s.headDim)]) *
               static_cast<double>(s.weight(WalkMatrix::o, 2, i));
      EXPECT_NEAR(q, static_cast<double>(s.row(WalkTensor::q, t, 1)[0]), 1e-4);
      EXPECT_NEAR(out, static_cast<double>(s.row(WalkTensor::output, t, 0)[2]), 1e-4);
    }
  }
}

TEST(ShapesView, ShortensInTheMiddleAndKeepsTheChosen) {
  const RunSnapshotPtr run = randomRun(wordyModel({.heads = 8, .kvHeads = 8, .headDim = 16}), 30, 2);
  ShapesModel model;
  Selection s = lastOf(run);
  s.query = Position{17};
  s.head = HeadIndex{5};
  model.present(shownRun(sessionOf(run), s), ShapesModel::Numbers::run, WalkStep::view, WalkTensor::q);
  const Theme theme = Theme::makeLight();
  const auto lines = model.lines({4, 3, 3, 4}, theme);
  EXPECT_TRUE(model.isShortened());
  const CellGrid& flat = lines[0][0].grid;
  EXPECT_FALSE(flat.gapRows.empty());
  EXPECT_FALSE(flat.gapColumns.empty());
  ASSERT_EQ(flat.marks.size(), 1u);
  EXPECT_TRUE(flat.rowLabels[flat.marks[0].cells.y()].startsWith("17 "));
  EXPECT_EQ(flat.columnLabels[flat.marks[0].cells.x()], "80");
  ASSERT_TRUE(model.chosenWay());
  EXPECT_TRUE(lines[1][model.chosenWay()->second.item].grid.name.startsWith("17 "));
  // Every number that is shown is the tensor's.
  for (int r = 0; r < flat.rows; ++r) {
    for (int c = 0; c < flat.columns; ++c) {
      if (!flat.hasValue(r, c)) continue;
      const int token = flat.rowLabels[r].split(' ').first().toInt(), column = flat.columnLabels[c].toInt();
      EXPECT_EQ(
          flat.value(r, c),
          run->trace(Position{token})->row(Site::qProj, LayerIndex{0})[static_cast<std::size_t>(column)]);
    }
  }
}

TEST(ShapesView, CellsTellTheirPlaces) {
  const RunSnapshotPtr run = randomRun(wordyModel({.heads = 2, .kvHeads = 2, .headDim = 4}), 3, 1);
  for (int step = 1; step <= kWalkSteps; ++step) {
    ShapesView view;
    view.present(sessionOf(run), lastOf(run));
    setStep(view, step);
    painted(view, {1000, 700}, Theme::makeLight());
    std::set<QString> told;
    std::set<int> heads;
    bool leadsToSteps = false;
    for (int y = 0; y < 700; y += 5) {
      for (int x = 0; x < 1000; x += 5) {
        const auto hit = view.hitTest(QPointF(x, y));
        if (!hit) continue;
        told.insert(hit->toolTip);
        heads.insert(hit->hovered.head.value);
        leadsToSteps |= hit->option && hit->option->first == "step";
      }
    }
    EXPECT_GT(told.size(), 20u) << step;
    EXPECT_EQ(heads.size(), 2u) << step;
    EXPECT_TRUE(leadsToSteps) << step;
  }
  ShapesView lecture;
  lecture.setOption("numbers", "lecture");
  setStep(lecture, 3);
  painted(lecture, {1000, 700}, Theme::makeLight());
  bool found = false;
  for (int y = 0; y < 700 && !found; y += 5) {
    for (int x = 0; x < 1000 && !found; x += 5) {
      const auto hit = lecture.hitTest(QPointF(x, y));
      found =
          hit && hit->toolTip.contains("in one row [0, 1, 5]: 1 · 3 + 2 = 5, the place 1 · 6 + 5 in memory");
    }
  }
  EXPECT_TRUE(found);
}

TEST(ShapesView, FillsItsAreaInEveryStep) {
  const RunSnapshotPtr run = randomRun(wordyModel({.heads = 8, .kvHeads = 2, .headDim = 16}), 20, 2);
  ShapesView view;
  view.present(sessionOf(run), lastOf(run));
  for (int step = 1; step <= kWalkSteps; ++step) {
    setStep(view, step);
    for (const QSize size : {QSize(1, 1), QSize(200, 160), QSize(640, 480), QSize(1280, 640)}) {
      for (const double scale : {1.0, 2.0})
        EXPECT_EQ(untouchedPixels(painted(view, size, Theme::makeDark(scale))), 0) << step;
    }
  }
}

}  // namespace
}  // namespace decodescope::test
