#include "core/formats/json_writer.h"
#include "core/formats/tokenizer_json.h"

#include <algorithm>

namespace decodescope {
namespace {

constexpr const char* kSpace = "▁";

std::size_t idOf(const TokenizerSpec& spec, const std::string& piece) {
  const auto found = std::find(spec.pieces.begin(), spec.pieces.end(), piece);
  DECODESCOPE_REQUIRE(found != spec.pieces.end());
  return static_cast<std::size_t>(found - spec.pieces.begin());
}

void writeHead(JsonWriter& json, const TokenizerSpec& spec) {
  json.beginObject().key("version").value("1.0").key("truncation").null().key("padding").null();
  json.key("added_tokens").beginArray();
  std::vector<std::size_t> ids;
  for (const std::string& special : spec.specials) ids.push_back(idOf(spec, special));
  std::sort(ids.begin(), ids.end());
  for (const std::size_t id : ids) {
    json.beginObject().key("id").value(id).key("content").value(spec.pieces[id]);
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) json.key(flag).value(false);
    json.key("special").value(true).endObject();
  }
  json.endArray();
}

void writeReplace(JsonWriter& json, const char* pattern, const char* content) {
  json.beginObject()
      .key("type")
      .value("Replace")
      .key("pattern")
      .beginObject()
      .key("String")
      .value(pattern)
      .endObject();
  json.key("content").value(content).endObject();
}

void writeTemplatePart(JsonWriter& json, const char* kind, const std::string& id, int type) {
  json.beginObject()
      .key(kind)
      .beginObject()
      .key("id")
      .value(id)
      .key("type_id")
      .value(type)
      .endObject()
      .endObject();
}

void writePostProcessor(JsonWriter& json, const TokenizerSpec& spec) {
  json.key("post_processor");
  if (spec.before.empty()) {
    json.null();
    return;
  }
  json.beginObject().key("type").value("TemplateProcessing").key("single").beginArray();
  writeTemplatePart(json, "SpecialToken", spec.before, 0);
  writeTemplatePart(json, "Sequence", "A", 0);
  json.endArray().key("pair").beginArray();
  writeTemplatePart(json, "SpecialToken", spec.before, 0);
  writeTemplatePart(json, "Sequence", "A", 0);
  writeTemplatePart(json, "SpecialToken", spec.before, 1);
  writeTemplatePart(json, "Sequence", "B", 1);
  json.endArray().key("special_tokens").beginObject().key(spec.before).beginObject();
  json.key("id").value(spec.before).key("ids").beginArray().value(idOf(spec, spec.before)).endArray();
  json.key("tokens").beginArray().value(spec.before).endArray().endObject().endObject().endObject();
}

void writeVocabulary(JsonWriter& json, const TokenizerSpec& spec) {
  json.key("vocab").beginObject();
  for (std::size_t id = 0; id < spec.pieces.size(); ++id) json.key(spec.pieces[id]).value(id);
  json.endObject();
}

}  // namespace

std::string writeBpeTokenizerJson(const TokenizerSpec& spec,
                                  const std::vector<std::pair<std::string, std::string>>& merges) {
  JsonWriter json(JsonWriter::Style::indented);
  writeHead(json, spec);
  json.key("normalizer").beginObject().key("type").value("Sequence").key("normalizers").beginArray();
  json.beginObject().key("type").value("Prepend").key("prepend").value(kSpace).endObject();
  writeReplace(json, " ", kSpace);
  json.endArray().endObject();
  json.key("pre_tokenizer").null();
  writePostProcessor(json, spec);
  json.key("decoder").beginObject().key("type").value("Sequence").key("decoders").beginArray();
  writeReplace(json, kSpace, " ");
  json.beginObject().key("type").value("ByteFallback").endObject();
  json.beginObject().key("type").value("Fuse").endObject();
  json.beginObject().key("type").value("Strip").key("content").value(" ");
  json.key("start").value(1).key("stop").value(0).endObject();
  json.endArray().endObject();
  json.key("model").beginObject().key("type").value("BPE").key("dropout").null();
  json.key("unk_token");
  spec.unknown.empty() ? json.null() : json.value(spec.unknown);
  json.key("continuing_subword_prefix").null().key("end_of_word_suffix").null();
  json.key("fuse_unk").value(true).key("byte_fallback").value(true).key("ignore_merges").value(false);
  writeVocabulary(json, spec);
  json.key("merges").beginArray();
  for (const auto& [left, right] : merges) json.value(left + " " + right);
  json.endArray().endObject().endObject();
  return json.take();
}

std::string writeWordLevelTokenizerJson(const TokenizerSpec& spec) {
  JsonWriter json(JsonWriter::Style::indented);
  writeHead(json, spec);
  json.key("normalizer").null();
  json.key("pre_tokenizer").beginObject().key("type").value("WhitespaceSplit").endObject();
  writePostProcessor(json, spec);
  json.key("decoder").null();
  json.key("model").beginObject().key("type").value("WordLevel");
  writeVocabulary(json, spec);
  // The member may not be missing; a name outside the vocabulary means that there is none.
  json.key("unk_token").value(spec.unknown.empty() ? "[UNK]" : spec.unknown);
  json.endObject().endObject();
  return json.take();
}

}  // namespace decodescope
