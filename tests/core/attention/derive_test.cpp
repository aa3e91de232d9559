#include "core/attention/derive.h"

#include "core/decode/forward.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

std::vector<float> lastLogits(const Model& model, std::span<const TokenId> tokens) {
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  const ForwardResult result = forward(model, tokens, cache, workspace);
  const std::span<const float> row = result.logits.rowSpan(result.logits.rows - 1);
  return {row.begin(), row.end()};
}

TEST(Derive, AsManyHeadsAsBeforeChangesNothing) {
  ModelConfig config = test::smallConfig();
  config.qkvBias = true;
  const LoadedModelPtr source = test::randomLoadedModel(config, 3);
  const auto derived = deriveKeyValueHeads(source, config.numKeyValueHeads);
  ASSERT_TRUE(derived.ok());
  EXPECT_EQ(test::widenedNumbers(*derived.value()->model), test::widenedNumbers(*source->model));
  EXPECT_EQ(derived.value()->derivedKvHeads, 4);
}

TEST(Derive, HeadsAreTheMeanOfTheirGroup) {
  ModelConfig config = test::smallConfig();
  config.qkvBias = true;
  const LoadedModelPtr source = test::randomLoadedModel(config, 3);
  const auto derived = deriveKeyValueHeads(source, 2);
  ASSERT_TRUE(derived.ok()) << derived.error().message();
  const Model& model = *derived.value()->model;
  EXPECT_EQ(model.config().numKeyValueHeads, 2);
  const int d = config.headDim;
  for (int l = 0; l < config.numHiddenLayers; ++l) {
    const LayerWeights &from = source->model->layer(LayerIndex{l}), &to = model.layer(LayerIndex{l});
    for (int row = 0; row < 2 * d; ++row) {
      const int first = row / d * 2 * d + row % d, second = first + d;
      for (int c = 0; c < config.hiddenSize; ++c) {
        EXPECT_NEAR(to.kProj.weight(row, c), (from.kProj.weight(first, c) + from.kProj.weight(second, c)) / 2,
                    1e-6f);
        EXPECT_NEAR(to.vProj.weight(row, c), (from.vProj.weight(first, c) + from.vProj.weight(second, c)) / 2,
                    1e-6f);
      }
      EXPECT_NEAR(to.kProj.bias[row], (from.kProj.bias[first] + from.kProj.bias[second]) / 2, 1e-6f);
    }
    EXPECT_EQ(to.qProj.weight(5, 7), from.qProj.weight(5, 7));
    EXPECT_EQ(to.downProj.weight(3, 9), from.downProj.weight(3, 9));
  }
}

TEST(Derive, EqualHeadsLoseNothing) {
  // An MHA model whose heads repeat those of a GQA model is that GQA model.
  const LoadedModelPtr wide = test::randomLoadedModel(test::smallConfig(), 5);
  Model repeated(test::smallConfig());
  std::ranges::copy(wide->model->arena(), repeated.arena().begin());
  const int d = wide->config().headDim;
  for (const Parameter& p : repeated.layout().parameters()) {
    if (p.role != ParameterRole::kProjWeight && p.role != ParameterRole::vProjWeight) continue;
    const MatrixSpan matrix = repeated.parameter(p);
    for (int r = 0; r < p.rows; ++r)
      std::copy_n(matrix.row(r / (2 * d) * 2 * d + r % d), p.cols, matrix.row(r));
  }
  auto source = std::make_shared<LoadedModel>(*wide);
  source->model = std::make_shared<const Model>(std::move(repeated));
  const auto derived = deriveKeyValueHeads(source, 2);
  ASSERT_TRUE(derived.ok());
  const std::vector<TokenId> tokens = test::randomTokens(wide->config(), 12, 1);
  const std::vector<float> before = lastLogits(*source->model, tokens),
                           after = lastLogits(*derived.value()->model, tokens);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-4f);
}

TEST(Derive, AWindowAsWideAsTheTextChangesNothingANarrowOneDoes) {
  const LoadedModelPtr source = test::randomLoadedModel(test::smallConfig(), 5);
  const std::vector<TokenId> tokens = test::randomTokens(source->config(), 12, 1);
  const std::vector<float> full = lastLogits(*source->model, tokens);
  EXPECT_EQ(lastLogits(*deriveSlidingWindow(source, 12).value()->model, tokens), full);
  EXPECT_EQ(lastLogits(*deriveSlidingWindow(source, 40).value()->model, tokens), full);
  EXPECT_NE(lastLogits(*deriveSlidingWindow(source, 11).value()->model, tokens), full);
}

TEST(Derive, LinearAttentionKeepsTheWeightsAndLeavesRotationsOut) {
  for (const test::NamedConfig& named : test::decoderFamily()) {
    const ModelConfig& config = named.config;
    const LoadedModelPtr source = test::randomLoadedModel(config, 5);
    const auto derived = deriveLinear(source);
    ASSERT_EQ(derived.ok(), config.attention == AttentionKind::softmax) << named.name;
    if (!derived.ok()) continue;
    const ModelConfig& linear = derived.value()->config();
    EXPECT_TRUE(linear.validate().ok()) << named.name;
    EXPECT_TRUE(test::widenedNumbers(*derived.value()->model) == test::widenedNumbers(*source->model));
    EXPECT_EQ(linear.attention, AttentionKind::linear);
    EXPECT_EQ(linear.position,
              config.position == PositionKind::rotary ? PositionKind::none : config.position);
    const std::vector<TokenId> tokens = test::randomTokens(config, 12, 1);
    EXPECT_NE(lastLogits(*derived.value()->model, tokens), lastLogits(*source->model, tokens)) << named.name;
  }
}

TEST(Derive, ARotaryLayoutPutsAFileRightWhoseRowsAreInTheOtherOrder) {
  ModelConfig config = test::smallConfig();
  config.rotaryLayout = RotaryLayout::interleaved;
  const LoadedModelPtr right = test::randomLoadedModel(config, 5);
  const std::vector<TokenId> tokens = test::randomTokens(config, 12, 1);
  const std::vector<float> logits = lastLogits(*right->model, tokens);
  // The same weights in a format that says the other layout.
  config.rotaryLayout = RotaryLayout::rotateHalf;
  auto wrong = std::make_shared<LoadedModel>(*right);
  Model mislaid(config);
  std::ranges::copy(right->model->arena(), mislaid.arena().begin());
  wrong->model = std::make_shared<const Model>(std::move(mislaid));
  EXPECT_NE(lastLogits(*wrong->model, tokens), logits);
  const auto turned = deriveRotaryLayout(wrong, RotaryLayout::interleaved);
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(lastLogits(*turned.value()->model, tokens), logits);
  EXPECT_EQ(turned.value()->derivedRotary, RotaryLayout::interleaved);
  EXPECT_EQ(turned.value()->name, wrong->name + ", interleaved pairs");
  // And back: as the file has it.
  const auto back = deriveRotaryLayout(turned.value(), RotaryLayout::rotateHalf);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(lastLogits(*back.value()->model, tokens), lastLogits(*wrong->model, tokens));
  EXPECT_EQ(back.value(), wrong) << "the file's model itself, no derived one";
  // With heads averaged it is still a derived one, under the name that says so.
  const auto averaged = deriveKeyValueHeads(turned.value(), 1);
  ASSERT_TRUE(averaged.ok());
  const auto averagedBack = deriveRotaryLayout(averaged.value(), RotaryLayout::rotateHalf);
  ASSERT_TRUE(averagedBack.ok());
  EXPECT_FALSE(averagedBack.value()->derivedRotary);
  EXPECT_EQ(averagedBack.value()->derivedKvHeads, 1);
  EXPECT_EQ(averagedBack.value()->name.find("pairs"), std::string::npos);
  EXPECT_EQ(deriveRotaryLayout(wrong, RotaryLayout::rotateHalf).value(), wrong);
}

TEST(Derive, RefusesWhatItCannotDo) {
  const LoadedModelPtr source = test::randomLoadedModel(test::smallConfig(), 5);
  EXPECT_EQ(deriveKeyValueHeads(source, 3).error().message(),
            "kv_heads: does not divide num_key_value_heads: found 3, allowed a divisor of 4");
  EXPECT_EQ(deriveSlidingWindow(source, 0).error().message(),
            "window: out of range: found 0, allowed 1 or more");
  for (const test::NamedConfig& named : test::decoderFamily()) {
    if (named.config.attention == AttentionKind::softmax) continue;
    const LoadedModelPtr other = test::randomLoadedModel(named.config, 5);
    EXPECT_FALSE(deriveKeyValueHeads(other, 1).ok()) << named.name;
    EXPECT_FALSE(deriveSlidingWindow(other, 4).ok()) << named.name;
    EXPECT_EQ(deriveLinear(other).error().field, "attention") << named.name;
  }
  for (const test::NamedConfig& named : test::decoderFamily()) {
    const LoadedModelPtr other = test::randomLoadedModel(named.config, 5);
    EXPECT_EQ(deriveRotaryLayout(other, RotaryLayout::interleaved).ok(),
              named.config.position == PositionKind::rotary)
        << named.name;
  }
  EXPECT_EQ(derive(source, std::nullopt, std::nullopt).value(), source);
  EXPECT_EQ(derive(source, 2, 7).value()->config().attentionName(), "GQA, window 7");
  EXPECT_EQ(derive(source, 2, std::nullopt, true).value()->config().keyValueWidth(), 12);
  EXPECT_EQ(derive(source, std::nullopt, 7, true).error().message(),
            "window: cannot be derived from this model: found linear, allowed MHA, GQA or MQA");
}

}  // namespace
}  // namespace decodescope
