#pragma once

#include "core/formats/loaded_model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope::test {

/// A named configuration, for tests over the whole family of decoders.
struct NamedConfig {
  std::string name;
  ModelConfig config;
};

/// LLaMA-like: 2 layers, D 24, 4 query heads of 6, 4 key/value heads, F 40, V 50, context 64.
ModelConfig smallConfig();

/// Every kind of decoder that a configuration can describe: MHA, GQA, MQA, free head_dim, both rotary
/// layouts, LayerNorm, post-norm, learned, sinusoidal and no positions, plain and gated MLPs with every
/// activation, biases, untied output; a sliding window, MLA with and without a latent of the queries, linear
/// attention.
std::vector<NamedConfig> decoderFamily();
/// Those of them whose attention has scores and weights.
std::vector<NamedConfig> decodersWithScores();

/// Normal weights of a size at which attention is neither flat nor saturated; norms around 1. Needs
/// config.validate().ok().
Model randomModel(const ModelConfig& config, std::uint64_t seed);

/// The same with a tokenizer that reads and shows ids: "3 17 4".
LoadedModelPtr randomLoadedModel(const ModelConfig& config, std::uint64_t seed);

/// All weights, widened, one parameter after another.
std::vector<float> widenedNumbers(const Model& model);

/// The model with its matrices stored as `type` in memory of its own; a row must be a whole number of blocks.
Model storedAs(const Model& model, FloatType type);
/// And back: float32 in an arena.
Model widenedModel(const Model& model);

/// `count` ids inside the vocabulary.
std::vector<TokenId> randomTokens(const ModelConfig& config, int count, std::uint64_t seed);

}  // namespace decodescope::test
