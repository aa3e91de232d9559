#include "core/attention/mask_strategies.h"

#include "tests/support/random_model.h"
#include "tests/support/random_run.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using namespace test;

TEST(MaskStrategies, LectureRow) {
  // A softmax row 0.1, 0.4, 0.5: zeroed it becomes 0.1, 0.4, renormalised 0.2, 0.8.
  std::vector<float> scores{1, 1, 1, std::log(0.1f), std::log(0.4f), std::log(0.5f), 1, 1, 1};
  const MaskStrategies m = maskStrategies(scores, 3);
  EXPECT_NEAR(m.softmaxAll[3], 0.1, 1e-6);
  EXPECT_NEAR(m.softmaxAll[5], 0.5, 1e-6);
  EXPECT_EQ(m.zeroed[5], 0);
  EXPECT_NEAR(m.rowSum(m.zeroed, 1), 0.5, 1e-6);
  EXPECT_NEAR(m.renormalised[3], 0.2, 1e-6);
  EXPECT_NEAR(m.renormalised[4], 0.8, 1e-6);
  EXPECT_NEAR(m.weights[3], 0.2, 1e-6);
  EXPECT_EQ(m.weights[5], 0);
  EXPECT_LE(m.maxDifference, 1e-6);
}

TEST(MaskStrategies, AgreeOnRealTraces) {
  for (const bool rotary : {true, false}) {
    const LoadedModelPtr model = wordyModel({.layers = 2, .heads = 4, .kvHeads = 2, .rotary = rotary});
    const RunSnapshotPtr run = randomRun(model, 300, 1);
    for (int layer = 0; layer < 2; ++layer) {
      for (int head = 0; head < 4; ++head) {
        const MaskStrategies m = maskStrategies(
            unmaskedScores(model->config(), run->positions, LayerIndex{layer}, HeadIndex{head}, 300), 300);
        EXPECT_LE(m.maxDifference, 1e-6);
        EXPECT_EQ(m.vanishedRows, 0);
        for (int i = 0; i < 300; i += 37) {
          const std::vector<float> scores = attentionRow(model->config(), run->positions, LayerIndex{layer},
                                                         HeadIndex{head}, Position{i}, ScoreStage::scaled);
          const std::vector<float> weights = attentionRow(model->config(), run->positions, LayerIndex{layer},
                                                          HeadIndex{head}, Position{i}, ScoreStage::weight);
          for (std::size_t j = 0; j < scores.size(); ++j) {
            EXPECT_EQ(m.scores[static_cast<std::size_t>(i) * 300 + j], scores[j]);
            EXPECT_NEAR(m.weights[static_cast<std::size_t>(i) * 300 + j], weights[j], 1e-6);
          }
          EXPECT_NEAR(m.rowSum(m.softmaxAll, i), 1, 3e-5);
          EXPECT_NEAR(m.rowSum(m.renormalised, i), 1, 1e-5);
          EXPECT_NEAR(m.rowSum(m.weights, i), 1, 3e-5);
          EXPECT_LE(m.rowSum(m.zeroed, i), 1 + 3e-5);
        }
      }
    }
  }
}

TEST(MaskStrategies, AgreeUpToPosition2000) {
  const LoadedModelPtr model = wordyModel({.layers = 1, .heads = 2, .kvHeads = 1, .context = 2048});
  const RunSnapshotPtr run = randomRun(model, 2001, 1);
  const MaskStrategies m = maskStrategies(
      unmaskedScores(model->config(), run->positions, LayerIndex{0}, HeadIndex{1}, 2001), 2001);
  ASSERT_EQ(m.tokens, 2001);
  EXPECT_LE(m.maxDifference, 1e-6);
  EXPECT_EQ(m.vanishedRows, 0);
  EXPECT_NEAR(m.rowSum(m.weights, 2000), 1, 2e-4);
}

TEST(MaskStrategies, TellRowsThatCannotBeRenormalised) {
  const MaskStrategies m = maskStrategies({0, 200, 0, 0}, 2);
  EXPECT_EQ(m.vanishedRows, 1);
  EXPECT_TRUE(std::isnan(m.renormalised[0]));
  EXPECT_EQ(m.weights[0], 1);
  EXPECT_EQ(m.maxDifference, 0);
}

TEST(MaskStrategies, NothingWithoutTheTraces) {
  const LoadedModelPtr model = wordyModel({});
  RunSnapshot run = *randomRun(model, 5, 1);
  EXPECT_TRUE(unmaskedScores(model->config(), run.positions, LayerIndex{0}, HeadIndex{0}, 6).empty());
  run.positions[3].reset();
  EXPECT_TRUE(unmaskedScores(model->config(), run.positions, LayerIndex{0}, HeadIndex{0}, 5).empty());
  EXPECT_EQ(unmaskedScores(model->config(), run.positions, LayerIndex{0}, HeadIndex{0}, 3).size(), 9u);
}

TEST(MaskStrategies, DropoutScalesWhatIsKept) {
  constexpr int kTokens = 200;
  std::vector<float> weights(kTokens * kTokens, 0.0f);
  for (int i = 0; i < kTokens; ++i) {
    for (int j = 0; j <= i; ++j)
      weights[static_cast<std::size_t>(i * kTokens + j)] = 1.0f / static_cast<float>(i + 1);
  }
  for (const double p : {0.0, 0.05, 0.5}) {
    const std::vector<float> dropped = droppedOut(weights, kTokens, p, 1);
    int zeros = 0;
    double sum = 0;
    for (int i = 0; i < kTokens; ++i) {
      for (int j = 0; j < kTokens; ++j) {
        const float before = weights[static_cast<std::size_t>(i * kTokens + j)],
                    after = dropped[static_cast<std::size_t>(i * kTokens + j)];
        sum += static_cast<double>(after);
        if (j > i) {
          EXPECT_EQ(after, 0);
          continue;
        }
        zeros += after == 0 ? 1 : 0;
        if (after != 0) EXPECT_NEAR(after, static_cast<double>(before) / (1 - p), 1e-6);
      }
    }
    const double cells = kTokens * (kTokens + 1) / 2.0;
    EXPECT_NEAR(zeros / cells, p, 0.01);
    EXPECT_NEAR(sum / kTokens, 1, 0.05);
  }
  // The first rows of a longer sequence drop the same cells.
  std::vector<float> shorter(16, 0.25f), longer(25, 0.25f);
  const std::vector<float> a = droppedOut(shorter, 4, 0.5, 7), b = droppedOut(longer, 5, 0.5, 7);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j <= i; ++j)
      EXPECT_EQ(a[static_cast<std::size_t>(i * 4 + j)], b[static_cast<std::size_t>(i * 5 + j)]);
  }
}

}  // namespace
}  // namespace decodescope
