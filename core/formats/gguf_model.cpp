#include "core/formats/gguf_model.h"

#include "core/formats/gguf_tokenizer.h"
#include "core/formats/model_outline.h"
#include "core/formats/tokenizer_file.h"
#include "core/formats/weight_loader.h"
#include "core/model/model.h"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

namespace decodescope {
namespace {

using R = ParameterRole;

struct NameRow {
  R role;
  std::string_view name;  // {} stands for the layer
};
constexpr NameRow kNames[] = {
    {R::embedTokens, "token_embd.weight"},
    {R::embedPositions, "position_embd.weight"},
    {R::inputNormWeight, "blk.{}.attn_norm.weight"},
    {R::inputNormBias, "blk.{}.attn_norm.bias"},
    {R::qProjWeight, "blk.{}.attn_q.weight"},
    {R::qProjBias, "blk.{}.attn_q.bias"},
    {R::kProjWeight, "blk.{}.attn_k.weight"},
    {R::kProjBias, "blk.{}.attn_k.bias"},
    {R::vProjWeight, "blk.{}.attn_v.weight"},
    {R::vProjBias, "blk.{}.attn_v.bias"},
    {R::oProjWeight, "blk.{}.attn_output.weight"},
    {R::oProjBias, "blk.{}.attn_output.bias"},
    {R::postAttentionNormWeight, "blk.{}.ffn_norm.weight"},
    {R::postAttentionNormBias, "blk.{}.ffn_norm.bias"},
    {R::gateProjWeight, "blk.{}.ffn_gate.weight"},
    {R::gateProjBias, "blk.{}.ffn_gate.bias"},
    {R::upProjWeight, "blk.{}.ffn_up.weight"},
    {R::upProjBias, "blk.{}.ffn_up.bias"},
    {R::downProjWeight, "blk.{}.ffn_down.weight"},
    {R::downProjBias, "blk.{}.ffn_down.bias"},
    {R::finalNormWeight, "output_norm.weight"},
    {R::finalNormBias, "output_norm.bias"},
    {R::lmHeadWeight, "output.weight"},
};
constexpr std::string_view kFusedWeight = "blk.{}.attn_qkv.weight";
constexpr std::string_view kFusedBias = "blk.{}.attn_qkv.bias";

/// Where a parameter lies: a whole tensor, or one of three equal parts of it, one after another (gpt2's q, k
/// and v).
struct StoredPart {
  std::string name;
  int part = -1;  ///< 0, 1, 2; −1: all of it
};

StoredPart storedPart(const ModelConfig& config, const Parameter& parameter) {
  StoredPart stored;
  for (const NameRow& row : kNames) {
    if (row.role == parameter.role) stored.name = std::string(row.name);
  }
  if (config.modelType == "gpt2") {
    constexpr R kWeights[] = {R::qProjWeight, R::kProjWeight, R::vProjWeight};
    constexpr R kBiases[] = {R::qProjBias, R::kProjBias, R::vProjBias};
    for (int i = 0; i < 3; ++i) {
      if (parameter.role == kWeights[i]) stored = {std::string(kFusedWeight), i};
      if (parameter.role == kBiases[i]) stored = {std::string(kFusedBias), i};
    }
  }
  DECODESCOPE_REQUIRE(!stored.name.empty());
  if (const std::size_t hole = stored.name.find("{}"); hole != std::string::npos)
    stored.name.replace(hole, 2, std::to_string(parameter.layer.value));
  return stored;
}

/// Vectors are parameters of one row, too: leading sizes of 1 do not count.
std::vector<std::uint64_t> withoutLeadingOnes(std::vector<std::uint64_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

Error tensorError(const GgufFile& file, std::string name, std::string what) {
  Error error;
  error.file = file.path();
  error.field = std::move(name);
  error.what = std::move(what);
  return error;
}

/// Whether output.weight repeats the embedding bit for bit.
Result<bool> outputIsEmbedding(const GgufFile& file, const std::stop_token& stop) {
  const GgufTensor* embedding = file.find("token_embd.weight");
  const GgufTensor* output = file.find("output.weight");
  if (!embedding || !output || embedding->type != output->type || embedding->shape != output->shape)
    return false;
  constexpr std::uint64_t kChunk = 1 << 16;
  std::vector<std::byte> a(kChunk);
  std::vector<std::byte> b(kChunk);
  for (std::uint64_t at = 0, size = output->end - output->begin; at < size; at += kChunk) {
    if (stop.stop_requested()) return Error{.file = file.path(), .what = "cancelled"};
    const auto part = static_cast<std::size_t>(std::min(kChunk, size - at));
    DECODESCOPE_CHECK(file.file().readAt(embedding->begin + at, std::span(a).first(part)));
    DECODESCOPE_CHECK(file.file().readAt(output->begin + at, std::span(b).first(part)));
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(part), b.begin())) return false;
  }
  return true;
}

/// Finds every parameter's tensor, and a parameter for every tensor.
Result<std::vector<WeightSource>> plan(const GgufFile& file, const ModelConfig& config,
                                       const ParameterLayout& layout) {
  std::vector<WeightSource> sources;
  std::unordered_set<std::string> used{"rope_freqs.weight"};
  if (config.tieWordEmbeddings) used.insert("output.weight");
  for (const Parameter& parameter : layout.parameters()) {
    const StoredPart stored = storedPart(config, parameter);
    const GgufTensor* tensor = file.find(stored.name);
    if (!tensor) return tensorError(file, stored.name, "tensor is missing");
    const auto parts = static_cast<std::uint64_t>(stored.part < 0 ? 1 : 3);
    std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(parameter.rows),
                                        static_cast<std::uint64_t>(parameter.cols)};
    (parameter.rows == 1 ? shape[1] : shape[0]) *= parts;
    shape = withoutLeadingOnes(std::move(shape));
    if (withoutLeadingOnes(tensor->shape) != shape) {
      Error error = tensorError(file, stored.name, "shape does not fit the metadata");
      error.found = tensor->shownShape();
      GgufTensor wanted;
      wanted.shape = shape;
      error.allowed = wanted.shownShape();
      return error;
    }
    used.insert(stored.name);
    const std::uint64_t part = static_cast<std::uint64_t>(std::max(stored.part, 0));
    sources.push_back({&file.file(), tensor->name, tensor->type,
                       tensor->begin + part * storedBytes(tensor->type, parameter.size())});
  }
  for (const GgufTensor& tensor : file.tensors()) {
    if (!used.contains(tensor.name)) {
      return tensorError(
          file, tensor.name,
          "tensor does not belong to architecture " + config.modelType + " with this metadata");
    }
  }
  return sources;
}

}  // namespace

Result<LoadedModelPtr> loadGguf(const std::string& path, const LoadProgress& progress,
                                const std::string& tokenizer) {
  DECODESCOPE_TRY(const GgufFile file, GgufFile::open(path));
  DECODESCOPE_TRY(ModelConfig config, readGgufConfig(file));
  auto loaded = std::make_shared<LoadedModel>();
  loaded->name = path.substr(path.rfind('/') + 1);
  loaded->path = path;
  loaded->format = "GGUF version " + std::to_string(file.version());
  DECODESCOPE_TRY(const bool repeated, outputIsEmbedding(file, progress.stop));
  config.tieWordEmbeddings = config.tieWordEmbeddings || repeated;
  StoredTypes types;
  for (const GgufTensor& tensor : file.tensors())
    types.add(floatTypeInfo(tensor.type).name, tensor.end - tensor.begin);
  DECODESCOPE_TRY(const std::vector<WeightSource> sources, plan(file, config, ParameterLayout(config)));
  DECODESCOPE_CHECK(announce(progress, *loaded, config, types, sources));
  loaded->tokenizerPath = tokenizer;
  DECODESCOPE_TRY(loaded->tokenizer, tokenizer.empty() ? readGgufTokenizer(file, config, loaded->warnings)
                                                       : readTokenizerFile(tokenizer, config.vocabSize));
  DECODESCOPE_TRY(std::unique_ptr<Model> model, loadWeights(config, sources, progress, loaded->warnings));
  loaded->model = std::move(model);
  return LoadedModelPtr(std::move(loaded));
}

}  // namespace decodescope
