// What a forward call costs: prefill of n tokens, and one cached step behind n tokens, on a decoder of the
// size of the bundled tales models, with random weights (times do not depend on them).

#include "core/base/random.h"
#include "core/base/thread_pool.h"
#include "core/decode/forward.h"

#include <benchmark/benchmark.h>

namespace decodescope {
namespace {

ModelConfig talesSized() {
  ModelConfig config;
  config.vocabSize = 1024;
  config.hiddenSize = 128;
  config.intermediateSize = 344;
  config.numHiddenLayers = 4;
  config.numAttentionHeads = 8;
  config.numKeyValueHeads = 2;
  config.headDim = 16;
  config.maxPositionEmbeddings = 1024;
  return config;
}

Model randomModel(const ModelConfig& config) {
  Model model(config);
  Random random(1);
  for (float& weight : model.arena()) weight = 0.05f * static_cast<float>(random.normal());
  return model;
}

std::vector<TokenId> randomTokens(const ModelConfig& config, int count) {
  Random random(2);
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i)
    tokens.push_back(TokenId{static_cast<int>(random.below(static_cast<std::uint64_t>(config.vocabSize)))});
  return tokens;
}

/// Argument 0: tokens.
void prefill(benchmark::State& state) {
  const Model model = randomModel(talesSized());
  const auto tokens = randomTokens(model.config(), static_cast<int>(state.range(0)));
  ThreadPool pool(availableCores());
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  ForwardOptions options;
  options.pool = &pool;
  for (auto _ : state) {
    cache.truncate(0);
    benchmark::DoNotOptimize(forward(model, tokens, cache, workspace, options).logits.data);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(prefill)->Arg(16)->Arg(128)->Arg(512)->Unit(benchmark::kMicrosecond)->UseRealTime();

/// Argument 0: tokens that are cached already.
void cachedStep(benchmark::State& state) {
  const Model model = randomModel(talesSized());
  const int cached = static_cast<int>(state.range(0));
  const auto tokens = randomTokens(model.config(), cached + 1);
  ThreadPool pool(availableCores());
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  ForwardOptions options;
  options.pool = &pool;
  const std::span<const TokenId> all = tokens;
  forward(model, all.first(static_cast<std::size_t>(cached)), cache, workspace, options);
  for (auto _ : state) {
    cache.truncate(cached);
    benchmark::DoNotOptimize(forward(model, all.last(1), cache, workspace, options).logits.data);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(cachedStep)->Arg(16)->Arg(128)->Arg(512)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace decodescope
