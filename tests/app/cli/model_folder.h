#pragma once

#include "core/model/model_config.h"

#include <string>

namespace decodescope::test {

/// Which tokenizer.json a test's model gets.
enum class Words {
  withStart,     ///< word-level: "[SOS]" before every prompt, "[EOS]", then w2 … w49
  withoutStart,  ///< the same without a post-processor
  bytes,         ///< BPE without merges and with byte fallback: any UTF-8 text is its bytes
};

/// Writes a Hugging Face folder: random weights for smallConfig(), its context `context` long.
void writeModelFolder(const std::string& folder, Words words, int context = 64);

}  // namespace decodescope::test
