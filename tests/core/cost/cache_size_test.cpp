#include "core/cost/cache_size.h"

#include "core/cost/published_models.h"
#include "tests/support/random_run.h"

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

TEST(CacheSize, IsWhatALoadedModelsCacheHolds) {
  for (const auto& [heads, keyValueHeads] :
       {std::pair(1, 1), std::pair(8, 8), std::pair(8, 2), std::pair(8, 1)}) {
    const RunSnapshotPtr run =
        randomRun(wordyModel({.layers = 3, .heads = heads, .kvHeads = keyValueHeads, .headDim = 6}), 5, 4);
    const CacheShape shape = cacheShapeOf(run->model->config());
    for (const StepRecord& step : run->steps)
      EXPECT_EQ(cacheBytes(shape, 1, static_cast<std::uint64_t>(step.tokensSeen), sizeof(float)),
                step.kvBytes);
  }
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
