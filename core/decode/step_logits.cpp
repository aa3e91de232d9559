#include "core/decode/step_logits.h"

#include "core/ops/linear.h"

namespace decodescope {

std::vector<float> stepLogits(const RunSnapshot& run, StepIndex step) {
  if (!run.model || step.value < 1 || step.value > run.stepCount()) return {};
  const std::span<const PositionTracePtr> traces = run.tracesAt(step);
  if (traces.empty() || !traces.back()) return {};
  const PositionTrace* trace = traces.back().get();
  const std::span<const float> stored = trace->row(Site::logits);
  if (!stored.empty()) return {stored.begin(), stored.end()};
  const ModelConfig& config = run.model->config();
  const std::span<const float> x = config.finalNorm
                                       ? trace->row(Site::norm)
                                       : trace->row(Site::output, LayerIndex{config.numHiddenLayers - 1});
  if (x.empty()) return {};
  std::vector<float> logits(static_cast<std::size_t>(config.vocabSize));
  linear({x.data(), 1, config.hiddenSize}, run.model->model->lmHead(), {logits.data(), 1, config.vocabSize},
         nullptr);
  return logits;
}

}  // namespace decodescope
