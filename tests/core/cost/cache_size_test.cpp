#include "core/cost/cache_size.h"

#include "core/attention/variants.h"
#include "core/cost/decode_cost.h"
#include "core/cost/published_models.h"
#include "core/decode/lane.h"
#include "tests/support/random_model.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace decodescope::test {
namespace {

const PublishedModel& published(const std::string& id) {
  for (const PublishedModel& model : publishedModels()) {
    if (id == model.id) return model;
  }
  ADD_FAILURE() << id;
  return publishedModels().front();
}

TEST(CacheSize, TheLecturesTwoExamples) {
  EXPECT_EQ(cacheBytes(published("lecture-48").shape, 128, 1024, 2), 180'388'626'432u);
  EXPECT_EQ(cacheBytes(published("lecture-61").shape, 1, 100'000, 2), 399'769'600'000u);
}

TEST(CacheSize, TheSecondWithLatentAttention) {
  EXPECT_EQ(cacheBytes(published("deepseek-v3").shape, 1, 100'000, 2), 7'027'200'000u);
  // DeepSeek-V2's proportions give the same rank for heads of 128.
  EXPECT_EQ(cacheBytes(withLatent(published("lecture-61").shape), 1, 100'000, 2), 7'027'200'000u);
}

TEST(CacheSize, SharedHeadsShrinkIt) {
  const CacheShape llama = published("llama2-70b").shape;
  EXPECT_EQ(cacheBytes(llama, 1, 4096, 2), 1'342'177'280u);
  EXPECT_EQ(cacheBytes(withKeyValueHeads(llama, 64), 1, 4096, 2), 8 * cacheBytes(llama, 1, 4096, 2));
  EXPECT_EQ(8 * cacheBytes(withKeyValueHeads(llama, 1), 1, 4096, 2), cacheBytes(llama, 1, 4096, 2));
}

TEST(CacheSize, AWindowBoundsIt) {
  const CacheShape mistral = published("mistral-7b").shape;
  EXPECT_EQ(cacheBytes(mistral, 1, 4096, 2), cacheBytes(mistral, 1, 32768, 2));
  EXPECT_LT(cacheBytes(mistral, 1, 4095, 2), cacheBytes(mistral, 1, 4096, 2));
}

/// Every row of the variants table, and more: MHA, GQA, MQA, MLA with and without a query rank, a window that
/// rows leave, linear attention.
TEST(CacheSize, IsWhatALoadedModelsCacheHolds) {
  std::set<std::string> variants;
  for (const NamedConfig& named : decoderFamily()) {
    SCOPED_TRACE(named.name);
    Result<Lane> lane =
        Lane::start(randomLoadedModel(named.config, 1), {}, randomTokens(named.config, 4, 2), {});
    ASSERT_TRUE(lane.ok());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(lane.value().step());
    const CacheShape shape = cacheShapeOf(named.config);
    EXPECT_EQ(cacheBytes(shape, 1, 0, sizeof(float)), 0u);
    const RunSnapshotPtr run = lane.value().snapshot();
    for (const StepRecord& step : run->steps) {
      EXPECT_EQ(cacheBytes(shape, 1, static_cast<std::uint64_t>(step.tokensSeen), sizeof(float)),
                step.kvBytes);
      EXPECT_EQ(kvCacheBytes(named.config, step.tokensSeen), step.kvBytes);
    }
    variants.insert(attentionVariantOf(named.config).id);
  }
  EXPECT_EQ(variants.size(), attentionVariants().size());
}

TEST(CacheSize, ALatentOrAStateKeepsTheDecodersHeads) {
  const CacheShape llama = published("llama2-70b").shape;
  EXPECT_EQ(withKeyValueHeads(withState(llama), 8).isLinear, false);
  EXPECT_EQ(withLatent(withState(llama)).isLinear, false);
  EXPECT_EQ(cacheBytes(withState(llama), 3, 1, 2), 3u * 80 * 8 * 128 * 129 * 2);
  EXPECT_EQ(cacheBytes(withState(llama), 3, 1, 2), cacheBytes(withState(llama), 3, 100'000, 2));
  EXPECT_EQ(withState(published("deepseek-v3").shape).keyValueHeads, 128);
}

TEST(CacheSize, PublishedModelsAreWhole) {
  std::set<std::string> ids;
  for (const PublishedModel& model : publishedModels()) {
    EXPECT_TRUE(ids.insert(model.id).second) << model.id;
    EXPECT_GT(std::string(model.source).size(), 10u);
    EXPECT_EQ(model.shape.heads % model.shape.keyValueHeads, 0) << model.id;
    // GPT-3 XL alone prints heads that do not add up to its width, MLA's are free of it.
    const std::set<std::string> free{"gpt3-xl", "lecture-61", "deepseek-v3"};
    EXPECT_EQ(model.shape.heads * model.shape.headDim == model.shape.hiddenSize, !free.contains(model.id))
        << model.id;
  }
  EXPECT_EQ(published("llama1-33b").shape.heads, 52);
  EXPECT_EQ(published("gpt3-175b").shape.layers, 96);
}

}  // namespace
}  // namespace decodescope::test
