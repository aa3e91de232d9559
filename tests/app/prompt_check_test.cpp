#include "app/prompt_check.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

/// Shows the pieces it was made with; the token ids are their places. Piece 0 is special.
class PieceTokenizer : public Tokenizer {
 public:
  explicit PieceTokenizer(std::vector<std::string> pieces) : m_pieces(std::move(pieces)) {}
  int vocabSize() const override { return static_cast<int>(m_pieces.size()); }
  Result<std::vector<TokenId>> encode(std::string_view) const override { return std::vector<TokenId>(); }
  std::string decode(std::span<const TokenId>) const override { return {}; }
  std::string shownPiece(TokenId id) const override { return m_pieces[static_cast<std::size_t>(id.value)]; }
  bool isSpecial(TokenId id) const override { return id.value == 0; }
  std::optional<TokenId> idOf(std::string_view) const override { return {}; }

 private:
  std::vector<std::string> m_pieces;
};

double shareOf(std::vector<std::string> pieces) {
  pieces.insert(pieces.begin(), "[SOS]");
  auto model = std::make_shared<LoadedModel>();
  RunSnapshot run;
  for (std::size_t i = 0; i < pieces.size(); ++i) run.tokens.push_back(TokenId{static_cast<int>(i)});
  run.promptLength = static_cast<int>(run.tokens.size());
  model->tokenizer = std::make_shared<PieceTokenizer>(std::move(pieces));
  run.model = model;
  return brokenShare(run);
}

TEST(PromptCheck, WordsPunctuationAndDigitsAreWhole) {
  EXPECT_EQ(shareOf({"␣Once", "␣upon", "␣a", "␣time", ".", ",", "7"}), 0);
}

TEST(PromptCheck, BytesAndSingleLettersAreBroken) {
  EXPECT_EQ(shareOf({"␣x", "q", "z", "<0xE4>"}), 0.75);
  EXPECT_EQ(shareOf({"中", "文"}), 1);
}

TEST(PromptCheck, AnEmptyPromptIsNotUnusual) {
  EXPECT_EQ(shareOf({}), 0);
}

}  // namespace
}  // namespace decodescope
