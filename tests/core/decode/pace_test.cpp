#include "core/decode/pace.h"

#include "tests/support/random_model.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(Pace, IsMeasuredBehindThePrompt) {
  ModelConfig config = test::smallConfig();
  config.maxPositionEmbeddings = 10;
  const LoadedModelPtr model = test::randomLoadedModel(config, 3);
  double last = 0;
  const auto pace = measurePace(model, {}, test::randomTokens(config, 4, 1),
                                [&](double fraction) {
                                  EXPECT_GE(fraction, last);
                                  last = fraction;
                                },
                                {});
  ASSERT_TRUE(pace.ok() && pace.value());
  // The context has room for 7 steps; the first one reads the prompt.
  EXPECT_EQ(pace.value()->tokens, 6);
  EXPECT_GT(pace.value()->nanosecondsPerToken, 0);
}

TEST(Pace, NeedsRoomBehindThePrompt) {
  ModelConfig config = test::smallConfig();
  config.maxPositionEmbeddings = 10;
  const LoadedModelPtr model = test::randomLoadedModel(config, 3);
  EXPECT_FALSE(measurePace(model, {}, test::randomTokens(config, 10, 1), {}, {}).ok());
  EXPECT_FALSE(measurePace(model, {}, {}, {}, {}).ok());
}

TEST(Pace, CanBeStopped) {
  const LoadedModelPtr model = test::randomLoadedModel(test::smallConfig(), 3);
  std::stop_source stop;
  const auto pace = measurePace(
      model, {}, test::randomTokens(model->config(), 4, 1), [&](double) { stop.request_stop(); },
      stop.get_token());
  ASSERT_TRUE(pace.ok());
  EXPECT_FALSE(pace.value());
}

}  // namespace
}  // namespace decodescope
