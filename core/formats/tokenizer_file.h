#pragma once

#include "core/base/result.h"
#include "core/tokenizer/tokenizer.h"

#include <memory>
#include <string>

namespace decodescope {

/// A tokenizer that the user chose, for a model of whatever format: a tokenizer.json, a vocab.json or its
/// merges.txt (the other beside it), else llama2.c's tokenizer.bin. tokenizer.bin must have exactly
/// `vocabSize` tokens, the others at most as many.
Result<std::shared_ptr<const Tokenizer>> readTokenizerFile(const std::string& path, int vocabSize);

/// Whether a file by its name is one that readers take a tokenizer from.
bool isTokenizerName(const std::string& path);

}  // namespace decodescope
