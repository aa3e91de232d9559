#pragma once

#include "core/model/model_config.h"
#include "core/model/parameter_layout.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// How a parameter lies in its stored tensor.
struct StoredPart {
  std::string name;         ///< without the architecture's prefix: "layers.0.self_attn.q_proj.weight"
  bool isVector = false;    ///< stored with one dimension
  bool transposed = false;  ///< stored (in, out): GPT-2's Conv1D
  /// The parameter is columns (of a matrix stored transposed) or elements (of a vector) firstFeature …
  /// firstFeature + out − 1 of a tensor that holds `features` of them: GPT-2's fused c_attn. 0: the tensor is
  /// the parameter.
  int firstFeature = 0;
  int features = 0;

  /// The stored tensor's shape for a parameter (rows, cols).
  std::vector<std::uint64_t> shape(const Parameter& parameter) const;
};

/// How Hugging Face's files of this architecture name a parameter. modelType: llama, mistral, qwen2,
/// deepseek_v2, gpt2, opt.
StoredPart hfStoredPart(const ModelConfig& config, const Parameter& parameter);

/// The name under which Transformers writes it: "model.layers.0.self_attn.q_proj.weight".
std::string hfFullName(const ModelConfig& config, const Parameter& parameter);

/// A stored name without the architecture's prefix ("model.", "transformer.", "model.decoder.", "decoder."),
/// if it has one.
std::string hfNameWithoutPrefix(const ModelConfig& config, std::string_view name);

/// Tensors that files carry beside the weights and that change nothing: rotary frequencies, causal masks.
/// `name` without prefix.
bool hfIsHarmless(const ModelConfig& config, std::string_view name);

}  // namespace decodescope
