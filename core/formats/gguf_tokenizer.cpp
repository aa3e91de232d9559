#include "core/formats/gguf_tokenizer.h"

#include "core/base/utf8.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/id_tokenizer.h"
#include "core/tokenizer/pipeline_tokenizer.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace decodescope {
namespace {

constexpr std::string_view kModel = "tokenizer.ggml.model";
constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kScores = "tokenizer.ggml.scores";
constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";
constexpr std::string_view kPre = "tokenizer.ggml.pre";
constexpr std::string_view kUnknown = "tokenizer.ggml.unknown_token_id";
constexpr std::string_view kSpace = "\xe2\x96\x81";  // ▁

/// How a byte-level tokenizer cuts a text.
enum class PreKind {
  gpt2,
  digits,  ///< each digit alone, then GPT-2's pattern
  llama3,  ///< and whole pieces of the vocabulary are taken whatever the merges; BOS in front
  qwen2,   ///< after NFC
};
struct PreRow {
  std::string_view name;
  PreKind kind;
};
/// llama.cpp's names (tokenizer.ggml.pre).
constexpr PreRow kPres[] = {
    {"gpt-2", PreKind::gpt2},      {"default", PreKind::gpt2},     {"phi-2", PreKind::gpt2},
    {"mpt", PreKind::gpt2},        {"olmo", PreKind::gpt2},        {"jais", PreKind::gpt2},
    {"smollm", PreKind::digits},   {"llama-bpe", PreKind::llama3}, {"llama3", PreKind::llama3},
    {"llama-v3", PreKind::llama3}, {"qwen2", PreKind::qwen2},      {"deepseek-r1-qwen", PreKind::qwen2},
};

enum TokenType { kNormal = 1, kUnknownType = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// Reads what both kinds of tokenizer have.
class Reader {
 public:
  Reader(const GgufFile& file, const ModelConfig& config, std::vector<std::string>& warnings)
      : m_file(file), m_config(config), m_warnings(warnings) {}

  Result<std::shared_ptr<const Tokenizer>> read() {
    DECODESCOPE_TRY(const std::string_view model, m_file.text(kModel));
    if (model != "llama" && model != "gpt2")
      return m_file.error(kModel, "tokenizer is not supported", "\"llama\", \"gpt2\"");
    DECODESCOPE_TRY(m_tokens, m_file.texts(kTokens));
    if (m_tokens.size() != static_cast<std::size_t>(m_config.vocabSize)) {
      return m_file.error(kTokens, "number of tokens is not that of the embedding's rows",
                          std::to_string(m_config.vocabSize));
    }
    DECODESCOPE_CHECK(readTypes());
    DECODESCOPE_TRY(Vocabulary vocabulary, readVocabulary());
    DECODESCOPE_CHECK(model == "llama" ? readSentencePiece(std::move(vocabulary))
                                       : readByteLevel(std::move(vocabulary)));
    addSpecials();
    DECODESCOPE_CHECK(addEnds());
    auto tokenizer = PipelineTokenizer::make(std::move(m_parts));
    if (!tokenizer.ok()) return placed(tokenizer.error());
    return std::shared_ptr<const Tokenizer>(std::move(tokenizer).value());
  }

 private:
  Error placed(Error error) const {
    error.file = m_file.path();
    error.field = std::string(kTokens) + ": " + error.field;
    return error;
  }

  Result<void> readTypes() {
    if (!m_file.has(kTypes)) return {};
    DECODESCOPE_TRY(m_types, m_file.integers(kTypes, 0, kByte));
    if (m_types.size() == m_tokens.size()) return {};
    return m_file.error(kTypes, "not one for every token", std::to_string(m_tokens.size()));
  }

  Result<Vocabulary> readVocabulary() const {
    std::vector<Vocabulary::Entry> entries;
    entries.reserve(m_tokens.size());
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
      // An empty token is a row that no text uses.
      if (!m_tokens[i].empty()) entries.push_back({m_tokens[i], static_cast<int>(i)});
    }
    auto vocabulary = Vocabulary::make(entries);
    if (!vocabulary.ok()) return placed(vocabulary.error());
    return vocabulary;
  }

  Result<void> readSentencePiece(Vocabulary vocabulary) {
    DECODESCOPE_TRY(const std::vector<float> scores, m_file.numbers(kScores));
    if (scores.size() != m_tokens.size())
      return m_file.error(kScores, "not one for every token", std::to_string(m_tokens.size()));
    DECODESCOPE_TRY(const bool spaceInFront, m_file.flag("tokenizer.ggml.add_space_prefix", true));
    BpeOptions options;
    options.byteFallback = true;
    options.unknown = TokenId{0};
    if (m_file.has(kUnknown)) {
      DECODESCOPE_TRY(const std::int64_t id, m_file.integer(kUnknown, 0, m_config.vocabSize - 1));
      options.unknown = TokenId{static_cast<int>(id)};
    }
    m_parts.model = BpeModel::byScores(std::move(vocabulary), scores, options);
    const std::string space(kSpace);
    if (spaceInFront) m_parts.normalizer.push_back({NormalizerStep::Kind::prepend, {}, space});
    m_parts.normalizer.push_back({NormalizerStep::Kind::replace, " ", space});
    m_parts.decoder.push_back({DecoderStep::Kind::replace, space, " ", 0, 0});
    m_parts.decoder.push_back({DecoderStep::Kind::byteFallback, {}, {}, 0, 0});
    m_parts.decoder.push_back({DecoderStep::Kind::fuse, {}, {}, 0, 0});
    if (spaceInFront) m_parts.decoder.push_back({DecoderStep::Kind::strip, {}, " ", 1, 0});
    return {};
  }

  Result<void> readByteLevel(Vocabulary vocabulary) {
    DECODESCOPE_TRY(const PreRow row, preTokenizer());
    DECODESCOPE_TRY(const bool spaceInFront, m_file.flag("tokenizer.ggml.add_space_prefix", false));
    DECODESCOPE_TRY(const std::vector<std::string_view> lines, m_file.texts(kMerges));
    std::vector<BpeModel::Merge> merges;
    merges.reserve(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      auto merge = parseMerge(vocabulary, lines[i]);
      if (!merge.ok()) {
        Error error = m_file.error(std::string(kMerges) + "[" + std::to_string(i) + "]", merge.error().what);
        error.found = quotedStart(lines[i]);
        return error;
      }
      merges.push_back(merge.value());
    }
    BpeOptions options;
    options.ignoreMerges = row.kind == PreKind::llama3;
    m_parts.model = std::make_unique<BpeModel>(std::move(vocabulary), merges, options);
    if (row.kind == PreKind::qwen2) m_parts.normalizer = {{NormalizerStep::Kind::nfc, {}, {}}};
    PreTokenizerStep cut;
    if (row.kind == PreKind::digits) {
      cut.kind = PreTokenizerStep::Kind::digits;
      m_parts.preTokenizer.push_back(cut);
    } else if (row.kind != PreKind::gpt2) {
      cut.kind = PreTokenizerStep::Kind::pattern;
      cut.splitPattern = row.kind == PreKind::llama3 ? SplitPattern::llama3 : SplitPattern::qwen2;
      m_parts.preTokenizer.push_back(cut);
    }
    PreTokenizerStep bytes;
    bytes.kind = PreTokenizerStep::Kind::byteLevel;
    bytes.prepend = spaceInFront ? PreTokenizerStep::Prepend::always : PreTokenizerStep::Prepend::never;
    bytes.split = row.kind == PreKind::gpt2 || row.kind == PreKind::digits;
    m_parts.preTokenizer.push_back(bytes);
    m_bosByDefault = row.kind == PreKind::llama3;
    m_parts.decoder = {{DecoderStep::Kind::byteLevel, {}, {}, 0, 0}};
    return {};
  }

  /// Files from before the key was written, and those that say "default", are taken for GPT-2's.
  Result<PreRow> preTokenizer() {
    std::string_view name = "default";
    if (m_file.has(kPre)) {
      DECODESCOPE_TRY(name, m_file.text(kPre));
    }
    if (name == "default" && m_config.modelType != "gpt2") {
      m_warnings.push_back(std::string(kPre) +
                           (m_file.has(kPre) ? ": \"default\" names no pattern" : ": missing") +
                           "; text is cut by GPT-2's, which may not be this model's");
    }
    const auto found =
        std::find_if(std::begin(kPres), std::end(kPres), [&](const PreRow& row) { return row.name == name; });
    if (found != std::end(kPres)) return *found;
    return m_file.error(kPre, "pre-tokenizer is not supported",
                        "\"gpt-2\", \"llama-bpe\", \"qwen2\", \"smollm\", \"default\"");
  }

  void addSpecials() {
    const std::vector<TokenId>& ends = m_config.eosTokenIds;
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
      const TokenId id{static_cast<int>(i)};
      const std::int64_t type = m_types.empty() ? std::int64_t{kNormal} : m_types[i];
      const bool isEnd = id == m_config.bosTokenId || std::find(ends.begin(), ends.end(), id) != ends.end();
      const bool special = isEnd || type == kControl || type == kUnknownType;
      if ((!special && type != kUserDefined) || m_tokens[i].empty()) continue;
      AddedToken added;
      added.id = id;
      added.content = std::string(m_tokens[i]);
      added.special = special;
      m_parts.addedTokens.push_back(std::move(added));
    }
  }

  Result<void> addEnds() {
    constexpr std::string_view kAddBos = "tokenizer.ggml.add_bos_token";
    constexpr std::string_view kAddEos = "tokenizer.ggml.add_eos_token";
    DECODESCOPE_TRY(const bool bos, m_file.flag(kAddBos, m_bosByDefault && m_config.bosTokenId));
    DECODESCOPE_TRY(const bool eos, m_file.flag(kAddEos, false));
    if (bos && !m_config.bosTokenId) return m_file.error(kAddBos, "there is no bos_token_id", "false");
    if (eos && m_config.eosTokenIds.empty())
      return m_file.error(kAddEos, "there is no eos_token_id", "false");
    if (bos) m_parts.before = {*m_config.bosTokenId};
    if (eos) m_parts.after = {m_config.eosTokenIds.front()};
    return {};
  }

  const GgufFile& m_file;
  const ModelConfig& m_config;
  std::vector<std::string>& m_warnings;
  bool m_bosByDefault = true;
  std::vector<std::string_view> m_tokens;  // in m_file
  std::vector<std::int64_t> m_types;
  TokenizerParts m_parts;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> readGgufTokenizer(const GgufFile& file, const ModelConfig& config,
                                                           std::vector<std::string>& warnings) {
  const bool none = !file.has(kModel) && !file.has(kTokens);
  if (const auto model = file.text(kModel); none || (model.ok() && model.value() == "none"))
    return std::shared_ptr<const Tokenizer>(std::make_shared<IdTokenizer>(config.vocabSize));
  return Reader(file, config, warnings).read();
}

}  // namespace decodescope
