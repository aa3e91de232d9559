#pragma once

#include "core/base/result.h"
#include "core/formats/gguf.h"
#include "core/model/model_config.h"
#include "core/tokenizer/tokenizer.h"

#include <memory>
#include <string>
#include <vector>

namespace decodescope {

/// The tokenizer inside a GGUF file: tokenizer.ggml.model "llama" (SentencePiece's BPE: scores, spaces as
/// "▁", bytes as <0x..> tokens; BOS in front unless add_bos_token is false, a space in front unless
/// add_space_prefix is) and "gpt2" (byte-level BPE by merges, cut as tokenizer.ggml.pre says: the patterns of
/// GPT-2, Llama 3 and Qwen2). Control, user-defined and unknown tokens are found in a text as they stand, as
/// llama.cpp does. There must be as many tokens as the embedding has rows. A file without vocabulary gives a
/// tokenizer that takes ids only. Appends to `warnings`.
Result<std::shared_ptr<const Tokenizer>> readGgufTokenizer(const GgufFile& file, const ModelConfig& config,
                                                           std::vector<std::string>& warnings);

}  // namespace decodescope
