#include "core/formats/stored_tensors.h"

#include "core/base/file_bytes.h"
#include "core/formats/gguf.h"
#include "core/formats/hf_names.h"
#include "core/formats/hf_tensors.h"

#include <string_view>

namespace decodescope {
namespace {

Result<std::vector<StoredTensor>> inGguf(const std::string& path) {
  DECODESCOPE_TRY(const GgufFile file, GgufFile::open(path));
  std::vector<StoredTensor> tensors;
  for (const GgufTensor& tensor : file.tensors()) {
    tensors.push_back(
        {tensor.name, std::string(floatTypeInfo(tensor.type).name), tensor.shape, tensor.end - tensor.begin});
  }
  return tensors;
}

Result<std::vector<StoredTensor>> inFolder(const std::string& folder, const ModelConfig& config) {
  DECODESCOPE_TRY(const HfTensors files, HfTensors::open(folder, config));
  std::vector<StoredTensor> tensors;
  for (const SafetensorsEntry* entry : files.entries())
    tensors.push_back({entry->name, entry->dtype, entry->shape, entry->end - entry->begin});
  return tensors;
}

/// llama2.c has no names: Hugging Face's stand for them. All of it is float32.
std::vector<StoredTensor> inLlama2c(const Model& model) {
  std::vector<StoredTensor> tensors;
  for (const Parameter& parameter : model.layout().parameters()) {
    tensors.push_back({hfFullName(model.config(), parameter), "F32",
                       hfStoredPart(model.config(), parameter).shape(parameter), 4 * parameter.size()});
  }
  return tensors;
}

}  // namespace

Result<std::vector<StoredTensor>> storedTensorsOf(const LoadedModel& model) {
  const std::string_view format = model.format;
  if (format.starts_with("GGUF")) return inGguf(model.path);
  if (format.starts_with("llama2.c")) return inLlama2c(*model.model);
  return inFolder(model.path, model.config());
}

}  // namespace decodescope
