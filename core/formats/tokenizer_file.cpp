#include "core/formats/tokenizer_file.h"

#include "core/formats/llama2c_tokenizer.h"
#include "core/formats/tokenizer_json.h"
#include "core/formats/vocab_merges.h"

#include <filesystem>

namespace decodescope {
namespace {

bool isVocabOrMerges(const std::filesystem::path& path) {
  return path.filename() == "vocab.json" || path.filename() == "merges.txt";
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> readTokenizerFile(const std::string& path, int vocabSize) {
  const std::filesystem::path file(path);
  const bool inTwo = isVocabOrMerges(file);
  if (!inTwo && file.extension() != ".json") return readLlama2cTokenizer(path, vocabSize);
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  DECODESCOPE_TRY(std::shared_ptr<const Tokenizer> tokenizer,
                  inTwo ? readVocabAndMerges(folder) : readTokenizerJson(path));
  if (tokenizer->vocabSize() <= vocabSize) return tokenizer;
  return Error{.file = path,
               .what = "vocabulary is larger than the model's",
               .found = std::to_string(tokenizer->vocabSize()) + " tokens",
               .allowed = "at most " + std::to_string(vocabSize)};
}

bool isTokenizerName(const std::string& path) {
  const std::filesystem::path file(path);
  const std::string name = file.filename().string();
  return isVocabOrMerges(file) || name == "tokenizer.json" ||
         (name.starts_with("tok") && name.ends_with(".bin"));
}

}  // namespace decodescope
