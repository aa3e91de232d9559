#include "core/formats/hf_rope.h"

#include <optional>
#include <string_view>

namespace decodescope {
namespace {

using Kind = RopeScaling::Kind;

constexpr std::string_view kTypes = "\"default\", \"linear\", \"llama3\"";

Result<double> positive(const JsonValue& value) {
  DECODESCOPE_TRY(const double number, value.asNumber());
  if (!(number > 0.0)) return value.error("out of range", "a number above 0");
  return number;
}

Result<void> mustBeWhole(const JsonValue& owner) {
  const auto factor = owner.findNonNull("partial_rotary_factor");
  if (!factor) return {};
  DECODESCOPE_TRY(const double number, factor->asNumber());
  if (number != 1.0) return factor->error("setting is not supported", "1");
  return {};
}

Result<Kind> readKind(const JsonValue& rope) {
  Kind kind = Kind::none;
  std::optional<std::string_view> name;
  // The older spelling may stand beside the newer.
  for (const char* key : {"rope_type", "type"}) {
    const auto value = rope.findNonNull(key);
    if (!value) continue;
    DECODESCOPE_TRY(const std::string_view type, value->asString());
    if (type != "default" && type != "linear" && type != "llama3")
      return value->error("rotary scaling is not supported", std::string(kTypes));
    if (name && *name != type) return value->error("contradicts rope_type", "\"" + std::string(*name) + "\"");
    name = type;
    kind = type == "linear" ? Kind::linear : type == "llama3" ? Kind::llama3 : Kind::none;
  }
  return kind;
}

/// The settings of one of the two objects.
struct RopeObject {
  RopeScaling scaling;
  std::optional<double> theta;
};

Result<RopeObject> readObject(const JsonValue& rope) {
  RopeObject read;
  DECODESCOPE_TRY(const JsonChildren members, rope.asObject());
  for (const JsonValue member : members) {
    if (member.kind() == JsonKind::object)
      return member.error("rotary settings of their own for a kind of layer are not supported");
  }
  DECODESCOPE_CHECK(mustBeWhole(rope));
  if (const auto theta = rope.findNonNull("rope_theta")) {
    DECODESCOPE_TRY(read.theta, positive(*theta));
  }
  RopeScaling& scaling = read.scaling;
  DECODESCOPE_TRY(scaling.kind, readKind(rope));
  if (scaling.kind == Kind::none) return read;
  const auto number = [&](std::string_view key) -> Result<double> {
    DECODESCOPE_TRY(const JsonValue value, rope.at(key));
    return positive(value);
  };
  DECODESCOPE_TRY(scaling.factor, number("factor"));
  if (scaling.kind == Kind::linear) return read;
  DECODESCOPE_TRY(scaling.lowFreqFactor, number("low_freq_factor"));
  DECODESCOPE_TRY(scaling.highFreqFactor, number("high_freq_factor"));
  if (scaling.highFreqFactor <= scaling.lowFreqFactor)
    return rope.find("high_freq_factor")->error("out of range", "more than low_freq_factor");
  DECODESCOPE_TRY(const JsonValue context, rope.at("original_max_position_embeddings"));
  DECODESCOPE_TRY(const std::int64_t positions, context.asInteger(1, 1 << 24));
  scaling.originalMaxPositionEmbeddings = static_cast<int>(positions);
  return read;
}

bool isSame(const RopeScaling& a, const RopeScaling& b) {
  if (a.kind != b.kind || a.kind == Kind::none) return a.kind == b.kind;
  const bool sameFactor = a.factor == b.factor;
  if (a.kind == Kind::linear) return sameFactor;
  return sameFactor && a.lowFreqFactor == b.lowFreqFactor && a.highFreqFactor == b.highFreqFactor &&
         a.originalMaxPositionEmbeddings == b.originalMaxPositionEmbeddings;
}

}  // namespace

Result<void> readHfRope(const JsonValue& root, ModelConfig& config) {
  DECODESCOPE_CHECK(mustBeWhole(root));
  if (const auto theta = root.findNonNull("rope_theta")) {
    DECODESCOPE_TRY(config.ropeTheta, positive(*theta));
  }
  const auto older = root.findNonNull("rope_scaling");
  if (older) {
    DECODESCOPE_TRY(const RopeObject read, readObject(*older));
    config.ropeScaling = read.scaling;
    config.ropeTheta = read.theta.value_or(config.ropeTheta);
  }
  if (const auto newer = root.findNonNull("rope_parameters")) {
    DECODESCOPE_TRY(const RopeObject read, readObject(*newer));
    if (older && !isSame(config.ropeScaling, read.scaling)) return newer->error("contradicts rope_scaling");
    config.ropeScaling = read.scaling;
    config.ropeTheta = read.theta.value_or(config.ropeTheta);
  }
  return {};
}

void writeHfRope(JsonWriter& json, const ModelConfig& config) {
  json.key("rope_theta").value(config.ropeTheta);
  const RopeScaling& scaling = config.ropeScaling;
  if (scaling.kind == Kind::none) return;
  const bool linear = scaling.kind == Kind::linear;
  json.key("rope_scaling").beginObject().key("rope_type").value(linear ? "linear" : "llama3");
  json.key("factor").value(scaling.factor);
  if (!linear) {
    json.key("low_freq_factor").value(scaling.lowFreqFactor);
    json.key("high_freq_factor").value(scaling.highFreqFactor);
    json.key("original_max_position_embeddings").value(scaling.originalMaxPositionEmbeddings);
  }
  json.endObject();
}

}  // namespace decodescope
