#include "core/formats/llama2c_tokenizer.h"

#include "tests/support/byte_writer.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace decodescope {
namespace {

using test::llama2cTokenizerBytes;
using test::sentencePieceTokens;
using Ids = std::vector<int>;

Ids encoded(const Tokenizer& tokenizer, const std::string& text) {
  const auto ids = tokenizer.encode(text);
  Ids out;
  if (!ids.ok()) return {-1};
  for (const TokenId id : ids.value()) out.push_back(id.value);
  return out;
}

std::string decoded(const Tokenizer& tokenizer, const Ids& ids) {
  std::vector<TokenId> tokens;
  for (const int id : ids) tokens.push_back(TokenId{id});
  return tokenizer.decode(tokens);
}

std::shared_ptr<const Tokenizer> tokenizerOf(const std::vector<test::Llama2cToken>& tokens) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("tokenizer.bin", llama2cTokenizerBytes(tokens));
  auto tokenizer = readLlama2cTokenizer(path, static_cast<int>(tokens.size()));
  if (!tokenizer.ok()) ADD_FAILURE() << tokenizer.error().message();
  return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
}

TEST(Llama2cTokenizer, EncodesAsRunC) {
  // Scores fall, so the pieces rank as they stand: 259 " t", 260 "he", 261 " the", 262 "th", then characters.
  const auto tokenizer =
      tokenizerOf(sentencePieceTokens({" t", "he", " the", "th", " ", "t", "h", "e", "\xc3\xa9", "<"}));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocabSize(), 269);
  EXPECT_EQ(encoded(*tokenizer, "the"), (Ids{1, 261})) << "BOS, a space in front, the best pair first";
  EXPECT_EQ(encoded(*tokenizer, ""), Ids{1}) << "no space in front of nothing";
  EXPECT_EQ(encoded(*tokenizer, "the the"), (Ids{1, 261, 261}));
  EXPECT_EQ(encoded(*tokenizer, "eth"), (Ids{1, 263, 266, 262}));
  EXPECT_EQ(encoded(*tokenizer, "\xc3\xa9"), (Ids{1, 263, 267})) << "one character";
  EXPECT_EQ(encoded(*tokenizer, "\xc3\xa8"), (Ids{1, 263, 0xc3 + 3, 0xa8 + 3})) << "its bytes, plus 3";
  EXPECT_EQ(encoded(*tokenizer, "\n<s>\n"), (Ids{1, 263, '\n' + 3, 268, 's' + 3, '>' + 3, '\n' + 3}))
      << "the start token's own text is text";
  EXPECT_EQ(tokenizer->encode("\xff").error().message(), "text is not UTF-8: found <0xFF> (at byte 0)");
}

TEST(Llama2cTokenizer, TheHigherScoreWinsWhateverItsPlace) {
  auto tokens = sentencePieceTokens({" ", "a", "b", "c", "ab", "bc"});
  tokens[263].score = -9.0f;  // ab
  tokens[264].score = -8.5f;  // bc
  EXPECT_EQ(encoded(*tokenizerOf(tokens), "abc"), (Ids{1, 259, 260, 264}));
  tokens[263].score = -8.0f;
  EXPECT_EQ(encoded(*tokenizerOf(tokens), "abc"), (Ids{1, 259, 263, 262}));
  tokens[263].score = -8.5f;
  EXPECT_EQ(encoded(*tokenizerOf(tokens), "abc"), (Ids{1, 259, 263, 262})) << "of equals the leftmost";
}

TEST(Llama2cTokenizer, DecodesAsRunC) {
  const auto tokenizer = tokenizerOf(sentencePieceTokens({" t", "he", " "}));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(decoded(*tokenizer, {1, 259, 260, 259}), "the t");
  EXPECT_EQ(decoded(*tokenizer, {1, 260, 261, 260}), "he he");
  EXPECT_EQ(decoded(*tokenizer, {260, 0xe2 + 3, 0x82 + 3, 0xac + 3}), "he\xe2\x82\xac");
  EXPECT_EQ(decoded(*tokenizer, {260, 0xe2 + 3, 260}), "he\xef\xbf\xbdhe");
  EXPECT_EQ(decoded(*tokenizer, {1, 2}), "");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{259}), "␣t");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{3 + 0xe2}), "<0xE2>");
  EXPECT_EQ(tokenizer->shownPiece(TokenId{1}), "↵<s>↵");
  EXPECT_TRUE(tokenizer->isSpecial(TokenId{1}));
  EXPECT_TRUE(tokenizer->isSpecial(TokenId{2}));
  EXPECT_FALSE(tokenizer->isSpecial(TokenId{0}));
  EXPECT_EQ(tokenizer->idOf("he"), TokenId{260});
}

TEST(Llama2cTokenizer, TextComesBack) {
  const auto tokenizer = tokenizerOf(sentencePieceTokens({" t", "he", " the", " "}));
  ASSERT_TRUE(tokenizer);
  for (const std::string& text : {std::string("the"), std::string(" the  the "),
                                  std::string("\xc3\xa9\n\t\xf0\x9f\x99\x82"), std::string("a\0b", 3)}) {
    EXPECT_EQ(decoded(*tokenizer, encoded(*tokenizer, text)), text);
  }
}

std::string failure(const std::string& bytes, int vocabSize = 3) {
  const test::TemporaryDir folder;
  const auto tokenizer = readLlama2cTokenizer(folder.write("t", bytes), vocabSize);
  if (tokenizer.ok()) return "ok";
  return tokenizer.error().message().substr(folder.path().string().size() + 1);
}

TEST(Llama2cTokenizer, BrokenFilesAreRefused) {
  using test::patched;
  const std::string good = llama2cTokenizerBytes({{"a", 1}, {"bc", 2}, {"", 3}});
  EXPECT_EQ(failure(good), "ok") << "an empty token is a row that no text uses";
  EXPECT_EQ(failure(""), "t: file is empty");
  EXPECT_EQ(failure("abc"), "t: too short for llama2.c's tokenizer.bin (at byte 0)");
  EXPECT_EQ(failure(patched<std::int32_t>(good, 0, 0)),
            "t: max_token_length: out of range: found 0, allowed 1 to 65536 (at byte 0)");
  EXPECT_EQ(failure(patched<std::int32_t>(good, 0, -1)),
            "t: max_token_length: out of range: found 4294967295, allowed 1 to 65536 (at byte 0)");
  EXPECT_EQ(failure(patched<std::int32_t>(good, 0, 1)),
            "t: token 1: length out of range: found 2, allowed 0 to 1 (at byte 17)");
  EXPECT_EQ(failure(patched<std::int32_t>(good, 17, -2)),
            "t: token 1: length out of range: found 4294967294, allowed 0 to 2 (at byte 17)");
  EXPECT_EQ(failure(good.substr(0, good.size() - 1)), "t: token 2: file ends inside the token (at byte 23)");
  EXPECT_EQ(failure(good.substr(0, 22)),
            "t: token 1: length out of range: found 2, allowed 0 to 1 (at byte 17)");
  EXPECT_EQ(failure(patched(good, 4, std::numeric_limits<float>::quiet_NaN())),
            "t: token 0: score is not a finite number (at byte 4)");
  EXPECT_EQ(failure(patched(good, 4, std::numeric_limits<float>::infinity())),
            "t: token 0: score is not a finite number (at byte 4)");
  EXPECT_EQ(failure(patched(good, 22, '\xff')), "t: token 1: not UTF-8 (at byte 22)");
  EXPECT_EQ(failure(good, 4), "t: vocabulary does not fit the checkpoint: found 3 tokens, allowed 4");
  EXPECT_EQ(failure(good, 2), "t: vocabulary does not fit the checkpoint: found 3 tokens, allowed 2");
  EXPECT_EQ(failure(llama2cTokenizerBytes({{"a"}, {"b"}, {"a"}})),
            "t: \"a\": token stands twice: found 2, allowed one id a token");
}

TEST(Llama2cTokenizer, EveryTruncationAndFlippedBitIsReadOrRefused) {
  const std::string good = llama2cTokenizerBytes({{"a", 1}, {"bc", 2}, {"d", 3}});
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(failure(good.substr(0, size)), "ok") << size;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    failure(changed);
  }
}

/// What is found beside a checkpoint of three tokens: the vocabulary's first piece, a warning or an error.
std::string found(const test::TemporaryDir& folder) {
  std::vector<std::string> warnings;
  const auto tokenizer = findLlama2cTokenizer(folder.file("m.bin"), 3, warnings);
  if (!tokenizer.ok()) return tokenizer.error().message().substr(folder.path().string().size() + 1);
  return warnings.empty() ? tokenizer.value()->shownPiece(TokenId{0}) : warnings.front();
}

TEST(Llama2cTokenizer, IsFoundBesideTheCheckpoint) {
  const std::string two = llama2cTokenizerBytes({{"x"}, {"y"}});
  const auto three = [](const std::string& first) { return llama2cTokenizerBytes({{first}, {"y"}, {"z"}}); };
  const test::TemporaryDir folder;
  EXPECT_EQ(found(folder), "no tokenizer.bin with 3 tokens beside it: the model takes token ids only");
  folder.write("tok2.bin", two);
  folder.write("tokens.bin", "no tokenizer");
  EXPECT_EQ(found(folder), "no tokenizer.bin with 3 tokens beside it: the model takes token ids only");
  folder.write("tokenizer.bin", two);
  EXPECT_EQ(found(folder),
            "tokenizer.bin: vocabulary does not fit the checkpoint: found 2 tokens, allowed 3");
  folder.write("tok3.bin", three("other"));
  EXPECT_EQ(found(folder), "other") << "the only one that fits";
  folder.write("tokenizer.bin", three("usual"));
  EXPECT_EQ(found(folder), "usual") << "goes first";
  folder.write("tok3b.bin", three("third"));
  EXPECT_EQ(found(folder), "usual");
  std::filesystem::remove(folder.file("tokenizer.bin"));
  EXPECT_EQ(found(folder),
            "2 tokenizers beside it would fit, none is named tokenizer.bin: the model takes token ids only");
  folder.write("tokenizer.bin", "x");
  EXPECT_EQ(found(folder), "tokenizer.bin: too short for llama2.c's tokenizer.bin (at byte 0)");
}

}  // namespace
}  // namespace decodescope
