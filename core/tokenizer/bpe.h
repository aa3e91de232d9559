#pragma once

#include "core/tokenizer/token_model.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace decodescope {

struct BpeOptions {
  std::optional<TokenId> unknown;  ///< stands for characters that cannot be expressed otherwise
  bool fuseUnknown = false;        ///< one unknown token for a run of them
  bool byteFallback =
      false;  ///< a character outside the vocabulary becomes its bytes' tokens <0x00> … <0xFF>
  bool ignoreMerges = false;  ///< a piece that is in the vocabulary is one token, whatever the merges
};

/// Byte-pair encoding: a piece starts as its characters; of all neighbours that some merge joins, the pair
/// with the lowest rank, leftmost first, is joined, until none is left (Sennrich et al. 2016). O(n log n) in
/// the length of the piece.
class BpeModel : public TokenModel {
 public:
  /// A merge by the ids of its halves; its rank is its place in the list. Of two equal pairs the later
  /// counts, as in Transformers.
  struct Merge {
    TokenId left;
    TokenId right;
    TokenId result;
  };

  BpeModel(Vocabulary vocabulary, const std::vector<Merge>& merges, const BpeOptions& options);

  /// SentencePiece's kind of BPE: neighbours that together are a piece are joined, the piece with the highest
  /// score first, leftmost of equals. Needs one score an id, no NaN.
  static std::unique_ptr<const BpeModel> byScores(Vocabulary vocabulary, std::span<const float> scores,
                                                  const BpeOptions& options);

  const Vocabulary& vocabulary() const override { return m_vocabulary; }
  Result<void> encodePiece(std::string_view piece, std::vector<TokenId>& out) const override;

 private:
  struct Joined {
    std::uint32_t rank;
    int result;
  };

  std::optional<Joined> joined(int left, int right) const;
  Result<void> appendCharacters(std::string_view piece, std::vector<int>& ids) const;
  void merge(const std::vector<int>& start, std::vector<TokenId>& out) const;

  Vocabulary m_vocabulary;
  BpeOptions m_options;
  std::unordered_map<std::uint64_t, Joined> m_merges;  // by left and right id
  std::vector<std::uint32_t> m_scoreRanks;             // by id: how many scores are higher; empty with merges
  std::array<int, 256> m_byteIds;                      // −1 where the vocabulary has no such byte token
};

/// The merge of two pieces of the vocabulary; an error names the piece that it lacks.
Result<BpeModel::Merge> makeMerge(const Vocabulary& vocabulary, std::string_view left,
                                  std::string_view right);
/// The merge that a line "a b" describes.
Result<BpeModel::Merge> parseMerge(const Vocabulary& vocabulary, std::string_view line);

/// The byte that a token "<0xE4>" stands for.
std::optional<std::uint8_t> byteOfToken(std::string_view piece);
/// "<0xE4>", as SentencePiece writes it.
std::string byteToken(std::uint8_t byte);

}  // namespace decodescope
