#pragma once

#include "core/base/result.h"
#include "core/formats/loaded_model.h"
#include "core/formats/safetensors.h"

#include <string>

namespace decodescope {

/// Reads a Hugging Face folder: config.json, model.safetensors (or the shards that
/// model.safetensors.index.json names), tokenizer.json (or vocab.json with merges.txt), card.json. The last
/// two may be missing: without a tokenizer the model takes ids only. Every tensor must be one of the
/// architecture's, with its shape; none may be missing. Names may lack the architecture's prefix ("model.").
/// `tokenizer`: see loadModel().
Result<LoadedModelPtr> loadHfFolder(const std::string& folder, const LoadProgress& progress,
                                    const std::string& tokenizer = {});

/// Writes a folder that loadHfFolder and Transformers read: config.json, model.safetensors, tokenizer.json
/// and tokenizer_config.json (left out when `tokenizerJson` is empty), card.json. The folder is made when it
/// is missing. Each file appears whole or not at all, config.json last.
Result<void> saveHfFolder(const std::string& folder, const Model& model, const std::string& tokenizerJson,
                          const ModelCard& card, StoredFloat dtype);

}  // namespace decodescope
