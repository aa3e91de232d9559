#include "tests/support/word_model.h"

#include "core/base/result.h"
#include "core/formats/hf_folder.h"
#include "core/formats/tokenizer_json.h"
#include "tests/support/random_model.h"

namespace decodescope::test {

std::string writeWordModel(const std::string& folder, const ModelConfig& config, std::uint64_t seed) {
  DECODESCOPE_REQUIRE(config.vocabSize == 50);
  TokenizerSpec words;
  words.specials = {"[SOS]", "[EOS]"};
  words.pieces = words.specials;
  for (int i = 0; i < 48; ++i) words.pieces.push_back("w" + std::to_string(i));
  words.before = "[SOS]";
  ModelConfig withEnds = config;
  withEnds.bosTokenId = TokenId{0};
  withEnds.eosTokenIds = {TokenId{1}};
  const Model model = randomModel(withEnds, seed);
  const Result<void> saved =
      saveHfFolder(folder, model, writeWordLevelTokenizerJson(words), {}, StoredFloat::f32);
  DECODESCOPE_REQUIRE(saved.ok());
  return folder;
}

}  // namespace decodescope::test
