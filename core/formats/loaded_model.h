#pragma once

#include "core/base/result.h"
#include "core/model/model.h"
#include "core/tokenizer/tokenizer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace decodescope {

/// A head with a measured role, from a bundled model's card.
struct NotableHead {
  LayerIndex layer;
  HeadIndex head;
  std::string role;  ///< "previous token", "copies a name" …
  double share = 0;  ///< mean share of its weight at the role's target, 0 … 1
};

/// What one training came to.
struct SeedLoss {
  std::uint64_t seed = 0;  ///< of the first weights
  double loss = 0;         ///< held-out, nats a token

  friend bool operator==(const SeedLoss&, const SeedLoss&) = default;
};

/// What a model's card (card.json beside the weights) says. All of it optional: a foreign model has none.
struct ModelCard {
  std::string title;                 ///< "Tales, MHA"
  std::string summary;               ///< one or two sentences
  std::vector<std::string> prompts;  ///< prompts that work, the default first
  double heldOutLoss = 0;            ///< nats a token; 0 when not measured
  std::string heldOutText;           ///< what it was measured on; "" when the card does not say
  /// The held-out losses of trainings that differ in the seed of the first weights alone, the stored
  /// weights' first. Empty when the card does not say.
  std::vector<SeedLoss> seedLosses;
  std::vector<NotableHead> heads;
};

/// A model ready to decode: weights, tokenizer and what is known of it. Immutable.
struct LoadedModel {
  std::string name;    ///< the folder's or file's name, for titles
  std::string path;    ///< as the user gave it
  std::string format;  ///< "Hugging Face folder"
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Tokenizer> tokenizer;
  ModelCard card;
  std::vector<std::string> warnings;  ///< "3 weights are NaN" …
  std::string tokenizerPath = {};     ///< of a tokenizer that was chosen; "": the model's own
  /// What was made of the file's model (core/attention/derive.h): key/value heads averaged down to so many, a
  /// sliding window of so many keys.
  std::optional<int> derivedKvHeads = {};
  std::optional<int> derivedWindow = {};
  /// Which elements of a head form a rotary pair, where that is not what the file says.
  std::optional<RotaryLayout> derivedRotary = {};
  std::shared_ptr<const LoadedModel> derivedFrom = {};  ///< the file's model; nullptr: this is it

  const ModelConfig& config() const { return model->config(); }
};
using LoadedModelPtr = std::shared_ptr<const LoadedModel>;

/// What the headers of a model's files say, before any weight is read.
struct ModelOutline {
  std::string name, path, format;  ///< those of LoadedModel
  ModelConfig config;
  std::uint64_t parameters = 0;
  std::string storedAs;           ///< "BF16", "Q8_0 and F32"
  std::uint64_t fileBytes = 0;    ///< of the tensors in the file
  std::uint64_t memoryBytes = 0;  ///< of memory of its own that the weights will take
  /// Of the file that the weights will be used in: the system may drop these pages and read them again.
  std::uint64_t mappedBytes = 0;

  std::uint64_t weightBytes() const { return memoryBytes + mappedBytes; }
};

struct LoadProgress {
  std::function<void(double fraction)> report = {};  ///< called on the loading thread, 0 … 1, rising
  std::stop_token stop = {};                         ///< set: load() returns an error that says "cancelled"
  /// Called once on the loading thread, before weights are read; an error ends the load with it.
  std::function<Result<void>(const ModelOutline& outline)> outlined = {};
};

/// Reads a model from disk, whatever its format (core/formats/formats.cpp has the table of readers).
/// `tokenizer`: a file to read in place of what stands in the model or beside it (readTokenizerFile()).
Result<LoadedModelPtr> loadModel(const std::string& path, const LoadProgress& progress = {},
                                 const std::string& tokenizer = {});

}  // namespace decodescope
