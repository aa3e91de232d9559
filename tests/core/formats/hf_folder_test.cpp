#include "core/formats/hf_folder.h"

#include "tests/core/formats/small_models.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

void expectSameNumbers(const Model& a, const Model& b) {
  EXPECT_TRUE(test::widenedNumbers(a) == test::widenedNumbers(b));
}

TEST(HfFolder, WhatIsSavedLoadsAgain) {
  ModelConfig postNorm = smallOpt();
  postNorm.normPlacement = NormPlacement::postNorm;
  postNorm.finalNorm = false;
  postNorm.sinusoidalTable = true;
  ModelConfig tied = smallLlama();
  tied.tieWordEmbeddings = true;
  tied.qkvBias = tied.oProjBias = tied.mlpBias = true;
  ModelConfig qwen2 = smallLlama();
  qwen2.modelType = "qwen2";
  qwen2.qkvBias = true;
  for (const ModelConfig& config : {smallLlama(), tied, qwen2, smallOpt(), postNorm}) {
    for (const StoredFloat dtype : {StoredFloat::bf16, StoredFloat::f32}) {
      const test::TemporaryDir folder;
      const Model model = numberedModel(config);
      ModelCard card;
      card.title = "Small";
      card.prompts = {"the cat", "the \"cat\"\n"};
      card.heldOutLoss = 1.25;
      card.heads = {{LayerIndex{1}, HeadIndex{2}, "previous token", 0.75}};
      const auto saved = saveHfFolder(folder.file("small"), model, smallTokenizerJson(), card, dtype);
      ASSERT_TRUE(saved.ok()) << saved.error().message();
      std::vector<double> reported;
      LoadProgress progress;
      progress.report = [&](double fraction) { reported.push_back(fraction); };
      const auto loaded = loadModel(folder.file("small"), progress);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message();
      expectSameNumbers(*loaded.value()->model, model);
      EXPECT_EQ(loaded.value()->name, "small");
      EXPECT_EQ(loaded.value()->card.title, "Small");
      EXPECT_EQ(loaded.value()->card.prompts, card.prompts);
      EXPECT_EQ(loaded.value()->card.heldOutLoss, 1.25);
      ASSERT_EQ(loaded.value()->card.heads.size(), 1u);
      EXPECT_EQ(loaded.value()->card.heads[0].role, "previous token");
      EXPECT_EQ(loaded.value()->config().sinusoidalTable, config.sinusoidalTable);
      EXPECT_EQ(loaded.value()->config().normPlacement, config.normPlacement);
      EXPECT_EQ(loaded.value()->tokenizer->vocabSize(), 6);
      EXPECT_TRUE(std::is_sorted(reported.begin(), reported.end()));
      EXPECT_EQ(reported.back(), 1.0);
    }
  }
}

TEST(HfFolder, LoadsByFolderConfigOrWeights) {
  const test::TemporaryDir folder;
  const Model model = numberedModel(smallLlama());
  ASSERT_TRUE(saveHfFolder(folder.file("m"), model, {}, {}, StoredFloat::f32).ok());
  for (const char* path : {"m", "m/", "m//", "m/config.json", "m/model.safetensors"}) {
    const auto loaded = loadModel(folder.file(path));
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    EXPECT_EQ(loaded.value()->name, "m");
    EXPECT_EQ(loaded.value()->format, "Hugging Face folder");
  }
}

TEST(HfFolder, TransformersIsToldToTakeTheTokenizerAsItStands) {
  const test::TemporaryDir folder;
  const Model model = numberedModel(smallLlama());
  ASSERT_TRUE(saveHfFolder(folder.file("m"), model, smallTokenizerJson(), {}, StoredFloat::bf16).ok());
  EXPECT_EQ(test::readAll(folder.file("m/tokenizer_config.json")), R"({
  "tokenizer_class": "PreTrainedTokenizerFast",
  "bos_token": "[SOS]",
  "eos_token": "[EOS]",
  "clean_up_tokenization_spaces": false,
  "model_max_length": 32
}
)");
  EXPECT_EQ(saveHfFolder(folder.file("n"), model, "{}", {}, StoredFloat::bf16).error().message(),
            folder.file("n/tokenizer.json") + ": model: missing");
}

TEST(HfFolder, WithoutTokenizerTakesAndShowsIds) {
  const test::TemporaryDir folder;
  ASSERT_TRUE(saveHfFolder(folder.file("m"), numberedModel(smallLlama()), {}, {}, StoredFloat::f32).ok());
  const auto loaded = loadModel(folder.file("m"));
  ASSERT_TRUE(loaded.ok());
  const Tokenizer& tokenizer = *loaded.value()->tokenizer;
  EXPECT_EQ(tokenizer.vocabSize(), 24);
  EXPECT_EQ(tokenizer.shownPiece(TokenId{5}), "#5");
  const std::vector<TokenId> ids = {TokenId{1}, TokenId{23}, TokenId{0}};
  EXPECT_EQ(tokenizer.encode(tokenizer.decode(ids)).value(), ids);
  EXPECT_EQ(tokenizer.encode(" 1,23, #0 ").value(), ids);
  EXPECT_TRUE(tokenizer.encode("").value().empty());
  for (const char* text : {"1 the", "24", "#", "-1", "99999999999", "1.5"}) {
    const std::string message = tokenizer.encode(text).error().message();
    EXPECT_NE(message.find("allowed token ids from #0 to #23"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace decodescope
