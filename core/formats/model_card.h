#pragma once

#include "core/base/result.h"
#include "core/formats/loaded_model.h"

#include <string>

namespace decodescope {

/// Reads a card.json. Members it does not know are passed over; heads must exist in the model.
Result<ModelCard> readModelCard(const std::string& path, const ModelConfig& config);

std::string writeModelCard(const ModelCard& card);

}  // namespace decodescope
