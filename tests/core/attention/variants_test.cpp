#include "core/attention/variants.h"

#include "core/attention/kv_cache.h"
#include "core/cost/decode_cost.h"
#include "tests/support/random_model.h"

#include <algorithm>
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
              4u * static_cast<unsigned>(c.numHiddenLayers) * (attentionVariantOf(c).cachedNumbers(c, 3)));
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

TEST(Cache, AWindowHoldsItsLastRowsAndNoMore) {
  ModelConfig config = test::smallConfig();
  config.numKeyValueHeads = 2;
  config.slidingWindow = 5;
  KvCache cache(config);
  std::vector<float> rows(40 * 12);
  const auto feed = [&](int count) {
    const int first = cache.length();
    for (int r = 0; r < count; ++r)
      for (int i = 0; i < 12; ++i)
        rows[static_cast<std::size_t>(r * 12 + i)] = static_cast<float>(100 * (first + r) + i);
    cache.reserve(first + count);
    for (int layer = 0; layer < 2; ++layer)
      cache.write(LayerIndex{layer}, {rows.data(), count, 12}, {rows.data(), count, 12});
    cache.commit(count);
  };
  const auto check = [&] {
    EXPECT_EQ(cache.firstHeld(), std::max(0, cache.length() - 5));
    EXPECT_EQ(cache.bytes(), kvCacheBytes(config, cache.length()));
    for (int p = cache.firstHeld(); p < cache.length(); ++p)
      EXPECT_EQ(cache.keys(LayerIndex{1}, KvHeadIndex{1})(p - cache.firstHeld(), 2),
                static_cast<float>(100 * p + 8));
  };
  feed(3);
  check();
  feed(30);  // a long call needs room for all of its rows
  check();
  EXPECT_LE(cache.capacity(), 16) << "and gives it back";
  for (int i = 0; i < 25; ++i) {
    feed(1);
    check();
    EXPECT_LE(cache.capacity(), 16);
  }
  cache.truncate(0);
  feed(2);
  check();
}

}  // namespace
}  // namespace decodescope
