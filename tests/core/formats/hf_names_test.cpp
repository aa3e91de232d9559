#include "core/formats/hf_names.h"

#include "core/formats/safetensors.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/paths.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace decodescope {
namespace {

std::set<std::string> recorded(const std::string& name) {
  std::ifstream file(test::testPath("core/formats/names/" + name + ".txt"));
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.insert(line);
  return lines;
}

std::set<std::string> ours(const ModelConfig& config) {
  std::set<std::string> lines;
  const ParameterLayout layout(config);
  for (const Parameter& parameter : layout.parameters()) {
    SafetensorsEntry entry;
    entry.shape = hfStoredPart(config, parameter).shape(parameter);
    lines.insert(hfFullName(config, parameter) + " " + entry.shownShape());
  }
  return lines;
}

TEST(HfNames, AreThoseOfTransformers) {
  ModelConfig biases = smallLlama();
  biases.qkvBias = biases.oProjBias = biases.mlpBias = true;
  ModelConfig qwen2 = smallLlama();
  qwen2.modelType = "qwen2";
  qwen2.qkvBias = true;
  ModelConfig mistral = smallLlama();
  mistral.modelType = "mistral";
  ModelConfig postNorm = smallOpt();
  postNorm.normPlacement = NormPlacement::postNorm;
  postNorm.finalNorm = false;
  EXPECT_EQ(ours(smallLlama()), recorded("llama"));
  EXPECT_EQ(ours(mistral), recorded("llama"));
  EXPECT_EQ(ours(biases), recorded("llama_biases"));
  EXPECT_EQ(ours(qwen2), recorded("qwen2"));
  EXPECT_EQ(ours(smallGpt2()), recorded("gpt2"));
  EXPECT_EQ(ours(smallOpt()), recorded("opt"));
  EXPECT_EQ(ours(postNorm), recorded("opt_post_norm"));
}

TEST(HfNames, PrefixesComeOff) {
  EXPECT_EQ(hfNameWithoutPrefix(smallLlama(), "model.norm.weight"), "norm.weight");
  EXPECT_EQ(hfNameWithoutPrefix(smallLlama(), "norm.weight"), "norm.weight");
  EXPECT_EQ(hfNameWithoutPrefix(smallOpt(), "model.decoder.fc1.weight"), "fc1.weight");
  EXPECT_EQ(hfNameWithoutPrefix(smallOpt(), "decoder.fc1.weight"), "fc1.weight");
  EXPECT_EQ(hfNameWithoutPrefix(smallGpt2(), "transformer.h.0.ln_1.bias"), "h.0.ln_1.bias");
}

TEST(HfNames, KnowsTheHarmlessOnes) {
  EXPECT_TRUE(hfIsHarmless(smallLlama(), "layers.11.self_attn.rotary_emb.inv_freq"));
  EXPECT_TRUE(hfIsHarmless(smallLlama(), "rotary_emb.inv_freq"));
  EXPECT_TRUE(hfIsHarmless(smallGpt2(), "h.0.attn.bias"));
  EXPECT_TRUE(hfIsHarmless(smallGpt2(), "h.0.attn.masked_bias"));
  EXPECT_FALSE(hfIsHarmless(smallGpt2(), "h.x.attn.bias"));
  EXPECT_FALSE(hfIsHarmless(smallGpt2(), "h..attn.bias"));
  EXPECT_FALSE(hfIsHarmless(smallLlama(), "h.0.attn.bias"));
  EXPECT_FALSE(hfIsHarmless(smallOpt(), "rotary_emb.inv_freq"));
}

}  // namespace
}  // namespace decodescope
