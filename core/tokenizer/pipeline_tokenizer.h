#pragma once

#include "core/tokenizer/text_steps.h"
#include "core/tokenizer/token_model.h"
#include "core/tokenizer/tokenizer.h"

#include <memory>
#include <string>
#include <vector>

namespace decodescope {

/// A token that is found in the text before anything else is done to it, and is never cut.
struct AddedToken {
  TokenId id;
  std::string content;
  bool special = false;
  bool normalized = false;  ///< looked for after normalization, in its own normalized form
  bool stripLeft = false;   ///< takes the white space on its left with it
  bool stripRight = false;
  bool searched = true;  ///< false: text never holds it, whatever it reads; it only names an id
};

/// What a tokenizer.json describes.
struct TokenizerParts {
  std::unique_ptr<const TokenModel> model;
  std::vector<AddedToken> addedTokens;
  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> preTokenizer;
  std::vector<TokenId> before;  ///< the post-processor's ids in front of the text's: BOS
  std::vector<TokenId> after;
  /// Empty: tokens are joined by spaces, as Transformers does without a decoder.
  std::vector<DecoderStep> decoder;
};

/// Added tokens → normalizer → pre-tokenizer → model → post-processor, and the decoder back.
class PipelineTokenizer : public Tokenizer {
 public:
  /// Refuses an added token whose id another piece has, or whose content has another id.
  static Result<std::shared_ptr<const PipelineTokenizer>> make(TokenizerParts parts);

  int vocabSize() const override { return m_vocabSize; }
  Result<std::vector<TokenId>> encode(std::string_view text) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  std::string shownPiece(TokenId id) const override;
  bool isSpecial(TokenId id) const override;
  std::optional<TokenId> idOf(std::string_view piece) const override;

 private:
  explicit PipelineTokenizer(TokenizerParts parts) : m_parts(std::move(parts)) {}

  /// An added token as it is looked for.
  struct Pattern {
    std::string text;
    const AddedToken* token;
  };
  struct Segment {
    const AddedToken* token = nullptr;  // nullptr: text
    TextPiece piece;
  };

  static std::vector<Segment> cutOut(const std::vector<Pattern>& patterns, const TextPiece& piece);
  const AddedToken* addedToken(TokenId id) const;
  std::string_view pieceOf(TokenId id) const;

  TokenizerParts m_parts;
  int m_vocabSize = 0;
  std::vector<Pattern> m_rawPatterns;
  std::vector<Pattern> m_normalizedPatterns;
};

/// A text fit for a chip: spaces as ␣, line breaks as ↵, tabs as ⇥, other control and invisible characters as
/// <U+200B>, bytes that are not UTF-8 as <0xE4>; "<empty>" for nothing.
std::string showBytes(std::string_view bytes);

}  // namespace decodescope
