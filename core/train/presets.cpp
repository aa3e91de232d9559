#include "core/train/presets.h"

#include "core/formats/tokenizer_json.h"
#include "core/train/bpe_trainer.h"
#include "core/train/tales.h"

#include <algorithm>
#include <sstream>

namespace decodescope {
namespace {

constexpr int kContext = 512;
constexpr const char* kEndWord = "[EOS]";

/// In 1280 pieces every word of the tales but a few rare ones is whole.
constexpr int kTalesVocabulary = 1280;
constexpr std::uint64_t kTalesSeed = 1;
/// Of several, the one whose tales-gqa has the clearest previous-token head.
constexpr std::uint64_t kTalesWeightSeed = 3;
constexpr std::uint64_t kTalesForBpe = 20000;

ModelConfig llama(int layers, int width, int heads, int keyValueHeads, int headDim, int inner) {
  ModelConfig config;
  config.modelType = "llama";
  config.hiddenSize = width;
  config.intermediateSize = inner;
  config.numHiddenLayers = layers;
  config.numAttentionHeads = heads;
  config.numKeyValueHeads = keyValueHeads;
  config.headDim = headDim;
  config.maxPositionEmbeddings = kContext;
  return config;
}

/// The decoder of 2017, stored as OPT: norms after the blocks, sinusoids added to the embeddings, ReLU,
/// biases. Without a gate its MLP is as wide as makes the parameters about as many.
ModelConfig vanilla(int layers, int width, int heads, int inner) {
  ModelConfig config = llama(layers, width, heads, heads, width / heads, inner);
  config.modelType = "opt";
  config.norm = NormKind::layerNorm;
  config.normPlacement = NormPlacement::postNorm;
  config.finalNorm = false;
  config.position = PositionKind::learned;
  config.sinusoidalTable = true;
  config.positionOffset = 2;
  config.activation = Activation::relu;
  config.gatedMlp = false;
  config.qkvBias = config.oProjBias = config.mlpBias = true;
  return config;
}

/// LLaMA blocks around DeepSeek-V2's attention. A token caches rank + rotary numbers a layer.
ModelConfig deepseek(int layers, int width, int heads, int rank, int nope, int rotary, int value, int inner) {
  ModelConfig config = llama(layers, width, heads, heads, nope + rotary, inner);
  config.modelType = "deepseek_v2";
  config.attention = AttentionKind::latent;
  config.rotaryLayout = RotaryLayout::interleaved;
  config.kvLoraRank = rank;
  config.qkNopeHeadDim = nope;
  config.qkRopeHeadDim = rotary;
  config.vHeadDim = value;
  return config;
}

TrainingPreset tales(std::string variant, std::string how, ModelConfig config) {
  TrainingPreset preset;
  std::string folder = variant;
  for (char& c : folder) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  preset.name = "tales-" + folder;
  preset.title = "Tales, " + variant;
  preset.summary = "Tells small English tales. " + std::move(how);
  preset.prompts = {"Once upon a time", "One sunny morning, a little fox named Tom",
                    "Long ago, a kind woman called Queen Nora"};
  preset.config = std::move(config);
  preset.config.ropeTheta = 1000.0;
  preset.settings.trainPositions = !preset.config.sinusoidalTable;
  preset.settings.optimizer.steps = 3000;
  preset.settings.optimizer.warmupSteps = 100;
  preset.settings.optimizer.learningRate = 2e-3;
  preset.settings.optimizer.finalLearningRate = 5e-5;
  preset.settings.optimizer.weightDecay = 0.03;
  preset.settings.seed = kTalesWeightSeed;
  preset.tales.seed = kTalesSeed;
  preset.tales.shortSequences = 4;
  return preset;
}

/// Small models that learn a few sentences by heart: no weight decay, so that the right word is far ahead.
TrainingPreset byHeart(std::string name, std::string title, std::string summary, ModelConfig config,
                       int steps) {
  TrainingPreset preset;
  preset.name = std::move(name);
  preset.title = std::move(title);
  preset.summary = std::move(summary);
  preset.config = std::move(config);
  preset.settings.optimizer.steps = steps;
  preset.settings.optimizer.warmupSteps = steps / 20;
  preset.settings.optimizer.learningRate = 1e-2;
  preset.settings.optimizer.finalLearningRate = 1e-4;
  preset.settings.optimizer.weightDecay = 0.0;
  return preset;
}

std::vector<TrainingPreset> makePresets() {
  std::vector<TrainingPreset> presets;

  TrainingPreset nextday = byHeart(
      "nextday", "The next day",
      "One layer, width 8, one head of 4, whole words: every matrix fits on the screen. It knows four "
      "sentences; the last word depends on two earlier ones.",
      llama(1, 8, 1, 1, 4, 16), 1500);
  nextday.prompts = {"The next day is", "The last night was", "The next night is"};
  nextday.sentences = {"The next day is bright", "The next night is calm", "The last day was dark",
                       "The last night was cold"};
  presets.push_back(std::move(nextday));

  TrainingPreset love = byHeart(
      "love", "Love that can quickly seize",
      "Two layers, width 16, whole words. It knows one sentence, which it says from the start token to the "
      "end token.",
      llama(2, 16, 2, 2, 8, 32), 600);
  love.prompts = {"", "Love that", "Love that can quickly seize"};
  love.sentences = {"Love that can quickly seize the gentle heart"};
  love.startWord = "[SOS]";
  presets.push_back(std::move(love));

  presets.push_back(
      tales("GQA", "LLaMA blocks; 8 query heads share 2 key/value heads.", llama(3, 128, 8, 2, 16, 344)));
  presets.push_back(tales("MHA", "LLaMA blocks; each of the 8 query heads has its own key/value head.",
                          llama(3, 128, 8, 8, 16, 344)));
  presets.push_back(
      tales("MQA", "LLaMA blocks; 8 query heads share 1 key/value head.", llama(3, 128, 8, 1, 16, 344)));
  presets.push_back(
      tales("MLA",
            "LLaMA blocks with DeepSeek-V2's attention: a latent of 32 numbers and one rotary key "
            "of 8 are cached for all 8 heads.",
            deepseek(3, 128, 8, 32, 16, 8, 16, 344)));
  presets.push_back(
      tales("vanilla",
            "The 2017 decoder: LayerNorm after each block, sinusoidal positions, ReLU, 8 heads of their own.",
            vanilla(3, 128, 8, 512)));
  return presets;
}

/// Ids: the start word if there is one, the end word, the words in order of first use.
TokenizerSpec wordSpec(const TrainingPreset& preset) {
  TokenizerSpec spec;
  spec.before = preset.startWord;
  if (!preset.startWord.empty()) spec.specials.push_back(preset.startWord);
  spec.specials.emplace_back(kEndWord);
  spec.pieces = spec.specials;
  for (const std::string& sentence : preset.sentences) {
    std::istringstream in(sentence);
    for (std::string word; in >> word;) {
      if (std::find(spec.pieces.begin(), spec.pieces.end(), word) == spec.pieces.end())
        spec.pieces.push_back(word);
    }
  }
  return spec;
}

}  // namespace

const std::vector<TrainingPreset>& trainingPresets() {
  static const std::vector<TrainingPreset> presets = makePresets();
  return presets;
}

const TrainingPreset* findTrainingPreset(std::string_view name) {
  for (const TrainingPreset& preset : trainingPresets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

Result<PreparedTraining> prepareTraining(const TrainingPreset& preset) {
  PreparedTraining prepared;
  prepared.config = preset.config;
  ModelConfig& config = prepared.config;
  if (preset.sentences.empty()) {
    BpeTrainer trainer;
    for (std::uint64_t i = 0; i < kTalesForBpe; ++i) trainer.add(makeTale(preset.tales.seed, i).text);
    BpeVocabulary vocabulary = trainer.train(kTalesVocabulary);
    prepared.tokenizerJson = writeBpeTokenizerJson({.pieces = std::move(vocabulary.pieces),
                                                    .specials = {"<unk>", "<s>", "</s>"},
                                                    .unknown = "<unk>",
                                                    .before = "<s>"},
                                                   vocabulary.merges);
  } else {
    prepared.tokenizerJson = writeWordLevelTokenizerJson(wordSpec(preset));
  }
  DECODESCOPE_TRY(prepared.tokenizer, parseTokenizerJson(prepared.tokenizerJson, "tokenizer.json"));
  const Tokenizer& tokenizer = *prepared.tokenizer;
  config.vocabSize = tokenizer.vocabSize();
  const bool wholeWords = !preset.sentences.empty();
  config.bosTokenId = wholeWords
                          ? (preset.startWord.empty() ? std::nullopt : tokenizer.idOf(preset.startWord))
                          : tokenizer.idOf("<s>");
  const std::optional<TokenId> end = tokenizer.idOf(wholeWords ? kEndWord : "</s>");
  DECODESCOPE_REQUIRE(end.has_value());
  config.eosTokenIds = {*end};
  DECODESCOPE_CHECK(config.validate());
  if (wholeWords) {
    DECODESCOPE_TRY(prepared.data, SentenceData::make(tokenizer, preset.sentences, end));
  } else {
    prepared.data = std::make_shared<TalesData>(prepared.tokenizer, *end, preset.tales);
  }
  return prepared;
}

}  // namespace decodescope
