#include "core/formats/hf_folder.h"

#include "core/base/atomic_file.h"
#include "core/base/file_bytes.h"
#include "core/formats/hf_config.h"
#include "core/formats/hf_names.h"
#include "core/formats/hf_tensors.h"
#include "core/formats/json.h"
#include "core/formats/json_writer.h"
#include "core/formats/model_card.h"
#include "core/formats/model_outline.h"
#include "core/formats/tokenizer_file.h"
#include "core/formats/tokenizer_json.h"
#include "core/formats/vocab_merges.h"
#include "core/tokenizer/id_tokenizer.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kConfigLimit = 1 << 20;

/// tokenizer.json, or else vocab.json with merges.txt; without either the model takes ids only.
Result<std::shared_ptr<const Tokenizer>> loadTokenizer(const std::string& folder, const ModelConfig& config,
                                                       std::vector<std::string>& warnings) {
  const std::string whole = folder + "/tokenizer.json", vocabulary = folder + "/vocab.json";
  const bool inOne = pathExists(whole);
  if (!inOne && !pathExists(vocabulary)) {
    if (pathExists(folder + "/tokenizer.model")) {
      warnings.push_back(
          "tokenizer.model (SentencePiece's own format) is not read, and there is no "
          "tokenizer.json: the model takes token ids only");
    }
    return std::shared_ptr<const Tokenizer>(std::make_shared<IdTokenizer>(config.vocabSize));
  }
  DECODESCOPE_TRY(std::shared_ptr<const Tokenizer> tokenizer,
                  inOne ? readTokenizerJson(whole) : readVocabAndMerges(folder));
  if (tokenizer->vocabSize() > config.vocabSize) {
    Error error;
    error.file = inOne ? whole : vocabulary;
    if (inOne) error.field = "model.vocab";
    error.what = "vocabulary is larger than the embedding";
    error.found = std::to_string(tokenizer->vocabSize()) + " tokens";
    error.allowed = "at most vocab_size of config.json (" + std::to_string(config.vocabSize) + ")";
    return error;
  }
  return tokenizer;
}

/// Tells Transformers to take tokenizer.json as it stands, not as one of its own classes would have it.
std::string tokenizerConfig(const ModelConfig& config, const Tokenizer& tokenizer) {
  JsonWriter json(JsonWriter::Style::indented);
  json.beginObject().key("tokenizer_class").value("PreTrainedTokenizerFast");
  if (config.bosTokenId) json.key("bos_token").value(tokenizer.shownPiece(*config.bosTokenId));
  if (!config.eosTokenIds.empty())
    json.key("eos_token").value(tokenizer.shownPiece(config.eosTokenIds.front()));
  json.key("clean_up_tokenization_spaces").value(false);
  json.key("model_max_length").value(config.maxPositionEmbeddings).endObject();
  return json.take();
}

std::string lastPart(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path full = std::filesystem::absolute(path, ignored).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  return full.filename().string();
}

}  // namespace

Result<LoadedModelPtr> loadHfFolder(const std::string& folder, const LoadProgress& progress,
                                    const std::string& tokenizer) {
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::read(folder + "/config.json", kConfigLimit));
  DECODESCOPE_TRY(const ModelConfig config, readHfConfig(document));
  DECODESCOPE_TRY(const HfTensors tensors, HfTensors::open(folder, config));
  auto loaded = std::make_shared<LoadedModel>();
  loaded->name = lastPart(folder);
  loaded->path = folder;
  loaded->format = "Hugging Face folder";
  StoredTypes types;
  for (const SafetensorsEntry* entry : tensors.entries()) types.add(entry->dtype, entry->end - entry->begin);
  DECODESCOPE_TRY(const std::vector<WeightSource> sources, tensors.sources());
  DECODESCOPE_CHECK(announce(progress, *loaded, config, types, sources));
  loaded->tokenizerPath = tokenizer;
  DECODESCOPE_TRY(loaded->tokenizer, tokenizer.empty() ? loadTokenizer(folder, config, loaded->warnings)
                                                       : readTokenizerFile(tokenizer, config.vocabSize));
  if (const std::string card = folder + "/card.json"; pathExists(card)) {
    DECODESCOPE_TRY(loaded->card, readModelCard(card, config));
  }
  DECODESCOPE_TRY(std::unique_ptr<Model> model, tensors.load(sources, progress, loaded->warnings));
  loaded->model = std::move(model);
  return LoadedModelPtr(std::move(loaded));
}

Result<void> saveHfFolder(const std::string& folder, const Model& model, const std::string& tokenizerJson,
                          const ModelCard& card, StoredFloat dtype) {
  const ModelConfig& config = model.config();
  DECODESCOPE_TRY(const std::string configJson,
                  writeHfConfig(config, dtype == StoredFloat::bf16 ? "bfloat16" : "float32"));
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    Error error;
    error.file = folder;
    error.what = "folder cannot be made: " + failure.message();
    return error;
  }
  std::vector<TensorToStore> tensors;
  for (const Parameter& parameter : model.layout().parameters()) {
    tensors.push_back({hfFullName(config, parameter), model.parameter(parameter),
                       hfStoredPart(config, parameter).isVector});
  }
  DECODESCOPE_CHECK(writeSafetensors(folder + "/model.safetensors", tensors, dtype));
  if (!tokenizerJson.empty()) {
    DECODESCOPE_TRY(const auto tokenizer, parseTokenizerJson(tokenizerJson, folder + "/tokenizer.json"));
    DECODESCOPE_CHECK(writeFileAtomically(folder + "/tokenizer.json", tokenizerJson));
    DECODESCOPE_CHECK(
        writeFileAtomically(folder + "/tokenizer_config.json", tokenizerConfig(config, *tokenizer)));
  }
  DECODESCOPE_CHECK(writeFileAtomically(folder + "/card.json", writeModelCard(card)));
  return writeFileAtomically(folder + "/config.json", configJson);
}

}  // namespace decodescope
