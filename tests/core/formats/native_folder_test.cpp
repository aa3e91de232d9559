// Folders as others write them, good and bad, and the exact line that a user sees for each bad one.
#include "core/base/float_formats.h"
#include "core/formats/hf_config.h"
#include "core/formats/loaded_model.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <sys/stat.h>

namespace decodescope {
namespace {

constexpr const char* kGpt2Config =
    R"({"model_type":"gpt2","vocab_size":24,"n_embd":12,"n_layer":2,"n_head":3,"n_positions":32,"n_inner":20})";

/// The files of a model folder before they are written.
struct Files {
  std::string config;
  std::vector<TestTensor> tensors;
  std::string tokenizer;

  static Files of(const ModelConfig& config) {
    const Model model = numberedModel(config);
    if (config.modelType == "gpt2") return {kGpt2Config, storedGpt2Tensors(model), smallTokenizerJson()};
    return {writeHfConfig(config, "float32").value(), storedTensors(model), smallTokenizerJson()};
  }

  TestTensor& tensor(const std::string& name) {
    for (TestTensor& t : tensors) {
      if (t.name == name) return t;
    }
    ADD_FAILURE() << "no tensor " << name;
    return tensors.front();
  }
  void remove(const std::string& name) {
    std::erase_if(tensors, [&](const TestTensor& t) { return t.name == name; });
  }
  void replace(const std::string& text, const std::string& by) {
    const std::size_t at = config.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    config.replace(at, text.size(), by);
  }

  std::string writeTo(const test::TemporaryDir& folder) const {
    folder.write("m/config.json", config);
    folder.write("m/model.safetensors", safetensorsBytes(tensors));
    if (!tokenizer.empty()) folder.write("m/tokenizer.json", tokenizer);
    return folder.file("m");
  }
};

LoadedModelPtr load(const Files& files) {
  const test::TemporaryDir folder;
  const auto loaded = loadModel(files.writeTo(folder));
  EXPECT_TRUE(loaded.ok()) << loaded.error().message();
  return loaded.ok() ? loaded.value() : nullptr;
}

void expectNumbered(const LoadedModelPtr& loaded, const ModelConfig& config) {
  ASSERT_TRUE(loaded);
  const Model expected = numberedModel(config);
  EXPECT_TRUE(test::widenedNumbers(*loaded->model) == test::widenedNumbers(expected));
  EXPECT_THAT(loaded->warnings, testing::IsEmpty());
}

/// The message without the temporary folder's name.
std::string messageFor(const test::TemporaryDir& folder, const std::string& path) {
  const auto loaded = loadModel(path);
  if (loaded.ok()) return "ok";
  std::string message = loaded.error().message();
  const std::string root = folder.path().string() + "/";
  while (message.find(root) != std::string::npos) message.erase(message.find(root), root.size());
  return message;
}

std::string failure(const Files& files) {
  const test::TemporaryDir folder;
  return messageFor(folder, files.writeTo(folder));
}

TEST(NativeFolder, Gpt2sFusedAndTransposedWeights) {
  expectNumbered(load(Files::of(smallGpt2())), smallGpt2());
}

TEST(NativeFolder, WeightsInHalves) {
  // The numbered weights are exact in bfloat16, and small enough to be so in binary16.
  for (const char* dtype : {"F16", "BF16"}) {
    const bool brain = dtype == std::string("BF16");
    const Files files = Files::of(smallLlama());
    std::string header, data;
    for (const TestTensor& tensor : files.tensors) {
      const std::size_t begin = data.size();
      for (const float x : tensor.numbers) {
        const std::uint16_t half = brain ? floatToBf16(x) : floatToF16(x);
        ASSERT_EQ(brain ? bf16ToFloat(half) : f16ToFloat(half), x) << tensor.name;
        data.append(reinterpret_cast<const char*>(&half), 2);
      }
      std::string shape;
      for (const int size : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(size);
      header += (header.empty() ? "{\"" : ",\"") + tensor.name + "\":{\"dtype\":\"" + dtype +
                "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(begin) + "," +
                std::to_string(data.size()) + "]}";
    }
    const test::TemporaryDir folder;
    files.writeTo(folder);
    folder.write("m/model.safetensors", safetensorsBytes(header + "}", data));
    const auto loaded = loadModel(folder.file("m"));
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    expectNumbered(loaded.value(), smallLlama());
  }
}

TEST(NativeFolder, NamesWithoutPrefix) {
  for (const ModelConfig& config : {smallLlama(), smallGpt2(), smallOpt()}) {
    Files files = Files::of(config);
    for (TestTensor& tensor : files.tensors) {
      for (const std::string prefix : {"model.decoder.", "model.", "transformer."}) {
        if (tensor.name.starts_with(prefix)) tensor.name.erase(0, prefix.size());
      }
    }
    expectNumbered(load(files), config);
  }
  Files files = Files::of(smallOpt());
  for (TestTensor& tensor : files.tensors) tensor.name.erase(0, std::string("model.").size());
  expectNumbered(load(files), smallOpt());
}

TEST(NativeFolder, HarmlessTensorsArePassedOver) {
  Files llama = Files::of(smallLlama());
  llama.tensors.push_back({"model.layers.1.self_attn.rotary_emb.inv_freq", {2}, {1, 2}});
  expectNumbered(load(llama), smallLlama());
  Files gpt2 = Files::of(smallGpt2());
  gpt2.tensors.push_back({"transformer.h.0.attn.bias", {1, 1, 2, 2}, {1, 0, 1, 1}});
  gpt2.tensors.push_back({"transformer.h.0.attn.masked_bias", {}, {-1e4f}});
  expectNumbered(load(gpt2), smallGpt2());
}

TEST(NativeFolder, TiedWeightsUnderEitherName) {
  ModelConfig config = smallLlama();
  config.tieWordEmbeddings = true;
  Files files = Files::of(config);
  files.tensor("model.embed_tokens.weight").name = "lm_head.weight";
  expectNumbered(load(files), config);
  files.tensors.push_back(files.tensor("lm_head.weight"));
  files.tensors.back().name = "model.embed_tokens.weight";
  expectNumbered(load(files), config);
  files.tensor("lm_head.weight").numbers[5] = 99;
  const LoadedModelPtr loaded = load(files);
  EXPECT_THAT(loaded->warnings,
              testing::ElementsAre("lm_head.weight: differs from model.embed_tokens.weight and is not "
                                   "used, because tie_word_embeddings is true"));
  files.tensor("lm_head.weight") = {"lm_head.weight", {1, 1}, {0}};
  EXPECT_EQ(
      failure(files),
      "m/model.safetensors: lm_head.weight: shape does not fit config.json: found [1, 1], allowed [24, 12]");
}

TEST(NativeFolder, WeightsThatAreNotFiniteLoadWithAWarning) {
  Files files = Files::of(smallLlama());
  files.tensor("model.norm.weight").numbers[0] = std::numeric_limits<float>::quiet_NaN();
  files.tensor("lm_head.weight").numbers[0] = std::numeric_limits<float>::infinity();
  files.tensor("lm_head.weight").numbers[1] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(load(files)->warnings, testing::ElementsAre("model.norm.weight: 1 weight is NaN or infinite",
                                                          "lm_head.weight: 2 weights are NaN or infinite"));
}

/// Writes the model's tensors into two shards and an index, which `change` may alter.
std::string shardedFailure(
    const std::function<void(std::string& index, std::vector<TestTensor>& second)>& change) {
  Files files = Files::of(smallLlama());
  std::vector<TestTensor> second(files.tensors.begin() + 5, files.tensors.end());
  files.tensors.resize(5);
  std::string index = R"({"metadata":{"total_size":1},"weight_map":{)";
  for (const TestTensor& t : files.tensors) index += "\"" + t.name + "\":\"one.safetensors\",";
  for (const TestTensor& t : second) index += "\"" + t.name + "\":\"two.safetensors\",";
  index.back() = '}';
  index += "}";
  change(index, second);
  const test::TemporaryDir folder;
  folder.write("m/config.json", files.config);
  folder.write("m/one.safetensors", safetensorsBytes(files.tensors));
  folder.write("m/two.safetensors", safetensorsBytes(second));
  folder.write("m/model.safetensors.index.json", index);
  const auto loaded = loadModel(folder.file("m"));
  if (loaded.ok()) expectNumbered(loaded.value(), smallLlama());
  return messageFor(folder, folder.file("m/model.safetensors.index.json"));
}

TEST(NativeFolder, Shards) {
  using Tensors = std::vector<TestTensor>;
  const auto replaced = [](const std::string& from, const std::string& to) {
    return shardedFailure(
        [&](std::string& index, Tensors&) { index.replace(index.find(from), from.size(), to); });
  };
  EXPECT_EQ(shardedFailure([](std::string&, Tensors&) {}), "ok");
  const std::string bad =
      "m/model.safetensors.index.json: weight_map[\"lm_head.weight\"]: shard is not a file of this folder: ";
  EXPECT_EQ(replaced("lm_head.weight\":\"two.safetensors", "lm_head.weight\":\"../m/two.safetensors"),
            bad + "found \"../m/two.safetensors\", allowed a plain file name");
  EXPECT_EQ(replaced("lm_head.weight\":\"two.safetensors", "lm_head.weight\":\"/etc/passwd"),
            bad + "found \"/etc/passwd\", allowed a plain file name");
  EXPECT_EQ(replaced("lm_head.weight\":\"two.safetensors", "lm_head.weight\":\".."),
            bad + "found \"..\", allowed a plain file name");
  EXPECT_EQ(replaced("lm_head.weight\":\"two.safetensors", "lm_head.weight\":\""),
            bad + "found \"\", allowed a plain file name");
  EXPECT_EQ(replaced("lm_head.weight\":\"two", "lm_head.weight\":\"three"),
            "m/three.safetensors: no such file");
  EXPECT_EQ(replaced("lm_head.weight\":\"two", "lm_head.weight\":\"one"),
            "m/one.safetensors: lm_head.weight: tensor is missing, though the index names it");
  EXPECT_EQ(replaced("\"lm_head.weight\":\"two.safetensors\"", "\"lm_head.other\":\"two.safetensors\""),
            "m/two.safetensors: lm_head.other: tensor is missing, though the index names it");
  EXPECT_EQ(replaced("weight_map", "weights"), "m/model.safetensors.index.json: weight_map: missing");
  EXPECT_EQ(shardedFailure([](std::string& index, Tensors&) { index = R"({"weight_map":{}})"; }),
            "m/model.safetensors.index.json: weight_map: names no tensor");
  EXPECT_EQ(shardedFailure([](std::string&, Tensors& second) {
              second.push_back({"extra", {1}, {1}});
            }),
            "m/two.safetensors: extra: tensor is not in the index for this file");
}

TEST(NativeFolder, PathsThatAreNoModel) {
  const test::TemporaryDir folder;
  EXPECT_EQ(messageFor(folder, folder.file("none")), "none: no such file or folder");
  EXPECT_EQ(messageFor(folder, folder.file("none/config.json")), "none/config.json: no such file or folder");
  folder.write("notes.txt", "hello");
  EXPECT_EQ(messageFor(folder, folder.file("notes.txt")),
            "notes.txt: unknown kind of model file: found text, allowed a Hugging Face folder (or its "
            "config.json or a .safetensors); a GGUF file (.gguf); a llama2.c checkpoint (.bin)");
  ASSERT_EQ(::mkfifo(folder.file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(messageFor(folder, folder.file("fifo")), "fifo: not a file or folder that can hold a model");
  EXPECT_EQ(messageFor(folder, "/dev/null"), "/dev/null: not a file or folder that can hold a model");
  EXPECT_EQ(messageFor(folder, ""), "no such file or folder");
  std::filesystem::create_directory(folder.file("empty"));
  EXPECT_EQ(messageFor(folder, folder.file("empty")), "empty/config.json: no such file");
  std::filesystem::create_directories(folder.file("odd/config.json"));
  EXPECT_EQ(messageFor(folder, folder.file("odd")), "odd/config.json: not a regular file: found a folder");
  folder.write("bare/config.json", Files::of(smallLlama()).config);
  EXPECT_EQ(messageFor(folder, folder.file("bare")), "bare/model.safetensors: no such file");
  folder.write("bare/pytorch_model.bin", "PK");
  EXPECT_EQ(messageFor(folder, folder.file("bare")),
            "bare/pytorch_model.bin: weights in a Python pickle are not read: allowed model.safetensors");
  ASSERT_EQ(::mkfifo(folder.file("bare/model.safetensors").c_str(), 0600), 0);
  EXPECT_EQ(messageFor(folder, folder.file("bare")),
            "bare/model.safetensors: not a regular file: found a FIFO");
}

TEST(NativeFolder, BadFilesAreNamedInOneLine) {
  struct Case {
    std::function<void(Files&)> change;
    const char* message;
  };
  const Case cases[] = {
      {[](Files&) {}, "ok"},
      {[](Files& f) { f.config = ""; }, "m/config.json: file is empty"},
      {[](Files& f) { f.config = "{"; },
       "m/config.json: not valid JSON: unexpected end of input: allowed string literal (at byte 1)"},
      {[](Files& f) { f.config = "\xff\xfe{"; },
       "m/config.json: not valid JSON: invalid literal (at byte 0)"},
      {[](Files& f) { f.config = std::string(2 << 20, ' '); },
       "m/config.json: file is too large: found 2097152 bytes, allowed at most 1048576"},
      {[](Files& f) { f.replace("\"vocab_size\": 24", "\"vocab_size\": 24, \"vocab_size\": 24"); },
       "m/config.json: vocab_size: name stands twice in its object"},
      {[](Files& f) { f.replace("\"llama\"", "\"bert\""); },
       "m/config.json: model_type: architecture is not supported: found \"bert\", allowed llama, mistral, "
       "qwen2, deepseek_v2, gpt2, opt"},
      {[](Files& f) { f.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"); },
       "m/model.safetensors: model.layers.2.input_layernorm.weight: tensor is missing"},
      {[](Files& f) { f.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"); },
       "m/model.safetensors: model.layers.1.input_layernorm.weight: tensor does not belong to model_type "
       "llama "
       "with this config.json"},
      {[](Files& f) { f.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": -2"); },
       "m/config.json: num_hidden_layers: out of range: found -2, allowed an integer from 1 to 1024"},
      {[](Files& f) { f.replace("\"vocab_size\": 24", "\"vocab_size\": 16777216"); },
       "m/model.safetensors: model.embed_tokens.weight: shape does not fit config.json: found [24, 12], "
       "allowed [16777216, 12]"},
      {[](Files& f) { f.replace("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 3"); },
       "m/model.safetensors: model.layers.0.self_attn.k_proj.weight: shape does not fit config.json: found "
       "[6, 12], allowed [18, 12]"},
      {[](Files& f) { f.replace("\"attention_bias\": false", "\"attention_bias\": true"); },
       "m/model.safetensors: model.layers.0.self_attn.q_proj.bias: tensor is missing"},
      {[](Files& f) { f.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"); }, "ok"},
      {[](Files& f) { f.remove("lm_head.weight"); },
       "m/model.safetensors: lm_head.weight: tensor is missing"},
      {[](Files& f) { f.remove("model.norm.weight"); },
       "m/model.safetensors: model.norm.weight: tensor is missing"},
      {[](Files& f) { f.remove("model.layers.1.mlp.down_proj.weight"); },
       "m/model.safetensors: model.layers.1.mlp.down_proj.weight: tensor is missing"},
      {[](Files& f) {
         f.tensors.push_back({"model.layers.0.mlp.gate_proj.bias", {1}, {0}});
       },
       "m/model.safetensors: model.layers.0.mlp.gate_proj.bias: tensor does not belong to model_type llama "
       "with "
       "this config.json"},
      {[](Files& f) {
         f.tensors.push_back({"score.weight", {1}, {0}});
       },
       "m/model.safetensors: score.weight: tensor does not belong to model_type llama with this config.json"},
      {[](Files& f) {
         f.tensors.push_back({"norm.weight", {1}, {0}});
       },
       "m/model.safetensors: norm.weight: tensor stands twice, also as model.norm.weight"},
      {[](Files& f) {
         f.tensors.push_back({"model.norm.weight", {1}, {0}});
       },
       "m/model.safetensors: [\"model.norm.weight\"]: name stands twice in its object"},
      {[](Files& f) {
         f.tensor("model.norm.weight").shape = {1, 12};
       },
       "m/model.safetensors: model.norm.weight: shape does not fit config.json: found [1, 12], allowed [12]"},
      {[](Files& f) {
         f.tensor("model.layers.0.mlp.up_proj.weight").shape = {12, 20};
       },
       "m/model.safetensors: model.layers.0.mlp.up_proj.weight: shape does not fit config.json: found [12, "
       "20], allowed [20, 12]"},
      {[](Files& f) { f.tensor("model.norm.weight").shape = {13}; },
       "m/model.safetensors: [\"model.norm.weight\"].data_offsets: do not span the tensor's bytes: found "
       "[11712, 11760], "
       "allowed 52 bytes for F32 [13]"},
      {[](Files& f) { f.tokenizer = "{}"; }, "m/tokenizer.json: model: missing"},
      {[](Files& f) { f.tokenizer = "nothing"; },
       "m/tokenizer.json: not valid JSON: invalid literal (at byte 1)"},
      {[](Files& f) { f.tokenizer = R"({"model":{"type":"WordLevel","vocab":{"a":24}}})"; },
       "m/tokenizer.json: model.vocab: vocabulary is larger than the embedding: found 25 tokens, allowed at "
       "most vocab_size "
       "of config.json (24)"},
      {[](Files& f) {
         f.tokenizer =
             R"({"model":{"type":"WordLevel","vocab":{"a":0}},"added_tokens":[{"id":30,"content":"x"}]})";
       },
       "m/tokenizer.json: model.vocab: vocabulary is larger than the embedding: found 31 tokens, allowed at "
       "most vocab_size "
       "of config.json (24)"},
  };
  for (const Case& c : cases) {
    Files files = Files::of(smallLlama());
    c.change(files);
    EXPECT_EQ(failure(files), c.message);
  }
}

TEST(NativeFolder, BadFilesOfOtherArchitectures) {
  Files gpt2 = Files::of(smallGpt2());
  gpt2.tensor("transformer.h.0.attn.c_attn.weight").shape = {36, 12};
  EXPECT_EQ(failure(gpt2),
            "m/model.safetensors: transformer.h.0.attn.c_attn.weight: shape does not fit config.json: found "
            "[36, 12], allowed [12, 36]");
  gpt2 = Files::of(smallGpt2());
  gpt2.remove("transformer.h.1.attn.c_attn.bias");
  EXPECT_EQ(failure(gpt2), "m/model.safetensors: transformer.h.1.attn.c_attn.bias: tensor is missing");
  gpt2 = Files::of(smallGpt2());
  gpt2.replace("\"n_inner\":20", "\"n_inner\":null");
  EXPECT_EQ(failure(gpt2),
            "m/model.safetensors: transformer.h.0.mlp.c_fc.weight: shape does not fit config.json: found "
            "[12, 20], allowed [12, 48]");
  Files opt = Files::of(smallOpt());
  opt.replace("\"max_position_embeddings\": 32", "\"max_position_embeddings\": 34");
  EXPECT_EQ(
      failure(opt),
      "m/model.safetensors: model.decoder.embed_positions.weight: shape does not fit config.json: found "
      "[34, 12], allowed [36, 12]");
  opt = Files::of(smallOpt());
  opt.replace("\"do_layer_norm_before\": true", "\"do_layer_norm_before\": false");
  EXPECT_EQ(failure(opt),
            "m/model.safetensors: model.decoder.final_layer_norm.weight: tensor does not belong to "
            "model_type opt with this config.json");
}

TEST(NativeFolder, BadCards) {
  const auto withCard = [](const std::string& card) {
    const test::TemporaryDir folder;
    const std::string path = Files::of(smallLlama()).writeTo(folder);
    folder.write("m/card.json", card);
    return messageFor(folder, path);
  };
  EXPECT_EQ(withCard(R"({"title":"T","anything":[1]})"), "ok");
  EXPECT_EQ(withCard("[]"), "m/card.json: wrong type: found an array, allowed an object");
  EXPECT_EQ(withCard(R"({"prompts":"x"})"),
            "m/card.json: prompts: wrong type: found \"x\", allowed an array");
  EXPECT_EQ(withCard(R"({"held_out_loss":-1})"),
            "m/card.json: held_out_loss: out of range: found -1, allowed 0 or more");
  EXPECT_EQ(withCard(R"({"heads":[{"layer":2,"head":0,"role":"x"}]})"),
            "m/card.json: heads[0].layer: out of range: found 2, allowed an integer from 0 to 1");
  EXPECT_EQ(withCard(R"({"heads":[{"layer":0,"head":0,"role":"x","share":1.5}]})"),
            "m/card.json: heads[0].share: out of range: found 1.5, allowed 0 to 1");
}

TEST(NativeFolder, LoadingStopsWhenAsked) {
  const test::TemporaryDir folder;
  const std::string path = Files::of(smallLlama()).writeTo(folder);
  std::stop_source stop;
  LoadProgress progress;
  int reports = 0;
  progress.report = [&](double) {
    if (++reports == 3) stop.request_stop();
  };
  progress.stop = stop.get_token();
  const auto loaded = loadModel(path, progress);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().what, "cancelled");
  EXPECT_EQ(reports, 3);
}

}  // namespace
}  // namespace decodescope
