#include "views/heads/heads_view.h"

#include "core/attention/attention_rows.h"
#include "core/attention/derive.h"
#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/head_colors.h"

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace decodescope::test {
namespace {

struct Shape {
  int heads, keyValueHeads;
};

Selection lastOf(const RunSnapshotPtr& run) {
  Selection s;
  s.step = StepIndex{run->stepCount()};
  s.query = Position{run->tokensSeenAt(s.step) - 1};
  return s;
}

TEST(HeadsModel, ShowsTheRowsThatAttentionReads) {
  for (const Shape shape : {Shape{1, 1}, Shape{8, 8}, Shape{8, 2}, Shape{8, 1}, Shape{32, 4}}) {
    const RunSnapshotPtr run = randomRun(
        wordyModel({.layers = 2, .heads = shape.heads, .kvHeads = shape.keyValueHeads, .headDim = 4}), 5, 3);
    Selection s = lastOf(run);
    s.layer = LayerIndex{1};
    HeadsModel model;
    model.present(shownRun(sessionOf(run), s), false);
    ASSERT_TRUE(model.ready());
    EXPECT_EQ(model.heads(), shape.heads);
    EXPECT_EQ(model.keyValueHeads(), shape.keyValueHeads);
    EXPECT_EQ(model.keys(), s.query.value + 1);
    const ModelConfig& config = run->model->config();
    const PositionTrace& trace = *run->trace(s.query);
    for (int h = 0; h < shape.heads; ++h) {
      const auto q = attentionQuery(config, trace, s.layer, HeadIndex{h});
      EXPECT_EQ(model.queryGrid(h).values, std::vector<float>(q.begin(), q.end()));
      EXPECT_EQ(model.groupOf(h), config.keyValueHeadOf(HeadIndex{h}).value);
      // What the head read is its weights times the values that are shown.
      const std::vector<float> weights =
          attentionRow(config, run->positions, s.layer, HeadIndex{h}, s.query, ScoreStage::weight);
      const CellGrid values = model.valueGrid(model.groupOf(h)), context = model.contextGrid(h);
      for (int i = 0; i < config.headDim; ++i) {
        double sum = 0;
        for (int r = 0; r < values.rows; ++r)
          sum += static_cast<double>(weights[static_cast<std::size_t>(r)]) *
                 static_cast<double>(values.value(r, i));
        EXPECT_NEAR(sum, static_cast<double>(context.value(0, i)), 1e-5);
      }
    }
    for (int g = 0; g < shape.keyValueHeads; ++g) {
      const auto k = attentionKey(config, *run->trace(Position{2}), s.layer, KvHeadIndex{g});
      for (int i = 0; i < config.headDim; ++i)
        EXPECT_EQ(model.keyGrid(g).value(2, i), k[static_cast<std::size_t>(i)]);
    }
  }
}

TEST(HeadsModel, KeysThatLeftTheWindowAreNotAmongThem) {
  const LoadedModelPtr whole = wordyModel({.heads = 4, .kvHeads = 2});
  const RunSnapshotPtr run = randomRun(deriveSlidingWindow(whole, 3).value(), 6, 2);
  Selection s = lastOf(run);
  HeadsModel model;
  model.present(shownRun(sessionOf(run), s), false);
  EXPECT_EQ(model.firstKey(), 4);
  EXPECT_EQ(model.keys(), 3);
  EXPECT_TRUE(model.facts().join(' ').contains("the keys 4–6"));
  s.key = Position{0};
  model.present(shownRun(sessionOf(run), s), true);
  EXPECT_EQ(model.firstKey(), 4) << "the nearest that the query sees";
}

TEST(HeadsModel, LinearAttentionKeepsAStateAndNoneOfTheRows) {
  const RunSnapshotPtr run =
      randomRun(deriveLinear(wordyModel({.heads = 4, .kvHeads = 2, .headDim = 8})).value(), 6, 2);
  HeadsModel model;
  model.present(shownRun(sessionOf(run), lastOf(run)), false);
  ASSERT_TRUE(model.ready());
  EXPECT_TRUE(model.facts().join(' ').contains("2 · 8 · (8 + 1) = 144 numbers"));
  EXPECT_TRUE(model.contextToolTip(1, 2).contains("φ(q)·z"));
  const auto features = run->trace(Position{2})->row(Site::kFeatures, LayerIndex{0});
  EXPECT_EQ(model.keyGrid(1).value(2, 3), features[8 + 3]);
}

RunSnapshotPtr latentRun() {
  for (const NamedConfig& named : decoderFamily()) {
    if (named.name != "mla") continue;
    RunSettings settings;
    settings.ignoreEos = true;
    Result<Lane> lane =
        Lane::start(randomLoadedModel(named.config, 3), settings, randomTokens(named.config, 6, 4), {});
    for (int i = 0; i < 2; ++i) lane.value().step();
    return lane.value().snapshot();
  }
  return nullptr;
}

TEST(HeadsModel, UnderMlaAllHeadsReadTheLatents) {
  const RunSnapshotPtr run = latentRun();
  const ModelConfig& c = run->model->config();
  HeadsModel heads;
  heads.present(shownRun(sessionOf(run), lastOf(run)), false);
  ASSERT_TRUE(heads.ready());
  EXPECT_TRUE(heads.showsLatents());
  EXPECT_EQ(heads.keyValueHeads(), 1);
  const PositionTrace& trace = *run->trace(Position{2});
  const auto latent = trace.row(Site::kvALayernorm, LayerIndex{0}),
             rotary = trace.row(Site::kRot, LayerIndex{0});
  const CellGrid latents = heads.keyGrid(0), keys = heads.valueGrid(0);
  ASSERT_EQ(latents.columns, c.kvLoraRank);
  ASSERT_EQ(keys.columns, c.qkRopeHeadDim);
  for (int i = 0; i < c.kvLoraRank; ++i) EXPECT_EQ(latents.value(2, i), latent[static_cast<std::size_t>(i)]);
  for (int i = 0; i < c.qkRopeHeadDim; ++i) EXPECT_EQ(keys.value(2, i), rotary[static_cast<std::size_t>(i)]);
  EXPECT_TRUE(heads.facts().join(' ').contains("C + r = 10 + 4 = 14 numbers"));
}

TEST(HeadsModel, UnderMlaEachHeadRebuildsWhatItReads) {
  const RunSnapshotPtr run = latentRun();
  const ModelConfig& c = run->model->config();
  const Selection s = lastOf(run);
  HeadsModel heads;
  heads.present(shownRun(sessionOf(run), s), false, true);
  ASSERT_TRUE(heads.ready());
  EXPECT_EQ(heads.keyValueHeads(), c.numAttentionHeads);
  for (int h = 0; h < c.numAttentionHeads; ++h) {
    const std::vector<float> weights =
        attentionRow(c, run->positions, s.layer, HeadIndex{h}, s.query, ScoreStage::weight);
    const CellGrid values = heads.valueGrid(h), context = heads.contextGrid(h);
    ASSERT_EQ(values.columns, c.vHeadDim);
    ASSERT_EQ(context.columns, c.vHeadDim);
    for (int i = 0; i < c.vHeadDim; ++i) {
      double sum = 0;
      for (int r = 0; r < values.rows; ++r)
        sum += static_cast<double>(weights[static_cast<std::size_t>(r)]) *
               static_cast<double>(values.value(r, i));
      EXPECT_NEAR(sum, static_cast<double>(context.value(0, i)), 1e-5);
    }
  }
}

TEST(HeadsView, PointsAtTheRowsOfMla) {
  const RunSnapshotPtr run = latentRun();
  for (const bool rebuilt : {false, true}) {
    HeadsView view;
    ASSERT_TRUE(view.setOption(QStringLiteral("mla"),
                               rebuilt ? QStringLiteral("rebuilt") : QStringLiteral("latents")));
    view.present(sessionOf(run), lastOf(run));
    painted(view, {900, 600}, Theme::makeLight());
    std::map<Site, std::set<int>> elements;
    for (int y = 0; y < 600; y += 3) {
      for (int x = 0; x < 900; x += 3) {
        const auto hit = view.hitTest(QPointF(x, y));
        if (hit && hit->number) elements[hit->number->row.site].insert(hit->number->element);
      }
    }
    const ModelConfig& c = run->model->config();
    EXPECT_EQ(elements[Site::queryStates].size(), static_cast<std::size_t>(c.headDim));
    EXPECT_EQ(elements[Site::context].size(), static_cast<std::size_t>(c.vHeadDim));
    EXPECT_EQ(elements[Site::kvALayernorm].size(), static_cast<std::size_t>(rebuilt ? 0 : c.kvLoraRank));
    EXPECT_EQ(elements[Site::kRot].size(), static_cast<std::size_t>(rebuilt ? 0 : c.qkRopeHeadDim));
    EXPECT_EQ(elements[Site::keyStates].size(), static_cast<std::size_t>(rebuilt ? c.headDim : 0));
    if (!rebuilt) continue;
    EXPECT_EQ(*elements[Site::kvBProj].begin(), c.qkNopeHeadDim) << "behind the head's key";
    EXPECT_EQ(*elements[Site::kvBProj].rbegin(), c.qkNopeHeadDim + c.vHeadDim - 1);
  }
}

TEST(HeadsModel, ShowsTheSelectedKeyAlone) {
  const RunSnapshotPtr run = randomRun(wordyModel({.kvHeads = 2}), 6, 2);
  Selection s = lastOf(run);
  s.key = Position{3};
  HeadsModel all, one;
  all.present(shownRun(sessionOf(run), s), false);
  one.present(shownRun(sessionOf(run), s), true);
  EXPECT_EQ(one.keys(), 1);
  EXPECT_EQ(one.firstKey(), 3);
  for (int i = 0; i < one.headDim(); ++i) EXPECT_EQ(one.keyGrid(1).value(0, i), all.keyGrid(1).value(3, i));
}

TEST(HeadsView, PointingSelectsAHeadThatReadsThePlace) {
  const RunSnapshotPtr run = randomRun(wordyModel({.heads = 8, .kvHeads = 2}), 6, 2);
  HeadsView view;
  Selection s = lastOf(run);
  s.head = HeadIndex{6};
  view.present(sessionOf(run), s);
  painted(view, {900, 600}, Theme::makeLight());
  std::set<int> heads, keys;
  for (int y = 0; y < 600; y += 3) {
    for (int x = 0; x < 900; x += 3) {
      const auto hit = view.hitTest(QPointF(x, y));
      if (!hit) continue;
      heads.insert(hit->hovered.head.value);
      keys.insert(hit->hovered.key.value);
      if (hit->toolTip.contains("of key/value head 1, token")) {
        EXPECT_EQ(hit->hovered.head.value, 6);
      }
    }
  }
  EXPECT_EQ(heads.size(), 8u);
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_EQ(view.moved(s, 0, 1).head.value, 7);
}

TEST(HeadsView, SaysWhatIsNotStored) {
  auto run = std::make_shared<RunSnapshot>(*randomRun(wordyModel({}), 6, 2));
  run->positions[1].reset();
  HeadsView view;
  Selection s = lastOf(run);
  view.present(sessionOf(run), s);
  EXPECT_TRUE(view.model().ready());
  EXPECT_TRUE(view.model().note().contains("not stored"));
  s.query = Position{1};
  view.present(sessionOf(run), s);
  EXPECT_FALSE(view.model().ready());
  EXPECT_TRUE(view.description().contains("stored"));
}

std::map<QString, QString> shapesOf(const HeadShapesTable& table, const QString& column) {
  std::map<QString, QString> shapes;
  for (const HeadShapesColumn& c : table.columns()) {
    if (c.name != column) continue;
    for (const HeadShapesRow& row : HeadShapesTable::rows())
      shapes[QString::fromUtf8(row.name)] = HeadShapesTable::shapeText(row.shape(c.sizes));
  }
  return shapes;
}

TEST(HeadShapes, TheLecturesMultiQueryExample) {
  HeadsView view;
  ASSERT_TRUE(view.setOption("show", "shapes"));
  ASSERT_TRUE(view.setOption("sizes", "lecture"));
  auto mqa = shapesOf(view.table(), "MQA");
  EXPECT_EQ(mqa["Q"], "4 × 128 × 512");
  EXPECT_EQ(mqa["K and V"], "4 × 128 × 64");
  EXPECT_EQ(mqa["Q by head"], "4 × 8 × 128 × 64");
  EXPECT_EQ(mqa["Kᵀ by head, expanded"], "4 × 8 × 64 × 128");
  EXPECT_EQ(mqa["V by head, expanded"], "4 × 8 × 128 × 64");
  EXPECT_EQ(mqa["output"], "4 × 128 × 512");
  EXPECT_EQ(shapesOf(view.table(), "MHA")["K and V"], "4 × 128 × 512");
  ASSERT_TRUE(view.setOption("G", "4"));
  EXPECT_EQ(shapesOf(view.table(), "GQA")["K and V"], "4 × 128 × 256");
  EXPECT_EQ(shapesOf(view.table(), "GQA")["cached a token, layer"], "512");
  // 5 does not divide 8: the next lower number of heads does.
  ASSERT_TRUE(view.setOption("G", "5"));
  EXPECT_EQ(shapesOf(view.table(), "GQA")["K and V"], "4 × 128 × 256");
  EXPECT_FALSE(view.setOption("T", "many"));
}

TEST(HeadShapes, MarksTheModelsOwnKind) {
  for (const auto& [kvHeads, name] : std::map<int, QString>{{8, "MHA"}, {2, "GQA"}, {1, "MQA"}}) {
    const RunSnapshotPtr run = randomRun(wordyModel({.heads = 8, .kvHeads = kvHeads}), 6, 2);
    HeadsView view;
    view.setOption("show", "shapes");
    view.present(sessionOf(run), lastOf(run));
    for (const HeadShapesColumn& c : view.table().columns()) {
      EXPECT_EQ(c.isModels, c.name == name);
      if (c.isModels) {
        EXPECT_EQ(c.sizes.keyValueHeads, kvHeads);
      }
    }
    EXPECT_EQ(shapesOf(view.table(), name)["scores, weights"], "1 × 8 × 7 × 7");
    for (const char* theme : {"light", "dark"})
      EXPECT_EQ(untouchedPixels(
                    painted(view, {800, 500}, theme[0] == 'd' ? Theme::makeDark() : Theme::makeLight())),
                0);
  }
}

TEST(HeadColors, GroupsStandApartAndLinesCanBeSeen) {
  for (const bool dark : {false, true}) {
    const Theme theme = dark ? Theme::makeDark() : Theme::makeLight();
    std::set<QRgb> seen;
    for (int h = 0; h < 8; ++h) {
      const QColor color = headColor(h, 8, 2, theme);
      seen.insert(color.rgb());
      const double a = luminance(color) + 0.05, b = luminance(theme.background) + 0.05;
      EXPECT_GE(std::max(a, b) / std::min(a, b), 3.0) << h;
    }
    EXPECT_EQ(seen.size(), 8u);
  }
}

}  // namespace
}  // namespace decodescope::test
