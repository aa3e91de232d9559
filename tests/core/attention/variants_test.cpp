#include "core/attention/variants.h"

#include "core/cost/decode_cost.h"
#include "tests/support/random_model.h"

#include <gtest/gtest.h>
#include <set>

namespace decodescope {
namespace {

TEST(Variants, ExactlyOneRowMatchesEveryConfiguration) {
  std::set<std::string> matched;
  for (const test::NamedConfig& named : test::decoderFamily()) {
    int matches = 0;
    for (const AttentionVariant& variant : attentionVariants()) matches += variant.matches(named.config);
    EXPECT_EQ(matches, 1) << named.name;
    matched.insert(attentionVariantOf(named.config).id);
  }
  EXPECT_EQ(matched.size(), attentionVariants().size()) << "a row that no tested configuration is of";
}

TEST(Variants, CachedNumbersAreWhatTheCacheHolds) {
  for (const test::NamedConfig& named : test::decoderFamily()) {
    const ModelConfig& c = named.config;
    KvCache cache(c);
    cache.reserve(3);
    cache.commit(3);
    EXPECT_EQ(cache.bytes(),
              3u * 4u * static_cast<unsigned>(c.numHiddenLayers * attentionVariantOf(c).cachedNumbers(c)));
    EXPECT_EQ(cache.bytes(), kvCacheBytes(c, 3));
  }
}

TEST(Cache, RowsSurviveGrowingAndTruncating) {
  ModelConfig config = test::smallConfig();
  config.numKeyValueHeads = 2;
  KvCache cache(config);
  std::vector<float> k(12), v(12);
  for (int position = 0; position < 50; ++position) {
    for (int i = 0; i < 12; ++i) {
      k[static_cast<std::size_t>(i)] = static_cast<float>(position * 100 + i);
      v[static_cast<std::size_t>(i)] = -k[static_cast<std::size_t>(i)];
    }
    cache.reserve(position + 1);
    for (int layer = 0; layer < 2; ++layer)
      cache.write(LayerIndex{layer}, {k.data(), 1, 12}, {v.data(), 1, 12});
    cache.commit(1);
  }
  EXPECT_LE(cache.capacity(), config.maxPositionEmbeddings);
  for (int position = 0; position < 50; ++position) {
    EXPECT_EQ(cache.keys(LayerIndex{1}, KvHeadIndex{1})(position, 2), static_cast<float>(position * 100 + 8));
    EXPECT_EQ(cache.values(LayerIndex{0}, KvHeadIndex{0})(position, 5),
              -static_cast<float>(position * 100 + 5));
  }
  cache.truncate(10);
  EXPECT_EQ(cache.length(), 10);
  EXPECT_EQ(cache.keys(LayerIndex{1}, KvHeadIndex{1})(9, 2), 908.0f);
}

}  // namespace
}  // namespace decodescope
