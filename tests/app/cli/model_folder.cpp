#include "tests/app/cli/model_folder.h"

#include "core/formats/hf_folder.h"
#include "core/formats/json_writer.h"
#include "tests/support/random_model.h"

#include <cstdio>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

void addedToken(JsonWriter& json, int id, const char* content) {
  json.beginObject();
  json.key("id").value(id).key("content").value(content);
  for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) json.key(flag).value(false);
  json.key("special").value(true);
  json.endObject();
}

std::string wordTokenizer(bool start) {
  JsonWriter json;
  json.beginObject().key("version").value("1.0");
  json.key("truncation").null().key("padding").null();
  json.key("added_tokens").beginArray();
  addedToken(json, 0, "[SOS]");
  addedToken(json, 1, "[EOS]");
  json.endArray();
  json.key("normalizer").null();
  json.key("pre_tokenizer").beginObject().key("type").value("WhitespaceSplit").endObject();
  if (start) {
    json.key("post_processor").beginObject().key("type").value("TemplateProcessing");
    for (const char* form : {"single", "pair"}) {
      json.key(form).beginArray();
      json.beginObject().key("SpecialToken").beginObject();
      json.key("id").value("[SOS]").key("type_id").value(0).endObject().endObject();
      for (const char* sequence : {"A", "B"}) {
        if (form[0] == 's' && sequence[0] == 'B') continue;
        json.beginObject().key("Sequence").beginObject();
        json.key("id").value(sequence).key("type_id").value(0).endObject().endObject();
      }
      json.endArray();
    }
    json.key("special_tokens").beginObject().key("[SOS]").beginObject().key("id").value("[SOS]");
    json.key("ids").beginArray().value(0).endArray().key("tokens").beginArray().value("[SOS]").endArray();
    json.endObject().endObject().endObject();
  } else {
    json.key("post_processor").null();
  }
  json.key("decoder").null();
  json.key("model").beginObject().key("type").value("WordLevel").key("vocab").beginObject();
  json.key("[SOS]").value(0).key("[EOS]").value(1);
  for (int id = 2; id < smallConfig().vocabSize; ++id) json.key("w" + std::to_string(id)).value(id);
  json.endObject().key("unk_token").value("[UNK]").endObject();
  json.endObject();
  return json.take();
}

std::string byteTokenizer() {
  JsonWriter json;
  json.beginObject().key("version").value("1.0");
  json.key("truncation").null().key("padding").null();
  json.key("added_tokens").beginArray().endArray();
  json.key("normalizer").null().key("pre_tokenizer").null().key("post_processor").null();
  json.key("decoder").beginObject().key("type").value("Sequence").key("decoders").beginArray();
  for (const char* type : {"ByteFallback", "Fuse"}) json.beginObject().key("type").value(type).endObject();
  json.endArray().endObject();
  json.key("model").beginObject().key("type").value("BPE").key("dropout").null().key("unk_token").null();
  json.key("fuse_unk").value(false).key("byte_fallback").value(true).key("vocab").beginObject();
  for (int byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", static_cast<unsigned>(byte));
    json.key(piece).value(byte);
  }
  json.endObject().key("merges").beginArray().endArray().endObject();
  json.endObject();
  return json.take();
}

}  // namespace

void writeModelFolder(const std::string& folder, Words words, int context) {
  ModelConfig config = smallConfig();
  config.maxPositionEmbeddings = context;
  if (words == Words::bytes) {
    config.vocabSize = 256;
  } else {
    config.bosTokenId = TokenId{0};
    config.eosTokenIds = {TokenId{1}};
  }
  const std::string tokenizer =
      words == Words::bytes ? byteTokenizer() : wordTokenizer(words == Words::withStart);
  const auto saved = saveHfFolder(folder, randomModel(config, 3), tokenizer, ModelCard{}, StoredFloat::f32);
  ASSERT_TRUE(saved.ok()) << saved.error().message();
}

}  // namespace decodescope::test
