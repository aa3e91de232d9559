#include "views/kv_cache/kv_cache_model.h"

#include "tests/support/random_run.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

Selection at(int step, int key = 0) {
  Selection s;
  s.step = StepIndex{step};
  s.key = Position{key};
  return s;
}

TEST(KvCacheModel, HoldsWhatTheFormulaSays) {
  const RunSnapshotPtr run =
      randomRun(wordyModel({.layers = 3, .heads = 8, .kvHeads = 2, .headDim = 8}), 5, 6);
  KvCacheModel model;
  for (int step = 1; step <= 6; ++step) {
    model.present(sessionOf(run), at(step));
    EXPECT_EQ(model.step().kvBytes, model.bytesFor(model.tokens()));
    EXPECT_EQ(model.bytesFor(model.tokens()), 2u * 3 * 2 * 8 * 4 * static_cast<unsigned>(4 + step));
    EXPECT_GE(model.capacity(), model.tokens());
  }
  EXPECT_EQ(model.formula().last(), QStringLiteral("2 · 3 · 2 · 8 · 10 · 4 = 3,840 B"));
  EXPECT_TRUE(model.sharing().contains(QStringLiteral("×4")));
}

TEST(KvCacheModel, TellsNewRowsFromKeptOnes) {
  KvCacheModel model;
  model.present(sessionOf(randomRun(wordyModel({}), 5, 3)), at(3));
  EXPECT_TRUE(model.cacheOn());
  EXPECT_EQ(model.rowState(6), KvRowState::added);
  EXPECT_EQ(model.rowState(5), KvRowState::kept);
  EXPECT_EQ(model.rowState(0), KvRowState::kept);
}

TEST(KvCacheModel, WithoutACacheNothingIsKept) {
  KvCacheModel model;
  model.present(sessionOf(randomRun(wordyModel({}), 5, 3, false)), at(3));
  EXPECT_FALSE(model.cacheOn());
  EXPECT_EQ(model.rowState(6), KvRowState::added);
  EXPECT_EQ(model.rowState(5), KvRowState::recomputed);
  EXPECT_EQ(model.heldText(), QStringLiteral("0 B"));
  EXPECT_TRUE(model.subtitle().contains(QStringLiteral("rows 0–5 were computed again")));
  model.present(sessionOf(randomRun(wordyModel({}), 5, 3, false)), at(1));
  EXPECT_TRUE(model.subtitle().contains(QStringLiteral("nothing is kept")));
}

TEST(KvCacheModel, SwitchingTheCacheOnRefillsIt) {
  RunSettings settings;
  settings.kvCache = false;
  settings.ignoreEos = true;
  Result<Lane> lane = Lane::start(wordyModel({}), settings, {TokenId{3}, TokenId{4}, TokenId{5}}, {});
  ASSERT_TRUE(lane.ok());
  lane.value().step();
  lane.value().step();
  settings.kvCache = true;
  lane.value().setSettings(settings);
  lane.value().step();
  lane.value().step();
  KvCacheModel model;
  model.present(sessionOf(lane.value().snapshot()), at(3));
  EXPECT_TRUE(model.cacheOn());
  EXPECT_EQ(model.rowState(0), KvRowState::recomputed);
  EXPECT_TRUE(model.subtitle().contains(QStringLiteral("just switched on")));
  model.present(sessionOf(lane.value().snapshot()), at(4));
  EXPECT_EQ(model.rowState(0), KvRowState::kept);
}

TEST(KvCacheModel, RowsAreTheTracedOnes) {
  const RunSnapshotPtr run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 4, 2);
  KvCacheModel model;
  model.present(sessionOf(run), at(2));
  float largest = 0;
  for (int layer = 0; layer < 2; ++layer) {
    const std::span<const float> k = run->positions[3]->row(Site::kRot, LayerIndex{layer});
    const std::span<const float> shown = model.keyRow(LayerIndex{layer}, KvHeadIndex{1}, 3);
    ASSERT_EQ(shown.size(), 8u);
    EXPECT_EQ(shown.data(), k.data() + 8);
    for (int p = 0; p < 5; ++p) {
      for (int g = 0; g < 2; ++g) {
        for (const float v : model.valueRow(LayerIndex{layer}, KvHeadIndex{g}, p))
          largest = std::max(largest, std::abs(v));
      }
    }
  }
  EXPECT_EQ(model.largest(KvNumbers::values), largest);
}

TEST(KvCacheModel, TablesHoldKAndVAndTheSteps) {
  const RunSnapshotPtr run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 4, 2);
  KvCacheModel model;
  Selection s = at(2);
  s.layer = LayerIndex{1};
  model.present(sessionOf(run), s);
  const std::vector<NamedTable> tables = model.tables();
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_EQ(tables[0].name, QStringLiteral("layers.1.self_attn.k_rot"));
  EXPECT_EQ(tables[1].name, QStringLiteral("layers.1.self_attn.v_proj"));
  EXPECT_EQ(tables[0].shape, (std::vector<int>{5, 2, 8}));
  EXPECT_EQ(tables[1].values[16 * 3 + 5], run->positions[3]->row(Site::vProj, LayerIndex{1})[5]);
  EXPECT_EQ(tables[2].values[0], 4.0f);
  EXPECT_EQ(tables[2].values[5], static_cast<float>(run->steps[1].kvBytes));
}

}  // namespace
}  // namespace decodescope::test
