#include "app/architecture_layout.h"

#include "app/stages.h"
#include "tests/support/random_model.h"

#include <gtest/gtest.h>
#include <set>

namespace decodescope {
namespace {

ModelConfig llama() {
  ModelConfig config;
  config.vocabSize = 2048;
  config.hiddenSize = 128;
  config.intermediateSize = 352;
  config.numHiddenLayers = 6;
  config.numAttentionHeads = 8;
  config.numKeyValueHeads = 2;
  config.headDim = 16;
  config.maxPositionEmbeddings = 512;
  return config;
}

ModelConfig vanilla() {
  ModelConfig config = llama();
  config.numKeyValueHeads = 8;
  config.norm = NormKind::layerNorm;
  config.normPlacement = NormPlacement::postNorm;
  config.position = PositionKind::sinusoidal;
  config.activation = Activation::relu;
  config.gatedMlp = false;
  config.finalNorm = false;
  return config;
}

/// These and every other kind of decoder: MLA, a sliding window, linear attention …
std::vector<ModelConfig> allKinds() {
  std::vector<ModelConfig> kinds{llama(), vanilla()};
  for (const test::NamedConfig& named : test::decoderFamily()) kinds.push_back(named.config);
  return kinds;
}

TEST(Stages, FollowTheOrderOfComputation) {
  const std::vector<Stage> stages = stagesOf(llama());
  EXPECT_EQ(stages.front(), (Stage{Site::embedTokens, kNoLayer}));
  EXPECT_EQ(stages[1], (Stage{Site::inputLayernorm, LayerIndex{0}}));
  EXPECT_EQ(stages.back(), (Stage{Site::logits, kNoLayer}));
  EXPECT_EQ(stages[stages.size() - 2], (Stage{Site::norm, kNoLayer}));
  int lastLayer = 0;
  for (const Stage& stage : stages) {
    if (stage.layer == kNoLayer) continue;
    EXPECT_GE(stage.layer.value, lastLayer);
    lastLayer = stage.layer.value;
  }
  EXPECT_EQ(lastLayer, 5);
}

TEST(Stages, HoldEverySiteOfTheConfigurationOnceALayer) {
  for (const ModelConfig& config : allKinds()) {
    const std::vector<Stage> stages = stagesOf(config);
    for (const SiteInfo& info : siteTable()) {
      const auto count =
          std::count_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.site == info.site; });
      const int expected = !siteExists(info.site, config) ? 0 : info.perLayer ? config.numHiddenLayers : 1;
      EXPECT_EQ(count, expected) << info.dumpName;
    }
  }
}

TEST(Stages, AreFoundBySiteAndLayer) {
  const std::vector<Stage> stages = stagesOf(llama());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    EXPECT_EQ(stageIndex(stages, stages[i].site, stages[i].layer), static_cast<int>(i));
  }
  EXPECT_EQ(stageIndex(stages, Site::logits, LayerIndex{3}), static_cast<int>(stages.size()) - 1);
  EXPECT_EQ(stageIndex(stages, Site::embedPositions, kNoLayer), -1);
}

TEST(ArchitectureLayout, ShowsEveryOperationOfOneLayerWithoutOverlap) {
  for (const ModelConfig& config : allKinds()) {
    for (const double scale : {1.0, 2.5}) {
      const Theme theme = Theme::makeLight(scale);
      for (const double height : {100.0, 700.0, 2000.0}) {
        const double width = 240 * scale;
        const ArchitectureLayout layout = layoutArchitecture(config, 12, width, height, theme);
        std::set<Site> shown;
        for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
          const MapNode& node = layout.nodes[i];
          EXPECT_GE(node.box.left(), 0);
          EXPECT_LE(node.box.right(), width);
          EXPECT_LE(node.box.bottom(), layout.height);
          EXPECT_FALSE(node.label.isEmpty());
          for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(node.box.intersects(layout.nodes[j].box));
          if (node.kind != MapNode::Kind::sample) EXPECT_TRUE(shown.insert(node.site).second);
        }
        for (const SiteInfo& info : siteTable()) {
          EXPECT_EQ(shown.contains(info.site), siteExists(info.site, config)) << info.dumpName;
        }
        EXPECT_EQ(layout.nodes.back().kind, MapNode::Kind::sample);
      }
    }
  }
}

TEST(ArchitectureLayout, FrameHoldsTheLayerAndNothingElse) {
  const ArchitectureLayout layout = layoutArchitecture(llama(), 12, 240, 700, Theme::makeLight());
  for (const MapNode& node : layout.nodes) {
    const bool perLayer = node.kind != MapNode::Kind::sample && siteInfo(node.site).perLayer;
    EXPECT_EQ(layout.layerFrame.contains(node.box), perLayer) << node.label.toStdString();
  }
}

TEST(ArchitectureLayout, WritesShapesInNumbers) {
  const ModelConfig config = llama();
  EXPECT_EQ(shapeInNumbers(Site::qProj, config, 9).toStdString(), "(9, 8, 16)");
  EXPECT_EQ(shapeInNumbers(Site::kProj, config, 9).toStdString(), "(9, 2, 16)");
  EXPECT_EQ(shapeInNumbers(Site::weights, config, 9).toStdString(), "(8, 9, 9)");
  EXPECT_EQ(shapeInNumbers(Site::logits, config, 9).toStdString(), "(9, 2048)");
}

}  // namespace
}  // namespace decodescope
