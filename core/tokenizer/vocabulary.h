#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace decodescope {

/// Pieces and their ids, both ways. An id may have no piece (a hole); no id and no piece stands twice.
class Vocabulary {
 public:
  struct Entry {
    std::string piece;
    int id = 0;
  };

  /// Ids may reach 4 times the number of entries + 1024, so that a small file cannot ask for a huge table.
  static Result<Vocabulary> make(std::vector<Entry> entries);

  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  /// The largest id + 1.
  int size() const { return static_cast<int>(m_pieces.size()); }
  std::optional<TokenId> find(std::string_view piece) const;
  /// Empty for a hole or an id that is out of range.
  std::string_view piece(TokenId id) const;
  bool contains(TokenId id) const;

 private:
  Vocabulary() = default;

  std::vector<std::string> m_pieces;  // by id; m_ids points into them
  std::vector<bool> m_present;
  std::unordered_map<std::string_view, int> m_ids;
};

}  // namespace decodescope
