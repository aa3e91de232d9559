#include "core/tokenizer/vocabulary.h"

#include <algorithm>
#include <utility>

namespace decodescope {

Result<Vocabulary> Vocabulary::make(std::vector<Entry> entries) {
  const std::size_t most = 4 * entries.size() + 1024;
  const auto bad = [](const Entry& entry, const char* what, std::string allowed) {
    Error error;
    error.field = "\"" + entry.piece + "\"";
    error.what = what;
    error.found = std::to_string(entry.id);
    error.allowed = std::move(allowed);
    return error;
  };
  std::size_t size = 0;
  for (const Entry& entry : entries) {
    if (entry.id < 0 || static_cast<std::size_t>(entry.id) > most) {
      return bad(entry, "token id out of range",
                 "0 to " + std::to_string(most) + " in a vocabulary of " + std::to_string(entries.size()));
    }
    size = std::max(size, static_cast<std::size_t>(entry.id) + 1);
  }
  Vocabulary vocabulary;
  vocabulary.m_pieces.resize(size);
  vocabulary.m_present.resize(size, false);
  vocabulary.m_ids.reserve(entries.size());
  for (Entry& entry : entries) {
    const auto place = static_cast<std::size_t>(entry.id);
    if (vocabulary.m_present[place]) {
      return bad(entry, "token id is taken",
                 "an id other than that of \"" + vocabulary.m_pieces[place] + "\"");
    }
    vocabulary.m_present[place] = true;
    vocabulary.m_pieces[place] = std::move(entry.piece);
    const bool added = vocabulary.m_ids.emplace(vocabulary.m_pieces[place], entry.id).second;
    if (!added) {
      entry.piece = vocabulary.m_pieces[place];
      return bad(entry, "token stands twice", "one id a token");
    }
  }
  return vocabulary;
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const {
  const auto found = m_ids.find(piece);
  if (found == m_ids.end()) return std::nullopt;
  return TokenId{found->second};
}

std::string_view Vocabulary::piece(TokenId id) const {
  return contains(id) ? std::string_view(m_pieces[static_cast<std::size_t>(id.value)]) : std::string_view{};
}

bool Vocabulary::contains(TokenId id) const {
  return id.value >= 0 && id.value < size() && m_present[static_cast<std::size_t>(id.value)];
}

}  // namespace decodescope
