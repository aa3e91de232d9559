#include "core/formats/model_outline.h"

#include "core/formats/hf_config.h"
#include "core/formats/hf_names.h"
#include "core/formats/json_writer.h"
#include "core/formats/weight_loader.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/byte_writer.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

/// What was told is what the model has: each parameter lies in a mapped file, or on a cache line of memory.
void expectTakes(const ModelOutline& told, const Model& model) {
  std::uint64_t memory = 0, mapped = 0;
  for (const Parameter& parameter : model.layout().parameters()) {
    const WeightSpan weights = model.weights(parameter);
    const auto holds = [&](const std::shared_ptr<const MappedFile>& file) {
      const auto bytes = file->bytes();
      return weights.data >= bytes.data() && weights.data < bytes.data() + bytes.size();
    };
    if (std::ranges::any_of(model.stored().files, holds)) {
      mapped += weights.bytes();
    } else {
      memory += (weights.bytes() + 63) / 64 * 64;
    }
  }
  EXPECT_EQ(told.memoryBytes, memory) << told.path;
  EXPECT_EQ(told.mappedBytes, mapped) << told.path;
}

TEST(ModelOutline, SaysOfEveryFormatWhatTheLoadedModelIs) {
  const test::TemporaryDir folder;
  ModelConfig config = smallLlama();
  config.headDim = 4;
  config.rotaryLayout = RotaryLayout::interleaved;
  const Model model = test::randomModel(config, 3);
  folder.write("m.gguf", test::ggufOf(model, test::kF16).bytes());
  folder.write("m.bin", test::llama2cBytes(model, 0));
  struct Case {
    std::string path, storedAs;
  };
  const std::vector<Case> cases{{folder.file("m.gguf"), "F16 and F32"},
                                {folder.file("m.bin"), "F32"},
                                {test::testPath("golden/files/llama-bf16"), "BF16"},
                                {test::testPath("golden/files/llama-f32-sharded"), "F32"}};
  for (const Case& tested : cases) {
    const auto outline = outlineModel(tested.path);
    ASSERT_TRUE(outline.ok()) << outline.error().message();
    const auto loaded = loadModel(tested.path);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    EXPECT_EQ(outline.value().name, loaded.value()->name);
    EXPECT_EQ(outline.value().path, loaded.value()->path);
    EXPECT_EQ(outline.value().format, loaded.value()->format);
    EXPECT_EQ(outline.value().config.attentionName(), loaded.value()->config().attentionName());
    EXPECT_EQ(outline.value().parameters, loaded.value()->model->layout().parameterCount());
    EXPECT_EQ(outline.value().storedAs, tested.storedAs) << tested.path;
    EXPECT_GE(outline.value().fileBytes, 2 * outline.value().parameters) << tested.path;
    expectTakes(outline.value(), *loaded.value()->model);
    EXPECT_EQ(outline.value().mappedBytes, 0u) << tested.path;
  }
}

/// The header of a Hugging Face folder, and a hole where its weights are: it takes no room on the disk.
void writeHoles(const test::TemporaryDir& folder, const std::string& name, const ModelConfig& config,
                const std::string& dtype, std::uint64_t numberBytes) {
  JsonWriter json;
  json.beginObject();
  std::uint64_t at = 0;
  const ParameterLayout layout(config);
  for (const Parameter& p : layout.parameters()) {
    const StoredPart part = hfStoredPart(config, p);
    if (part.firstFeature > 0) continue;  // of a tensor that stands here already
    std::uint64_t size = numberBytes;
    json.key(hfFullName(config, p)).beginObject().key("dtype").value(dtype).key("shape").beginArray();
    for (const std::uint64_t extent : part.shape(p)) {
      json.value(extent);
      size *= extent;
    }
    json.endArray().key("data_offsets").beginArray().value(at).value(at + size).endArray().endObject();
    at += size;
  }
  std::string header = json.endObject().take();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string start = test::ByteWriter().put<std::uint64_t>(header.size()).raw(header).bytes();
  folder.write(name + "/model.safetensors", start);
  std::filesystem::resize_file(folder.file(name + "/model.safetensors"), start.size() + at);
}

TEST(ModelOutline, WhatLargeModelsTakeIsToldBeforeAndIsSo) {
  const test::TemporaryDir folder;
  ModelConfig llama = smallLlama();
  llama.hiddenSize = 1024;
  llama.vocabSize = 70'000;
  writeHoles(folder, "llama", llama, "BF16", 2);
  folder.write("llama/config.json", writeHfConfig(llama, "float32").value());
  ModelConfig gpt2 = smallGpt2();  // its Conv1D matrices cannot stay in the file
  gpt2.hiddenSize = 1020;
  gpt2.headDim = 340;
  gpt2.vocabSize = 35'000;
  writeHoles(folder, "gpt2", gpt2, "F32", 4);
  folder.write("gpt2/config.json", R"({"model_type":"gpt2","vocab_size":35000,"n_embd":1020,"n_inner":20,
                                      "n_layer":2,"n_head":3,"n_positions":32,"layer_norm_epsilon":1e-5,
                                      "activation_function":"gelu_new"})");
  for (const char* name : {"llama", "gpt2"}) {
    SCOPED_TRACE(name);
    const auto outline = outlineModel(folder.file(name));
    ASSERT_TRUE(outline.ok()) << outline.error().message();
    const auto loaded = loadModel(folder.file(name));
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    expectTakes(outline.value(), *loaded.value()->model);
    EXPECT_GT(outline.value().mappedBytes, kInPlaceFrom);
    EXPECT_LT(outline.value().memoryBytes, outline.value().mappedBytes);
  }
  EXPECT_GT(outlineModel(folder.file("gpt2")).value().memoryBytes, 4u * 1020 * 1020 * 2);
}

TEST(ModelOutline, TellsTheErrorsOfHeadersAndNothingOfWhatComesAfter) {
  const test::TemporaryDir folder;
  const std::string bytes = test::ggufOf(test::randomModel(test::smallConfig(), 3), test::kF32).bytes();
  folder.write("short.gguf", bytes.substr(0, 100));
  EXPECT_EQ(outlineModel(folder.file("short.gguf")).error().message(),
            loadModel(folder.file("short.gguf")).error().message());
  EXPECT_EQ(outlineModel(folder.file("none")).error().what, "no such file or folder");
}

TEST(ModelOutline, AnErrorOfTheListenerEndsTheLoad) {
  const test::TemporaryDir folder;
  folder.write("m.gguf", test::ggufOf(test::randomModel(test::smallConfig(), 3), test::kF32).bytes());
  int told = 0;
  LoadProgress progress;
  progress.report = [](double) { FAIL() << "weights are read"; };
  progress.outlined = [&](const ModelOutline&) -> Result<void> {
    ++told;
    return Error{.what = "not wanted"};
  };
  EXPECT_EQ(loadModel(folder.file("m.gguf"), progress).error().what, "not wanted");
  EXPECT_EQ(told, 1);
}

TEST(ModelOutline, NamesTypesByTheirShare) {
  StoredTypes types;
  EXPECT_EQ(types.shown(), "");
  types.add("F32", 10);
  types.add("Q8_0", 30);
  types.add("BF16", 15);
  types.add("F32", 10);
  EXPECT_EQ(types.shown(), "Q8_0, F32 and BF16");
  EXPECT_EQ(types.bytes(), 65u);
}

}  // namespace
}  // namespace decodescope
