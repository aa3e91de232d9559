#include "core/train/bundle.h"

#include "core/base/atomic_file.h"
#include "core/formats/hf_folder.h"
#include "core/formats/model_card.h"
#include "core/train/head_roles.h"
#include "core/train/held_out.h"

#include <cstdio>

namespace decodescope {
namespace {

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// Mean loss over the targets of a whole-word model's only data.
double lossOnSentences(const Model& model, const TrainingData& data) {
  SequenceGradient pass(model.config(), data.maxRows());
  double sum = 0;
  double targets = 0;
  for (int i = 0; i < data.sequences(0); ++i) {
    const TrainingSequence sequence = data.sequence(0, i);
    sum += pass.loss(model, sequence.tokens, sequence.targets);
    targets += static_cast<double>(sequence.targets.size());
  }
  return sum / targets;
}

std::string trainedOn(const TrainingPreset& preset) {
  if (preset.sentences.empty()) {
    return "Tales from this project's own generator (core/train/tales.h), seed " +
           std::to_string(preset.tales.seed) + ", none seen twice.";
  }
  std::string text = "By heart:";
  for (const std::string& sentence : preset.sentences) text += " \"" + sentence + "\"";
  return text;
}

std::string shapeOf(const Model& model) {
  const ModelConfig& c = model.config();
  return std::to_string(model.layout().parameterCount()) + " parameters; L " +
         std::to_string(c.numHiddenLayers) + ", D " + std::to_string(c.hiddenSize) + ", H " +
         std::to_string(c.numAttentionHeads) + ", G " + std::to_string(c.numKeyValueHeads) + ", d " +
         std::to_string(c.headDim) + ", F " + std::to_string(c.intermediateSize) + ", V " +
         std::to_string(c.vocabSize) + ", S " + std::to_string(c.maxPositionEmbeddings);
}

std::string cardText(const TrainingPreset& preset, const Model& model, const TrainingOutcome& outcome,
                     const ModelCard& card, const TalesMeasurement* tales) {
  const OptimizerSettings& o = preset.settings.optimizer;
  std::string text = "# " + card.title + "\n\n" + card.summary + "\n\n";
  text += "- Shape: " + shapeOf(model) + "\n";
  text += "- Data: " + trainedOn(preset) + "\n";
  text += "- Training: " + std::to_string(outcome.steps) + " steps, " + std::to_string(outcome.tokens) +
          " tokens, seed " + std::to_string(preset.settings.seed) + ", AdamW, learning rate " +
          fixed(o.learningRate, 4) + " on a half cosine after " + std::to_string(o.warmupSteps) +
          " steps of warm-up; last loss " + fixed(outcome.lastLoss, 4) + " nats a token\n";
  if (tales != nullptr) {
    text += "- Held-out loss of the stored BF16 weights: " + fixed(tales->lossPerToken, 4) +
            " nats a token over " + std::to_string(tales->tokens) + " tokens of " +
            std::to_string(kHeldOutTales) + " tales of seed " + std::to_string(kHeldOutSeed) +
            "; repeated names: " + fixed(tales->nameLoss, 4) + " nats, " +
            fixed(100.0 * tales->nameAccuracy, 1) + " % right\n";
  } else {
    text += "- Loss of the stored BF16 weights on these sentences: " + fixed(card.heldOutLoss, 4) +
            " nats a token; nothing is held out from a model that learns by heart\n";
  }
  text += "- Command: `decodescope train " + preset.name + " --out assets/models`\n";
  text += "- Licence: GPL-3.0-or-later, as the project\n";
  text += "\n## Prompts\n\n";
  for (const std::string& prompt : card.prompts)
    text += prompt.empty() ? "- (empty)\n" : "- " + prompt + "\n";
  if (!card.heads.empty()) {
    text +=
        "\n## Heads worth seeing\n\nMean share of the head's weight at the role's positions, measured on the "
        "held-out tales "
        "(core/train/head_roles.h).\n\n| layer | head | role | share |\n|---|---|---|---|\n";
    for (const NotableHead& head : card.heads) {
      text += "| " + std::to_string(head.layer.value) + " | " + std::to_string(head.head.value) + " | " +
              head.role + " | " + fixed(head.share, 2) + " |\n";
    }
  }
  return text;
}

}  // namespace

Result<void> saveBundledModel(const std::string& folder, const TrainingPreset& preset,
                              const PreparedTraining& prepared, const Model& model,
                              const TrainingOutcome& outcome) {
  ModelCard card;
  card.title = preset.title;
  card.summary = preset.summary;
  card.prompts = preset.prompts;
  DECODESCOPE_CHECK(saveHfFolder(folder, model, prepared.tokenizerJson, card, StoredFloat::bf16));
  DECODESCOPE_TRY(const LoadedModelPtr stored, loadModel(folder));
  std::string text;
  if (preset.sentences.empty()) {
    DECODESCOPE_TRY(const TalesMeasurement tales,
                    measureOnTales(*stored->model, *stored->tokenizer, kHeldOutSeed, kHeldOutTales));
    card.heldOutLoss = tales.lossPerToken;
    card.heldOutText = heldOutTextName(kHeldOutTales);
    card.seedLosses = {{preset.settings.seed, tales.lossPerToken}};
    card.heads = tales.heads;
    text = cardText(preset, model, outcome, card, &tales);
  } else {
    card.heldOutLoss = lossOnSentences(*stored->model, *prepared.data);
    text = cardText(preset, model, outcome, card, nullptr);
  }
  DECODESCOPE_CHECK(writeFileAtomically(folder + "/card.json", writeModelCard(card)));
  return writeFileAtomically(folder + "/card.md", text);
}

}  // namespace decodescope
