#pragma once

#include "core/base/result.h"
#include "core/formats/gguf.h"
#include "core/formats/loaded_model.h"

#include <string>

namespace decodescope {

/// Reads a GGUF file (see GgufFile) of the architectures llama (rotary pairs interleaved, as its converter
/// turns q and k), qwen2 and gpt2, with its tokenizer (see readGgufTokenizer). Every tensor must be one of
/// the architecture's, with its shape; none may be missing. An output.weight that repeats the embedding bit
/// for bit counts as tied. rope_freqs.weight and rope.scaling.* (linear) become ModelConfig::ropeScaling;
/// YaRN, mixtures of experts and windows are refused by name. `tokenizer`: see loadModel().
Result<LoadedModelPtr> loadGguf(const std::string& path, const LoadProgress& progress,
                                const std::string& tokenizer = {});

/// The configuration that the metadata and the tensors' names describe, validated.
Result<ModelConfig> readGgufConfig(const GgufFile& file);

}  // namespace decodescope
