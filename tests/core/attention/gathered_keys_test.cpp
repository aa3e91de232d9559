#include "core/attention/gathered_keys.h"

#include "core/attention/mask_strategies.h"
#include "tests/support/random_run.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

constexpr LayerIndex kLayer{1};
constexpr HeadIndex kHead{3};
constexpr KvHeadIndex kKvHead{1};

class GatheredKeysTest : public testing::Test {
 protected:
  RunSnapshotPtr m_run = randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 9, 4);
  const ModelConfig& m_config = m_run->model->config();
};

TEST_F(GatheredKeysTest, GivesTheSameBitsAsRowByRow) {
  GatheredKeys keys;
  keys.gather(m_config, m_run->positions, kLayer, kKvHead);
  for (const ScoreStage stage : {ScoreStage::raw, ScoreStage::scaled, ScoreStage::weight}) {
    for (const PositionTracePtr& query : m_run->positions) {
      EXPECT_EQ(attentionRow(m_config, keys, *query, kLayer, kHead, stage),
                attentionRow(m_config, m_run->positions, kLayer, kHead, query->position(), stage));
    }
  }
}

TEST_F(GatheredKeysTest, ScoresWithLaterKeysAreThoseThatTheMaskHides) {
  GatheredKeys keys;
  keys.gather(m_config, m_run->positions, kLayer, kKvHead);
  const int tokens = keys.count();
  const std::vector<float> all = unmaskedScores(m_config, m_run->positions, kLayer, kHead, tokens);
  std::vector<float> row(static_cast<std::size_t>(tokens));
  for (int q = 0; q < tokens; ++q) {
    scoresWith(m_config, keys, *m_run->positions[static_cast<std::size_t>(q)], kLayer, kHead, 0,
               scoreScale(m_config), row);
    for (int k = 0; k < tokens; ++k)
      EXPECT_EQ(row[static_cast<std::size_t>(k)], all[static_cast<std::size_t>(q * tokens + k)]);
  }
}

TEST_F(GatheredKeysTest, AGapEndsTheRowsAndIsNoNumber) {
  std::vector<PositionTracePtr> positions = m_run->positions;
  positions[5].reset();
  GatheredKeys keys;
  keys.gather(m_config, positions, kLayer, kKvHead);
  EXPECT_EQ(keys.unbroken(), 5);
  EXPECT_FALSE(attentionRow(m_config, keys, *positions[4], kLayer, kHead, ScoreStage::weight).empty());
  EXPECT_TRUE(attentionRow(m_config, keys, *positions[6], kLayer, kHead, ScoreStage::weight).empty());
  std::vector<float> row(3);
  scoresWith(m_config, keys, *positions[4], kLayer, kHead, 4, 1, row);
  EXPECT_TRUE(std::isfinite(row[0]) && std::isnan(row[1]) && std::isfinite(row[2]));
  keys.gather(m_config, m_run->positions, kLayer, kKvHead);
  EXPECT_EQ(keys.unbroken(), keys.count()) << "the trace came back";
}

}  // namespace
}  // namespace decodescope::test
