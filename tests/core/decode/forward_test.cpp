#include "core/decode/forward.h"

#include "core/cost/decode_cost.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/random_model.h"
#include "tests/support/reference_decoder.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using test::CollectingSink;

/// How a sequence is fed: the lengths of the forward calls, and whether each starts from nothing.
enum class Feeding { prefill, cached, promptThenCached };

void feed(const Model& model, std::span<const TokenId> tokens, Feeding feeding, TraceSink* sink,
          Counters* counters = nullptr, ThreadPool* pool = nullptr) {
  KvCache cache(model.config());
  ForwardWorkspace workspace;
  ForwardOptions options;
  options.sink = sink;
  options.counters = counters;
  options.pool = pool;
  const std::size_t first = feeding == Feeding::prefill  ? tokens.size()
                            : feeding == Feeding::cached ? 1
                                                         : tokens.size() / 2;
  forward(model, tokens.first(first), cache, workspace, options);
  for (std::size_t i = first; i < tokens.size(); ++i)
    forward(model, tokens.subspan(i, 1), cache, workspace, options);
}

/// Where attention rows hold visible keys only, the reference holds a square: its entry for (head, query,
/// key).
double referenceAt(const std::vector<double>& tensor, Site site, const ModelConfig& config, int tokens,
                   int position, std::size_t i) {
  if (siteInfo(site).layout != SiteShape::attention) {
    const auto width = static_cast<std::size_t>(siteRowWidth(site, config));
    return tensor[static_cast<std::size_t>(position) * width + i];
  }
  const auto visible = static_cast<std::size_t>(position) + 1;
  const std::size_t head = i / visible, key = i % visible;
  const auto size = static_cast<std::size_t>(tokens);
  return tensor[(head * size + static_cast<std::size_t>(position)) * size + key];
}

double rms(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (const double v : values) {
    if (std::isfinite(v)) sum += v * v, ++count;
  }
  return std::sqrt(sum / std::max(count, 1.0));
}

class ForwardFamily : public testing::TestWithParam<test::NamedConfig> {};

TEST_P(ForwardFamily, AgreesWithTheReferenceAtEverySiteHoweverItIsFed) {
  const ModelConfig& config = GetParam().config;
  ASSERT_TRUE(config.validate().ok()) << config.validate().error().message();
  const Model model = test::randomModel(config, 7);
  const std::vector<TokenId> tokens = test::randomTokens(config, 21, 3);
  const test::ReferenceTrace reference = test::referenceDecode(model, tokens);
  for (const Feeding feeding : {Feeding::prefill, Feeding::cached, Feeding::promptThenCached}) {
    CollectingSink sink;
    feed(model, tokens, feeding, &sink);
    for (const SiteInfo& info : siteTable()) {
      for (int layer = info.perLayer ? 0 : -1; layer < (info.perLayer ? config.numHiddenLayers : 0);
           ++layer) {
        const auto found = sink.sites.find({info.site, layer});
        ASSERT_EQ(found != sink.sites.end(), siteExists(info.site, config)) << info.dumpName;
        if (found == sink.sites.end()) continue;
        const std::vector<double>& expected = reference.at({info.site, layer});
        const double tolerance = info.tolerance * rms(expected);
        ASSERT_EQ(found->second.size(), tokens.size()) << info.dumpName;
        for (const auto& [position, row] : found->second) {
          ASSERT_EQ(row.size(), static_cast<std::size_t>(siteRowWidth(info.site, config, position + 1)));
          for (std::size_t i = 0; i < row.size(); ++i) {
            const double wanted =
                referenceAt(expected, info.site, config, static_cast<int>(tokens.size()), position, i);
            if (std::isinf(wanted)) {  // a key before the window
              ASSERT_EQ(static_cast<double>(row[i]), wanted);
              continue;
            }
            ASSERT_NEAR(static_cast<double>(row[i]), wanted, tolerance)
                << info.dumpName << " layer " << layer << " position " << position << " entry " << i;
          }
        }
      }
    }
  }
}

TEST_P(ForwardFamily, CountsWhatTheClosedFormulaSaysWhateverIsTraced) {
  const ModelConfig& config = GetParam().config;
  const Model model = test::randomModel(config, 7);
  const std::vector<TokenId> tokens = test::randomTokens(config, 9, 3);
  for (const Feeding feeding : {Feeding::prefill, Feeding::cached, Feeding::promptThenCached}) {
    Counters expected;
    if (feeding == Feeding::prefill) {
      expected = forwardCost(config, 9, 0);
    } else {
      const int first = feeding == Feeding::cached ? 1 : 4;
      expected = forwardCost(config, first, 0);
      for (int m = first; m < 9; ++m) expected += forwardCost(config, 1, m);
    }
    CollectingSink everything, logitsOnly([](Site site) { return site == Site::logits; });
    for (TraceSink* sink : {static_cast<TraceSink*>(nullptr), static_cast<TraceSink*>(&everything),
                            static_cast<TraceSink*>(&logitsOnly)}) {
      Counters counted;
      feed(model, tokens, feeding, sink, &counted);
      EXPECT_EQ(counted, expected) << counted.projectionMacs << " " << expected.projectionMacs << " | "
                                   << counted.weightBytesRead << " " << expected.weightBytesRead;
    }
  }
}

TEST_P(ForwardFamily, GivesTheSameBitsWithAnyNumberOfThreadsAndAnySink) {
  const ModelConfig& config = GetParam().config;
  const Model model = test::randomModel(config, 7);
  const std::vector<TokenId> tokens = test::randomTokens(config, 40, 3);
  const auto lastLogits = [&](ThreadPool* pool, TraceSink* sink) {
    KvCache cache(config);
    ForwardWorkspace workspace;
    ForwardOptions options;
    options.pool = pool;
    options.sink = sink;
    forward(model, std::span(tokens).first(39), cache, workspace, options);
    const ForwardResult result = forward(model, std::span(tokens).last(1), cache, workspace, options);
    const std::span<const float> row = result.logits.rowSpan(result.logits.rows - 1);
    return std::vector<float>(row.begin(), row.end());
  };
  const std::vector<float> expected = lastLogits(nullptr, nullptr);
  ThreadPool three(3);
  CollectingSink sink;
  EXPECT_EQ(lastLogits(&three, nullptr), expected);
  EXPECT_EQ(lastLogits(nullptr, &sink), expected);
  EXPECT_EQ(lastLogits(&three, &sink), expected);
}

INSTANTIATE_TEST_SUITE_P(Decoders, ForwardFamily, testing::ValuesIn(test::decoderFamily()),
                         [](const auto& named) { return named.param.name; });

class ForwardWithScores : public testing::TestWithParam<test::NamedConfig> {};

TEST_P(ForwardWithScores, WeightsSumToOneAndScoresStayBehindTheMask) {
  const ModelConfig& config = GetParam().config;
  const Model model = test::randomModel(config, 11);
  const std::vector<TokenId> tokens = test::randomTokens(config, 17, 5);
  CollectingSink sink;
  feed(model, tokens, Feeding::prefill, &sink);
  for (int layer = 0; layer < config.numHiddenLayers; ++layer) {
    for (const auto& [position, row] : sink.sites.at({Site::weights, layer})) {
      const std::size_t visible = static_cast<std::size_t>(position) + 1;
      ASSERT_EQ(row.size(), visible * static_cast<std::size_t>(config.numAttentionHeads));
      for (std::size_t h = 0; h < row.size(); h += visible) {
        double sum = 0;
        for (std::size_t j = 0; j < visible; ++j) sum += static_cast<double>(row[h + j]);
        EXPECT_NEAR(sum, 1.0, 1e-6 * static_cast<double>(visible));
        const auto first = static_cast<std::size_t>(config.firstVisible(position));
        for (std::size_t j = 0; j < first; ++j) EXPECT_EQ(row[h + j], 0.0f) << "before the window";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Decoders, ForwardWithScores, testing::ValuesIn(test::decodersWithScores()),
                         [](const auto& named) { return named.param.name; });

TEST(Forward, GroupedHeadsWithRepeatedWeightsEqualMultiHead) {
  ModelConfig grouped = test::smallConfig();
  grouped.numKeyValueHeads = 2;
  const Model small = test::randomModel(grouped, 5);
  Model wide(test::smallConfig());
  const int d = grouped.headDim;
  for (const Parameter& p : wide.layout().parameters()) {
    const ConstMatrixSpan from = small.parameter(*small.layout().find(p.role, p.layer));
    const MatrixSpan to = wide.parameter(p);
    const bool repeated = p.role == ParameterRole::kProjWeight || p.role == ParameterRole::vProjWeight;
    for (int r = 0; r < p.rows; ++r) {
      // Query heads 0 and 1 read key/value head 0, heads 2 and 3 read 1.
      const int source = repeated ? (r / d / 2) * d + r % d : r;
      for (int c = 0; c < p.cols; ++c) to(r, c) = from(source, c);
    }
  }
  const std::vector<TokenId> tokens = test::randomTokens(grouped, 12, 1);
  CollectingSink a, b;
  feed(small, tokens, Feeding::prefill, &a);
  feed(wide, tokens, Feeding::prefill, &b);
  for (const auto& [position, row] : a.sites.at({Site::logits, -1})) {
    const std::vector<float>& other = b.sites.at({Site::logits, -1}).at(position);
    // Not to the bit: a matrix product rounds differently in a wider matrix.
    for (std::size_t i = 0; i < row.size(); ++i) EXPECT_NEAR(row[i], other[i], 1e-4f);
  }
}

TEST(Forward, SaturatedSoftmaxGivesExactZerosAndOnes) {
  ModelConfig config = test::smallConfig();
  config.numHiddenLayers = 1;
  config.position = PositionKind::none;
  Model model = test::randomModel(config, 5);
  for (const ParameterRole role : {ParameterRole::qProjWeight, ParameterRole::kProjWeight}) {
    const MatrixSpan weights = model.parameter(*model.layout().find(role, LayerIndex{0}));
    for (int r = 0; r < weights.rows; ++r) {
      for (int c = 0; c < weights.cols; ++c) weights(r, c) *= 1e3f;
    }
  }
  CollectingSink sink;
  feed(model, test::randomTokens(config, 8, 2), Feeding::prefill, &sink);
  for (const auto& [position, row] : sink.sites.at({Site::weights, 0})) {
    for (const float weight : row) EXPECT_TRUE(weight == 0.0f || weight == 1.0f) << weight;
  }
}

TEST(Forward, StopsBetweenLayersAndLeavesTheCacheAsItWas) {
  const ModelConfig config = test::smallConfig();
  const Model model = test::randomModel(config, 5);
  const std::vector<TokenId> tokens = test::randomTokens(config, 6, 2);
  KvCache cache(config);
  ForwardWorkspace workspace;
  forward(model, std::span(tokens).first(4), cache, workspace);
  std::stop_source source;
  source.request_stop();
  ForwardOptions options;
  options.stop = source.get_token();
  EXPECT_TRUE(forward(model, std::span(tokens).last(2), cache, workspace, options).stopped);
  EXPECT_EQ(cache.length(), 4);
}

}  // namespace
}  // namespace decodescope
