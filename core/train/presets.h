#pragma once

#include "core/base/result.h"
#include "core/model/model_config.h"
#include "core/tokenizer/tokenizer.h"
#include "core/train/trainer.h"
#include "core/train/training_data.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

/// A bundled model's recipe: everything that decides its weights.
struct TrainingPreset {
  std::string name;                  ///< the folder's name: "tales-gqa"
  std::string title;                 ///< "Tales, GQA"
  std::string summary;               ///< what it is and what it was trained on
  std::vector<std::string> prompts;  ///< for its card, the default first
  ModelConfig config;                ///< without vocabulary and special tokens, which the tokenizer decides
  TrainerSettings settings;
  std::vector<std::string> sentences;  ///< whole-word models: all of their text; empty for the tales
  std::string startWord;               ///< whole-word models: the start token, or none
  TalesData::Settings tales;           ///< the others
};

/// nextday, love, tales-gqa, tales-mha, tales-mqa, tales-mla, tales-vanilla. The tales differ in their
/// configuration alone.
const std::vector<TrainingPreset>& trainingPresets();

/// nullptr when there is none of this name.
const TrainingPreset* findTrainingPreset(std::string_view name);

/// The name of the preset whose model the program opens first.
inline constexpr const char* kDefaultPreset = "tales-gqa";

/// The seed of the tales that losses and heads are measured on; no preset trains on it.
inline constexpr std::uint64_t kHeldOutSeed = 1009;
inline constexpr int kHeldOutTales = 200;

/// A preset with its tokenizer made and its data ready.
struct PreparedTraining {
  ModelConfig config;  ///< complete and valid
  std::string tokenizerJson;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const TrainingData> data;
};
Result<PreparedTraining> prepareTraining(const TrainingPreset& preset);

}  // namespace decodescope
