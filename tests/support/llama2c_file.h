#pragma once

#include "core/model/model.h"
#include "tests/support/paths.h"

#include <string>
#include <vector>

namespace decodescope::test {

/// A llama2.c checkpoint with the numbers of a LLaMA-like model. Version 0 or 1.
std::string llama2cBytes(const Model& model, int version);

/// Of a model of 10^12 bytes.
ModelConfig hugeConfig();

/// Writes `name`: a checkpoint of that shape with not one weight in it, which takes no room on the disk. Its
/// path.
std::string writeHugeCheckpoint(const TemporaryDir& folder, const std::string& name);

struct Llama2cToken {
  std::string piece;
  float score = 0.0f;
};

/// A tokenizer.bin.
std::string llama2cTokenizerBytes(const std::vector<Llama2cToken>& tokens);

/// <unk>, the start and end tokens and the 256 byte tokens, as SentencePiece begins, then `more`, which are
/// scored 0, −1, −2 …
std::vector<Llama2cToken> sentencePieceTokens(const std::vector<std::string>& more);

}  // namespace decodescope::test
