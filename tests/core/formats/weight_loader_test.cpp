#include "core/formats/weight_loader.h"

#include "core/decode/forward.h"
#include "core/decode/lane.h"
#include "tests/support/gguf_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

ModelConfig blockConfig() {
  ModelConfig config = test::smallConfig();
  config.hiddenSize = 64;
  config.headDim = 16;
  config.intermediateSize = 96;
  config.qkvBias = true;
  return config;
}

/// A file with all parameters of a model one after another, matrices as `type`, beginning after `lead` bytes.
class WeightFile {
 public:
  WeightFile(const Model& model, FloatType type, std::size_t lead = 64) {
    constexpr test::GgmlType kNames[] = {test::kF32, test::kF16, test::kBf16, test::kQ8_0, test::kQ4_0};
    m_bytes.assign(lead, 'x');
    for (const Parameter& p : model.layout().parameters()) {
      const FloatType as = mayStayStored(p.role) ? type : FloatType::f32;
      m_sources.push_back({nullptr, "p" + std::to_string(p.index), as, m_bytes.size(), 0});
      m_bytes += test::ggmlBytes({model.parameter(p).data, p.size()}, kNames[static_cast<std::size_t>(as)]);
    }
  }

  std::string& bytes() { return m_bytes; }
  std::vector<WeightSource>& sources() { return m_sources; }

  const std::string& write() {
    m_path = m_folder.write("w", m_bytes);
    m_file.emplace(std::move(RegularFile::open(m_path)).value());
    for (WeightSource& source : m_sources) source.file = &*m_file;
    return m_path;
  }

 private:
  test::TemporaryDir m_folder;
  std::string m_path;
  std::string m_bytes;
  std::vector<WeightSource> m_sources;
  std::optional<RegularFile> m_file;
};

constexpr std::uint64_t kAlways = 0, kNever = ~std::uint64_t{0};

TEST(WeightLoader, CopiedOrInPlaceTheNumbersAreTheFiles) {
  const Model model = test::randomModel(blockConfig(), 3);
  for (const FloatType type :
       {FloatType::f32, FloatType::f16, FloatType::bf16, FloatType::q8_0, FloatType::q4_0}) {
    SCOPED_TRACE(floatTypeInfo(type).name);
    const std::vector<float> expected = test::widenedNumbers(test::storedAs(model, type));
    for (const std::size_t lead : {64, 65, 66}) {
      WeightFile file(model, type, lead);
      file.write();
      for (const std::uint64_t inPlaceFrom : {kAlways, kNever}) {
        std::vector<std::string> warnings;
        std::vector<double> reported;
        LoadProgress progress;
        progress.report = [&](double fraction) { reported.push_back(fraction); };
        const auto loaded = loadWeights(model.config(), file.sources(), progress, warnings, inPlaceFrom);
        ASSERT_TRUE(loaded.ok()) << loaded.error().message();
        EXPECT_TRUE(test::widenedNumbers(*loaded.value()) == expected) << lead;
        EXPECT_TRUE(warnings.empty());
        EXPECT_EQ(reported.back(), 1.0);
        EXPECT_TRUE(std::ranges::is_sorted(reported));
        const WeightSpan embedding = loaded.value()->embedTokens();
        EXPECT_EQ(embedding.type, type);
        // Off its alignment nothing can stay.
        const bool stays = inPlaceFrom == kAlways && lead % floatTypeInfo(type).alignment == 0;
        const auto& files = loaded.value()->stored().files;
        ASSERT_EQ(files.size(), stays ? 1u : 0u) << lead;
        if (!stays) continue;
        const auto bytes = files.front()->bytes();
        EXPECT_GE(embedding.data, bytes.data());
        EXPECT_LT(embedding.data, bytes.data() + bytes.size());
      }
    }
  }
}

TEST(WeightLoader, WhatLiesTransposedIsTurned) {
  const Model model = test::randomModel(blockConfig(), 3);
  const ParameterLayout& layout = model.layout();
  const Parameter q = *layout.find(ParameterRole::qProjWeight, LayerIndex{1});
  WeightFile file(model, FloatType::f32);
  // Its 64 features are the columns 10 … 73 of a matrix of 100.
  std::vector<float> turned(static_cast<std::size_t>(q.cols) * 100, -1.0f);
  for (int o = 0; o < q.rows; ++o) {
    for (int i = 0; i < q.cols; ++i)
      turned[static_cast<std::size_t>(i * 100 + 10 + o)] = model.parameter(q)(o, i);
  }
  for (const FloatType type : {FloatType::f32, FloatType::bf16}) {
    WeightSource& source = file.sources()[q.index];
    source = {nullptr, "q", type, file.bytes().size() + 10 * floatTypeInfo(type).blockBytes, 100};
    file.bytes() += test::ggmlBytes(turned, type == FloatType::f32 ? test::kF32 : test::kBf16);
    file.write();
    for (const std::uint64_t inPlaceFrom : {kAlways, kNever}) {
      std::vector<std::string> warnings;
      const auto loaded = loadWeights(model.config(), file.sources(), {}, warnings, inPlaceFrom);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message();
      const WeightSpan found = loaded.value()->weights(q);
      EXPECT_EQ(found.type, type);
      for (int o = 0; o < q.rows; ++o) {
        for (int i = 0; i < q.cols; ++i)
          ASSERT_NEAR(found(o, i), model.parameter(q)(o, i), type == FloatType::f32 ? 0 : 0.01)
              << o << " " << i;
      }
    }
  }
}

TEST(WeightLoader, NumbersThatAreNoneAreCountedByTensor) {
  const Model model = test::randomModel(blockConfig(), 3);
  const Parameter k = *model.layout().find(ParameterRole::kProjWeight, LayerIndex{0});
  const Parameter v = *model.layout().find(ParameterRole::vProjWeight, LayerIndex{0});
  const Parameter norm = *model.layout().find(ParameterRole::finalNormWeight);
  WeightFile file(model, FloatType::f32);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Parameter& p : {k, v, norm})
    std::memcpy(file.bytes().data() + file.sources()[p.index].offset + 8, &nan, 4);
  file.sources()[k.index].name = file.sources()[v.index].name = "fused";
  file.sources()[norm.index].name = "norm";
  file.write();
  for (const std::uint64_t inPlaceFrom : {kAlways, kNever}) {
    std::vector<std::string> warnings;
    ASSERT_TRUE(loadWeights(model.config(), file.sources(), {}, warnings, inPlaceFrom).ok());
    EXPECT_THAT(warnings, testing::ElementsAre("fused: 2 weights are NaN or infinite",
                                               "norm: 1 weight is NaN or infinite"));
  }
}

TEST(WeightLoader, CancelsAndNoticesWhatHappensToTheFile) {
  const Model model = test::randomModel(blockConfig(), 3);
  for (const std::uint64_t inPlaceFrom : {kAlways, kNever}) {
    WeightFile file(model, FloatType::f16);
    const std::string path = file.write();
    std::vector<std::string> warnings;
    std::stop_source stop;
    LoadProgress progress;
    progress.stop = stop.get_token();
    progress.report = [&](double fraction) {
      if (fraction > 0.5) stop.request_stop();
    };
    EXPECT_EQ(loadWeights(model.config(), file.sources(), progress, warnings, inPlaceFrom).error().message(),
              path + ": cancelled");
    // Cut while it is read.
    progress = {};
    progress.report = [&](double fraction) {
      if (fraction > 0.5) std::filesystem::resize_file(path, 1000);
    };
    const auto cut = loadWeights(model.config(), file.sources(), progress, warnings, inPlaceFrom);
    ASSERT_FALSE(cut.ok());
    EXPECT_THAT(cut.error().message(), testing::StartsWith(path + ": file "));
  }
}

TEST(WeightLoader, TellsTheMemoryBeforehand) {
  const Model model = test::randomModel(blockConfig(), 3);
  const ParameterLayout& layout = model.layout();
  WeightFile small(model, FloatType::q8_0);
  small.write();
  const WeightMemory memory = weightMemoryOf(layout, small.sources());
  EXPECT_EQ(memory.inPlace, 0u);
  std::vector<std::string> warnings;
  const auto loaded = loadWeights(model.config(), small.sources(), {}, warnings);
  ASSERT_TRUE(loaded.ok());
  EXPECT_GE(memory.copied, loaded.value()->weightBytes());
  EXPECT_LE(memory.copied, loaded.value()->weightBytes() + 64 * layout.parameters().size());

  ModelConfig large = blockConfig();
  large.vocabSize = 1 << 20;
  const ParameterLayout wide(large);
  std::vector<WeightSource> sources(wide.parameters().size());
  for (const Parameter& p : wide.parameters())
    sources[p.index] = {nullptr, "p", mayStayStored(p.role) ? FloatType::f16 : FloatType::f32, 4096, 0};
  const WeightMemory much = weightMemoryOf(wide, sources);
  EXPECT_GE(much.inPlace, std::uint64_t{2} << 26);
  EXPECT_LT(much.copied, 10'000u);
}

/// Logits after a prefill and some single steps.
std::vector<float> logitsOf(const Model& model) {
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  std::vector<float> all;
  const std::vector<TokenId> tokens = test::randomTokens(model.config(), 9, 4);
  for (const auto& part : {std::span(tokens).first(6), std::span(tokens).subspan(6, 1),
                           std::span(tokens).subspan(7, 1), std::span(tokens).subspan(8, 1)}) {
    const ForwardResult result = forward(model, part, cache, workspace);
    const std::span<const float> row = result.logits.rowSpan(result.logits.rows - 1);
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

TEST(WeightLoader, AModelAsStoredGivesTheBitsOfTheWidenedOne) {
  const Model model = test::randomModel(blockConfig(), 3);
  for (const FloatType type :
       {FloatType::f32, FloatType::f16, FloatType::bf16, FloatType::q8_0, FloatType::q4_0}) {
    const Model stored = test::storedAs(model, type);
    EXPECT_TRUE(logitsOf(stored) == logitsOf(test::widenedModel(stored))) << floatTypeInfo(type).name;
  }
}

TEST(WeightLoader, AStepOnAFileThatWasChangedFails) {
  const Model model = test::randomModel(blockConfig(), 3);
  WeightFile file(model, FloatType::bf16);
  const std::string path = file.write();
  std::vector<std::string> warnings;
  auto read = loadWeights(model.config(), file.sources(), {}, warnings, kAlways);
  ASSERT_TRUE(read.ok());
  auto loaded = std::make_shared<LoadedModel>(*test::randomLoadedModel(blockConfig(), 3));
  loaded->model = std::move(read).value();
  Lane lane = std::move(Lane::start(loaded, RunSettings{}, {TokenId{1}}, {})).value();
  ASSERT_TRUE(lane.step());
  ASSERT_TRUE(lane.outcome().ok());
  std::filesystem::resize_file(path, 5000);
  EXPECT_FALSE(lane.step());
  EXPECT_FALSE(lane.canStep());
  ASSERT_FALSE(lane.outcome().ok());
  EXPECT_THAT(lane.outcome().error().message(),
              testing::HasSubstr("file was changed on the disk while it is in use; load the model again"));
  const RunSnapshotPtr run = lane.snapshot();
  EXPECT_EQ(run->state, RunState::failed);
  EXPECT_EQ(run->failure, lane.outcome().error().message());
  EXPECT_EQ(run->stepCount(), 1);
}

}  // namespace
}  // namespace decodescope
