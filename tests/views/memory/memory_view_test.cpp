#include "views/memory/memory_view.h"

#include "core/attention/variants.h"
#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/text_fit.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace decodescope::test {
namespace {

const MemoryModel::KindOfCache& own(const MemoryModel& model) {
  for (const auto& kind : model.kinds()) {
    if (kind.isOwn) return kind;
  }
  ADD_FAILURE();
  return model.kinds().front();
}

const MemoryModel::KindOfCache& kind(const MemoryModel& model, const char* name) {
  for (const auto& kind : model.kinds()) {
    if (kind.name.startsWith(QLatin1String(name))) return kind;
  }
  ADD_FAILURE() << name;
  return model.kinds().front();
}

void set(MemoryView& view, std::initializer_list<std::pair<const char*, const char*>> values) {
  for (const auto& [id, value] : values) ASSERT_TRUE(view.setOption(id, value)) << id;
}

TEST(MemoryView, TheLecturesCaches) {
  MemoryView view;
  set(view, {{"model", "lecture-48"}, {"batch", "128"}, {"context", "1024"}, {"bytes", "2"}});
  EXPECT_EQ(view.model().bytesOf(own(view.model())), 180'388'626'432u);
  EXPECT_TRUE(view.model().formula(own(view.model())).contains("180,388,626,432 bytes"));
  set(view, {{"model", "lecture-61"}, {"batch", "1"}, {"context", "100000"}});
  EXPECT_EQ(view.model().bytesOf(own(view.model())), 399'769'600'000u);
  EXPECT_EQ(view.model().bytesOf(kind(view.model(), "MLA")), 7'027'200'000u);
  set(view, {{"model", "deepseek-v3"}});
  EXPECT_EQ(view.model().bytesOf(own(view.model())), 7'027'200'000u);
}

TEST(MemoryView, ALoadedModelsCacheHoldsExactlyThat) {
  for (const int kvHeads : {8, 2, 1}) {
    const RunSnapshotPtr run = randomRun(wordyModel({.heads = 8, .kvHeads = kvHeads}), 6, 4);
    MemoryView view;
    for (const StepRecord& step : run->steps) {
      Selection s;
      s.step = step.index;
      view.present(sessionOf(run), s);
      EXPECT_EQ(view.model().bytesOf(own(view.model())), step.kvBytes);
    }
    EXPECT_EQ(own(view.model()).shape.keyValueHeads, kvHeads);
  }
}

/// For every variant, and each other kind that stands beside it is one of its own.
TEST(MemoryView, EveryVariantsCacheHoldsExactlyThat) {
  std::set<std::string> variants;
  for (const NamedConfig& named : decoderFamily()) {
    SCOPED_TRACE(named.name);
    Result<Lane> lane =
        Lane::start(randomLoadedModel(named.config, 1), {}, randomTokens(named.config, 4, 2), {});
    ASSERT_TRUE(lane.ok());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(lane.value().step());
    const RunSnapshotPtr run = lane.value().snapshot();
    MemoryView view;
    Selection s;
    for (const StepRecord& step : run->steps) {
      s.step = step.index;
      view.present(sessionOf(run), s);
      EXPECT_EQ(view.model().bytesOf(own(view.model())), step.kvBytes);
      EXPECT_TRUE(view.model()
                      .formula(own(view.model()))
                      .startsWith(groupedNumber(step.kvBytes) + QStringLiteral(" bytes = 2 layers")));
    }
    const auto& kinds = view.model().kinds();
    EXPECT_EQ(std::count_if(kinds.begin(), kinds.end(), [](const auto& k) { return k.isOwn; }), 1);
    const auto isWindowless = [](const auto& k) { return k.name.startsWith("its own without"); };
    EXPECT_EQ(std::any_of(kinds.begin(), kinds.end(), isWindowless), named.config.slidingWindow > 0);
    // Each kind once on the roofline, and all tokens at once.
    EXPECT_EQ(view.model().rooflinePoints().size(), kinds.size() + (named.config.slidingWindow > 0 ? 0 : 1));
    variants.insert(attentionVariantOf(named.config).id);
  }
  EXPECT_EQ(variants.size(), attentionVariants().size());
}

TEST(MemoryView, ExportedBytesAreExact) {
  MemoryView view;
  set(view, {{"model", "lecture-48"}, {"batch", "128"}, {"context", "1024"}});
  const NamedTable table = view.tables().front();
  const auto columns = static_cast<std::size_t>(table.columns.size());
  const double bytes = static_cast<double>(table.values[columns - 2]) * 16777216.0 +
                       static_cast<double>(table.values[columns - 1]);
  EXPECT_EQ(bytes, 180'388'626'432.0);
}

TEST(MemoryView, SharingMovesUpTheRoofline) {
  MemoryView view;
  set(view, {{"show", "roofline"}, {"model", "llama2-70b"}, {"batch", "16"}, {"gpu", "a100-fp16"}});
  const auto points = view.model().rooflinePoints();
  ASSERT_EQ(points.size(), 6u);
  EXPECT_FALSE(points[0].isMemoryBound);  // all tokens at once
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_TRUE(points[i].isMemoryBound);
    if (i > 1) {
      EXPECT_GT(points[i].tokens, points[i - 1].tokens);
    }
  }
  // Twice the bandwidth, twice the tokens where the memory is the limit.
  const double before = points[1].tokens;
  set(view, {{"gbs", "3870"}});
  EXPECT_NEAR(view.model().rooflinePoints()[1].tokens, 2 * before, before * 1e-9);
  EXPECT_EQ(view.tables().front().shape[0], 6);
}

TEST(MemoryView, AClickOnAModelChoosesIt) {
  MemoryView view;
  set(view, {{"show", "models"}});
  painted(view, {1000, 700}, Theme::makeLight());
  std::set<QString> models;
  for (int y = 0; y < 700; y += 4) {
    const auto hit = view.hitTest(QPointF(100, y));
    if (!hit || !hit->option) continue;
    models.insert(hit->option->second);
    EXPECT_TRUE(view.setOption(hit->option->first, hit->option->second));
    EXPECT_TRUE(hit->toolTip.contains("sizes: "));
  }
  EXPECT_EQ(models.size(), publishedModels().size());
  EXPECT_EQ(view.options().front().value, "size") << "its formula comes next";
}

TEST(MemoryView, RefusesWhatIsNoNumber) {
  MemoryView view;
  EXPECT_FALSE(view.setOption("batch", "0"));
  EXPECT_FALSE(view.setOption("context", "many"));
  EXPECT_FALSE(view.setOption("model", "no-such-model"));
  EXPECT_FALSE(view.setOption("gpu", "abacus"));
}

TEST(MemoryView, FillsItsArea) {
  MemoryView view;
  for (const char* panel : {"size", "models", "roofline"}) {
    view.setOption("show", panel);
    for (const char* model : {"this", "gpt3-175b", "deepseek-v3"}) {
      view.setOption("model", model);
      for (const QSize size : {QSize(1, 1), QSize(200, 160), QSize(400, 700), QSize(1280, 640)}) {
        for (const double scale : {1.0, 2.0})
          EXPECT_EQ(untouchedPixels(painted(view, size, Theme::makeDark(scale))), 0) << panel;
      }
    }
  }
}

}  // namespace
}  // namespace decodescope::test
