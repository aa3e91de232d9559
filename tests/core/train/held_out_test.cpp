#include "core/train/held_out.h"

#include "core/attention/derive.h"
#include "core/train/head_roles.h"
#include "core/train/presets.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

LoadedModelPtr bundled(const std::string& name) {
  Result<LoadedModelPtr> model = loadModel((test::sourceDir() / "assets/models" / name).string());
  EXPECT_TRUE(model.ok());
  return model.value();
}

TEST(HeldOut, IsTheLossThatCardsAreWrittenWith) {
  const LoadedModelPtr model = bundled("tales-gqa");
  const auto measured = measureHeldOut(*model, 3);
  ASSERT_TRUE(measured.ok());
  const auto roles = measureOnTales(*model->model, *model->tokenizer, kHeldOutSeed, 3);
  ASSERT_TRUE(roles.ok());
  EXPECT_EQ(measured.value().loss.tokens, roles.value().tokens);
  EXPECT_NEAR(measured.value().loss.lossPerToken, roles.value().lossPerToken, 1e-9);
  EXPECT_FALSE(measured.value().damage);
}

TEST(HeldOut, DerivingWithoutChangeDoesNoDamage) {
  const LoadedModelPtr model = bundled("tales-gqa");
  const auto same = deriveKeyValueHeads(model, model->config().numKeyValueHeads);
  ASSERT_TRUE(same.ok());
  const auto measured = measureHeldOut(*same.value(), 2);
  ASSERT_TRUE(measured.ok());
  const MeasuredDamage& damage = *measured.value().damage;
  EXPECT_EQ(damage.rmsLogitDifference, 0);
  EXPECT_EQ(damage.largestLogitDifference, 0);
  EXPECT_EQ(damage.divergence, 0);
  EXPECT_EQ(damage.sameLikeliest, 1);
  EXPECT_EQ(damage.source.lossPerToken, measured.value().loss.lossPerToken);
}

TEST(HeldOut, AveragingHeadsOfATrainedModelDoes) {
  const LoadedModelPtr model = bundled("tales-mha");
  const auto derived = deriveKeyValueHeads(model, 2);
  ASSERT_TRUE(derived.ok());
  const auto measured = measureHeldOut(*derived.value(), 2);
  ASSERT_TRUE(measured.ok());
  const MeasuredDamage& damage = *measured.value().damage;
  const auto before = measureHeldOut(*model, 2);
  EXPECT_EQ(damage.source.lossPerToken, before.value().loss.lossPerToken);
  EXPECT_GT(measured.value().loss.lossPerToken, damage.source.lossPerToken);
  EXPECT_GT(damage.rmsLogitDifference, 0);
  EXPECT_GE(damage.largestLogitDifference, damage.rmsLogitDifference);
  EXPECT_GT(damage.divergence, 0);
  EXPECT_LT(damage.sameLikeliest, 1);
  std::vector<std::string> folders;
  for (const TrainingPreset& preset : trainingPresets())
    folders.push_back((test::sourceDir() / "assets/models" / preset.name).string());
  const std::vector<TrainedAlike> alike = trainedAlike(*derived.value(), folders);
  ASSERT_EQ(alike.size(), 1u);
  EXPECT_EQ(alike.front().name, "tales-gqa");
  EXPECT_GT(alike.front().card.heldOutLoss, 0);
}

TEST(HeldOut, StopsAndTellsHowFarItHasCome) {
  const LoadedModelPtr model = bundled("tales-gqa");
  std::stop_source stop;
  double last = 0;
  HeldOutProgress progress;
  progress.stop = stop.get_token();
  progress.report = [&](double fraction) {
    EXPECT_GT(fraction, last);
    last = fraction;
    if (fraction > 0.3) stop.request_stop();
  };
  EXPECT_FALSE(measureHeldOut(*model, 4, progress).ok());
  EXPECT_EQ(last, 0.5);
}

TEST(HeldOut, LargerModelsReadFewerTales) {
  ModelConfig config = bundled("tales-gqa")->config();
  EXPECT_EQ(heldOutTalesFor(config), kHeldOutTales);
  config.intermediateSize *= 50;
  EXPECT_LT(heldOutTalesFor(config), kHeldOutTales);
  EXPECT_GE(heldOutTalesFor(config), 4);
}

TEST(HeldOut, SeedsHaveAMeanAndADeviation) {
  EXPECT_EQ(seedStatistics({}).seeds, 0);
  EXPECT_EQ(seedStatistics({{3, 0.5}}).mean, 0.5);
  EXPECT_EQ(seedStatistics({{3, 0.5}}).deviation, 0);
  const SeedStatistics three = seedStatistics({{3, 1.0}, {4, 2.0}, {5, 3.0}});
  EXPECT_DOUBLE_EQ(three.mean, 2.0);
  EXPECT_DOUBLE_EQ(three.deviation, 1.0);
}

}  // namespace
}  // namespace decodescope
