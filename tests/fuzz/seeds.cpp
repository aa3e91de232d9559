#include "tests/fuzz/seeds.h"

#include "core/formats/hf_folder.h"
#include "core/formats/tokenizer_json.h"
#include "core/tokenizer/byte_level.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <filesystem>

namespace decodescope::test {
namespace {

/// As small as can be: V as asked, D 4, F 3, one layer of one head of 4, S 8.
ModelConfig tinyConfig(const std::string& modelType, int vocabSize = 6) {
  ModelConfig config;
  config.modelType = modelType;
  config.vocabSize = vocabSize;
  config.hiddenSize = 4;
  config.intermediateSize = 3;
  config.numHiddenLayers = 1;
  config.numAttentionHeads = config.numKeyValueHeads = 1;
  config.headDim = 4;
  config.maxPositionEmbeddings = 8;
  if (modelType == "gpt2") {
    config.norm = NormKind::layerNorm;
    config.position = PositionKind::learned;
    config.activation = Activation::geluTanh;
    config.gatedMlp = false;
    config.qkvBias = config.oProjBias = config.mlpBias = true;
  }
  if (modelType == "opt") {
    config.norm = NormKind::layerNorm;
    config.position = PositionKind::learned;
    config.positionOffset = 2;
    config.activation = Activation::relu;
    config.gatedMlp = false;
    config.qkvBias = config.oProjBias = config.mlpBias = true;
  }
  if (modelType == "qwen2") config.qkvBias = true;
  return config;
}

std::vector<std::string> goldenFiles(const std::string& folder, const std::string& name) {
  std::vector<std::string> files;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(testPath("golden/" + folder)))
    paths.push_back(entry.path() / name);
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) files.push_back(readAll(path.string()));
  return files;
}

std::string wordTokenizer() {
  TokenizerSpec spec;
  spec.pieces = {"[UNK]", "[SOS]", "[EOS]", "the", "cat", "sat"};
  spec.specials = {"[UNK]", "[SOS]", "[EOS]"};
  spec.unknown = "[UNK]";
  spec.before = "[SOS]";
  return writeWordLevelTokenizerJson(spec);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? std::string(1, '\0') : "") + parts[i];
  return text;
}

/// Saved as the program itself saves models: config.json, model.safetensors.
std::pair<std::string, std::string> savedModel(const ModelConfig& config, StoredFloat dtype) {
  const TemporaryDir folder;
  DECODESCOPE_REQUIRE(saveHfFolder(folder.file("m"), randomModel(config, 3), {}, {}, dtype).ok());
  return {readAll(folder.file("m/config.json")), readAll(folder.file("m/model.safetensors"))};
}

GgufBuilder byteLevelFile() {
  std::vector<std::string> tokens{"a", "b", "Ġ", "ab", "Ġab", "<|endoftext|>"};
  GgufBuilder file = ggufOf(randomModel(tinyConfig("gpt2"), 3), kF32);
  file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "llama-bpe");
  file.texts("tokenizer.ggml.tokens", tokens).i32s("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 3});
  return file.texts("tokenizer.ggml.merges", {"a b", "Ġ ab"}).u32("tokenizer.ggml.bos_token_id", 5);
}

}  // namespace

std::vector<std::string> jsonSeeds() {
  return {"{}", R"([1,-2.5e3,"a\u00e9\ud83d\ude00\n",null,true,{"k":[[]],"":0}])", wordTokenizer()};
}

std::vector<std::string> hfConfigSeeds() {
  std::vector<std::string> seeds = goldenFiles("decoders", "config.json");
  seeds.push_back(
      R"({"model_type":"mistral","vocab_size":6,"hidden_size":4,"intermediate_size":3,"num_hidden_layers":1,)"
      R"("num_attention_heads":2,"num_key_value_heads":1,"head_dim":2,"sliding_window":null,"rope_parameters":)"
      R"({"rope_type":"llama3","rope_theta":500000.0,"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,)"
      R"("original_max_position_embeddings":8192},"bos_token_id":1,"eos_token_id":[2,3]})");
  return seeds;
}

std::vector<std::string> safetensorsSeeds() {
  return {savedModel(tinyConfig("llama"), StoredFloat::f32).second,
          savedModel(tinyConfig("opt"), StoredFloat::bf16).second};
}

std::vector<std::string> hfFolderSeeds() {
  std::vector<std::string> seeds;
  for (const char* type : {"llama", "qwen2", "opt"}) {
    const auto [config, weights] = savedModel(tinyConfig(type), StoredFloat::bf16);
    seeds.push_back(joined({config, "", wordTokenizer(), weights}));
    seeds.push_back(joined({config, R"({"weight_map":{"lm_head.weight":"model.safetensors"}})", "", ""}));
  }
  return seeds;
}

std::vector<std::string> ggufSeeds() {
  std::vector<std::string> seeds;
  GgufBuilder sentencePiece = ggufOf(randomModel(tinyConfig("llama", 261), 3), kF16);
  addSentencePiece(sentencePiece, {"\xe2\x96\x81", "a"});
  seeds.push_back(sentencePiece.bytes());
  GgufBuilder few = ggufOf(randomModel(tinyConfig("llama", 5), 3), kBf16);
  few.text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "\xe2\x96\x81", "a"});
  few.f32s("tokenizer.ggml.scores", {0, 0, 0, -1, -2}).i32s("tokenizer.ggml.token_type", {2, 3, 3, 1, 1});
  few.text("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", 2.0f);
  few.tensors.push_back({"rope_freqs.weight", {2}, kF32, ggmlBytes(std::vector<float>{1, 4}, kF32)});
  seeds.push_back(few.bytes());
  seeds.push_back(byteLevelFile().bytes());
  ModelConfig wide = tinyConfig("qwen2");
  wide.hiddenSize = wide.headDim = wide.intermediateSize = 32;
  for (const GgmlType type : {kQ8_0, kQ4_0}) seeds.push_back(ggufOf(randomModel(wide, 3), type).bytes());
  GgufBuilder aligned = ggufOf(randomModel(tinyConfig("gpt2"), 3), kF32);
  aligned.alignment = 8;
  aligned.version = 2;
  seeds.push_back(aligned.bytes());
  return seeds;
}

std::vector<std::string> llama2cSeeds() {
  std::vector<std::string> seeds;
  for (const bool tied : {true, false}) {
    ModelConfig config = tinyConfig("llama");
    config.rotaryLayout = RotaryLayout::interleaved;
    config.tieWordEmbeddings = tied;
    for (const int version : {0, 1}) seeds.push_back(llama2cBytes(randomModel(config, 3), version));
  }
  return seeds;
}

std::vector<std::string> llama2cTokenizerSeeds() {
  const auto seed = [](std::vector<Llama2cToken> tokens) {
    const std::size_t count = tokens.size();
    return std::string{static_cast<char>(count & 255), static_cast<char>(count >> 8)} +
           llama2cTokenizerBytes(tokens);
  };
  return {seed({{"<unk>", 0}, {"<s>", 0}, {"</s>", 0}, {" ", -1}, {"a", -2}, {" a", -3}}),
          seed(sentencePieceTokens({" ", "t", "he", " the", "\u4e2d"}))};
}

std::vector<std::string> tokenizerJsonSeeds() {
  std::vector<std::string> seeds{wordTokenizer()};
  TokenizerSpec spec;
  spec.pieces = {"<unk>", "<s>", "<0x0A>", "▁", "t", "h", "e", "he", "the", "▁the"};
  spec.specials = {"<unk>", "<s>"};
  spec.unknown = "<unk>";
  spec.before = "<s>";
  seeds.push_back(writeBpeTokenizerJson(spec, {{"h", "e"}, {"t", "he"}, {"▁", "the"}}));
  for (
      const char* steps :
      {R"("normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits",)"
       R"("individual_digits":true},{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}]},)"
       R"("decoder":{"type":"ByteLevel"})",
       R"("pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":true},)"
       R"("decoder":{"type":"Metaspace","replacement":"_","add_prefix_space":false})",
       R"("normalizer":{"type":"Replace","pattern":{"String":" "},"content":"_"},"pre_tokenizer":{"type":"Whitespace"},)"
       R"("decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Strip","content":"_","start":1,)"
       R"("stop":0},{"type":"Fuse"}]})"}) {
    seeds.push_back(
        std::string("{") + steps +
        R"(,"added_tokens":[{"id":4,"content":"<s>","special":true,"lstrip":true,"rstrip":true}],"model":)"
        R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"1":3},"merges":[["a","b"]],"unk_token":"1",)"
        R"("fuse_unk":true,"byte_fallback":true,"ignore_merges":true}})");
  }
  return seeds;
}

std::vector<std::string> vocabMergesSeeds() {
  return {joined({R"({"a":0,"b":1,"Ġ":2,"ab":3,"Ġab":4,"<|endoftext|>":5})", "#version: 0.2\na b\nĠ ab\n",
                  R"({"tokenizer_class":"Qwen2Tokenizer","add_bos_token":true,"bos_token":"<|endoftext|>",)"
                  R"("added_tokens_decoder":{"6":{"content":"<x>","special":true,"lstrip":true}}})",
                  R"({"eos_token":{"content":"<|endoftext|>"},"pad_token":"a"})"}),
          joined({R"({"a":0})", "", "", ""})};
}

std::vector<std::string> textSeeds() {
  const std::string texts[] = {"Once upon a time, it's 12345.67!\r\n\n  x = {y};\t'LL",
                               "caf\u00e9 e\u0301 \u1100\u1161\u11a8 \u0958 中文 \U0001f642",
                               "\u00a0\u2028\u3000\u0085 'ſ ½ Ⅷ \u0f73\u0f71", std::string("\0\x01\x7f", 3),
                               "\xff\xc3"};
  std::vector<std::string> seeds;
  for (char tokenizer = 0; tokenizer < static_cast<char>(std::size(kTextTokenizers)); ++tokenizer)
    for (const std::string& text : texts) seeds.push_back(tokenizer + text);
  return seeds;
}

}  // namespace decodescope::test
