#include "core/decode/dump.h"

#include "core/decode/lane.h"
#include "tests/support/npy_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>

namespace decodescope {
namespace {

RunSnapshotPtr decoded(const ModelConfig& config, int prompt, int steps, bool kvCache = true) {
  RunSettings settings;
  settings.kvCache = kvCache;
  settings.ignoreEos = true;
  auto lane =
      Lane::start(test::randomLoadedModel(config, 7), settings, test::randomTokens(config, prompt, 8), {});
  EXPECT_TRUE(lane.ok());
  for (int i = 0; i < steps; ++i) lane.value().step();
  return lane.value().snapshot();
}

std::set<std::string> filesIn(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

/// Every file that a run of this architecture must leave, after the site table.
std::set<std::string> expectedFiles(const ModelConfig& config) {
  std::set<std::string> names = {"tokens.npy", "generated.npy", "steps.csv"};
  for (const SiteInfo& info : siteTable()) {
    if (!info.dumped || !siteExists(info.site, config)) continue;
    for (int i = 0; i < (info.perLayer ? config.numHiddenLayers : 1); ++i)
      names.insert(siteDumpName(info.site, LayerIndex{i}) + ".npy");
  }
  return names;
}

class DumpOfFamily : public testing::TestWithParam<test::NamedConfig> {};

TEST_P(DumpOfFamily, HasEverySiteOfTheArchitectureInItsShape) {
  const ModelConfig& config = GetParam().config;
  const test::TemporaryDir dir;
  const RunSnapshotPtr run = decoded(config, 5, 3);
  const auto written = writeDump(*run, dir.file("dump"));
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_EQ(filesIn(dir.file("dump")), expectedFiles(config));

  constexpr std::int64_t kTokens = 5 + 3 - 1;
  const std::int64_t heads = config.numAttentionHeads, groups = config.numKeyValueHeads,
                     width = config.headDim;
  using Shape = std::vector<std::int64_t>;
  const auto shapeOf = [&](const std::string& name) {
    return test::readNpy(dir.file("dump/" + name + ".npy")).shape;
  };
  EXPECT_EQ(shapeOf("tokens"), Shape{kTokens});
  EXPECT_EQ(shapeOf("generated"), Shape{3});
  EXPECT_EQ(shapeOf("embed_tokens"), (Shape{kTokens, config.hiddenSize}));
  if (config.attention == AttentionKind::latent) {
    const std::string query = config.qLoraRank > 0 ? "q_b_proj" : "q_proj";
    const std::int64_t rotary = config.qkRopeHeadDim, rank = config.kvLoraRank, value = config.vHeadDim;
    EXPECT_EQ(shapeOf("layers.1.self_attn." + query), (Shape{kTokens, heads, width}));
    EXPECT_EQ(shapeOf("layers.1.self_attn.kv_a_proj_with_mqa"), (Shape{kTokens, rank + rotary}));
    EXPECT_EQ(shapeOf("layers.1.self_attn.kv_a_layernorm"), (Shape{kTokens, rank}));
    EXPECT_EQ(shapeOf("layers.1.self_attn.kv_b_proj"), (Shape{kTokens, heads, config.qkNopeHeadDim + value}));
    EXPECT_EQ(shapeOf("layers.1.self_attn.q_rot"), (Shape{kTokens, heads, rotary}));
    EXPECT_EQ(shapeOf("layers.1.self_attn.k_rot"), (Shape{kTokens, 1, rotary}));
  } else {
    EXPECT_EQ(shapeOf("layers.1.self_attn.q_proj"), (Shape{kTokens, heads, width}));
    EXPECT_EQ(shapeOf("layers.1.self_attn.v_proj"), (Shape{kTokens, groups, width}));
  }
  if (config.attention != AttentionKind::linear) {
    EXPECT_EQ(shapeOf("layers.0.self_attn.scores"), (Shape{heads, kTokens, kTokens}));
  }
  EXPECT_EQ(shapeOf("layers.0.self_attn.context"), (Shape{kTokens, heads, config.valueHeadDim()}));
  EXPECT_EQ(shapeOf("layers.1.mlp.up_proj"), (Shape{kTokens, config.intermediateSize}));
  EXPECT_EQ(shapeOf("logits"), (Shape{kTokens, config.vocabSize}));
}

INSTANTIATE_TEST_SUITE_P(Decoders, DumpOfFamily, testing::ValuesIn(test::decoderFamily()),
                         [](const auto& instance) { return instance.param.name; });

class DumpWithScores : public testing::TestWithParam<test::NamedConfig> {};

TEST_P(DumpWithScores, WeightsAreTheSoftmaxOfScoresAndMakeTheContext) {
  const ModelConfig& config = GetParam().config;
  const test::TemporaryDir dir;
  ASSERT_TRUE(writeDump(*decoded(config, 4, 3), dir.path().string()).ok());
  const auto scores = test::readNpy(dir.file("layers.1.self_attn.scores.npy")).floats;
  const auto weights = test::readNpy(dir.file("layers.1.self_attn.weights.npy")).floats;
  const bool latent = config.attention == AttentionKind::latent;
  const auto values =
      test::readNpy(dir.file(latent ? "layers.1.self_attn.kv_b_proj.npy" : "layers.1.self_attn.v_proj.npy"))
          .floats;
  const auto context = test::readNpy(dir.file("layers.1.self_attn.context.npy")).floats;
  constexpr int kTokens = 6;
  const int heads = config.numAttentionHeads, kvHeads = config.numKeyValueHeads,
            width = config.valueHeadDim();
  const int before = latent ? config.qkNopeHeadDim : 0, stride = before + width;
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  for (int head = 0; head < heads; ++head) {
    for (int query = 0; query < kTokens; ++query) {
      const int row = (head * kTokens + query) * kTokens;
      double sum = 0;
      for (int key = 0; key <= query; ++key) sum += std::exp(static_cast<double>(scores[at(row + key)]));
      for (int key = 0; key < kTokens; ++key) {
        if (key > query || key < config.firstVisible(query)) {
          EXPECT_EQ(scores[at(row + key)], -std::numeric_limits<float>::infinity());
          EXPECT_EQ(weights[at(row + key)], 0.0f);
        } else {
          EXPECT_NEAR(weights[at(row + key)], std::exp(static_cast<double>(scores[at(row + key)])) / sum,
                      1e-5);
        }
      }
      for (int i = 0; i < width; ++i) {
        double expected = 0;
        const int kvHead = head / (heads / kvHeads);
        for (int key = 0; key <= query; ++key) {
          expected += static_cast<double>(weights[at(row + key)]) *
                      static_cast<double>(values[at((key * kvHeads + kvHead) * stride + before + i)]);
        }
        EXPECT_NEAR(context[at((query * heads + head) * width + i)], expected, 1e-4);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Decoders, DumpWithScores, testing::ValuesIn(test::decodersWithScores()),
                         [](const auto& instance) { return instance.param.name; });

TEST(Dump, TheLastGeneratedTokenIsNotAmongTheFed) {
  const test::TemporaryDir dir;
  const RunSnapshotPtr run = decoded(test::smallConfig(), 2, 3);
  ASSERT_TRUE(writeDump(*run, dir.path().string()).ok());
  const auto tokens = test::readNpy(dir.file("tokens.npy"));
  const auto generated = test::readNpy(dir.file("generated.npy"));
  EXPECT_EQ(tokens.type, "<i4");
  ASSERT_EQ(tokens.ints.size(), 4u);
  ASSERT_EQ(generated.ints.size(), 3u);
  EXPECT_EQ(tokens.ints[2], generated.ints[0]);
  EXPECT_EQ(tokens.ints[3], generated.ints[1]);
}

TEST(Dump, StepsAreALineEach) {
  const RunSnapshotPtr run = decoded(test::smallConfig(), 4, 3, false);
  std::istringstream csv(stepsCsv(*run));
  std::string line;
  ASSERT_TRUE(std::getline(csv, line));
  EXPECT_EQ(line, "step,rows_computed,macs,bytes_read,kv_bytes,ns,max_abs_diff");
  for (const StepRecord& step : run->steps) {
    ASSERT_TRUE(std::getline(csv, line));
    std::ostringstream begin;
    begin << step.index.value << ',' << 3 + step.index.value << ',' << step.counters.macs() << ','
          << step.counters.bytesRead() << ",0," << step.nanoseconds << ',';
    EXPECT_EQ(line.substr(0, begin.str().size()), begin.str());
    EXPECT_EQ(std::stod(line.substr(begin.str().size())), step.maxAbsDiff);
  }
  EXPECT_FALSE(std::getline(csv, line));
}

TEST(Dump, ARunWhoseTracesAreGoneIsRefused) {
  const test::TemporaryDir dir;
  RunSnapshot run = *decoded(test::smallConfig(), 3, 2);
  run.positions[1] = nullptr;
  const auto written = writeDump(run, dir.path().string());
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message(), "trace: the rows of position 1 were not kept");
}

}  // namespace
}  // namespace decodescope
