#pragma once

#include "core/train/held_out.h"

#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// One model of a comparison, as measured.
struct CompareRow {
  LoadedModelPtr model;
  HeldOutMeasurement heldOut;
  /// Of bundled models: the losses of all seeds that were measured, the file's own first.
  std::vector<SeedLoss> seeds;
  std::optional<MeasuredPace> pace;
  std::vector<TrainedAlike> alike;  ///< of a derived model
};

/// As a table with what deriving did below it. MACs: of a step of one token behind `context` cached ones
/// (core/cost/decode_cost.h), which must fit the models.
std::string compareText(const std::vector<CompareRow>& rows, int context);
std::string compareJson(const std::vector<CompareRow>& rows, int context);

}  // namespace decodescope
