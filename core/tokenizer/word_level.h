#pragma once

#include "core/tokenizer/token_model.h"

#include <optional>

namespace decodescope {

/// A piece is one token or, when it is not in the vocabulary, the unknown token; without that it is refused
/// by name.
class WordLevelModel : public TokenModel {
 public:
  WordLevelModel(Vocabulary vocabulary, std::optional<TokenId> unknown);

  const Vocabulary& vocabulary() const override { return m_vocabulary; }
  Result<void> encodePiece(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  Vocabulary m_vocabulary;
  std::optional<TokenId> m_unknown;
};

}  // namespace decodescope
