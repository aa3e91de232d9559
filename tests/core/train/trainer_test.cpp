#include "core/train/trainer.h"

#include "tests/support/paths.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

ModelConfig tiny() {
  ModelConfig config;
  config.vocabSize = 23;
  config.hiddenSize = 16;
  config.intermediateSize = 24;
  config.numHiddenLayers = 2;
  config.numAttentionHeads = 4;
  config.numKeyValueHeads = 2;
  config.headDim = 4;
  config.maxPositionEmbeddings = 64;
  return config;
}

/// Token t + 1 follows token t by a fixed rule, from a start that step and index decide.
class RuleData : public TrainingData {
 public:
  int sequences(int step) const override { return step % 2 == 0 ? 6 : 3; }
  int maxRows() const override { return 24; }
  TrainingSequence sequence(int step, int index) const override {
    TrainingSequence out;
    int token = (step * 7 + index * 3) % 23;
    for (int i = 0; i < maxRows(); ++i) {
      out.tokens.emplace_back(token);
      token = (token * 5 + 2) % 23;
      out.targets.emplace_back(token);
    }
    out.targets[0] = kNoTarget;
    return out;
  }
};

TrainerSettings settings(int steps) {
  TrainerSettings out;
  out.optimizer.steps = steps;
  out.optimizer.warmupSteps = 5;
  out.optimizer.learningRate = 1e-2;
  return out;
}

std::vector<float> weightsOf(const Trainer& trainer) {
  const std::span<const float> arena = trainer.model().arena();
  return {arena.begin(), arena.end()};
}

TEST(Trainer, LowersTheLoss) {
  Trainer trainer(tiny(), settings(30), std::make_shared<RuleData>(), 1);
  const Trainer::Report first = trainer.step();
  EXPECT_GT(first.loss, 2.5);
  EXPECT_EQ(first.tokens, 6 * 23);
  Trainer::Report last;
  while (trainer.stepsDone() < 30) last = trainer.step();
  EXPECT_EQ(last.step, 30);
  EXPECT_LT(last.loss, 1.0);
  EXPECT_EQ(trainer.tokensSeen(), 15u * 6 * 23 + 15u * 3 * 23);
}

TEST(Trainer, HasTheSameBitsWithAnyNumberOfThreads) {
  std::vector<float> expected;
  for (const int threads : {1, 2, 3, 7}) {
    Trainer trainer(tiny(), settings(6), std::make_shared<RuleData>(), threads);
    while (trainer.stepsDone() < 6) trainer.step();
    if (expected.empty()) expected = weightsOf(trainer);
    EXPECT_EQ(weightsOf(trainer), expected) << threads << " threads";
  }
}

TEST(Trainer, ResumesWithTheSameBits) {
  const test::TemporaryDir dir;
  const std::string path = dir.file("tiny.checkpoint");
  Trainer whole(tiny(), settings(12), std::make_shared<RuleData>(), 1);
  while (whole.stepsDone() < 12) {
    whole.step();
    if (whole.stepsDone() == 5) ASSERT_TRUE(whole.saveCheckpoint(path).ok());
  }
  Trainer resumed(tiny(), settings(12), std::make_shared<RuleData>(), 2);
  ASSERT_TRUE(resumed.restoreCheckpoint(path).ok());
  EXPECT_EQ(resumed.stepsDone(), 5);
  while (resumed.stepsDone() < 12) resumed.step();
  EXPECT_EQ(weightsOf(resumed), weightsOf(whole));
  EXPECT_EQ(resumed.tokensSeen(), whole.tokensSeen());
}

TEST(Trainer, RefusesForeignAndDamagedCheckpoints) {
  const test::TemporaryDir dir;
  const std::string path = dir.file("tiny.checkpoint");
  Trainer trainer(tiny(), settings(12), std::make_shared<RuleData>(), 1);
  trainer.step();
  ASSERT_TRUE(trainer.saveCheckpoint(path).ok());
  const std::vector<float> before = weightsOf(trainer);

  TrainerSettings others = settings(12);
  others.optimizer.learningRate = 2e-2;
  Trainer foreign(tiny(), others, std::make_shared<RuleData>(), 1);
  const Result<void> refused = foreign.restoreCheckpoint(path);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("other settings"), std::string::npos);
  EXPECT_EQ(foreign.stepsDone(), 0);

  std::string bytes;
  {
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (const std::size_t at : {bytes.size() / 2, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(path, std::ios::binary) << damaged;
    EXPECT_FALSE(trainer.restoreCheckpoint(path).ok());
  }
  for (const std::size_t size : {std::size_t{1}, std::size_t{30}, bytes.size() - 4}) {
    std::ofstream(path, std::ios::binary) << bytes.substr(0, size);
    EXPECT_FALSE(trainer.restoreCheckpoint(path).ok());
  }
  EXPECT_FALSE(trainer.restoreCheckpoint(dir.file("missing")).ok());
  EXPECT_EQ(weightsOf(trainer), before);
  EXPECT_EQ(trainer.stepsDone(), 1);
}

TEST(Trainer, LeavesSinusoidsAsTheyAre) {
  ModelConfig config = tiny();
  config.position = PositionKind::learned;
  config.positionOffset = 2;
  config.norm = NormKind::layerNorm;
  config.normPlacement = NormPlacement::postNorm;
  config.finalNorm = false;
  TrainerSettings frozen = settings(3);
  frozen.trainPositions = false;
  Trainer trainer(config, frozen, std::make_shared<RuleData>(), 1);
  while (trainer.stepsDone() < 3) trainer.step();
  const ConstMatrixSpan table = trainer.model().embedPositions();
  for (int c = 0; c < table.cols; ++c) {
    EXPECT_EQ(table(0, c), 0.0f);
    EXPECT_EQ(table(2, c), c % 2 == 0 ? 0.0f : 1.0f);
  }
  EXPECT_NEAR(table(3, 0), std::sin(1.0f), 1e-6);
  EXPECT_NEAR(table(3, 1), std::cos(1.0f), 1e-6);
}

TEST(Trainer, ModelsOfOneShapeShareTheirFirstWeights) {
  ModelConfig more = tiny();
  more.numKeyValueHeads = 4;
  Model a(tiny());
  Model b(more);
  initializeWeights(a, 1, false);
  initializeWeights(b, 1, false);
  const auto first = [](const Model& model) {
    return std::vector<float>(model.embedTokens().floats().data, model.embedTokens().floats().data + 50);
  };
  EXPECT_EQ(first(a), first(b));
  EXPECT_EQ(a.layer(LayerIndex{1}).upProj.weight(3, 4), b.layer(LayerIndex{1}).upProj.weight(3, 4));
  initializeWeights(b, 2, false);
  EXPECT_NE(first(a), first(b));
}

}  // namespace
}  // namespace decodescope
