#include "app/stages.h"

#include "tests/support/random_model.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

constexpr Direction kForward = Direction::forward, kBack = Direction::back;

class StagesOfFamily : public testing::TestWithParam<test::NamedConfig> {
 protected:
  std::vector<Stage> m_stages = stagesOf(GetParam().config);
  int m_count = static_cast<int>(m_stages.size());
  LayerIndex layerOf(int index) const { return m_stages[static_cast<std::size_t>(index)].layer; }
};

TEST_P(StagesOfFamily, ForwardAndBackAreEachOthersInverse) {
  for (int i = 0; i < m_count; ++i) {
    const StagePlace next = nextStage(m_stages, i, kForward);
    EXPECT_EQ(next.steps, i == m_count - 1 ? 1 : 0);
    const StagePlace back = nextStage(m_stages, next.stage, kBack);
    EXPECT_EQ(back.stage, i);
    EXPECT_EQ(back.steps, -next.steps);
  }
}

TEST_P(StagesOfFamily, OutLeadsToTheEndOfTheLayerAndThenOfTheStep) {
  for (int i = 0; i < m_count; ++i) {
    for (const Direction direction : {kForward, kBack}) {
      const int sign = direction == kForward ? 1 : -1;
      const int end = direction == kForward ? m_count - 1 : 0;
      const StagePlace out = stageOut(m_stages, i, direction);
      if (i == end) {
        EXPECT_EQ(out, (StagePlace{end, sign}));
        continue;
      }
      EXPECT_EQ(out.steps, 0);
      EXPECT_GT((out.stage - i) * sign, 0);
      const bool atLayersEnd = layerOf(i) == kNoLayer || layerOf(i + sign) != layerOf(i);
      if (atLayersEnd) {
        EXPECT_EQ(out.stage, end);
      } else {
        EXPECT_EQ(layerOf(out.stage), layerOf(i));
        EXPECT_NE(layerOf(out.stage + sign), layerOf(i));
      }
    }
  }
}

TEST_P(StagesOfFamily, TheSameStageOfTheNextLayerHasTheSameSite) {
  const int last = GetParam().config.numHiddenLayers - 1;
  for (int i = 0; i < m_count; ++i) {
    const int next = sameStageInLayer(m_stages, i, kForward);
    if (layerOf(i) == kNoLayer || layerOf(i).value == last) {
      EXPECT_EQ(next, -1);
      continue;
    }
    ASSERT_GE(next, 0);
    EXPECT_EQ(m_stages[static_cast<std::size_t>(next)].site, m_stages[static_cast<std::size_t>(i)].site);
    EXPECT_EQ(layerOf(next).value, layerOf(i).value + 1);
    EXPECT_EQ(sameStageInLayer(m_stages, next, kBack), i);
  }
}

INSTANTIATE_TEST_SUITE_P(Decoders, StagesOfFamily, testing::ValuesIn(test::decoderFamily()),
                         [](const auto& named) { return named.param.name; });

TEST(Stages, RunningToAStageGoesOverTheStepsBorderWhereItLiesBehind) {
  EXPECT_EQ(runToStage(3, 7, kForward), (StagePlace{7, 0}));
  EXPECT_EQ(runToStage(7, 3, kForward), (StagePlace{3, 1}));
  EXPECT_EQ(runToStage(7, 7, kForward), (StagePlace{7, 1}));
  EXPECT_EQ(runToStage(7, 3, kBack), (StagePlace{3, 0}));
  EXPECT_EQ(runToStage(3, 7, kBack), (StagePlace{7, -1}));
  EXPECT_EQ(runToStage(7, 7, kBack), (StagePlace{7, -1}));
}

TEST(Stages, BeforeTheFirstStepEverythingLiesInTheNextOne) {
  const std::vector<Stage> stages = stagesOf(test::smallConfig());
  const auto atStepZero = static_cast<int>(stages.size());
  EXPECT_EQ(nextStage(stages, atStepZero, kForward), (StagePlace{0, 1}));
  EXPECT_EQ(stageOut(stages, atStepZero, kForward), (StagePlace{atStepZero - 1, 1}));
  EXPECT_EQ(runToStage(atStepZero, 5, kForward), (StagePlace{5, 1}));
  EXPECT_EQ(sameStageInLayer(stages, atStepZero, kForward), -1);
}

}  // namespace
}  // namespace decodescope
