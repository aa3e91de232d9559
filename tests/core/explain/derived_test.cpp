#include "core/explain/derived.h"

#include "core/explain/arithmetic.h"
#include "tests/core/explain/python.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

std::optional<double> value(std::string_view expression) {
  return evaluateArithmetic(expression, [](std::string_view name) -> std::optional<double> {
    if (name == "a") return 3;
    if (name == "b_2") return -0.5;
    return std::nullopt;
  });
}

TEST(Arithmetic, KnowsPrecedenceBracketsAndFunctions) {
  EXPECT_EQ(value("1 + 2*3"), 7);
  EXPECT_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_EQ(value("12 / 2 / 3 - 1 - 1"), 0);
  EXPECT_EQ(value("2*a*b_2"), -3);
  EXPECT_EQ(value("sqrt(a * 3)"), 3);
  EXPECT_EQ(value("min(a, 2 * a) / 3"), 1);
  EXPECT_EQ(value("0.25"), 0.25);
}

TEST(Arithmetic, RefusesWhatIsNone) {
  for (const char* text :
       {"", "1 +", "(1", "1)", "c", "1 2", "1..2", "min(1)", "sqrt 4", "sqrt(1, 2)", "max(1, 2)", "a(1)"})
    EXPECT_FALSE(value(text)) << text;
  EXPECT_FALSE(value(std::string(10000, '(')));
}

TEST(Arithmetic, IsWrittenAsInBooks) {
  EXPECT_EQ(
      writtenArithmetic("n*(n - 1) / sqrt(d)", [](std::string_view n) { return n == "n" ? "7" : "16"; }),
      "7·(7 − 1) / √(16)");
  EXPECT_EQ(arithmeticNumber(180388626432.0), "180,388,626,432");
  EXPECT_EQ(arithmeticNumber(1234), "1234");
  EXPECT_EQ(arithmeticNumber(-12345), "−12,345");
  EXPECT_EQ(arithmeticNumber(-123456), "−123,456");
  EXPECT_EQ(arithmeticNumber(0.125), "0.125");
}

Operand vectorOf(const char* symbol, std::vector<float> values) {
  return {symbol, std::string("the ") + symbol, std::move(values), std::nullopt};
}

/// One of each kind, with what it has to come to.
std::vector<std::pair<Explanation, double>> all() {
  const DerivedName name{"y", "", "the test"};
  const double softmax = std::exp(1.0) / (std::exp(0.5) + std::exp(1.0) + std::exp(-1.0));
  return {
      {explainInnerProduct(name, vectorOf("q", {1, 2, 3}), vectorOf("k", {4, -5, 6}), 12), 12},
      {explainProduct(name, vectorOf("w", {1, 2}), vectorOf("x", {3, 4}), vectorOf("b", {0.5f}), 11.5), 11.5},
      {explainProduct(name, vectorOf("w", {1, 2}), vectorOf("x", {3, 4}), {}, 11), 11},
      {explainScaledProduct(name, vectorOf("q", {1, 2, 3, 4}), vectorOf("k", {4, -5, 6, 1}), 8), 8},
      {explainNorm(name, NormKind::layerNorm, vectorOf("x", {1, 3}), vectorOf("g", {2, 2}),
                   vectorOf("b", {1, 1}), 0, 1, 3),
       3},
      {explainNorm(name, NormKind::rmsNorm, vectorOf("x", {3, 4, 0, 0}), vectorOf("g", {1, 2, 1, 1}), {}, 0,
                   1, 3.2),
       3.2},
      {explainSoftmax(name, vectorOf("s", {0.5f, 1, -1}), 1, softmax), softmax},
      {explainDividedSoftmax(name, vectorOf("s", {1, 2, -2}), 2, 1, softmax), softmax},
      {explainWeightedSum(name, vectorOf("a", {0.25f, 0.75f}), vectorOf("v", {4, 8}), 7), 7},
      {explainTotal(name, vectorOf("x", {1, 2, 3, 4, 5}), 15), 15},
      {explainLookup(name, "x", vectorOf("x", {2.5f})), 2.5},
      {explainArithmetic(name, "bytes", "L * min(T, W) * sqrt(d) * 4",
                         {vectorOf("L", {3}), vectorOf("T", {10}), vectorOf("W", {8}), vectorOf("d", {16})},
                         384),
       384}};
}

TEST(DerivedExplanations, RecomputeWhatIsShown) {
  for (const auto& [e, expected] : all()) {
    EXPECT_NEAR(e.recomputed, expected, 1e-9) << e.formula;
    EXPECT_EQ(e.traced, expected);
    EXPECT_EQ(e.origin, "the test");
    EXPECT_NE(e.filled.find(" = "), std::string::npos) << e.filled;
  }
  EXPECT_EQ(all()[0].first.formula, "q·k = Σ_i q_i · k_i");
  EXPECT_EQ(all().back().first.formula, "bytes = L · min(T, W) · √(d) · 4");
  EXPECT_EQ(all().back().first.filled, "3 · min(10, 8) · √(16) · 4 = 384");
}

TEST(DerivedExplanations, TheirCodeRunsAndAgrees) {
  std::string program;
  for (const auto& [e, expected] : all()) program += numpyCode(e) + "\n";
  const std::vector<std::string> lines = test::pythonSays(program);
  ASSERT_EQ(lines.size(), all().size());
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_NEAR(std::stod(lines[i]), all()[i].second, 1e-9);
}

TEST(DerivedExplanations, ARowOfTheTraceIsNamedAsThere) {
  ModelConfig config;
  config.numAttentionHeads = config.numKeyValueHeads = 4;
  config.headDim = 6;
  const std::vector<float> row{1, 2};
  const Operand q = tracedRow(config, "q", {Site::qProj, LayerIndex{1}, Position{5}, 12}, row);
  EXPECT_EQ(q.name, "layers.1.self_attn.q_proj[5, head 2]");
  EXPECT_EQ(q.values, row);
  EXPECT_EQ(tracedRow(config, "x", {Site::embedTokens, kNoLayer, Position{5}, 0}, row).name,
            "embed_tokens[5]");
}

}  // namespace
}  // namespace decodescope
