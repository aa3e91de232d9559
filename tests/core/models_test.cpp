// What the bundled models are there for (assets/models).
#include "core/decode/lane.h"
#include "core/train/presets.h"
#include "tests/support/paths.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

std::string modelPath(const std::string& name) {
  return (test::sourceDir() / "assets" / "models" / name).string();
}

LoadedModelPtr load(const std::string& name) {
  Result<LoadedModelPtr> model = loadModel(modelPath(name));
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message());
  return model.ok() ? model.value() : nullptr;
}

RunSnapshotPtr decode(const LoadedModelPtr& model, const std::string& prompt, int steps) {
  const Result<std::vector<TokenId>> tokens = promptTokens(*model, prompt);
  EXPECT_TRUE(tokens.ok());
  Lane::Options options;
  options.trace = false;
  Result<Lane> lane = Lane::start(model, {}, tokens.value(), options);
  EXPECT_TRUE(lane.ok());
  for (int i = 0; i < steps && lane.value().canStep(); ++i) lane.value().step();
  return lane.value().snapshot();
}

std::string generatedText(const RunSnapshot& run) {
  return run.model->tokenizer->decode(
      std::span(run.tokens).subspan(static_cast<std::size_t>(run.promptLength)));
}

TEST(BundledModels, LoveSaysItsSentenceAndStops) {
  const LoadedModelPtr model = load("love");
  ASSERT_TRUE(model);
  const RunSnapshotPtr run = decode(model, "", 20);
  EXPECT_EQ(generatedText(*run), "Love that can quickly seize the gentle heart");
  EXPECT_EQ(run->promptLength, 1);
  EXPECT_EQ(run->stopReason, StopReason::endOfText);
  EXPECT_EQ(model->tokenizer->shownPiece(run->tokens.back()), "[EOS]");
}

TEST(BundledModels, NextdayFinishesItsFourSentences) {
  const LoadedModelPtr model = load("nextday");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->config().numHiddenLayers, 1);
  EXPECT_EQ(model->config().hiddenSize, 8);
  EXPECT_EQ(model->config().headDim, 4);
  for (const auto& [prompt, word] :
       {std::pair{"The next day is", "bright"}, std::pair{"The next night is", "calm"},
        std::pair{"The last day was", "dark"}, std::pair{"The last night was", "cold"}}) {
    const RunSnapshotPtr run = decode(model, prompt, 5);
    EXPECT_EQ(run->promptLength, 4);  // no start token
    EXPECT_EQ(generatedText(*run), word);
    EXPECT_EQ(run->stopReason, StopReason::endOfText);
  }
}

class BundledModelTest : public testing::TestWithParam<std::string> {};

TEST_P(BundledModelTest, LoadsWithCardPromptsAndContext) {
  const LoadedModelPtr model = load(GetParam());
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->warnings.empty());
  EXPECT_GE(model->config().maxPositionEmbeddings, 512);
  EXPECT_FALSE(model->card.title.empty());
  EXPECT_GT(model->card.heldOutLoss, 0.0);
  ASSERT_FALSE(model->card.prompts.empty());
  for (const std::string& prompt : model->card.prompts)
    EXPECT_TRUE(promptTokens(*model, prompt).ok()) << prompt;
}

std::vector<std::string> presetNames() {
  std::vector<std::string> names;
  for (const TrainingPreset& preset : trainingPresets()) {
    if (std::filesystem::exists(modelPath(preset.name))) names.push_back(preset.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, BundledModelTest, testing::ValuesIn(presetNames()),
                         [](const testing::TestParamInfo<std::string>& it) {
                           std::string name = it.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace decodescope
