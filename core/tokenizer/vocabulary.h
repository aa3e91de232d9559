#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// Pieces and their ids, both ways. An id may have no piece (a hole); no id and no piece stands twice. Takes
/// the pieces' bytes and some 20 bytes a piece.
class Vocabulary {
 public:
  struct Entry {
    std::string_view piece;  ///< copied by make()
    int id = 0;
  };

  /// Ids may reach 4 times the number of entries + 1024, so that a small file cannot ask for a huge table.
  static Result<Vocabulary> make(std::span<const Entry> entries);

  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  /// The largest id + 1.
  int size() const { return static_cast<int>(m_places.size()); }
  std::optional<TokenId> find(std::string_view piece) const;
  /// Empty for a hole or an id that is out of range.
  std::string_view piece(TokenId id) const;
  bool contains(TokenId id) const;

 private:
  struct Place {
    static constexpr std::uint32_t kHole = ~std::uint32_t{0};
    std::uint32_t begin = kHole;
    std::uint32_t length = 0;
  };

  Vocabulary() = default;

  std::string_view text(const Place& place) const {
    return std::string_view(m_text).substr(place.begin, place.length);
  }
  /// Where in m_table the piece stands, or would stand.
  std::size_t slotOf(std::string_view piece) const;

  std::string m_text;           // all pieces
  std::vector<Place> m_places;  // by id
  std::vector<int> m_table;  // ids by hash, the next free place when it is taken; −1 empty; a power of two
};

}  // namespace decodescope
