#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace decodescope {

/// A byte-pair vocabulary with byte fallback, as Hugging Face's Llama tokenizers have it.
struct BpeVocabulary {
  std::vector<std::string>
      pieces;  ///< index = id: <unk>, <s>, </s>, <0x00> … <0xFF>, characters, merged pieces
  std::vector<std::pair<std::string, std::string>> merges;  ///< in order of rank
};

/// Counts the units of texts and merges the most frequent neighbours (Sennrich et al. 2016).
///
/// A unit never crosses a space: `▁` (for the space, or the text's start) with the letters that follow, an
/// opening quote with its `▁`, a run of other signs, and "'s". No merge crosses a unit, so names and words
/// never grow punctuation.
class BpeTrainer {
 public:
  /// UTF-8 text; line feeds and other controls are left to byte fallback and not counted.
  void add(std::string_view text);

  /// A vocabulary of exactly `vocabSize` pieces, or fewer when every unit is one piece already.
  /// Ties are broken by the pieces' bytes, so the result depends on the counts alone.
  /// Needs vocabSize ≥ 259 + the number of distinct characters.
  BpeVocabulary train(int vocabSize) const;

 private:
  std::map<std::string, std::uint64_t> m_units;
};

/// U+2581, which stands for a space in a piece.
inline constexpr const char* kSpacePiece = "\xE2\x96\x81";

}  // namespace decodescope
