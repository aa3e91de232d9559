#include "views/kv_cache/reads_model.h"

#include "tests/support/random_run.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

Selection at(int step) {
  Selection s;
  s.step = StepIndex{step};
  return s;
}

std::uint64_t countedCells(const RunSnapshot& run, int steps) {
  std::uint64_t macs = 0;
  for (int s = 0; s < steps; ++s) macs += run.steps[static_cast<std::size_t>(s)].counters.attentionMacs;
  const ModelConfig& config = run.model->config();
  return macs / static_cast<std::uint64_t>(2 * config.numHiddenLayers * config.queryWidth());
}

TEST(KvReads, AllReadsAreTheCellsThatTheKernelsCounted) {
  for (const bool kvCache : {true, false}) {
    const RunSnapshotPtr run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 5, 20, kvCache);
    KvReadsModel model;
    for (int step = 1; step <= 20; ++step) {
      model.present(sessionOf(run), at(step));
      EXPECT_EQ(model.allReads(), countedCells(*run, step)) << (kvCache ? "on" : "off") << ", step " << step;
    }
  }
}

TEST(KvReads, WithTheCacheAnOldQueryIsNeverReadAgain) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 20);
  KvReadsModel model;
  model.present(sessionOf(run), at(20));
  ASSERT_EQ(model.tokens(), 24);
  for (int p = 0; p < 24; ++p) {
    const KvReadsModel::Reads &key = model.keyReads()[static_cast<std::size_t>(p)],
                              &query = model.queryReads()[static_cast<std::size_t>(p)];
    EXPECT_EQ(query.own, 1);
    EXPECT_EQ(query.later + query.again, 0);
    EXPECT_EQ(key.again, 0);
    EXPECT_EQ(key.own, p < 5 ? 5 - p : 1);
    EXPECT_EQ(key.later, 24 - std::max(p + 1, 5)) << "once by every token that came in a later step";
  }
  EXPECT_EQ(model.queryBytes(), 2u * 4 * 8 * 24 * 4);
}

TEST(KvReads, WithoutTheCacheRowsThatAreComputedAgainReadAgain) {
  const RunSnapshotPtr run = randomRun(wordyModel({}), 5, 3, false);
  KvReadsModel model;
  model.present(sessionOf(run), at(3));
  // Position 0 in steps of 5, 6 and 7 tokens: 5, then 1 new and 5 old queries, then 1 and 6.
  const KvReadsModel::Reads& key = model.keyReads()[0];
  EXPECT_EQ(key.own, 5);
  EXPECT_EQ(key.later, 2);
  EXPECT_EQ(key.again, 5 + 6);
  EXPECT_EQ(model.queryReads()[0].again, 2);
  EXPECT_EQ(model.queryReads()[6].again, 0);
  EXPECT_EQ(model.tables().front().shape, (std::vector<int>{7, 5}));
}

}  // namespace
}  // namespace decodescope::test
