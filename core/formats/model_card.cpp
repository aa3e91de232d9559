#include "core/formats/model_card.h"

#include "core/formats/json.h"
#include "core/formats/json_writer.h"

#include <limits>

namespace decodescope {
namespace {

constexpr std::uint64_t kCardLimit = 1 << 20;

Result<void> readText(const JsonValue& root, std::string_view key, std::string& out) {
  const auto value = root.findNonNull(key);
  if (!value) return {};
  DECODESCOPE_TRY(const std::string_view text, value->asString());
  out = std::string(text);
  return {};
}

Result<NotableHead> readHead(const JsonValue& value, const ModelConfig& config) {
  NotableHead head;
  DECODESCOPE_TRY(const JsonValue layer, value.at("layer"));
  DECODESCOPE_TRY(const std::int64_t layerIndex, layer.asInteger(0, config.numHiddenLayers - 1));
  head.layer = LayerIndex{static_cast<int>(layerIndex)};
  DECODESCOPE_TRY(const JsonValue number, value.at("head"));
  DECODESCOPE_TRY(const std::int64_t headIndex, number.asInteger(0, config.numAttentionHeads - 1));
  head.head = HeadIndex{static_cast<int>(headIndex)};
  DECODESCOPE_TRY(const JsonValue role, value.at("role"));
  DECODESCOPE_TRY(const std::string_view roleText, role.asString());
  head.role = std::string(roleText);
  if (const auto share = value.findNonNull("share")) {
    DECODESCOPE_TRY(head.share, share->asNumber());
    if (!(head.share >= 0.0 && head.share <= 1.0)) return share->error("out of range", "0 to 1");
  }
  return head;
}

Result<SeedLoss> readSeedLoss(const JsonValue& value) {
  SeedLoss loss;
  DECODESCOPE_TRY(const JsonValue seed, value.at("seed"));
  DECODESCOPE_TRY(const std::int64_t number, seed.asInteger(0, std::numeric_limits<std::int64_t>::max()));
  loss.seed = static_cast<std::uint64_t>(number);
  DECODESCOPE_TRY(const JsonValue nats, value.at("loss"));
  DECODESCOPE_TRY(loss.loss, nats.asNumber());
  if (!(loss.loss >= 0.0)) return nats.error("out of range", "0 or more");
  return loss;
}

}  // namespace

Result<ModelCard> readModelCard(const std::string& path, const ModelConfig& config) {
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::read(path, kCardLimit));
  const JsonValue root = document.root();
  if (root.kind() != JsonKind::object) return root.error("wrong type", "an object");
  ModelCard card;
  DECODESCOPE_CHECK(readText(root, "title", card.title));
  DECODESCOPE_CHECK(readText(root, "summary", card.summary));
  if (const auto prompts = root.findNonNull("prompts")) {
    DECODESCOPE_TRY(const JsonChildren list, prompts->asArray());
    for (const JsonValue prompt : list) {
      DECODESCOPE_TRY(const std::string_view text, prompt.asString());
      card.prompts.emplace_back(text);
    }
  }
  if (const auto loss = root.findNonNull("held_out_loss")) {
    DECODESCOPE_TRY(card.heldOutLoss, loss->asNumber());
    if (card.heldOutLoss < 0.0) return loss->error("out of range", "0 or more");
  }
  DECODESCOPE_CHECK(readText(root, "held_out_text", card.heldOutText));
  if (const auto losses = root.findNonNull("seed_losses")) {
    DECODESCOPE_TRY(const JsonChildren list, losses->asArray());
    for (const JsonValue value : list) {
      DECODESCOPE_TRY(const SeedLoss loss, readSeedLoss(value));
      card.seedLosses.push_back(loss);
    }
  }
  if (const auto heads = root.findNonNull("heads")) {
    DECODESCOPE_TRY(const JsonChildren list, heads->asArray());
    for (const JsonValue value : list) {
      DECODESCOPE_TRY(NotableHead head, readHead(value, config));
      card.heads.push_back(std::move(head));
    }
  }
  return card;
}

std::string writeModelCard(const ModelCard& card) {
  JsonWriter json(JsonWriter::Style::indented);
  json.beginObject().key("title").value(card.title).key("summary").value(card.summary);
  json.key("prompts").beginArray();
  for (const std::string& prompt : card.prompts) json.value(prompt);
  json.endArray().key("held_out_loss").value(card.heldOutLoss);
  if (!card.heldOutText.empty()) json.key("held_out_text").value(card.heldOutText);
  if (!card.seedLosses.empty()) {
    json.key("seed_losses").beginArray();
    for (const SeedLoss& loss : card.seedLosses)
      json.beginObject().key("seed").value(loss.seed).key("loss").value(loss.loss).endObject();
    json.endArray();
  }
  json.key("heads").beginArray();
  for (const NotableHead& head : card.heads) {
    json.beginObject().key("layer").value(head.layer.value).key("head").value(head.head.value);
    json.key("role").value(head.role).key("share").value(head.share).endObject();
  }
  json.endArray().endObject();
  return json.take();
}

}  // namespace decodescope
