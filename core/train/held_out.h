#pragma once

#include "core/base/result.h"
#include "core/decode/lane_measures.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace decodescope {

/// How many of the held-out tales (kHeldOutSeed) a measurement reads: kHeldOutTales for models of up to 4
/// million parameters, fewer for larger ones so that the work stays about the same, at least 4.
int heldOutTalesFor(const ModelConfig& config);

/// "200 tales of seed 1009".
std::string heldOutTextName(int tales);

/// How far a measurement has come.
struct HeldOutProgress {
  /// On the calling thread after every tale: the share that is done, 0 … 1.
  std::function<void(double fraction)> report = {};
  std::stop_token stop = {};  ///< looked at before every layer
};

struct HeldOutMeasurement {
  MeasuredLoss loss;
  /// Of a derived model, beside the one it was made of.
  std::optional<MeasuredDamage> damage;
  int tales = 0;
};

/// Reads the held-out tales 0 … tales − 1, each by itself with the tokenizer's start token and the end token
/// behind it, as far as the context reaches, and measures the mean loss of every token after the first. A
/// derived model is measured beside LoadedModel::derivedFrom, on the same tokens. Stopped: an error that says
/// "cancelled". Refused without a tokenizer that reads text.
Result<HeldOutMeasurement> measureHeldOut(const LoadedModel& model, int tales,
                                          const HeldOutProgress& progress = {});

/// Of these Hugging Face folders those that hold a model of the derived one's shape, with a measured loss:
/// what training from the start makes of it. What cannot be read is passed over.
std::vector<TrainedAlike> trainedAlike(const LoadedModel& derived, const std::vector<std::string>& folders);

/// Mean and standard deviation (n − 1 below the fraction line) of the losses; the deviation is 0 with fewer
/// than two.
struct SeedStatistics {
  double mean = 0;
  double deviation = 0;
  int seeds = 0;
};
SeedStatistics seedStatistics(const std::vector<SeedLoss>& losses);

}  // namespace decodescope
