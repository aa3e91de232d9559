#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"
#include "core/formats/json_writer.h"
#include "core/model/model_config.h"

namespace decodescope {

/// Sets ropeTheta and ropeScaling as a config.json says: rope_theta, and the objects rope_scaling (older) and
/// rope_parameters (newer) with the types default, linear and llama3; others are refused by name, and so are
/// two places that contradict each other. What says nothing keeps `config`'s values.
Result<void> readHfRope(const JsonValue& root, ModelConfig& config);

/// Writes rope_theta and rope_scaling as members of the object that is open. Divisors cannot be expressed;
/// the caller has refused them.
void writeHfRope(JsonWriter& json, const ModelConfig& config);

}  // namespace decodescope
