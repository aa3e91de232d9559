#include "core/cost/attention_traffic.h"

#include "core/cost/published_models.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

/// 2 layers of width 8: 4 heads of 2, 2 key/value heads.
constexpr CacheShape kSmall{.layers = 2, .hiddenSize = 8, .heads = 4, .keyValueHeads = 2, .headDim = 2};

TEST(AttentionTraffic, CountsWhatIsComputedAndMoved) {
  const AttentionTraffic t = attentionTraffic(kSmall, 3, 1, 10);
  EXPECT_EQ(t.weights, 2 * 8 * 8 + 2 * 8 * 4);
  EXPECT_EQ(t.operations, 2 * 3 * 192 + 2 * 3 * 4 * 10 * 4);
  EXPECT_EQ(t.activations, 2 * 3 * 8 + 3 * 4 * 4);
  EXPECT_EQ(t.cache, 3 * 10 * 8);
  EXPECT_EQ(t.scores, 3 * 4 * 10);
  EXPECT_DOUBLE_EQ(t.intensity(4), t.operations / (4 * (192 + 96 + 240 + 120)));
}

TEST(AttentionTraffic, LatentAttentionReadsOneLatentForAllHeads) {
  CacheShape latent = kSmall;
  latent.latentRank = 6;
  latent.rotaryDim = 2;
  const AttentionTraffic t = attentionTraffic(latent, 3, 1, 10);
  EXPECT_EQ(t.weights, 8 * 4 * 4 + 8 * 8 + 6 * 4 * 4 + 8 * 8);
  EXPECT_EQ(t.cache, 3 * 10 * 8);
  EXPECT_EQ(t.operations, 2 * 3 * t.weights + 2 * 3 * 4 * 10 * 14);
  latent.queryRank = 5;
  EXPECT_EQ(attentionTraffic(latent, 3, 1, 10).weights, 5 * (8 + 16) + 8 * 8 + 6 * 4 * 4 + 8 * 8);
}

TEST(AttentionTraffic, ValuesMayBeOfAnotherWidth) {
  CacheShape latent = kSmall;
  latent.latentRank = 6;
  latent.rotaryDim = 2;
  latent.valueDim = 3;
  EXPECT_EQ(attentionTraffic(latent, 3, 1, 10).weights, 8 * 4 * 4 + 8 * 8 + 6 * 4 * 5 + 4 * 3 * 8);
}

TEST(AttentionTraffic, AStateIsReadAndWrittenWhateverTheContext) {
  const CacheShape linear = withState(kSmall);
  const AttentionTraffic t = attentionTraffic(linear, 3, 1, 10);
  EXPECT_EQ(t.weights, attentionTraffic(kSmall, 3, 1, 10).weights);
  EXPECT_EQ(t.operations, 2 * 3 * (192 + 2 * 2 * 2 + 4 * (2 * 2 + 2)));
  EXPECT_EQ(t.cache, 2 * 3 * 2 * 2 * 3);
  EXPECT_EQ(t.scores, 0);
  EXPECT_EQ(attentionTraffic(linear, 3, 1, 1000).numbers(), t.numbers());
}

TEST(AttentionTraffic, TheRooflineBendsWhereTheMemoryKeepsUp) {
  EXPECT_DOUBLE_EQ(rooflineRate(1, 100, 10), 10);
  EXPECT_DOUBLE_EQ(rooflineRate(10, 100, 10), 100);
  EXPECT_DOUBLE_EQ(rooflineRate(1000, 100, 10), 100);
  const AttentionTraffic t = attentionTraffic(kSmall, 3, 1, 10);
  // With a slow memory: bytes over bandwidth, for each of two layers.
  EXPECT_DOUBLE_EQ(attentionTokensPerSecond(kSmall, t, 3, 4, 1e12, 100), 3 * 100 / (2 * t.bytes(4)));
  EXPECT_DOUBLE_EQ(attentionTokensPerSecond(kSmall, t, 3, 4, 100, 1e12), 3 * 100 / (2 * t.operations));
}

TEST(AttentionTraffic, ShazeersRatios) {
  const CacheShape shape{.layers = 6, .hiddenSize = 1024, .heads = 8, .keyValueHeads = 8, .headDim = 128};
  const TrafficRatios r = trafficRatios(shape, 2, 128, 128);
  EXPECT_DOUBLE_EQ(r.batched, 1.0 / 128 + 1.0 / (128 * 128));
  EXPECT_DOUBLE_EQ(r.incremental, 128.0 / 1024 + 1.0 / 128);
  EXPECT_DOUBLE_EQ(r.multiQuery, 1.0 / 1024 + 128.0 / (1024 * 8) + 1.0 / 128);
  EXPECT_DOUBLE_EQ(r.grouped, 1.0 / 1024 + 2 * 128.0 / (1024 * 8) + 1.0 / 128);
}

TEST(AttentionTraffic, SharingRaisesTheIntensityOfDecoding) {
  for (const PublishedModel& model : publishedModels()) {
    const CacheShape s = model.shape;
    const auto intensity = [&](const CacheShape& kind) {
      return attentionTraffic(kind, 16, 1, 2048).intensity(2);
    };
    EXPECT_LT(intensity(withKeyValueHeads(s, s.heads)), intensity(withKeyValueHeads(s, 1))) << model.id;
    EXPECT_LT(intensity(withKeyValueHeads(s, s.heads)), intensity(withLatent(s))) << model.id;
    EXPECT_GT(attentionTraffic(s, 16, 2048, 2048).intensity(2), intensity(s)) << model.id;
  }
}

TEST(AttentionTraffic, ProcessorsHaveTheLecturesFigures) {
  EXPECT_EQ(accelerators().front().teraFlops, 19.5);
  EXPECT_NEAR(accelerators().front().gigabytes, 1900, 50);
  for (const Accelerator& a : accelerators()) EXPECT_GT(a.teraFlops * a.gigabytes, 0);
}

}  // namespace
}  // namespace decodescope::test
