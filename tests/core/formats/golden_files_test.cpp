#include "core/decode/forward.h"
#include "core/formats/loaded_model.h"
#include "core/formats/safetensors.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>

namespace decodescope {
namespace {

/// Every file of golden/files/, and those of golden/decoders/, which are F32 folders.
std::vector<std::string> goldenFiles() {
  std::vector<std::string> names;
  for (const char* folder : {"golden/files", "golden/decoders"}) {
    for (const auto& entry : std::filesystem::directory_iterator(test::testPath(folder)))
      names.push_back(folder + ("/" + entry.path().filename().string()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The folder itself, or the one model file in it.
std::string modelIn(const std::string& folder) {
  for (const char* name : {"/model.gguf", "/model.bin"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return folder;
}

std::vector<float> tensorOf(const SafetensorsFile& file, std::string_view name) {
  const SafetensorsEntry* entry = file.find(name);
  if (!entry) return {};
  std::vector<float> values(static_cast<std::size_t>(entry->elements()));
  EXPECT_TRUE(file.read(*entry, values).ok());
  return values;
}

class GoldenFile : public testing::TestWithParam<std::string> {};

TEST_P(GoldenFile, LogitsAgreeWithPyTorch) {
  const std::string folder = test::testPath(GetParam());
  const Result<LoadedModelPtr> loaded = loadModel(modelIn(folder));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const auto golden = SafetensorsFile::open(folder + "/expected.safetensors");
  ASSERT_TRUE(golden.ok());
  std::vector<TokenId> tokens;
  for (const float id : tensorOf(golden.value(), "tokens")) tokens.push_back(TokenId{static_cast<int>(id)});
  const std::vector<float> expected = tensorOf(golden.value(), "logits");
  ASSERT_EQ(expected.size(), tokens.size() * static_cast<std::size_t>(loaded.value()->config().vocabSize));
  double squares = 0;
  for (const float logit : expected) squares += static_cast<double>(logit) * static_cast<double>(logit);
  const double tolerance = 2e-4 * std::sqrt(squares / static_cast<double>(expected.size()));

  for (const std::size_t firstCall : {tokens.size(), std::size_t{1}}) {
    test::CollectingSink sink;
    KvCache cache(loaded.value()->config());
    ForwardWorkspace workspace;
    ForwardOptions options;
    options.sink = &sink;
    forward(*loaded.value()->model, std::span(tokens).first(firstCall), cache, workspace, options);
    for (std::size_t i = firstCall; i < tokens.size(); ++i)
      forward(*loaded.value()->model, std::span(tokens).subspan(i, 1), cache, workspace, options);
    std::vector<float> logits;
    for (const auto& [position, row] : sink.sites.at({Site::logits, kNoLayer.value}))
      logits.insert(logits.end(), row.begin(), row.end());
    ASSERT_EQ(logits.size(), expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], expected[i], tolerance) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenFile, testing::ValuesIn(goldenFiles()), [](const auto& tested) {
  std::string name = tested.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '/'; }, '_');
  return name;
});

/// What is promised to be read has a golden file: no row of the table may go missing.
TEST(GoldenFiles, CoverEveryArchitectureAndEveryType) {
  const auto has = [](const std::string& name) {
    return std::filesystem::exists(test::testPath("golden/" + name + "/expected.safetensors"));
  };
  for (const char* architecture : {"llama", "mistral", "qwen2", "gpt2", "opt", "deepseek-v2"}) {
    for (const char* type : {"f16", "bf16"})
      EXPECT_TRUE(has(std::string("files/") + architecture + "-" + type)) << architecture << " " << type;
  }
  for (const char* folder :
       {"decoders/llama-gqa-untied", "files/mistral-f32", "decoders/qwen2", "decoders/gpt2",
        "decoders/opt-pre-norm", "decoders/deepseek-v2", "files/qwen2-window-f32"})
    EXPECT_TRUE(has(folder)) << folder;
  for (const char* architecture : {"llama", "qwen2", "gpt2"}) {
    for (const char* type : {"f32", "f16", "bf16", "q8_0", "q4_0"})
      EXPECT_TRUE(has(std::string("files/gguf-") + architecture + "-" + type)) << architecture << " " << type;
  }
  for (const char* file : {"tied-v0", "tied-v1", "untied-v0", "untied-v1"})
    EXPECT_TRUE(has(std::string("files/llama2c-") + file)) << file;
}

}  // namespace
}  // namespace decodescope
