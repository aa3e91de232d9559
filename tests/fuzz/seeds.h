#pragma once

#include <string>
#include <vector>

namespace decodescope::test {

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
