#include "core/attention/derive.h"

#include <algorithm>

namespace decodescope {
namespace {

Error refused(const char* field, const char* what, std::string found, std::string allowed) {
  return Error{.field = field, .what = what, .found = std::move(found), .allowed = std::move(allowed)};
}

Result<void> checkSoftmax(const ModelConfig& config, const char* field) {
  if (config.attention == AttentionKind::softmax) return {};
  return refused(field, "cannot be derived from this model", config.attentionName(), "MHA, GQA or MQA");
}

bool isShared(ParameterRole role) {
  return role == ParameterRole::kProjWeight || role == ParameterRole::kProjBias ||
         role == ParameterRole::vProjWeight || role == ParameterRole::vProjBias;
}

/// Blocks of `width` rows (those of a head; of a bias `width` numbers), the mean of `group` neighbours each.
void averageBlocks(const WeightSpan& from, MatrixSpan to, int width, int group) {
  const bool bias = to.rows == 1 && from.rows == 1;
  std::vector<double> sum(static_cast<std::size_t>(bias ? 1 : to.cols));
  std::vector<float> row(static_cast<std::size_t>(from.cols));
  for (int i = 0; i < (bias ? to.cols : to.rows); ++i) {
    std::ranges::fill(sum, 0.0);
    for (int j = 0; j < group; ++j) {
      const int source = (i / width * group + j) * width + i % width;
      if (bias) {
        sum[0] += static_cast<double>(from(0, source));
        continue;
      }
      from.widenRow(source, row);
      for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += static_cast<double>(row[c]);
    }
    float* const target = bias ? to.data + i : to.row(i);
    for (std::size_t c = 0; c < sum.size(); ++c) target[c] = static_cast<float>(sum[c] / group);
  }
}

StoredWeights sharedWith(const LoadedModel& source) {
  StoredWeights weights = source.model->stored();
  weights.owners.push_back(source.model);
  return weights;
}

/// A card's measurements are not this model's.
std::shared_ptr<LoadedModel> asLoaded(const LoadedModelPtr& self, std::shared_ptr<const Model> model,
                                      const std::string& name) {
  const LoadedModel& source = *self;
  auto loaded = std::make_shared<LoadedModel>(source);
  loaded->model = std::move(model);
  loaded->name = source.name + ", " + name;
  loaded->derivedFrom = source.derivedFrom ? source.derivedFrom : self;
  loaded->card.heldOutLoss = 0;
  loaded->card.heldOutText.clear();
  loaded->card.seedLosses.clear();
  loaded->card.heads.clear();
  return loaded;
}

}  // namespace

Result<LoadedModelPtr> deriveKeyValueHeads(const LoadedModelPtr& source, int kvHeads) {
  ModelConfig config = source->config();
  DECODESCOPE_CHECK(checkSoftmax(config, "kv_heads"));
  const int before = config.numKeyValueHeads;
  if (kvHeads < 1 || before % kvHeads != 0) {
    return refused("kv_heads", "does not divide num_key_value_heads", std::to_string(kvHeads),
                   "a divisor of " + std::to_string(before));
  }
  config.numKeyValueHeads = kvHeads;
  // What stays the same is shared with the source.
  StoredWeights weights = sharedWith(*source);
  const ParameterLayout layout(config);
  for (const Parameter& p : layout.parameters()) {
    if (!isShared(p.role)) continue;
    const auto numbers = std::make_shared<AlignedBuffer>(p.size());
    const MatrixSpan target(numbers->data(), p.rows, p.cols);
    averageBlocks(weights.parameters[p.index], target, config.headDim, before / kvHeads);
    weights.parameters[p.index] = ConstMatrixSpan(target);
    weights.owners.push_back(numbers);
  }
  auto model = std::make_shared<const Model>(config, std::move(weights));
  auto loaded = asLoaded(source, std::move(model),
                         std::to_string(before) + " key/value heads averaged to " + std::to_string(kvHeads));
  loaded->derivedKvHeads = kvHeads;
  return LoadedModelPtr(std::move(loaded));
}

Result<LoadedModelPtr> deriveSlidingWindow(const LoadedModelPtr& source, int window) {
  ModelConfig config = source->config();
  DECODESCOPE_CHECK(checkSoftmax(config, "window"));
  if (window < 1) return refused("window", "out of range", std::to_string(window), "1 or more");
  config.slidingWindow = window;
  auto model = std::make_shared<const Model>(config, sharedWith(*source));
  auto loaded = asLoaded(source, std::move(model), "window of " + std::to_string(window));
  loaded->derivedWindow = window;
  return LoadedModelPtr(std::move(loaded));
}

Result<LoadedModelPtr> deriveLinear(const LoadedModelPtr& source) {
  ModelConfig config = source->config();
  DECODESCOPE_CHECK(checkSoftmax(config, "attention"));
  const bool rotary = config.position == PositionKind::rotary;
  config.attention = AttentionKind::linear;
  config.slidingWindow = 0;
  if (rotary) config.position = PositionKind::none;
  auto model = std::make_shared<const Model>(config, sharedWith(*source));
  auto loaded =
      asLoaded(source, std::move(model), rotary ? "linear attention without positions" : "linear attention");
  loaded->derivedWindow.reset();
  return LoadedModelPtr(std::move(loaded));
}

Result<LoadedModelPtr> deriveRotaryLayout(const LoadedModelPtr& source, RotaryLayout layout) {
  ModelConfig config = source->config();
  if (config.position != PositionKind::rotary) {
    return refused("rotary layout", "the model has no rotary positions", rotaryLayoutName(layout),
                   "a model with rotary positions");
  }
  if (config.rotaryLayout == layout) return source;
  // Back to the file's own, with nothing else changed: that is the file's model.
  if (source->derivedFrom && source->derivedRotary && !source->derivedKvHeads && !source->derivedWindow)
    return source->derivedFrom;
  config.rotaryLayout = layout;
  auto model = std::make_shared<const Model>(config, sharedWith(*source));
  const auto suffix = [](RotaryLayout pairs) { return std::string(rotaryLayoutName(pairs)) + " pairs"; };
  auto loaded = asLoaded(source, std::move(model), suffix(layout));
  if (!source->derivedRotary) {
    loaded->derivedRotary = layout;
    return LoadedModelPtr(std::move(loaded));
  }
  // Back to the file's own: what the change had added to the name goes.
  loaded->derivedRotary.reset();
  loaded->name = source->name;
  const std::string added = ", " + suffix(*source->derivedRotary);
  if (const std::size_t place = loaded->name.find(added); place != std::string::npos)
    loaded->name.erase(place, added.size());
  return LoadedModelPtr(std::move(loaded));
}

Result<LoadedModelPtr> derive(const LoadedModelPtr& source, std::optional<int> kvHeads,
                              std::optional<int> window, bool linear, std::optional<RotaryLayout> rotary) {
  LoadedModelPtr model = source;
  if (kvHeads) {
    DECODESCOPE_TRY(model, deriveKeyValueHeads(model, *kvHeads));
  }
  if (linear) {
    DECODESCOPE_TRY(model, deriveLinear(model));
  }
  if (window) {
    DECODESCOPE_TRY(model, deriveSlidingWindow(model, *window));
  }
  if (rotary) {
    DECODESCOPE_TRY(model, deriveRotaryLayout(model, *rotary));
  }
  return model;
}

}  // namespace decodescope
