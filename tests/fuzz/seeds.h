#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope::test {

/// Folders of tests/golden/tokenizers that the target "text" chooses from by its input's first byte.
constexpr std::array<std::string_view, 7> kTextTokenizers = {
    "gpt2", "gpt2-split", "llama3", "smollm", "qwen2", "llama2", "llama2-metaspace"};

// Small good inputs of each fuzz target.
std::vector<std::string> jsonSeeds();
std::vector<std::string> hfConfigSeeds();
std::vector<std::string> safetensorsSeeds();
std::vector<std::string> hfFolderSeeds();
std::vector<std::string> ggufSeeds();
std::vector<std::string> llama2cSeeds();
std::vector<std::string> llama2cTokenizerSeeds();
std::vector<std::string> tokenizerJsonSeeds();
std::vector<std::string> vocabMergesSeeds();
std::vector<std::string> textSeeds();

}  // namespace decodescope::test
