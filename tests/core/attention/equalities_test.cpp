// What one attention variant has to give another's result for, over every configuration that it applies to.

#include "core/attention/derive.h"
#include "core/decode/forward.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

constexpr int kTokens = 12;

std::vector<test::NamedConfig> familyWhere(bool (*applies)(const ModelConfig&)) {
  std::vector<test::NamedConfig> family = test::decoderFamily();
  std::erase_if(family, [&](const test::NamedConfig& named) { return !applies(named.config); });
  return family;
}

/// The logits of the last token, fed in one call.
std::vector<float> lastLogits(const Model& model) {
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  const ForwardResult result =
      forward(model, test::randomTokens(model.config(), kTokens, 1), cache, workspace);
  const std::span<const float> row = result.logits.rowSpan(result.logits.rows - 1);
  return {row.begin(), row.end()};
}

const auto kName = [](const auto& instance) { return instance.param.name; };

class SoftmaxEqualities : public testing::TestWithParam<test::NamedConfig> {
 protected:
  LoadedModelPtr m_source = test::randomLoadedModel(GetParam().config, 5);
};

/// The model with each key/value head repeated for every query head that reads it: an MHA model.
Model repeatedHeads(const Model& source) {
  ModelConfig config = source.config();
  const int group = config.queryHeadsPerKeyValueHead(), d = config.headDim;
  config.numKeyValueHeads = config.numAttentionHeads;
  Model wide(config);
  for (const Parameter& p : wide.layout().parameters()) {
    const ConstMatrixSpan from = source.parameter(*source.layout().find(p.role, p.layer));
    const MatrixSpan to = wide.parameter(p);
    const bool matrix = p.role == ParameterRole::kProjWeight || p.role == ParameterRole::vProjWeight;
    const bool bias = p.role == ParameterRole::kProjBias || p.role == ParameterRole::vProjBias;
    const auto repeated = [&](int i) { return i / d / group * d + i % d; };
    for (int r = 0; r < p.rows; ++r) {
      for (int c = 0; c < p.cols; ++c) to(r, c) = from(matrix ? repeated(r) : r, bias ? repeated(c) : c);
    }
  }
  return wide;
}

TEST_P(SoftmaxEqualities, SharedHeadsEqualMultiHeadAttentionWithRepeatedOnes) {
  const std::vector<float> shared = lastLogits(*m_source->model),
                           multi = lastLogits(repeatedHeads(*m_source->model));
  // Not to the bit: a matrix product rounds differently in a wider matrix.
  for (std::size_t i = 0; i < shared.size(); ++i) EXPECT_NEAR(shared[i], multi[i], 1e-4f);
}

TEST_P(SoftmaxEqualities, GroupsOfOneHeadChangeNothingLargerOnesDo) {
  const int heads = GetParam().config.numKeyValueHeads;
  const std::vector<float> before = lastLogits(*m_source->model);
  EXPECT_EQ(lastLogits(*deriveKeyValueHeads(m_source, heads).value()->model), before);
  if (heads > 1) {
    EXPECT_NE(lastLogits(*deriveKeyValueHeads(m_source, heads / 2).value()->model), before);
  }
}

INSTANTIATE_TEST_SUITE_P(Family, SoftmaxEqualities, testing::ValuesIn(familyWhere([](const ModelConfig& c) {
                           return c.attention == AttentionKind::softmax;
                         })),
                         kName);

class FullSoftmaxEqualities : public SoftmaxEqualities {};

TEST_P(FullSoftmaxEqualities, AWindowOfAllTokensIsFullAttentionOneOfLessIsNot) {
  const std::vector<float> full = lastLogits(*m_source->model);
  for (const int window : {kTokens, kTokens + 1, 1000})
    EXPECT_EQ(lastLogits(*deriveSlidingWindow(m_source, window).value()->model), full) << window;
  EXPECT_NE(lastLogits(*deriveSlidingWindow(m_source, kTokens - 1).value()->model), full);
}

INSTANTIATE_TEST_SUITE_P(Family, FullSoftmaxEqualities,
                         testing::ValuesIn(familyWhere([](const ModelConfig& c) {
                           return c.attention == AttentionKind::softmax && c.slidingWindow == 0;
                         })),
                         kName);

class LinearEqualities : public testing::TestWithParam<test::NamedConfig> {};

/// The recurrence of state and normaliser against Σ_j φ(q_i)·φ(k_j) v_j / Σ_j φ(q_i)·φ(k_j), weight by
/// weight.
TEST_P(LinearEqualities, TheRecurrentFormGivesTheParallelFormsContext) {
  const ModelConfig& config = GetParam().config;
  const Model model = test::randomModel(config, 5);
  const std::vector<TokenId> tokens = test::randomTokens(config, kTokens, 1);
  test::CollectingSink sink;
  KvCache cache(config);
  ForwardWorkspace workspace;
  ForwardOptions options;
  options.sink = &sink;
  // A prompt in one call, then token by token.
  forward(model, std::span(tokens).first(5), cache, workspace, options);
  for (std::size_t i = 5; i < tokens.size(); ++i)
    forward(model, std::span(tokens).subspan(i, 1), cache, workspace, options);
  const auto d = static_cast<std::size_t>(config.headDim);
  for (int layer = 0; layer < config.numHiddenLayers; ++layer) {
    const auto& q = sink.sites.at({Site::qFeatures, layer});
    const auto& k = sink.sites.at({Site::kFeatures, layer});
    const auto& v = sink.sites.at({Site::vProj, layer});
    for (const auto& [position, context] : sink.sites.at({Site::context, layer})) {
      for (int h = 0; h < config.numAttentionHeads; ++h) {
        const std::size_t query = static_cast<std::size_t>(h) * d;
        const std::size_t key = static_cast<std::size_t>(config.keyValueHeadOf(HeadIndex{h}).value) * d;
        std::vector<double> sum(d, 0.0);
        double whole = 0;
        for (int j = 0; j <= position; ++j) {
          double weight = 0;
          for (std::size_t i = 0; i < d; ++i)
            weight += static_cast<double>(q.at(position)[query + i]) * static_cast<double>(k.at(j)[key + i]);
          whole += weight;
          for (std::size_t i = 0; i < d; ++i) sum[i] += weight * static_cast<double>(v.at(j)[key + i]);
        }
        for (std::size_t i = 0; i < d; ++i)
          EXPECT_NEAR(static_cast<double>(context[query + i]), sum[i] / whole, 1e-5);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Family, LinearEqualities, testing::ValuesIn(familyWhere([](const ModelConfig& c) {
                           return c.attention == AttentionKind::linear;
                         })),
                         kName);

}  // namespace
}  // namespace decodescope
