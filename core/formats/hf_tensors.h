#pragma once

#include "core/base/result.h"
#include "core/formats/hf_names.h"
#include "core/formats/loaded_model.h"
#include "core/formats/safetensors.h"
#include "core/formats/weight_loader.h"
#include "core/model/model.h"

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace decodescope {

/// The tensors of a Hugging Face folder, in one file or in shards, under their names without prefix.
class HfTensors {
 public:
  /// Opens model.safetensors, or else the shards that model.safetensors.index.json names; checks that every
  /// tensor belongs to this configuration, that none is missing and that all shapes fit. Reads no weights.
  static Result<HfTensors> open(const std::string& folder, const ModelConfig& config);

  /// All tensors of all files, those that change nothing included. They live as long as this.
  std::vector<const SafetensorsEntry*> entries() const;

  /// Where each parameter lies. Valid as long as this.
  Result<std::vector<WeightSource>> sources() const;
  /// A model with these weights. Appends to `warnings`.
  /// `from`: sources().
  Result<std::unique_ptr<Model>> load(const std::vector<WeightSource>& from, const LoadProgress& progress,
                                      std::vector<std::string>& warnings) const;

 private:
  struct Stored {
    const SafetensorsFile* file = nullptr;
    const SafetensorsEntry* entry = nullptr;
  };
  struct Planned {
    Parameter parameter;
    StoredPart part;
    Stored stored;
  };

  explicit HfTensors(const ModelConfig& config) : m_config(config), m_layout(config) {}

  Result<void> openFiles(const std::string& folder);
  Result<void> openShards(const std::string& folder, const std::string& indexPath);
  Result<void> nameAll();
  Result<void> plan();
  /// Appends a warning when a tied file stores an lm_head that differs from its embedding.
  Result<void> compareTied(const Model& model, const LoadProgress& progress,
                           std::vector<std::string>& warnings) const;

  ModelConfig m_config;
  ParameterLayout m_layout;
  std::vector<std::unique_ptr<SafetensorsFile>> m_files;  // never moved: m_byName points into them
  std::unordered_map<std::string, Stored> m_byName;
  std::vector<Planned> m_plan;
};

}  // namespace decodescope
