#pragma once

#include "core/model/model_config.h"

#include <cstdint>
#include <string>

namespace decodescope::test {

/// Writes a random model with a word-level tokenizer (words w0 … w47, start token [SOS], end token [EOS] that
/// greedy decoding may well meet) as a Hugging Face folder and returns the folder. `config` needs
/// vocabSize 50.
std::string writeWordModel(const std::string& folder, const ModelConfig& config, std::uint64_t seed);

}  // namespace decodescope::test
