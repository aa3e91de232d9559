#include "core/formats/hf_tensors.h"

#include "core/base/file_bytes.h"
#include "core/formats/json.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kIndexLimit = 64 << 20;
/// What stands in a folder that was never converted. Unpickling would run whatever the file says.
constexpr const char* kPickles[] = {"pytorch_model.bin", "pytorch_model.bin.index.json",
                                    "consolidated.00.pth"};

Error tensorError(const std::string& file, std::string name, std::string what) {
  Error error;
  error.file = file;
  error.field = std::move(name);
  error.what = std::move(what);
  return error;
}

std::string shown(const std::vector<std::uint64_t>& shape) {
  SafetensorsEntry entry;
  entry.shape = shape;
  return entry.shownShape();
}

}  // namespace

Result<HfTensors> HfTensors::open(const std::string& folder, const ModelConfig& config) {
  HfTensors tensors(config);
  DECODESCOPE_CHECK(tensors.openFiles(folder));
  DECODESCOPE_CHECK(tensors.nameAll());
  DECODESCOPE_CHECK(tensors.plan());
  return tensors;
}

Result<void> HfTensors::openFiles(const std::string& folder) {
  const std::string single = folder + "/model.safetensors";
  const std::string index = single + ".index.json";
  if (!pathExists(single) && pathExists(index)) return openShards(folder, index);
  if (!pathExists(single)) {
    for (const char* name : kPickles) {
      if (pathExists(folder + "/" + name)) {
        Error error = tensorError(folder + "/" + name, {}, "weights in a Python pickle are not read");
        error.allowed = "model.safetensors";
        return error;
      }
    }
  }
  DECODESCOPE_TRY(SafetensorsFile file, SafetensorsFile::open(single));
  m_files.push_back(std::make_unique<SafetensorsFile>(std::move(file)));
  return {};
}

Result<void> HfTensors::openShards(const std::string& folder, const std::string& indexPath) {
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::read(indexPath, kIndexLimit));
  DECODESCOPE_TRY(const JsonValue mapValue, document.root().at("weight_map"));
  DECODESCOPE_TRY(const JsonChildren map, mapValue.asObject());
  std::map<std::string, std::set<std::string>> namesByShard;
  for (const JsonValue value : map) {
    DECODESCOPE_TRY(const std::string_view shardName, value.asString());
    const std::string shard(shardName);
    if (shard.empty() || shard == "." || shard == ".." || shard.find('/') != std::string::npos ||
        shard.find('\0') != std::string::npos) {
      return value.error("shard is not a file of this folder", "a plain file name");
    }
    namesByShard[shard].emplace(value.key());
  }
  for (const auto& [shard, names] : namesByShard) {
    DECODESCOPE_TRY(SafetensorsFile file, SafetensorsFile::open(folder + "/" + shard));
    for (const std::string& name : names) {
      if (!file.find(name))
        return tensorError(file.path(), name, "tensor is missing, though the index names it");
    }
    for (const SafetensorsEntry& entry : file.entries()) {
      if (!names.contains(entry.name)) {
        return tensorError(file.path(), entry.name, "tensor is not in the index for this file");
      }
    }
    m_files.push_back(std::make_unique<SafetensorsFile>(std::move(file)));
  }
  if (m_files.empty()) return tensorError(indexPath, "weight_map", "names no tensor");
  return {};
}

Result<void> HfTensors::nameAll() {
  for (const auto& file : m_files) {
    for (const SafetensorsEntry& entry : file->entries()) {
      const std::string name = hfNameWithoutPrefix(m_config, entry.name);
      const auto [place, added] = m_byName.try_emplace(name, Stored{file.get(), &entry});
      if (!added) {
        return tensorError(file->path(), entry.name,
                           "tensor stands twice, also as " + place->second.entry->name);
      }
    }
  }
  return {};
}

Result<void> HfTensors::plan() {
  std::set<std::string> used;
  for (const Parameter& parameter : m_layout.parameters()) {
    Planned planned{parameter, hfStoredPart(m_config, parameter), {}};
    auto found = m_byName.find(planned.part.name);
    const bool tiedEmbedding = parameter.role == ParameterRole::embedTokens && m_config.tieWordEmbeddings;
    if (found == m_byName.end() && tiedEmbedding) found = m_byName.find("lm_head.weight");
    if (found == m_byName.end()) {
      return tensorError(m_files.front()->path(), hfFullName(m_config, parameter), "tensor is missing");
    }
    planned.stored = found->second;
    const std::vector<std::uint64_t> shape = planned.part.shape(parameter);
    if (planned.stored.entry->shape != shape) {
      Error error = tensorError(planned.stored.file->path(), planned.stored.entry->name,
                                "shape does not fit config.json");
      error.found = planned.stored.entry->shownShape();
      error.allowed = shown(shape);
      return error;
    }
    used.insert(found->first);
    m_plan.push_back(std::move(planned));
  }
  for (const auto& file : m_files) {
    for (const SafetensorsEntry& entry : file->entries()) {
      const std::string name = hfNameWithoutPrefix(m_config, entry.name);
      const bool tiedHead = m_config.tieWordEmbeddings && name == "lm_head.weight";
      if (!used.contains(name) && !tiedHead && !hfIsHarmless(m_config, name)) {
        return tensorError(
            file->path(), entry.name,
            "tensor does not belong to model_type " + m_config.modelType + " with this config.json");
      }
    }
  }
  return {};
}

std::vector<const SafetensorsEntry*> HfTensors::entries() const {
  std::vector<const SafetensorsEntry*> all;
  for (const auto& file : m_files) {
    for (const SafetensorsEntry& entry : file->entries()) all.push_back(&entry);
  }
  return all;
}

Result<std::vector<WeightSource>> HfTensors::sources() const {
  std::vector<WeightSource> sources;
  for (const Planned& planned : m_plan) {
    const SafetensorsFile& file = *planned.stored.file;
    const SafetensorsEntry& entry = *planned.stored.entry;
    DECODESCOPE_TRY(const FloatType type, file.weightType(entry));
    const auto first = static_cast<std::uint64_t>(planned.part.firstFeature);
    WeightSource source{&file.file(), entry.name, type, entry.begin + storedBytes(type, first), 0};
    if (planned.part.transposed) {
      source.features = static_cast<std::uint64_t>(planned.part.features > 0 ? planned.part.features
                                                                             : planned.parameter.rows);
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

Result<std::unique_ptr<Model>> HfTensors::load(const std::vector<WeightSource>& from,
                                               const LoadProgress& progress,
                                               std::vector<std::string>& warnings) const {
  DECODESCOPE_TRY(std::unique_ptr<Model> model, loadWeights(m_config, from, progress, warnings));
  DECODESCOPE_CHECK(compareTied(*model, progress, warnings));
  return model;
}

Result<void> HfTensors::compareTied(const Model& model, const LoadProgress& progress,
                                    std::vector<std::string>& warnings) const {
  const auto head = m_byName.find("lm_head.weight");
  if (!m_config.tieWordEmbeddings || head == m_byName.end()) return {};
  const Planned& embedding = m_plan.front();
  const SafetensorsEntry& entry = *head->second.entry;
  if (embedding.stored.entry == &entry) return {};
  if (entry.shape != embedding.stored.entry->shape) {
    Error error = tensorError(head->second.file->path(), entry.name, "shape does not fit config.json");
    error.found = entry.shownShape();
    error.allowed = embedding.stored.entry->shownShape();
    return error;
  }
  DECODESCOPE_TRY(const FloatType type, head->second.file->weightType(entry));
  const WeightSpan used = model.embedTokens();
  std::vector<std::byte> bytes(storedBytes(type, static_cast<std::uint64_t>(used.cols)));
  std::vector<float> stored(static_cast<std::size_t>(used.cols));
  for (int r = 0; r < used.rows; ++r) {
    if (progress.stop.stop_requested()) return tensorError(head->second.file->path(), {}, "cancelled");
    DECODESCOPE_CHECK(
        head->second.file->file().readAt(entry.begin + static_cast<std::uint64_t>(r) * bytes.size(), bytes));
    widenFloats(type, bytes.data(), stored);
    if (stored == used.row(r)) continue;
    warnings.push_back(entry.name + ": differs from " + embedding.stored.entry->name +
                       " and is not used, because tie_word_embeddings is true");
    break;
  }
  return {};
}

}  // namespace decodescope
