#pragma once

#include "core/base/result.h"
#include "core/tokenizer/tokenizer.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace decodescope {

/// Reads a tokenizer.json (Hugging Face tokenizers). Models: BPE (with or without byte fallback) and
/// WordLevel. Normalizers: Prepend, Replace, NFC. Pre-tokenizers: Metaspace, WhitespaceSplit, Whitespace,
/// Digits, ByteLevel, Split by the patterns of GPT-2, Llama 3 and Qwen2. Post-processors: TemplateProcessing,
/// ByteLevel. Decoders: Replace, ByteFallback, Fuse, Strip, Metaspace, ByteLevel. Each may stand in a
/// Sequence; anything else is refused by name. Truncation and padding are not applied.
Result<std::shared_ptr<const Tokenizer>> readTokenizerJson(const std::string& path);
/// Same for a text in memory; `fileName` stands in the messages.
Result<std::shared_ptr<const Tokenizer>> parseTokenizerJson(std::string_view text,
                                                            const std::string& fileName);

/// What the bundled models' tokenizers are made of. The place in `pieces` is the id.
struct TokenizerSpec {
  std::vector<std::string> pieces;  ///< all of them, special ones included
  std::vector<std::string>
      specials;  ///< which of the pieces are special; found in a text first and left out of decoded text
  std::string unknown;  ///< a piece, or empty: what is not in the vocabulary is refused
  std::string before;   ///< BOS, put in front of every text; empty: none
};

/// A SentencePiece-like BPE: a space in front of the text, spaces as "▁", what is not in the vocabulary as
/// <0x..> bytes (those that stand among the pieces). `merges` by rank; each half and each whole must be a
/// piece.
std::string writeBpeTokenizerJson(const TokenizerSpec& spec,
                                  const std::vector<std::pair<std::string, std::string>>& merges);

/// Words between white space.
std::string writeWordLevelTokenizerJson(const TokenizerSpec& spec);

}  // namespace decodescope
