#pragma once

#include "core/base/result.h"
#include "core/tokenizer/tokenizer.h"

#include <memory>
#include <string>
#include <vector>

namespace decodescope {

/// Reads llama2.c's tokenizer.bin: the longest token's length, then for every token a score, a length and the
/// bytes. Spaces stand in the tokens as they are. Encoding is run.c's: 1 (BOS), a space in front of a text
/// that is not empty, characters (or, where one is not a token, <0x..> tokens of its bytes), then always the
/// neighbours with the highest score joined. Decoding drops the first space. The file must hold exactly
/// `vocabSize` different tokens.
Result<std::shared_ptr<const Tokenizer>> readLlama2cTokenizer(const std::string& path, int vocabSize);

/// The tokenizer of a checkpoint, from a file beside it (see loadLlama2c). Appends to `warnings`.
Result<std::shared_ptr<const Tokenizer>> findLlama2cTokenizer(const std::string& checkpoint, int vocabSize,
                                                              std::vector<std::string>& warnings);

}  // namespace decodescope
