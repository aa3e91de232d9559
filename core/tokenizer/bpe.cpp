#include "core/tokenizer/bpe.h"

#include "core/base/utf8.h"

#include <queue>

#include <algorithm>
#include <functional>
#include <utility>

namespace decodescope {
namespace {

std::uint64_t pairKey(int left, int right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

}  // namespace

Result<BpeModel::Merge> makeMerge(const Vocabulary& vocabulary, std::string_view left,
                                  std::string_view right) {
  const std::string whole = std::string(left) + std::string(right);
  const auto leftId = vocabulary.find(left);
  const auto rightId = vocabulary.find(right);
  const auto wholeId = vocabulary.find(whole);
  if (leftId && rightId && wholeId) return BpeModel::Merge{*leftId, *rightId, *wholeId};
  const std::string_view lacking = !leftId ? left : !rightId ? right : std::string_view(whole);
  Error error;
  error.what = "merge needs " + quotedStart(lacking) + ", which is not in the vocabulary";
  return error;
}

Result<BpeModel::Merge> parseMerge(const Vocabulary& vocabulary, std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    Error error;
    error.what = "merge does not have two halves";
    error.found = quotedStart(line);
    error.allowed = "\"a b\"";
    return error;
  }
  return makeMerge(vocabulary, line.substr(0, space), line.substr(space + 1));
}

std::optional<std::uint8_t> byteOfToken(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return std::nullopt;
  int byte = 0;
  for (const char c : piece.substr(3, 2)) {
    byte *= 16;
    if (c >= '0' && c <= '9') {
      byte += c - '0';
    } else if (c >= 'A' && c <= 'F') {
      byte += c - 'A' + 10;
    } else if (c >= 'a' && c <= 'f') {
      byte += c - 'a' + 10;
    } else {
      return std::nullopt;
    }
  }
  return static_cast<std::uint8_t>(byte);
}

std::string byteToken(std::uint8_t byte) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  return std::string("<0x") + kHex[byte >> 4] + kHex[byte & 15] + ">";
}

BpeModel::BpeModel(Vocabulary vocabulary, const std::vector<Merge>& merges, const BpeOptions& options)
    : m_vocabulary(std::move(vocabulary)), m_options(options) {
  // Few merges give the same piece; a list of one merge many times over must not cost a table.
  m_merges.reserve(std::min(merges.size(), 4 * static_cast<std::size_t>(m_vocabulary.size())));
  std::uint32_t rank = 0;
  for (const Merge& merge : merges) {
    m_merges.insert_or_assign(pairKey(merge.left.value, merge.right.value),
                              Joined{rank++, merge.result.value});
  }
  for (std::size_t byte = 0; byte < m_byteIds.size(); ++byte) {
    const auto id = m_vocabulary.find(byteToken(static_cast<std::uint8_t>(byte)));
    m_byteIds[byte] = id ? id->value : -1;
  }
}

std::unique_ptr<const BpeModel> BpeModel::byScores(Vocabulary vocabulary, std::span<const float> scores,
                                                   const BpeOptions& options) {
  DECODESCOPE_REQUIRE(scores.size() >= static_cast<std::size_t>(vocabulary.size()));
  auto model = std::make_unique<BpeModel>(std::move(vocabulary), std::vector<Merge>{}, options);
  std::vector<float> falling(scores.begin(), scores.end());
  std::sort(falling.begin(), falling.end(), std::greater<>());
  model->m_scoreRanks.reserve(scores.size());
  for (const float score : scores) {
    const auto place = std::lower_bound(falling.begin(), falling.end(), score, std::greater<>());
    model->m_scoreRanks.push_back(static_cast<std::uint32_t>(place - falling.begin()));
  }
  return model;
}

std::optional<BpeModel::Joined> BpeModel::joined(int left, int right) const {
  if (m_scoreRanks.empty()) {
    const auto found = m_merges.find(pairKey(left, right));
    return found == m_merges.end() ? std::nullopt : std::optional(found->second);
  }
  std::string whole(m_vocabulary.piece(TokenId{left}));
  whole += m_vocabulary.piece(TokenId{right});
  const auto id = m_vocabulary.find(whole);
  if (!id) return std::nullopt;
  return Joined{m_scoreRanks[static_cast<std::size_t>(id->value)], id->value};
}

Result<void> BpeModel::appendCharacters(std::string_view piece, std::vector<int>& ids) const {
  bool afterUnknown = false;
  for (std::size_t at = 0; at < piece.size();) {
    const std::string_view character = piece.substr(at, readUtf8(piece, at).length);
    at += character.size();
    if (const auto id = m_vocabulary.find(character)) {
      ids.push_back(id->value);
      afterUnknown = false;
      continue;
    }
    bool asBytes = m_options.byteFallback;
    for (const char c : character) asBytes = asBytes && m_byteIds[static_cast<unsigned char>(c)] >= 0;
    if (asBytes) {
      for (const char c : character) ids.push_back(m_byteIds[static_cast<unsigned char>(c)]);
      afterUnknown = false;
      continue;
    }
    if (!m_options.unknown) {
      Error error;
      error.what = "character is not in the vocabulary";
      error.found = "\"" + std::string(character) + "\"";
      return error;
    }
    if (!afterUnknown || !m_options.fuseUnknown) ids.push_back(m_options.unknown->value);
    afterUnknown = true;
  }
  return {};
}

void BpeModel::merge(const std::vector<int>& start, std::vector<TokenId>& out) const {
  // A doubly linked list over an array: joining keeps the left place and takes the right one out.
  struct Symbol {
    int id;
    int previous;
    int next;
  };
  const int count = static_cast<int>(start.size());
  std::vector<Symbol> symbols;
  symbols.reserve(start.size());
  for (int i = 0; i < count; ++i) {
    symbols.push_back({start[static_cast<std::size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1});
  }
  struct Candidate {
    std::uint32_t rank;
    int place;
    int left;
    int right;
    int result;
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : place > other.place;  // the queue gives its largest
    }
  };
  std::priority_queue<Candidate> candidates;
  const auto symbolAt = [&](int place) -> Symbol& { return symbols[static_cast<std::size_t>(place)]; };
  const auto offer = [&](int place) {
    if (place < 0 || symbolAt(place).next < 0) return;
    const int left = symbolAt(place).id;
    const int right = symbolAt(symbolAt(place).next).id;
    if (const auto pair = joined(left, right))
      candidates.push({pair->rank, place, left, right, pair->result});
  };
  for (int i = 0; i < count; ++i) offer(i);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = symbolAt(best.place);
    // Out of date when either half was joined with something else since.
    if (left.id != best.left || left.next < 0 || symbolAt(left.next).id != best.right) continue;
    Symbol& right = symbolAt(left.next);
    left.id = best.result;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) symbolAt(left.next).previous = best.place;
    offer(left.previous);
    offer(best.place);
  }
  for (int place = 0; place >= 0; place = symbolAt(place).next) out.push_back(TokenId{symbolAt(place).id});
}

Result<void> BpeModel::encodePiece(std::string_view piece, std::vector<TokenId>& out) const {
  if (m_options.ignoreMerges) {
    if (const auto id = m_vocabulary.find(piece)) {
      out.push_back(*id);
      return {};
    }
  }
  std::vector<int> ids;
  ids.reserve(piece.size());
  DECODESCOPE_CHECK(appendCharacters(piece, ids));
  if (!ids.empty()) merge(ids, out);
  return {};
}

}  // namespace decodescope
