#pragma once

#include "core/tokenizer/split_pattern.h"

#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// A step of a normalizer: what happens to a text before it is cut into pieces.
struct NormalizerStep {
  enum class Kind {
    prepend,  ///< `content` in front of a text that is not empty
    replace,  ///< every `pattern` by `content`
    nfc,      ///< Unicode's Normalization Form C
  };
  Kind kind = Kind::prepend;
  std::string pattern;
  std::string content;
};

std::string normalize(const std::vector<NormalizerStep>& steps, std::string text);

/// A step of a pre-tokenizer: how a text is cut into pieces that are encoded apart.
struct PreTokenizerStep {
  enum class Kind {
    whitespaceSplit,  ///< at white space, which is dropped
    whitespace,       ///< runs of \w and runs of other characters that are not white space
    metaspace,        ///< spaces become `replacement`; a piece starts at each
    digits,           ///< runs of numbers apart from the rest, each number alone where `split`
    pattern,          ///< the pieces of `splitPattern`
    byteLevel,        ///< every byte as one visible character; before it, where `split`, GPT-2's pieces
  };
  enum class Prepend { never, first, always };

  Kind kind = Kind::whitespaceSplit;
  std::string replacement;  ///< metaspace
  Prepend prepend =
      Prepend::never;  ///< metaspace: `replacement` in front; byteLevel: a space (never or always)
  bool split = true;   ///< metaspace: cut; byteLevel: use GPT-2's pattern; digits: each alone
  SplitPattern splitPattern = SplitPattern::gpt2;  ///< pattern
};

/// A stretch of text; `first` when it begins where the whole text begins.
struct TextPiece {
  std::string text;
  bool first = false;
};

/// Never gives an empty piece.
std::vector<TextPiece> preTokenize(const std::vector<PreTokenizerStep>& steps, TextPiece text);

/// A step of a decoder: how tokens become text again.
struct DecoderStep {
  enum class Kind {
    replace,       ///< in each token, every `pattern` by `content`
    byteFallback,  ///< runs of <0xE4> tokens become their characters, or U+FFFD a byte when they are not
                   ///< UTF-8
    fuse,          ///< all tokens become one
    strip,         ///< up to `start` times `content` off each token's front, `stop` off its end
    metaspace,     ///< `pattern` becomes a space, or nothing in the first token when `start` is not 0
    byteLevel,     ///< GPT-2's visible characters become bytes again; all tokens become one
  };
  Kind kind = Kind::fuse;
  std::string pattern;
  std::string content;
  int start = 0;
  int stop = 0;
};

/// The text of the tokens: all steps, then everything in a row. The result is UTF-8 when the tokens are.
std::string decodeTokens(const std::vector<DecoderStep>& steps, std::vector<std::string> tokens);

/// The bytes that one token stands for inside a text: as decodeTokens, but nothing is taken off at the front
/// or end, and bytes that are part of a character stay bytes.
std::string tokenBytes(const std::vector<DecoderStep>& steps, std::string token);

/// `text` with every `pattern` (not empty), from the left and without overlap, replaced by `content`.
std::string replaceAll(std::string_view text, std::string_view pattern, std::string_view content);

}  // namespace decodescope
