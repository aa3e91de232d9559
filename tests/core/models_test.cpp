// What the bundled models are there for (assets/models).
#include "core/decode/lane.h"
#include "core/train/head_roles.h"
#include "core/train/presets.h"
#include "core/train/tale_grammar.h"
#include "core/train/tales.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace decodescope {
namespace {

std::string modelPath(const std::string& name) {
  return (test::sourceDir() / "assets" / "models" / name).string();
}

LoadedModelPtr load(const std::string& name) {
  Result<LoadedModelPtr> model = loadModel(modelPath(name));
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message());
  return model.ok() ? model.value() : nullptr;
}

RunSnapshotPtr decode(const LoadedModelPtr& model, const std::string& prompt, int steps) {
  const Result<std::vector<TokenId>> tokens = promptTokens(*model, prompt);
  EXPECT_TRUE(tokens.ok());
  Lane::Options options;
  options.trace = false;
  Result<Lane> lane = Lane::start(model, {}, tokens.value(), options);
  EXPECT_TRUE(lane.ok());
  for (int i = 0; i < steps && lane.value().canStep(); ++i) lane.value().step();
  return lane.value().snapshot();
}

std::string generatedText(const RunSnapshot& run) {
  return run.model->tokenizer->decode(
      std::span(run.tokens).subspan(static_cast<std::size_t>(run.promptLength)));
}

TEST(BundledModels, LoveSaysItsSentenceAndStops) {
  const LoadedModelPtr model = load("love");
  ASSERT_TRUE(model);
  const RunSnapshotPtr run = decode(model, "", 20);
  EXPECT_EQ(generatedText(*run), "Love that can quickly seize the gentle heart");
  EXPECT_EQ(run->promptLength, 1);
  EXPECT_EQ(run->stopReason, StopReason::endOfText);
  EXPECT_EQ(model->tokenizer->shownPiece(run->tokens.back()), "[EOS]");
}

TEST(BundledModels, NextdayFinishesItsFourSentences) {
  const LoadedModelPtr model = load("nextday");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->config().numHiddenLayers, 1);
  EXPECT_EQ(model->config().hiddenSize, 8);
  EXPECT_EQ(model->config().headDim, 4);
  for (const auto& [prompt, word] :
       {std::pair{"The next day is", "bright"}, std::pair{"The next night is", "calm"},
        std::pair{"The last day was", "dark"}, std::pair{"The last night was", "cold"}}) {
    const RunSnapshotPtr run = decode(model, prompt, 5);
    EXPECT_EQ(run->promptLength, 4);  // no start token
    EXPECT_EQ(generatedText(*run), word);
    EXPECT_EQ(run->stopReason, StopReason::endOfText);
  }
}

class BundledModelTest : public testing::TestWithParam<std::string> {};

TEST_P(BundledModelTest, LoadsWithCardPromptsAndContext) {
  const LoadedModelPtr model = load(GetParam());
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->warnings.empty());
  EXPECT_GE(model->config().maxPositionEmbeddings, 512);
  EXPECT_FALSE(model->card.title.empty());
  EXPECT_GT(model->card.heldOutLoss, 0.0);
  ASSERT_FALSE(model->card.prompts.empty());
  for (const std::string& prompt : model->card.prompts)
    EXPECT_TRUE(promptTokens(*model, prompt).ok()) << prompt;
}

/// A text as its kinds of words: every name the same, every place the same …, so that a sentence's form
/// remains.
std::vector<std::string> formOf(const std::string& text) {
  static const std::map<std::string, std::string> kinds = [] {
    const TaleGrammar& grammar = taleGrammar();
    std::map<std::string, std::string> out;
    const auto add = [&out](std::span<const char* const> words, const char* kind) {
      for (const char* const word : words) out[word] = kind;
    };
    add(grammar.girlNames, "NAME");
    add(grammar.boyNames, "NAME");
    add(grammar.womanTitles, "TITLE");
    add(grammar.manTitles, "TITLE");
    add(grammar.animals, "ANIMAL");
    add(grammar.traits, "TRAIT");
    add(grammar.objects, "THING");
    add(grammar.colours, "COLOUR");
    add(grammar.foods, "FOOD");
    add(grammar.syllables, "SYLLABLE");
    for (const TalePlace& place : grammar.places) out[place.noun] = "PLACE";
    return out;
  }();
  std::vector<std::string> form;
  std::string word;
  const auto finish = [&] {
    const auto kind = kinds.find(word);
    if (!word.empty()) form.push_back(kind == kinds.end() ? word : kind->second);
    word.clear();
  };
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    finish();
    if (c != ' ') form.emplace_back(1, c);
  }
  finish();
  // A title is part of its name.
  std::vector<std::string> joined;
  for (std::string& item : form) {
    if (item == "NAME" && !joined.empty() && joined.back() == "TITLE") joined.pop_back();
    joined.push_back(std::move(item));
  }
  return joined;
}

constexpr std::size_t kWindow = 5;

std::string window(const std::vector<std::string>& form, std::size_t first) {
  std::string out;
  for (std::size_t i = first; i < first + kWindow; ++i) out += form[i] + " ";
  return out;
}

/// Each tales model's own tale, read through a window of five words: what stands there must stand, word for
/// word or with other names and things, in some tale of the grammar.
TEST(BundledModels, TalesContinueOnceUponATimeGrammatically) {
  std::set<std::string> known;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const std::vector<std::string> form = formOf(makeTale(5, i).text);
    for (std::size_t w = 0; w + kWindow <= form.size(); ++w) known.insert(window(form, w));
  }
  int models = 0;
  for (const TrainingPreset& preset : trainingPresets()) {
    if (!preset.sentences.empty()) continue;
    const LoadedModelPtr model = load(preset.name);
    ASSERT_TRUE(model);
    const RunSnapshotPtr run = decode(model, "Once upon a time", 320);
    EXPECT_EQ(run->stopReason, StopReason::endOfText) << preset.name;
    const std::string text = model->tokenizer->decode(run->tokens);
    const std::vector<std::string> form = formOf(text);
    ASSERT_GT(form.size(), 80u) << text;
    std::size_t strange = 0;
    std::string first;
    for (std::size_t w = 0; w + kWindow <= form.size(); ++w) {
      if (known.contains(window(form, w))) continue;
      ++strange;
      if (first.empty()) first = window(form, w);
    }
    EXPECT_LE(strange, form.size() / 50) << preset.name << ": " << first << '\n' << text;
    ++models;
  }
  EXPECT_EQ(models, 5);
}

/// What the cards say of the default model is measured again.
TEST(BundledModels, DefaultModelHasThePromisedHeads) {
  const LoadedModelPtr model = load(kDefaultPreset);
  ASSERT_TRUE(model);
  const Result<TalesMeasurement> measured =
      measureOnTales(*model->model, *model->tokenizer, kHeldOutSeed + 1, 40);
  ASSERT_TRUE(measured.ok());
  EXPECT_NEAR(measured.value().lossPerToken, model->card.heldOutLoss, 0.05);
  for (const char* const role : {"previous token", "copies a name"}) {
    const auto promised = std::find_if(model->card.heads.begin(), model->card.heads.end(),
                                       [&](const NotableHead& head) { return head.role == role; });
    ASSERT_NE(promised, model->card.heads.end()) << role;
    EXPECT_GT(promised->share, 0.5) << role;
    const std::vector<NotableHead>& heads = measured.value().heads;
    const auto found = std::find_if(heads.begin(), heads.end(), [&](const NotableHead& head) {
      return head.role == role && head.layer == promised->layer && head.head == promised->head;
    });
    ASSERT_NE(found, heads.end()) << role;
    EXPECT_NEAR(found->share, promised->share, 0.05) << role;
  }
}

std::vector<std::string> presetNames() {
  std::vector<std::string> names;
  for (const TrainingPreset& preset : trainingPresets()) names.push_back(preset.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, BundledModelTest, testing::ValuesIn(presetNames()),
                         [](const testing::TestParamInfo<std::string>& it) {
                           std::string name = it.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace decodescope
