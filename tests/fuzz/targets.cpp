#include "tests/fuzz/targets.h"

#include "core/base/utf8.h"
#include "core/formats/gguf_model.h"
#include "core/formats/hf_config.h"
#include "core/formats/hf_folder.h"
#include "core/formats/json.h"
#include "core/formats/llama2c.h"
#include "core/formats/llama2c_tokenizer.h"
#include "core/formats/safetensors.h"
#include "core/formats/tokenizer_json.h"
#include "core/formats/vocab_merges.h"
#include "core/tokenizer/unicode_nfc.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sys/mman.h>
#include <unistd.h>

namespace decodescope::test {
namespace {

constexpr std::string_view kText = "Once upon a time, 1234 \n\n it's <s> café</s>\t中 ";

/// A file in memory, under a path that readers can open.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : m_descriptor(::memfd_create("fuzz", MFD_CLOEXEC)) {
    DECODESCOPE_REQUIRE(m_descriptor >= 0);
    while (!bytes.empty()) {
      const ssize_t written = ::write(m_descriptor, bytes.data(), bytes.size());
      DECODESCOPE_REQUIRE(written > 0);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  ~MemoryFile() { ::close(m_descriptor); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(m_descriptor); }

 private:
  int m_descriptor;
};

/// The input's parts between zero bytes as files of a folder; the last name takes all that is left.
template <std::size_t N>
void writeParts(const std::array<const char*, N>& names, std::string_view input) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::size_t end = i + 1 < N ? std::min(input.find('\0'), input.size()) : input.size();
    std::filesystem::remove(names[i]);
    if (end > 0) {
      // Written with plain calls: this is most of the target's time.
      FILE* file = std::fopen(names[i], "wb");
      DECODESCOPE_REQUIRE(file);
      std::fwrite(input.data(), 1, end, file);
      std::fclose(file);
    }
    input.remove_prefix(std::min(end + 1, input.size()));
  }
}

/// What every tokenizer must do without harm.
void useTokenizer(const Tokenizer& tokenizer) {
  const auto ids = tokenizer.encode(kText);
  if (ids.ok()) {
    for (const TokenId id : ids.value())
      DECODESCOPE_REQUIRE(id.value >= 0 && id.value < tokenizer.vocabSize());
    static_cast<void>(tokenizer.decode(ids.value()));
  }
  for (const int id : {-1, 0, 1, 2, tokenizer.vocabSize() - 1, tokenizer.vocabSize()}) {
    DECODESCOPE_REQUIRE(!tokenizer.shownPiece(TokenId{id}).empty());
    static_cast<void>(tokenizer.isSpecial(TokenId{id}));
  }
}

void useModel(const Result<LoadedModelPtr>& loaded) {
  if (!loaded.ok()) {
    DECODESCOPE_REQUIRE(!loaded.error().what.empty());
    static_cast<void>(loaded.error().message());
    return;
  }
  DECODESCOPE_REQUIRE(loaded.value()->config().validate().ok());
  useTokenizer(*loaded.value()->tokenizer);
}

void walk(const JsonValue& value) {
  static_cast<void>(value.asInteger(-1, 1).ok());
  static_cast<void>(value.asNumber().ok());
  static_cast<void>(value.error("seen").message());
  auto children = value.asArray();
  if (!children.ok()) children = value.asObject();
  if (!children.ok()) return;
  int seen = 0;
  for (const JsonValue child : children.value()) {
    if (++seen > 16) break;  // a path costs as much as it is long
    walk(child);
  }
}

void runJson(std::string_view input) {
  const auto document = JsonDocument::parse(input, "f");
  if (document.ok()) walk(document.value().root());
}

void runHfConfig(std::string_view input) {
  const auto document = JsonDocument::parse(input, "config.json");
  if (!document.ok()) return;
  const auto config = readHfConfig(document.value());
  if (!config.ok()) return;
  // What was read and can be written reads back.
  const auto text = writeHfConfig(config.value(), "float32");
  if (!text.ok()) return;
  const auto again = JsonDocument::parse(text.value(), "config.json");
  DECODESCOPE_REQUIRE(again.ok() && readHfConfig(again.value()).ok());
}

void runSafetensors(std::string_view input) {
  const MemoryFile memory(input);
  const auto file = SafetensorsFile::open(memory.path());
  if (!file.ok()) return;
  std::vector<float> numbers;
  for (const SafetensorsEntry& entry : file.value().entries()) {
    DECODESCOPE_REQUIRE(entry.begin <= entry.end && entry.end <= input.size());
    numbers.resize(static_cast<std::size_t>(entry.elements()));
    static_cast<void>(file.value().read(entry, numbers).ok());
  }
}

void runHfFolder(std::string_view input) {
  static const TemporaryDir kFolder;
  static const std::string kConfig = kFolder.file("config.json"),
                           kIndex = kFolder.file("model.safetensors.index.json"),
                           kTokenizer = kFolder.file("tokenizer.json"),
                           kWeights = kFolder.file("model.safetensors");
  writeParts<4>({kConfig.c_str(), kIndex.c_str(), kTokenizer.c_str(), kWeights.c_str()}, input);
  useModel(loadHfFolder(kFolder.path().string(), {}));
}

void runGguf(std::string_view input) {
  const MemoryFile memory(input);
  useModel(loadGguf(memory.path(), {}));
}

void runLlama2c(std::string_view input) {
  const MemoryFile memory(input);
  useModel(loadLlama2c(memory.path(), {}));
}

/// Two bytes that say how many tokens are wanted, then the file.
void runLlama2cTokenizer(std::string_view input) {
  if (input.size() < 2) return;
  const int wanted = static_cast<unsigned char>(input[0]) | static_cast<unsigned char>(input[1]) << 8;
  const MemoryFile memory(input.substr(2));
  const auto tokenizer = readLlama2cTokenizer(memory.path(), wanted);
  if (tokenizer.ok()) useTokenizer(*tokenizer.value());
}

void runTokenizerJson(std::string_view input) {
  const auto tokenizer = parseTokenizerJson(input, "tokenizer.json");
  if (tokenizer.ok()) useTokenizer(*tokenizer.value());
}

void runVocabMerges(std::string_view input) {
  static const TemporaryDir kFolder;
  static const std::string kVocabulary = kFolder.file("vocab.json"), kMerges = kFolder.file("merges.txt"),
                           kConfig = kFolder.file("tokenizer_config.json"),
                           kMap = kFolder.file("special_tokens_map.json");
  writeParts<4>({kVocabulary.c_str(), kMerges.c_str(), kConfig.c_str(), kMap.c_str()}, input);
  const auto tokenizer = readVocabAndMerges(kFolder.path().string());
  if (tokenizer.ok()) useTokenizer(*tokenizer.value());
}

/// A byte that says which tokenizer, then any text; one that loses nothing gives it back.
void runText(std::string_view input) {
  static const std::vector<std::shared_ptr<const Tokenizer>> kTokenizers = [] {
    std::vector<std::shared_ptr<const Tokenizer>> read;
    for (const std::string_view name : kTextTokenizers) {
      auto tokenizer =
          readTokenizerJson(testPath("golden/tokenizers/" + std::string(name) + "/tokenizer.json"));
      DECODESCOPE_REQUIRE(tokenizer.ok());
      read.push_back(tokenizer.value());
    }
    return read;
  }();
  if (input.empty()) return;
  const std::size_t chosen = static_cast<unsigned char>(input[0]) % kTokenizers.size();
  const std::string_view name = kTextTokenizers[chosen], text = input.substr(1);
  const bool utf8 = !firstInvalidUtf8(text);
  const auto ids = kTokenizers[chosen]->encode(text);
  DECODESCOPE_REQUIRE(ids.ok() == utf8);
  if (!utf8) return;
  const std::string back = kTokenizers[chosen]->decode(ids.value());
  const bool lossless = !name.starts_with("llama2") && text.find("<|") == std::string_view::npos;
  if (lossless) DECODESCOPE_REQUIRE(back == (name == "qwen2" ? toNfc(text) : std::string(text)));
  DECODESCOPE_REQUIRE(toNfc(toNfc(text)) == toNfc(text));
}

constexpr FuzzTarget kTargets[] = {
    {"json", runJson, jsonSeeds},
    {"hf_config", runHfConfig, hfConfigSeeds},
    {"safetensors", runSafetensors, safetensorsSeeds},
    {"hf_folder", runHfFolder, hfFolderSeeds},
    {"gguf", runGguf, ggufSeeds},
    {"llama2c", runLlama2c, llama2cSeeds},
    {"llama2c_tokenizer", runLlama2cTokenizer, llama2cTokenizerSeeds},
    {"tokenizer_json", runTokenizerJson, tokenizerJsonSeeds},
    {"vocab_merges", runVocabMerges, vocabMergesSeeds},
    {"text", runText, textSeeds},
};

}  // namespace

std::span<const FuzzTarget> fuzzTargets() {
  return kTargets;
}

const FuzzTarget* findFuzzTarget(std::string_view name) {
  const auto found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                  [&](const FuzzTarget& t) { return t.name == name; });
  return found == std::end(kTargets) ? nullptr : &*found;
}

}  // namespace decodescope::test
