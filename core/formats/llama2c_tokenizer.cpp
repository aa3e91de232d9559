#include "core/formats/llama2c_tokenizer.h"

#include "core/base/file_bytes.h"
#include "core/base/utf8.h"
#include "core/formats/file_kind.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/id_tokenizer.h"
#include "core/tokenizer/pipeline_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kFileLimit = 64 << 20;
constexpr std::uint32_t kLengthLimit = 1 << 16;
constexpr int kBos = 1;
constexpr int kEos = 2;

struct StoredToken {
  std::string_view piece;  // in the file's bytes
  float score;
};

class TokenFile {
 public:
  /// Counts all tokens; keeps those below `wanted`.
  static Result<TokenFile> read(const std::string& path, int wanted) {
    TokenFile file;
    file.m_path = path;
    file.m_wanted = static_cast<std::size_t>(wanted);
    DECODESCOPE_TRY(file.m_bytes, readWholeFile(path, kFileLimit));
    DECODESCOPE_CHECK(file.parse());
    return file;
  }

  // Tokens point into the bytes, which a moved short string would not take along.
  std::size_t count() const { return m_count; }
  StoredToken token(std::size_t i) const {
    const Place& place = m_places[i];
    return {std::string_view(m_bytes).substr(place.begin, place.length), place.score};
  }

 private:
  /// A file has at most kFileLimit bytes.
  struct Place {
    std::uint32_t begin;
    std::uint32_t length;
    float score;
  };

  Error error(std::string field, std::string what, std::size_t offset) const {
    Error error;
    error.file = m_path;
    error.field = std::move(field);
    error.what = std::move(what);
    error.offset = offset;
    return error;
  }

  template <class T>
  T valueAt(std::size_t offset) const {
    T value;
    std::memcpy(&value, m_bytes.data() + offset, sizeof value);
    return value;
  }

  Result<void> parse() {
    const auto range = [](Error error, std::uint32_t found, std::uint64_t least, std::uint64_t most) {
      error.found = std::to_string(found);
      error.allowed = std::to_string(least) + " to " + std::to_string(most);
      return error;
    };
    if (m_bytes.size() < 4) return error({}, "too short for llama2.c's tokenizer.bin", 0);
    const auto longest = valueAt<std::uint32_t>(0);
    if (longest < 1 || longest > kLengthLimit) {
      if (std::string kind = describeStart(std::string_view(m_bytes).substr(0, 64)); !kind.empty()) {
        Error wrong = error({}, "not a llama2.c tokenizer", 0);
        wrong.found = std::move(kind);
        return wrong;
      }
      return range(error("max_token_length", "out of range", 0), longest, 1, kLengthLimit);
    }
    for (std::size_t at = 4; at < m_bytes.size();) {
      const std::string field = "token " + std::to_string(m_count);
      if (m_bytes.size() - at < 8) return error(field, "file ends inside the token", at);
      const auto score = valueAt<float>(at);
      if (!std::isfinite(score)) return error(field, "score is not a finite number", at);
      const auto length = valueAt<std::uint32_t>(at + 4);
      const std::uint64_t most = std::min<std::uint64_t>(longest, m_bytes.size() - at - 8);
      if (length > most) return range(error(field, "length out of range", at + 4), length, 0, most);
      if (const auto bad = firstInvalidUtf8(std::string_view(m_bytes).substr(at + 8, length)))
        return error(field, "not UTF-8", at + 8 + *bad);
      if (m_count++ < m_wanted) m_places.push_back({static_cast<std::uint32_t>(at + 8), length, score});
      at += 8 + length;
    }
    return {};
  }

  std::string m_path;
  std::string m_bytes;
  std::size_t m_wanted = 0;
  std::size_t m_count = 0;
  std::vector<Place> m_places;
};

Error countError(const std::string& path, std::size_t found, int wanted) {
  Error error;
  error.file = path;
  error.what = "vocabulary does not fit the checkpoint";
  error.found = std::to_string(found) + " tokens";
  error.allowed = std::to_string(wanted);
  return error;
}

Result<std::shared_ptr<const Tokenizer>> build(const TokenFile& file, const std::string& path) {
  std::vector<Vocabulary::Entry> entries;
  std::vector<float> scores;
  TokenizerParts parts;
  for (std::size_t i = 0; i < file.count(); ++i) {
    const StoredToken token = file.token(i);
    const int id = static_cast<int>(i);
    scores.push_back(token.score);
    if (token.piece.empty()) continue;  // a row that no text uses
    entries.push_back({token.piece, id});
    // run.c never looks for the start and end tokens in a text.
    if (id == kBos || id == kEos) {
      AddedToken added{TokenId{id}, std::string(token.piece)};
      added.special = true;
      added.searched = false;
      parts.addedTokens.push_back(std::move(added));
    }
  }
  const auto placed = [&path](Error error) {
    error.file = path;
    return error;
  };
  auto vocabulary = Vocabulary::make(entries);
  if (!vocabulary.ok()) return placed(vocabulary.error());
  BpeOptions options;
  options.byteFallback = true;
  parts.model = BpeModel::byScores(std::move(vocabulary).value(), scores, options);
  parts.normalizer = {{NormalizerStep::Kind::prepend, {}, " "}};
  if (file.count() > kBos) parts.before = {TokenId{kBos}};
  parts.decoder = {{DecoderStep::Kind::byteFallback, {}, {}, 0, 0},
                   {DecoderStep::Kind::fuse, {}, {}, 0, 0},
                   {DecoderStep::Kind::strip, {}, " ", 1, 0}};
  auto tokenizer = PipelineTokenizer::make(std::move(parts));
  if (!tokenizer.ok()) return placed(tokenizer.error());
  return std::shared_ptr<const Tokenizer>(std::move(tokenizer).value());
}

/// The names tok*.bin beside `checkpoint`, without the two given.
std::vector<std::string> otherTokenFiles(const std::filesystem::path& checkpoint, const std::string& usual) {
  std::vector<std::string> paths;
  std::error_code failure;
  const auto folder = checkpoint.has_parent_path() ? checkpoint.parent_path() : std::filesystem::path(".");
  for (auto entry = std::filesystem::directory_iterator(folder, failure);
       !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    const bool fits = name.starts_with("tok") && name.ends_with(".bin");
    if (fits && name != usual && name != checkpoint.filename()) {
      paths.push_back((checkpoint.parent_path() / name).string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> readLlama2cTokenizer(const std::string& path, int vocabSize) {
  DECODESCOPE_TRY(const TokenFile file, TokenFile::read(path, vocabSize));
  if (file.count() != static_cast<std::size_t>(vocabSize)) return countError(path, file.count(), vocabSize);
  return build(file, path);
}

Result<std::shared_ptr<const Tokenizer>> findLlama2cTokenizer(const std::string& checkpoint, int vocabSize,
                                                              std::vector<std::string>& warnings) {
  constexpr const char* kUsual = "tokenizer.bin";
  const std::filesystem::path path(checkpoint);
  const std::string usual = (path.parent_path() / kUsual).string();
  std::optional<Error> misfit;
  if (pathExists(usual)) {
    DECODESCOPE_TRY(const TokenFile file, TokenFile::read(usual, vocabSize));
    if (file.count() == static_cast<std::size_t>(vocabSize)) return build(file, usual);
    misfit = countError(usual, file.count(), vocabSize);
  }
  std::vector<std::string> fitting;
  for (const std::string& other : otherTokenFiles(path, kUsual)) {
    const auto file = TokenFile::read(other, vocabSize);
    if (file.ok() && file.value().count() == static_cast<std::size_t>(vocabSize)) fitting.push_back(other);
  }
  if (fitting.size() == 1) return readLlama2cTokenizer(fitting.front(), vocabSize);
  if (misfit) return *misfit;
  warnings.push_back(
      fitting.empty() ? "no tokenizer.bin with " + std::to_string(vocabSize) +
                            " tokens beside it: the model takes token ids only"
                      : std::to_string(fitting.size()) +
                            " tokenizers beside it would fit, none is named tokenizer.bin: the model takes "
                            "token ids only");
  return std::shared_ptr<const Tokenizer>(std::make_shared<IdTokenizer>(vocabSize));
}

}  // namespace decodescope
