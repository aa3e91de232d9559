#include "core/base/random.h"
#include "core/decode/lane.h"
#include "core/explain/explanation.h"
#include "tests/core/explain/python.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <set>

namespace decodescope {
namespace {

constexpr int kTokens = 11;

RunSnapshotPtr runOf(const ModelConfig& config, bool kvCache = true) {
  RunSettings settings;
  settings.kvCache = kvCache;
  Lane lane = std::move(Lane::start(test::randomLoadedModel(config, 4), settings,
                                    test::randomTokens(config, 5, 2), {}))
                  .value();
  while (lane.snapshot()->positions.size() < kTokens) EXPECT_TRUE(lane.step());
  return lane.snapshot();
}

std::vector<LayerIndex> layersOf(const SiteInfo& info, const ModelConfig& config) {
  std::vector<LayerIndex> layers;
  for (int l = info.perLayer ? 0 : -1; l < (info.perLayer ? config.numHiddenLayers : 0); ++l)
    layers.push_back(LayerIndex{l});
  return layers;
}

class ExplainFamily : public testing::TestWithParam<test::NamedConfig> {};

TEST_P(ExplainFamily, RecomputesTheTracedNumberAtEverySite) {
  const ModelConfig& config = GetParam().config;
  for (const bool kvCache : {true, false}) {
    const RunSnapshotPtr run = runOf(config, kvCache);
    Random random(5);
    for (const SiteInfo& info : siteTable()) {
      if (!siteExists(info.site, config)) {
        EXPECT_FALSE(
            explain(*run, {info.site, info.perLayer ? LayerIndex{0} : kNoLayer, Position{0}, 0}, kTokens))
            << info.dumpName;
        continue;
      }
      for (const LayerIndex layer : layersOf(info, config)) {
        for (const int position : {0, 1, 4, kTokens - 1}) {
          const int cells = cellCount(*run, info.site, Position{position}, kTokens);
          for (int sample = 0; sample < 6; ++sample) {
            const Cell cell{info.site, layer, Position{position},
                            static_cast<int>(random.below(static_cast<std::uint64_t>(cells)))};
            const std::optional<Explanation> e = explain(*run, cell, kTokens);
            ASSERT_TRUE(e) << info.dumpName << " " << position << " " << cell.index;
            // Numbers of these models are of size one: the site's tolerance is relative to that.
            if (std::isinf(e->traced)) {  // a key before the window
              EXPECT_EQ(e->recomputed, static_cast<double>(e->traced)) << e->name;
              continue;
            }
            EXPECT_NEAR(e->recomputed, e->traced,
                        info.tolerance * std::max(1.0, std::abs(static_cast<double>(e->traced))))
                << e->name;
            EXPECT_FALSE(e->formula.empty());
            EXPECT_FALSE(e->operands.empty());
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Decoders, ExplainFamily, testing::ValuesIn(test::decoderFamily()),
                         [](const auto& named) { return named.param.name; });

TEST(Explain, SaysNamesShapesAndNumbers) {
  ModelConfig config = test::smallConfig();
  config.numKeyValueHeads = 2;
  const RunSnapshotPtr run = runOf(config);
  // Query 6 sees 7 keys: head 3, key 2.
  const std::optional<Explanation> e =
      explain(*run, {Site::scores, LayerIndex{1}, Position{6}, 3 * 7 + 2}, kTokens);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->name, "layers.1.self_attn.scores[head 3, query 6, key 2]");
  EXPECT_EQ(e->lensName, "blocks.1.attn.hook_attn_scores");
  EXPECT_EQ(e->shape, "(H, T, T) = (4, 11, 11)");
  EXPECT_EQ(e->operands[0].name, "layers.1.self_attn.q_rot[6, head 3]");
  EXPECT_EQ(e->operands[1].name, "layers.1.self_attn.k_rot[2, head 1]");
  ASSERT_TRUE(e->operands[1].source);
  EXPECT_EQ(*e->operands[1].source, (Cell{Site::kRot, LayerIndex{1}, Position{2}, 6}));
  EXPECT_NE(e->filled.find(" / √6 = "), std::string::npos) << e->filled;
}

TEST(Explain, NothingOutsideTheRunOrWithoutItsTraces) {
  const RunSnapshotPtr run = runOf(test::smallConfig());
  EXPECT_FALSE(explain(*run, {Site::qProj, LayerIndex{0}, Position{kTokens}, 0}, kTokens));
  EXPECT_FALSE(explain(*run, {Site::qProj, LayerIndex{2}, Position{0}, 0}, kTokens));
  EXPECT_FALSE(explain(*run, {Site::qProj, kNoLayer, Position{0}, 0}, kTokens));
  EXPECT_FALSE(explain(*run, {Site::qProj, LayerIndex{0}, Position{0}, 24}, kTokens));
  EXPECT_FALSE(explain(*run, {Site::qProj, LayerIndex{0}, Position{0}, -1}, kTokens));
  EXPECT_FALSE(explain(*run, {Site::qProj, LayerIndex{0}, Position{4}, 0}, 4));  // fed by a later step
  RunSnapshot dropped = *run;
  dropped.positions[1].reset();
  EXPECT_FALSE(explain(dropped, {Site::qProj, LayerIndex{0}, Position{1}, 0}, kTokens));
  EXPECT_FALSE(explain(dropped, {Site::weights, LayerIndex{0}, Position{3}, 0}, kTokens));
  EXPECT_TRUE(explain(dropped, {Site::qProj, LayerIndex{0}, Position{3}, 0}, kTokens));
}

/// Runs the code of one explanation of each kind and activation, and holds what it prints against the run.
void runEveryKind(std::string (*code)(const Explanation&)) {
  std::set<std::pair<ExplanationKind, Activation>> kinds;
  std::set<ExplanationKind> seen;
  std::vector<Explanation> explanations;
  std::string program;
  for (const test::NamedConfig& named : test::decoderFamily()) {
    const RunSnapshotPtr run = runOf(named.config);
    for (const SiteInfo& info : siteTable()) {
      if (!siteExists(info.site, named.config)) continue;
      const LayerIndex layer = info.perLayer ? LayerIndex{1} : kNoLayer;
      const std::optional<Explanation> e = explain(
          *run,
          {info.site, layer, Position{6}, std::min(5, cellCount(*run, info.site, Position{6}, kTokens) - 1)},
          kTokens);
      ASSERT_TRUE(e);
      if (!kinds.insert({e->kind, e->activation}).second) continue;
      seen.insert(e->kind);
      explanations.push_back(*e);
      program += code(*e) + "\n";
    }
  }
  const std::vector<std::string> lines = test::pythonSays(program);
  ASSERT_EQ(lines.size(), explanations.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_NEAR(std::stod(lines[i]), explanations[i].traced, 1e-5) << code(explanations[i]);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(ExplanationKind::lookup) + 1)
      << "a kind of the trace that no code was run for";
}

TEST(Explain, EveryKindsNumpyCodeRunsAndAgrees) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0)
    GTEST_FAIL() << "python3-numpy is missing";
  runEveryKind(numpyCode);
}

TEST(Explain, EveryKindsTorchCodeRunsAndAgrees) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0)
    GTEST_SKIP() << "PyTorch is not installed for /usr/bin/python3: its snippets were not run";
  runEveryKind(torchCode);
}

}  // namespace
}  // namespace decodescope
