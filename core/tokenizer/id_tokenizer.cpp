#include "core/tokenizer/id_tokenizer.h"

namespace decodescope {

Result<std::vector<TokenId>> IdTokenizer::encode(std::string_view) const {
  Error error;
  error.what = "the model has no tokenizer, so that it cannot take text";
  error.allowed = "token ids";
  return error;
}

std::string IdTokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (const TokenId id : ids) text += (text.empty() ? "" : " ") + shownPiece(id);
  return text;
}

std::string IdTokenizer::shownPiece(TokenId id) const {
  return "#" + std::to_string(id.value);
}

}  // namespace decodescope
