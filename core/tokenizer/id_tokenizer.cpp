#include "core/tokenizer/id_tokenizer.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace decodescope {
namespace {

constexpr std::string_view kBetween = " \t\n,";

}  // namespace

Result<std::vector<TokenId>> IdTokenizer::encode(std::string_view text) const {
  std::vector<TokenId> ids;
  for (std::size_t at = text.find_first_not_of(kBetween); at != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const std::string_view digits = word.substr(word.starts_with('#') ? 1 : 0);
    int id = -1;
    const auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (failure != std::errc() || stop != digits.data() + digits.size() || id < 0 || id >= m_vocabSize) {
      Error error;
      error.what = "the model has no tokenizer, so that it cannot take text";
      error.found = word;
      error.allowed = "token ids from #0 to #" + std::to_string(m_vocabSize - 1);
      return error;
    }
    ids.push_back(TokenId{id});
    at = text.find_first_not_of(kBetween, end);
  }
  return ids;
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
