#include "core/formats/llama2c.h"

#include "core/base/file_bytes.h"
#include "core/formats/file_kind.h"
#include "core/formats/hf_names.h"
#include "core/formats/llama2c_tokenizer.h"
#include "core/formats/model_outline.h"
#include "core/formats/tokenizer_file.h"
#include "core/formats/weight_loader.h"
#include "core/model/model.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace decodescope {
namespace {

using R = ParameterRole;

constexpr std::uint32_t kMagic = 0x616b3432;  // "ak42"
constexpr std::size_t kVersion1Header = 256;
constexpr std::size_t kFields = 7;

struct Field {
  const char* name;
  int ModelConfig::*member;
  int most;
};
constexpr Field kHeader[kFields] = {
    {"dim", &ModelConfig::hiddenSize, 1 << 17},
    {"hidden_dim", &ModelConfig::intermediateSize, 1 << 20},
    {"n_layers", &ModelConfig::numHiddenLayers, 1 << 10},
    {"n_heads", &ModelConfig::numAttentionHeads, 1 << 12},
    {"n_kv_heads", &ModelConfig::numKeyValueHeads, 1 << 12},
    {"vocab_size", &ModelConfig::vocabSize, 1 << 24},
    {"max_seq_len", &ModelConfig::maxPositionEmbeddings, 1 << 24},
};

/// A kind of weights, in the order of the file; those of the layers stand there for all layers in a row.
constexpr R kVersion0[] = {
    R::embedTokens,    R::inputNormWeight,         R::qProjWeight,    R::kProjWeight,    R::vProjWeight,
    R::oProjWeight,    R::postAttentionNormWeight, R::gateProjWeight, R::downProjWeight, R::upProjWeight,
    R::finalNormWeight};
constexpr R kVersion1[] = {R::inputNormWeight, R::postAttentionNormWeight,
                           R::finalNormWeight, R::embedTokens,
                           R::qProjWeight,     R::kProjWeight,
                           R::vProjWeight,     R::oProjWeight,
                           R::gateProjWeight,  R::downProjWeight,
                           R::upProjWeight};

struct Header {
  ModelConfig config;
  std::span<const R> order;
  std::uint64_t weights = 0;  ///< where they begin
  std::uint64_t skipped = 0;  ///< bytes of rotary angles before a separate output layer
};

Error fileError(const RegularFile& file, std::string what, std::string found = {}, std::string allowed = {}) {
  Error error;
  error.file = file.path();
  error.what = std::move(what);
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  return error;
}

Error fieldError(const RegularFile& file, const char* field, std::uint64_t offset, std::string what,
                 std::string found, std::string allowed) {
  Error error = fileError(file, std::move(what), std::move(found), std::move(allowed));
  error.field = field;
  error.offset = offset;
  return error;
}

std::uint32_t word(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The seven integers, which begin at byte `at` of `bytes`. `signedVocab`: a negative vocab_size means a
/// separate output layer.
Result<ModelConfig> readFields(const RegularFile& file, std::span<const std::byte> bytes, std::size_t at,
                               bool signedVocab) {
  ModelConfig config;
  for (std::size_t i = 0; i < kFields; ++i) {
    const Field& field = kHeader[i];
    const std::size_t offset = at + 4 * i;
    const std::int64_t stored = static_cast<std::int32_t>(word(bytes, offset));
    const bool mayBeNegative = signedVocab && field.member == &ModelConfig::vocabSize;
    const std::int64_t value = mayBeNegative && stored < 0 ? -stored : stored;
    if (mayBeNegative) config.tieWordEmbeddings = stored > 0;
    if (value < 1 || value > field.most) {
      return fieldError(file, field.name, offset, "out of range for a llama2.c checkpoint",
                        std::to_string(stored),
                        "1 to " + std::to_string(field.most) + (mayBeNegative ? ", or its negative" : ""));
    }
    config.*field.member = static_cast<int>(value);
  }
  const auto heads = config.numAttentionHeads;
  if (config.numKeyValueHeads > heads || heads % config.numKeyValueHeads != 0) {
    return fieldError(file, "n_kv_heads", at + 16, "does not divide n_heads",
                      std::to_string(config.numKeyValueHeads), "a divisor of " + std::to_string(heads));
  }
  if (config.hiddenSize % heads != 0 || config.hiddenSize / heads % 2 != 0) {
    return fieldError(file, "dim", at, "does not give heads of an even size",
                      std::to_string(config.hiddenSize) + " for " + std::to_string(heads) + " heads",
                      "a multiple of " + std::to_string(2 * heads));
  }
  config.headDim = config.hiddenSize / heads;
  config.rotaryLayout = RotaryLayout::interleaved;
  config.normEps = 1e-5f;
  config.ropeTheta = 10000.0;
  if (config.vocabSize > 2) {
    config.bosTokenId = TokenId{1};
    config.eosTokenIds = {TokenId{2}, TokenId{1}};
  }
  if (const auto valid = config.validate(); !valid.ok()) {
    Error error = valid.error();
    error.file = file.path();
    return error;
  }
  return config;
}

Result<Header> readHeader(const RegularFile& file) {
  std::array<std::byte, kVersion1Header> buffer{};
  const std::span<std::byte> bytes =
      std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), buffer.size())));
  DECODESCOPE_CHECK(file.readAt(0, bytes));
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Header header;
  if (!hasLlama2cMagic(start)) {
    if (const std::string kind = describeStart(start); !kind.empty()) {
      return fileError(file, "not a llama2.c checkpoint", kind);
    }
    if (bytes.size() < 4 * kFields) {
      return fileError(file, "too short for a llama2.c checkpoint", std::to_string(file.size()) + " bytes",
                       "at least 28");
    }
    DECODESCOPE_TRY(header.config, readFields(file, bytes, 0, true));
    header.order = kVersion0;
    header.weights = 4 * kFields;
    // max_seq_len × head_dim/2 cosines, then as many sines.
    header.skipped = 4 * static_cast<std::uint64_t>(header.config.maxPositionEmbeddings) *
                     static_cast<std::uint64_t>(header.config.headDim);
    return header;
  }
  if (bytes.size() < kVersion1Header) {
    return fileError(file, "too short for a llama2.c checkpoint with a header",
                     std::to_string(file.size()) + " bytes", "at least 256");
  }
  const std::uint32_t version = word(bytes, 4);
  if (version == 2) {
    return fieldError(file, "version", 4, "weights quantised to 8 bits (Q8_0) are not supported", "2",
                      "1 (float32)");
  }
  if (version != 1)
    return fieldError(file, "version", 4, "version is not supported", std::to_string(version), "1");
  DECODESCOPE_TRY(header.config, readFields(file, bytes, 8, false));
  const auto shared = std::to_integer<int>(bytes[8 + 4 * kFields]);
  if (shared > 1) {
    return fieldError(file, "shared_classifier", 8 + 4 * kFields, "not a truth value", std::to_string(shared),
                      "0 or 1");
  }
  header.config.tieWordEmbeddings = shared == 1;
  header.order = kVersion1;
  header.weights = kVersion1Header;
  return header;
}

/// Where each parameter lies: kind after kind, those of the layers one after another.
std::vector<WeightSource> sourcesOf(const RegularFile& file, const Header& header,
                                    const ParameterLayout& layout) {
  std::vector<WeightSource> sources(layout.parameters().size());
  std::uint64_t at = header.weights;
  const auto add = [&](R role) {
    for (const Parameter& parameter : layout.parameters()) {
      if (parameter.role != role) continue;
      sources[parameter.index] = {&file, hfFullName(header.config, parameter), FloatType::f32, at};
      at += storedBytes(FloatType::f32, parameter.size());
    }
  };
  for (const R role : header.order) add(role);
  at += header.skipped;
  add(R::lmHeadWeight);
  return sources;
}

}  // namespace

bool hasLlama2cMagic(std::string_view start) {
  return start.size() >= 4 && word(std::as_bytes(std::span(start)), 0) == kMagic;
}

Result<LoadedModelPtr> loadLlama2c(const std::string& path, const LoadProgress& progress,
                                   const std::string& tokenizer) {
  DECODESCOPE_TRY(const RegularFile file, RegularFile::open(path));
  DECODESCOPE_TRY(const Header header, readHeader(file));
  // Below 2^40 parameters and 2^42 bytes of angles, as validate() has checked: no sum wraps.
  const std::uint64_t size =
      header.weights + 4 * ParameterLayout(header.config).parameterCount() + header.skipped;
  if (file.size() != size) {
    return fileError(file, "size does not fit the header of a llama2.c checkpoint",
                     std::to_string(file.size()) + " bytes", std::to_string(size));
  }
  auto loaded = std::make_shared<LoadedModel>();
  loaded->name = path.substr(path.rfind('/') + 1);
  loaded->path = path;
  loaded->format = header.order.data() == kVersion0 ? "llama2.c version 0" : "llama2.c version 1";
  StoredTypes types;
  types.add("F32", size - header.weights - header.skipped);
  const std::vector<WeightSource> sources = sourcesOf(file, header, ParameterLayout(header.config));
  DECODESCOPE_CHECK(announce(progress, *loaded, header.config, types, sources));
  loaded->tokenizerPath = tokenizer;
  const int vocabSize = header.config.vocabSize;
  DECODESCOPE_TRY(loaded->tokenizer, tokenizer.empty()
                                         ? findLlama2cTokenizer(path, vocabSize, loaded->warnings)
                                         : readTokenizerFile(tokenizer, vocabSize));
  DECODESCOPE_TRY(std::unique_ptr<Model> model,
                  loadWeights(header.config, sources, progress, loaded->warnings));
  loaded->model = std::move(model);
  return LoadedModelPtr(std::move(loaded));
}

}  // namespace decodescope
