#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"
#include "core/model/model_config.h"

#include <string>

namespace decodescope {

/// A Hugging Face config.json as a configuration, validated. model_type may be llama, mistral, qwen2,
/// deepseek_v2 (without experts), gpt2 or opt; what they offer and we cannot compute (YaRN, sliding windows,
/// quantised weights …) is refused by name. Keys that do not change the arithmetic are passed over; optional
/// ones default as in Transformers, except that a start or end token that the file does not name is none.
/// Beyond Transformers, an opt file may say "position_embedding_type": "sinusoidal"
/// (ModelConfig::sinusoidalTable) and "attention_type": "linear".
Result<ModelConfig> readHfConfig(const JsonDocument& document);

/// As config.json writes it: "silu", "gelu_new" …
const char* hfActivationName(Activation activation);

/// The config.json from which Transformers builds the same model; `dtype` as in torch_dtype: "bfloat16",
/// "float32". modelType llama, mistral, qwen2, deepseek_v2 and opt can be written; a configuration that the
/// type cannot express is an error.
Result<std::string> writeHfConfig(const ModelConfig& config, const std::string& dtype);

}  // namespace decodescope
