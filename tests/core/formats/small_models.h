#pragma once

#include "core/model/model.h"
#include "tests/support/paths.h"

#include <string>
#include <vector>

namespace decodescope {

/// Small configurations of each architecture, all sizes different so that a mix-up shows.
ModelConfig smallLlama();  ///< V 24, D 12, F 20, L 2, H 3, G 1, d 6, S 32, untied
ModelConfig smallOpt();    ///< V 24, D 12, F 20, L 2, H 3, d 4, S 32, pre-norm, tied

ModelConfig smallGpt2();  ///< V 24, D 12, F 20, L 2, H 3, d 4, S 32, tied

/// Weights that are different everywhere and exact in bfloat16.
Model numberedModel(const ModelConfig& config);

/// A model with interleaved rotary pairs as the Hugging Face folder of the same model has it: in every head
/// of q and k the pairs' first elements, then their second ones. One that is in halves already is copied.
Model withPairsInHalves(const Model& model);

/// A word-level tokenizer: [UNK] 0, [SOS] 1 (BOS), [EOS] 2, the 3, cat 4, sat 5.
std::string smallTokenizerJson();

/// A safetensors file from a header and the bytes after it, unchecked.
std::string safetensorsBytes(const std::string& header, const std::string& data);

/// One F32 tensor of a test file: the shape and, row-major, the numbers.
struct TestTensor {
  std::string name;
  std::vector<int> shape;
  std::vector<float> numbers;
};
std::string safetensorsBytes(const std::vector<TestTensor>& tensors);

/// The tensors of a llama or opt model as its file has them, names with prefix.
std::vector<TestTensor> storedTensors(const Model& model);
/// Same for gpt2: Conv1D's (in, out) matrices, q, k and v side by side in c_attn.
std::vector<TestTensor> storedGpt2Tensors(const Model& model);

}  // namespace decodescope
