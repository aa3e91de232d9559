#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// Text to token ids and back. Immutable after construction; safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Rows of the vocabulary, added tokens included.
  virtual int vocabSize() const = 0;

  /// Ids of the text as the tokenizer's own post-processor says: with BOS where it adds one. Text must be
  /// UTF-8; what is not is refused with its byte offset. A word-level tokenizer without an unknown token
  /// refuses unknown words by name.
  virtual Result<std::vector<TokenId>> encode(std::string_view text) const = 0;

  /// The text of the ids, special tokens left out. Bytes that are not UTF-8 become U+FFFD.
  virtual std::string decode(std::span<const TokenId> ids) const = 0;

  /// What one token adds to a text, for a chip: readable, never empty: "␣the", "↵", "<0xE4>", "[SOS]".
  virtual std::string shownPiece(TokenId id) const = 0;

  /// BOS, EOS, padding and the like.
  virtual bool isSpecial(TokenId id) const = 0;

  /// The id of exactly this vocabulary entry.
  virtual std::optional<TokenId> idOf(std::string_view piece) const = 0;
};

}  // namespace decodescope
