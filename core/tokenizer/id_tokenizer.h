#pragma once

#include "core/tokenizer/tokenizer.h"

namespace decodescope {

/// Stands in for the tokenizer of a model that came without one: ids are written as "#5", or 5.
class IdTokenizer : public Tokenizer {
 public:
  explicit IdTokenizer(int vocabSize) : m_vocabSize(vocabSize) {}

  int vocabSize() const override { return m_vocabSize; }
  /// Ids with spaces or commas between them; anything else is refused.
  Result<std::vector<TokenId>> encode(std::string_view text) const override;
  /// "#1 #5 #9"
  std::string decode(std::span<const TokenId> ids) const override;
  std::string shownPiece(TokenId id) const override;
  bool isSpecial(TokenId) const override { return false; }
  std::optional<TokenId> idOf(std::string_view) const override { return std::nullopt; }

 private:
  int m_vocabSize;
};

}  // namespace decodescope
