#include "core/tokenizer/vocabulary.h"

#include "core/base/utf8.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace decodescope {
namespace {

/// Of one token: far above any real one, and little enough to be drawn.
constexpr std::size_t kMostBytes = 1 << 16;

}  // namespace

std::size_t Vocabulary::slotOf(std::string_view piece) const {
  const std::size_t mask = m_table.size() - 1;
  std::size_t slot = std::hash<std::string_view>()(piece) & mask;
  while (m_table[slot] >= 0 && text(m_places[static_cast<std::size_t>(m_table[slot])]) != piece)
    slot = (slot + 1) & mask;
  return slot;
}

Result<Vocabulary> Vocabulary::make(std::span<const Entry> entries) {
  const std::size_t most = 4 * entries.size() + 1024;
  const auto bad = [](const Entry& entry, const char* what, std::string allowed) {
    Error error;
    error.field = quotedStart(entry.piece);
    error.what = what;
    error.found = std::to_string(entry.id);
    error.allowed = std::move(allowed);
    return error;
  };
  std::size_t size = 0, bytes = 0;
  for (const Entry& entry : entries) {
    if (entry.id < 0 || static_cast<std::size_t>(entry.id) > most) {
      return bad(entry, "token id out of range",
                 "0 to " + std::to_string(most) + " in a vocabulary of " + std::to_string(entries.size()));
    }
    if (entry.piece.size() > kMostBytes) {
      Error error;
      error.field = quotedStart(entry.piece);
      error.what = "token is too long";
      error.found = std::to_string(entry.piece.size()) + " bytes";
      error.allowed = "at most " + std::to_string(kMostBytes);
      return error;
    }
    size = std::max(size, static_cast<std::size_t>(entry.id) + 1);
    bytes += entry.piece.size();
  }
  if (bytes >= Place::kHole) return bad(entries.front(), "vocabulary is too large", "at most 4 GB of text");
  Vocabulary vocabulary;
  vocabulary.m_text.reserve(bytes);
  vocabulary.m_places.resize(size);
  vocabulary.m_table.assign(std::bit_ceil(2 * entries.size() + 2), -1);
  for (const Entry& entry : entries) {
    Place& place = vocabulary.m_places[static_cast<std::size_t>(entry.id)];
    if (place.begin != Place::kHole)
      return bad(entry, "token id is taken",
                 "an id other than that of " + quotedStart(vocabulary.text(place)));
    int& slot = vocabulary.m_table[vocabulary.slotOf(entry.piece)];
    if (slot >= 0) return bad(entry, "token stands twice", "one id a token");
    slot = entry.id;
    place = {static_cast<std::uint32_t>(vocabulary.m_text.size()),
             static_cast<std::uint32_t>(entry.piece.size())};
    vocabulary.m_text += entry.piece;
  }
  return vocabulary;
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const {
  const int id = m_table[slotOf(piece)];
  if (id < 0) return std::nullopt;
  return TokenId{id};
}

std::string_view Vocabulary::piece(TokenId id) const {
  return contains(id) ? text(m_places[static_cast<std::size_t>(id.value)]) : std::string_view{};
}

bool Vocabulary::contains(TokenId id) const {
  return id.value >= 0 && id.value < size() &&
         m_places[static_cast<std::size_t>(id.value)].begin != Place::kHole;
}

}  // namespace decodescope
