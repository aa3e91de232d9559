#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/tokenizer/vocabulary.h"

#include <string_view>
#include <vector>

namespace decodescope {

/// The part of a tokenizer that turns one pre-tokenized piece of text into ids.
class TokenModel {
 public:
  virtual ~TokenModel() = default;

  virtual const Vocabulary& vocabulary() const = 0;
  /// Appends the ids of `piece` (UTF-8, not empty). What cannot be expressed is refused by name.
  virtual Result<void> encodePiece(std::string_view piece, std::vector<TokenId>& out) const = 0;
};

}  // namespace decodescope
