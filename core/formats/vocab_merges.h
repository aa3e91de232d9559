#pragma once

#include "core/base/result.h"
#include "core/tokenizer/tokenizer.h"

#include <memory>
#include <string>

namespace decodescope {

/// The byte-level BPE of a Hugging Face folder without tokenizer.json: vocab.json and merges.txt, with the
/// special tokens and settings (bos_token, add_bos_token, add_prefix_space …) of tokenizer_config.json,
/// special_tokens_map.json and added_tokens.json where they are there. tokenizer_class GPT2Tokenizer (or
/// none) cuts by GPT-2's pattern, Qwen2Tokenizer by its own after NFC; others are refused by name.
Result<std::shared_ptr<const Tokenizer>> readVocabAndMerges(const std::string& folder);

}  // namespace decodescope
