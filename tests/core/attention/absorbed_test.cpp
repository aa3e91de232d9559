#include "core/attention/absorbed.h"

#include "core/attention/attention_rows.h"
#include "core/decode/lane.h"
#include "tests/support/random_model.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

RunSnapshotPtr runOf(const ModelConfig& config) {
  Lane lane =
      std::move(Lane::start(test::randomLoadedModel(config, 4), {}, test::randomTokens(config, 6, 2), {}))
          .value();
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(lane.step());
  return lane.snapshot();
}

TEST(Absorbed, GivesTheRebuiltFormsScoresAndContext) {
  int models = 0;
  for (const test::NamedConfig& named : test::decoderFamily()) {
    const ModelConfig& config = named.config;
    if (config.attention != AttentionKind::latent) continue;
    ++models;
    const RunSnapshotPtr run = runOf(config);
    for (int layer = 0; layer < config.numHiddenLayers; ++layer) {
      for (int head = 0; head < config.numAttentionHeads; ++head) {
        for (const int query : {0, 3, 10}) {
          const LayerIndex l{layer};
          const AbsorbedHead absorbed =
              absorbedHead(*run->model->model, run->positions, l, HeadIndex{head}, Position{query});
          const std::vector<float> scores =
              attentionRow(config, run->positions, l, HeadIndex{head}, Position{query}, ScoreStage::scaled);
          ASSERT_EQ(absorbed.scores.size(), scores.size());
          for (std::size_t j = 0; j < scores.size(); ++j) EXPECT_NEAR(absorbed.scores[j], scores[j], 1e-5f);
          const std::span<const float> context =
              run->positions[static_cast<std::size_t>(query)]->row(Site::context, l);
          for (int i = 0; i < config.vHeadDim; ++i) {
            EXPECT_NEAR(absorbed.context[static_cast<std::size_t>(i)],
                        context[static_cast<std::size_t>(head * config.vHeadDim + i)], 1e-5f);
          }
        }
      }
    }
  }
  EXPECT_EQ(models, 2);
}

TEST(Absorbed, NothingWithoutALatentOrATrace) {
  const RunSnapshotPtr plain = runOf(test::smallConfig());
  EXPECT_TRUE(absorbedHead(*plain->model->model, plain->positions, LayerIndex{0}, HeadIndex{0}, Position{2})
                  .scores.empty());
}

}  // namespace
}  // namespace decodescope
