#include "core/formats/vocab_merges.h"

#include "core/base/file_bytes.h"
#include "core/formats/file_kind.h"
#include "core/formats/json.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/pipeline_tokenizer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kFileLimit = 64 << 20;
constexpr int kIdLimit = 1 << 24;
constexpr std::size_t kAddedLimit = 65536;
constexpr const char* kSpecialKeys[] = {"bos_token", "eos_token", "unk_token", "pad_token"};

/// Reads the files of one folder.
class Reader {
 public:
  explicit Reader(std::string folder) : m_folder(std::move(folder)) {}

  Result<std::shared_ptr<const Tokenizer>> read() {
    DECODESCOPE_TRY(const JsonDocument document, JsonDocument::read(path("vocab.json"), kFileLimit));
    DECODESCOPE_TRY(const std::vector<Vocabulary::Entry> entries, entriesOf(document.root()));
    if (entries.empty()) return document.root().error("vocabulary is empty");
    auto vocabulary = Vocabulary::make(entries);
    if (!vocabulary.ok()) return placed("vocab.json", vocabulary.error());
    DECODESCOPE_CHECK(readSettings());
    DECODESCOPE_CHECK(addTokens(vocabulary.value()));
    DECODESCOPE_TRY(const std::vector<BpeModel::Merge> merges, readMerges(vocabulary.value()));
    m_parts.model = std::make_unique<BpeModel>(std::move(vocabulary).value(), merges, BpeOptions{});
    m_parts.decoder = {{DecoderStep::Kind::byteLevel, {}, {}, 0, 0}};
    auto tokenizer = PipelineTokenizer::make(std::move(m_parts));
    if (!tokenizer.ok()) return placed("vocab.json", tokenizer.error());
    return std::shared_ptr<const Tokenizer>(std::move(tokenizer).value());
  }

 private:
  std::string path(const char* name) const { return m_folder + "/" + name; }

  Error placed(const char* name, Error error) const {
    error.file = path(name);
    return error;
  }

  /// Nothing when the folder lacks the file.
  Result<std::optional<JsonDocument>> readOptional(const char* name) const {
    if (!pathExists(path(name))) return std::optional<JsonDocument>{};
    DECODESCOPE_TRY(JsonDocument document, JsonDocument::read(path(name), kFileLimit));
    return std::optional(std::move(document));
  }

  /// The entries point into the document.
  static Result<std::vector<Vocabulary::Entry>> entriesOf(const JsonValue& object) {
    DECODESCOPE_TRY(const JsonChildren members, object.asObject());
    std::vector<Vocabulary::Entry> entries;
    entries.reserve(members.size());
    for (const JsonValue member : members) {
      DECODESCOPE_TRY(const std::int64_t id, member.asInteger(0, kIdLimit - 1));
      entries.push_back({member.key(), static_cast<int>(id)});
    }
    return entries;
  }

  static Error tooMany(const JsonValue& tokens) {
    return tokens.error("too many of them", "at most " + std::to_string(kAddedLimit));
  }

  /// A token's text: a string, or an object with "content".
  static Result<std::optional<std::string>> contentOf(const JsonValue& object, const char* key) {
    auto value = object.findNonNull(key);
    if (value && value->kind() == JsonKind::object) {
      DECODESCOPE_TRY(const JsonValue content, value->at("content"));
      value = content;
    }
    if (!value) return std::optional<std::string>{};
    DECODESCOPE_TRY(const std::string_view text, value->asString());
    return std::optional(std::string(text));
  }

  Result<void> readSpecials(const JsonValue& object) {
    for (std::size_t i = 0; i < std::size(kSpecialKeys); ++i) {
      DECODESCOPE_TRY(std::optional<std::string> content, contentOf(object, kSpecialKeys[i]));
      if (content) m_specials[i] = std::move(content);
    }
    return {};
  }

  static Result<bool> flag(const JsonValue& object, const char* key) {
    const auto value = object.findNonNull(key);
    if (!value) return false;
    return value->asBool();
  }

  Result<void> readSettings() {
    PreTokenizerStep bytes;
    bytes.kind = PreTokenizerStep::Kind::byteLevel;
    DECODESCOPE_TRY(const auto map, readOptional("special_tokens_map.json"));
    if (map) DECODESCOPE_CHECK(readSpecials(map->root()));
    DECODESCOPE_TRY(const auto settings, readOptional("tokenizer_config.json"));
    if (settings) {
      const JsonValue root = settings->root();
      DECODESCOPE_CHECK(root.asObject());
      DECODESCOPE_CHECK(readSpecials(root));
      DECODESCOPE_TRY(m_addBos, flag(root, "add_bos_token"));
      DECODESCOPE_TRY(const bool prefix, flag(root, "add_prefix_space"));
      if (prefix) bytes.prepend = PreTokenizerStep::Prepend::always;
      DECODESCOPE_CHECK(readClass(root, bytes));
      if (const auto added = root.findNonNull("added_tokens_decoder"))
        DECODESCOPE_CHECK(readAddedTokens(*added));
    } else if (!map) {
      for (std::size_t i = 0; i < 3; ++i) m_specials[i] = "<|endoftext|>";
    }
    m_parts.preTokenizer.push_back(bytes);
    return {};
  }

  Result<void> readClass(const JsonValue& root, PreTokenizerStep& bytes) {
    const auto value = root.findNonNull("tokenizer_class");
    if (!value) return {};
    DECODESCOPE_TRY(std::string_view name, value->asString());
    if (name.ends_with("Fast")) name.remove_suffix(4);
    if (name == "GPT2Tokenizer") return {};
    if (name != "Qwen2Tokenizer")
      return value->error("tokenizer is not supported", "GPT2Tokenizer, Qwen2Tokenizer, or a tokenizer.json");
    m_parts.normalizer = {{NormalizerStep::Kind::nfc, {}, {}}};
    PreTokenizerStep cut;
    cut.kind = PreTokenizerStep::Kind::pattern;
    cut.splitPattern = SplitPattern::qwen2;
    m_parts.preTokenizer.push_back(cut);
    bytes.split = false;
    return {};
  }

  /// tokenizer_config.json's table: by id the token and its settings.
  Result<void> readAddedTokens(const JsonValue& table) {
    DECODESCOPE_TRY(const JsonChildren members, table.asObject());
    if (members.size() > kAddedLimit) return tooMany(table);
    for (const JsonValue member : members) {
      const std::string_view key = member.key();
      int id = -1;
      const auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (failure != std::errc() || end != key.data() + key.size() || id < 0 || id >= kIdLimit)
        return member.error("not an id", "0 to " + std::to_string(kIdLimit - 1));
      AddedToken token;
      token.id = TokenId{id};
      DECODESCOPE_TRY(const JsonValue content, member.at("content"));
      DECODESCOPE_TRY(const std::string_view text, content.asString());
      token.content = std::string(text);
      DECODESCOPE_TRY(token.special, flag(member, "special"));
      DECODESCOPE_TRY(token.normalized, flag(member, "normalized"));
      DECODESCOPE_TRY(token.stripLeft, flag(member, "lstrip"));
      DECODESCOPE_TRY(token.stripRight, flag(member, "rstrip"));
      DECODESCOPE_TRY(const bool singleWord, flag(member, "single_word"));
      if (singleWord) return member.find("single_word")->error("setting is not supported", "false");
      m_parts.addedTokens.push_back(std::move(token));
    }
    return {};
  }

  AddedToken* addedToken(std::string_view content) {
    const auto found = std::find_if(m_parts.addedTokens.begin(), m_parts.addedTokens.end(),
                                    [&](const AddedToken& token) { return token.content == content; });
    return found == m_parts.addedTokens.end() ? nullptr : &*found;
  }

  Result<void> addTokens(const Vocabulary& vocabulary) {
    DECODESCOPE_TRY(const auto more, readOptional("added_tokens.json"));
    if (more) {
      DECODESCOPE_TRY(const std::vector<Vocabulary::Entry> entries, entriesOf(more->root()));
      if (entries.size() > kAddedLimit) return tooMany(more->root());
      std::unordered_set<std::string> known;
      for (const AddedToken& token : m_parts.addedTokens) known.insert(token.content);
      for (const Vocabulary::Entry& entry : entries) {
        if (known.emplace(entry.piece).second)
          m_parts.addedTokens.push_back({TokenId{entry.id}, std::string(entry.piece)});
      }
    }
    for (const std::optional<std::string>& special : m_specials) {
      if (!special || special->empty()) continue;
      if (AddedToken* known = addedToken(*special)) {
        known->special = true;
      } else if (const auto id = vocabulary.find(*special)) {
        m_parts.addedTokens.push_back({*id, *special});
        m_parts.addedTokens.back().special = true;
      }
      // One that has no id stands in no text.
    }
    if (!m_addBos) return {};
    const AddedToken* bos = m_specials[0] ? addedToken(*m_specials[0]) : nullptr;
    if (!bos) {
      Error error = placed("tokenizer_config.json", {});
      error.field = "add_bos_token";
      error.what = "there is no bos_token with an id";
      error.allowed = "false";
      return error;
    }
    m_parts.before = {bos->id};
    return {};
  }

  Result<std::vector<BpeModel::Merge>> readMerges(const Vocabulary& vocabulary) const {
    DECODESCOPE_TRY(const std::string text, readWholeFile(path("merges.txt"), kFileLimit));
    if (std::string kind = describeWrongText(text); !kind.empty()) {
      Error error = placed("merges.txt", {});
      error.what = "not a list of merges";
      error.found = std::move(kind);
      return error;
    }
    std::vector<BpeModel::Merge> merges;
    merges.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string_view line = std::string_view(text).substr(begin, end - begin);
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++number;
      if (!line.empty() && !(number == 1 && line.starts_with("#version"))) {
        auto merge = parseMerge(vocabulary, line);
        if (!merge.ok()) {
          Error error = placed("merges.txt", merge.error());
          error.field = "line " + std::to_string(number);
          error.offset = begin;
          return error;
        }
        merges.push_back(merge.value());
      }
      begin = end + 1;
    }
    return merges;
  }

  std::string m_folder;
  std::optional<std::string> m_specials[std::size(kSpecialKeys)];
  bool m_addBos = false;
  TokenizerParts m_parts;
};

}  // namespace

Result<std::shared_ptr<const Tokenizer>> readVocabAndMerges(const std::string& folder) {
  return Reader(folder).read();
}

}  // namespace decodescope
