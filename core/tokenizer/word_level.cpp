#include "core/tokenizer/word_level.h"

#include <utility>

namespace decodescope {

WordLevelModel::WordLevelModel(Vocabulary vocabulary, std::optional<TokenId> unknown)
    : m_vocabulary(std::move(vocabulary)), m_unknown(unknown) {}

Result<void> WordLevelModel::encodePiece(std::string_view piece, std::vector<TokenId>& out) const {
  std::optional<TokenId> id = m_vocabulary.find(piece);
  if (!id) id = m_unknown;
  if (!id) {
    Error error;
    error.what = "word is not in the vocabulary";
    error.found = "\"" + std::string(piece) + "\"";
    error.allowed = "one of the model's " + std::to_string(m_vocabulary.size()) + " tokens";
    return error;
  }
  out.push_back(*id);
  return {};
}

}  // namespace decodescope
