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

/// Blocks of `width` numbers (the rows of a head, or its part of a bias), the mean of `group` neighbours
/// each.
void averageBlocks(std::span<const float> from, std::span<float> to, std::size_t width, std::size_t group) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < group; ++j)
      sum += static_cast<double>(from[(i / width * group + j) * width + i % width]);
    to[i] = static_cast<float>(sum / static_cast<double>(group));
  }
}

/// A card's measurements are not this model's.
std::shared_ptr<LoadedModel> asLoaded(const LoadedModel& source, std::shared_ptr<const Model> model,
                                      const std::string& name) {
  auto loaded = std::make_shared<LoadedModel>(source);
  loaded->model = std::move(model);
  loaded->name = source.name + ", " + name;
  loaded->card.heldOutLoss = 0;
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
  auto model = std::make_shared<Model>(config);
  for (const Parameter& p : model->layout().parameters()) {
    const Parameter& from = *source->model->layout().find(p.role, p.layer);
    const std::span<const float> numbers(source->model->parameter(from).data, from.size());
    const std::span<float> target(model->parameter(p).data, p.size());
    if (isShared(p.role)) {
      const int columns = p.rows == 1 ? 1 : p.cols;
      averageBlocks(numbers, target,
                    static_cast<std::size_t>(config.headDim) * static_cast<std::size_t>(columns),
                    static_cast<std::size_t>(before / kvHeads));
    } else {
      std::ranges::copy(numbers, target.begin());
    }
  }
  auto loaded = asLoaded(*source, std::move(model),
                         std::to_string(before) + " key/value heads averaged to " + std::to_string(kvHeads));
  loaded->derivedKvHeads = kvHeads;
  return LoadedModelPtr(std::move(loaded));
}

Result<LoadedModelPtr> deriveSlidingWindow(const LoadedModelPtr& source, int window) {
  ModelConfig config = source->config();
  DECODESCOPE_CHECK(checkSoftmax(config, "window"));
  if (window < 1) return refused("window", "out of range", std::to_string(window), "1 or more");
  config.slidingWindow = window;
  auto model = std::make_shared<Model>(config);
  std::ranges::copy(source->model->arena(), model->arena().begin());
  auto loaded = asLoaded(*source, std::move(model), "window of " + std::to_string(window));
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
  auto model = std::make_shared<Model>(config);
  std::ranges::copy(source->model->arena(), model->arena().begin());
  auto loaded =
      asLoaded(*source, std::move(model), rotary ? "linear attention without positions" : "linear attention");
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
  config.rotaryLayout = layout;
  auto model = std::make_shared<Model>(config);
  std::ranges::copy(source->model->arena(), model->arena().begin());
  const auto suffix = [](RotaryLayout pairs) { return std::string(rotaryLayoutName(pairs)) + " pairs"; };
  auto loaded = asLoaded(*source, std::move(model), suffix(layout));
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
