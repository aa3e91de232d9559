#include "tests/support/random_run.h"

#include "core/base/random.h"
#include "tests/support/random_model.h"

#include <array>
#include <string>
#include <string_view>

namespace decodescope::test {
namespace {

constexpr std::array kWords{"the", "little", "fox",  "went",   "to",   "a",       "river",   "and",
                            "saw", "Mira",   "who",  "had",    "an",   "old",     "lantern", "under",
                            "her", "coat",   "said", "hello",  "it",   "was",     "bright",  "that",
                            "day", "so",     "they", "walked", "home", "together"};

/// Word i of the list, with a number behind it from the second round on; 0 to 2 are special or punctuation.
class WordyTokenizer : public Tokenizer {
 public:
  explicit WordyTokenizer(int size) : m_size(size) {}

  int vocabSize() const override { return m_size; }
  Result<std::vector<TokenId>> encode(std::string_view text) const override {
    return std::vector<TokenId>(text.empty() ? 0 : 1, TokenId{3});
  }
  std::string decode(std::span<const TokenId> ids) const override {
    std::string text;
    for (const TokenId id : ids) text += shownPiece(id);
    return text;
  }
  std::string shownPiece(TokenId id) const override {
    if (id.value == 0) return "[SOS]";
    if (id.value == 1) return ".";
    if (id.value == 2) return "\u21b5";
    const auto i = static_cast<std::size_t>(id.value - 3);
    return std::string("\u2423") + kWords[i % kWords.size()] +
           (i < kWords.size() ? "" : std::to_string(i / kWords.size()));
  }
  bool isSpecial(TokenId id) const override { return id.value == 0; }
  std::optional<TokenId> idOf(std::string_view) const override { return std::nullopt; }

 private:
  int m_size;
};

constexpr int kVocabulary = 64;

}  // namespace

LoadedModelPtr wordyModel(const RandomModelShape& shape, std::uint64_t seed) {
  ModelConfig config;
  config.vocabSize = kVocabulary;
  config.hiddenSize = 32;
  config.intermediateSize = 48;
  config.numHiddenLayers = shape.layers;
  config.numAttentionHeads = shape.heads;
  config.numKeyValueHeads = shape.kvHeads;
  config.headDim = shape.headDim;
  config.maxPositionEmbeddings = shape.context;
  config.position = shape.rotary ? PositionKind::rotary : PositionKind::none;
  DECODESCOPE_REQUIRE(config.validate().ok());
  auto loaded = std::make_shared<LoadedModel>();
  loaded->name = "random-weights";
  loaded->path = "random-weights";
  loaded->format = "made by a test";
  loaded->model = std::make_shared<const Model>(randomModel(config, seed));
  loaded->tokenizer = std::make_shared<WordyTokenizer>(kVocabulary);
  loaded->card.heads.push_back({LayerIndex{0}, HeadIndex{0}, "previous token", 0.62});
  return loaded;
}

RunSnapshotPtr randomRun(const LoadedModelPtr& model, int promptLength, int steps, bool kvCache) {
  Random random(7);
  std::vector<TokenId> prompt;
  for (int i = 0; i < promptLength; ++i)
    prompt.emplace_back(static_cast<int>(random.below(static_cast<std::uint64_t>(kVocabulary))));
  RunSettings settings;
  settings.kvCache = kvCache;
  settings.ignoreEos = true;
  settings.sampling.temperature = 1.0;
  Result<Lane> lane = Lane::start(model, settings, std::move(prompt), {});
  DECODESCOPE_REQUIRE(lane.ok());
  for (int i = 0; i < steps && lane.value().canStep(); ++i) lane.value().step();
  return lane.value().snapshot();
}

SessionSnapshot sessionOf(const RunSnapshotPtr& run) {
  SessionSnapshot session;
  if (run) session.lanes.push_back({0, run->model ? run->model->name : "", run});
  return session;
}

}  // namespace decodescope::test
