#include "core/formats/hf_config.h"

#include "tests/core/formats/small_models.h"

#include <gtest/gtest.h>
#include <map>

namespace decodescope {
namespace {

/// The members of a config.json, as JSON texts; "" takes a member out.
using Members = std::map<std::string, std::string>;

const Members kLlama = {{"model_type", "\"llama\""}, {"vocab_size", "24"},
                        {"hidden_size", "12"},       {"intermediate_size", "20"},
                        {"num_hidden_layers", "2"},  {"num_attention_heads", "3"},
                        {"rms_norm_eps", "1e-6"},    {"max_position_embeddings", "32"}};
const Members kGpt2 = {{"model_type", "\"gpt2\""}, {"vocab_size", "24"}, {"n_embd", "12"},
                       {"n_layer", "2"},           {"n_head", "3"},      {"n_positions", "32"}};
const Members kOpt = {{"model_type", "\"opt\""},
                      {"vocab_size", "24"},
                      {"hidden_size", "12"},
                      {"ffn_dim", "20"},
                      {"num_hidden_layers", "2"},
                      {"num_attention_heads", "3"},
                      {"max_position_embeddings", "32"}};

Result<ModelConfig> read(const Members& base, const Members& changes = {}) {
  Members members = base;
  for (const auto& [key, value] : changes) members[key] = value;
  std::string text;
  for (const auto& [key, value] : members) {
    if (!value.empty()) text += (text.empty() ? "{\"" : ",\"") + key + "\":" + value;
  }
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::parse(text + "}", "config.json"));
  return readHfConfig(document);
}

std::string failure(const Members& base, const Members& changes) {
  const auto config = read(base, changes);
  if (config.ok()) return "ok";
  const std::string message = config.error().message();
  return message.starts_with("config.json: ") ? message.substr(13) : "no file name: " + message;
}

TEST(HfConfig, LlamaDefaults) {
  const auto read1 = read(kLlama);
  ASSERT_TRUE(read1.ok()) << read1.error().message();
  const ModelConfig& config = read1.value();
  EXPECT_EQ(config.numKeyValueHeads, 3);
  EXPECT_EQ(config.headDim, 4);
  EXPECT_EQ(config.maxPositionEmbeddings, 32);
  EXPECT_EQ(config.normEps, 1e-6f);
  EXPECT_EQ(config.ropeTheta, 10000.0);
  EXPECT_EQ(config.activation, Activation::silu);
  EXPECT_EQ(config.norm, NormKind::rmsNorm);
  EXPECT_EQ(config.normPlacement, NormPlacement::preNorm);
  EXPECT_EQ(config.position, PositionKind::rotary);
  EXPECT_EQ(config.rotaryLayout, RotaryLayout::rotateHalf);
  EXPECT_TRUE(config.gatedMlp);
  EXPECT_TRUE(config.finalNorm);
  EXPECT_FALSE(config.qkvBias || config.oProjBias || config.mlpBias || config.lmHeadBias);
  EXPECT_FALSE(config.tieWordEmbeddings);
  EXPECT_FALSE(config.bosTokenId);
  EXPECT_TRUE(config.eosTokenIds.empty());
}

TEST(HfConfig, LlamaSettings) {
  const auto set = read(kLlama, {{"num_key_value_heads", "1"},
                                 {"head_dim", "6"},
                                 {"rope_theta", "500000"},
                                 {"rope_scaling", "null"},
                                 {"hidden_act", "\"gelu_pytorch_tanh\""},
                                 {"attention_bias", "true"},
                                 {"mlp_bias", "true"},
                                 {"tie_word_embeddings", "true"},
                                 {"bos_token_id", "1"},
                                 {"eos_token_id", "[2, 7]"},
                                 {"unknown_key", "[{}]"}});
  ASSERT_TRUE(set.ok()) << set.error().message();
  const ModelConfig& config = set.value();
  EXPECT_EQ(config.numKeyValueHeads, 1);
  EXPECT_EQ(config.headDim, 6);
  EXPECT_EQ(config.ropeTheta, 500000.0);
  EXPECT_EQ(config.activation, Activation::geluTanh);
  EXPECT_TRUE(config.qkvBias && config.oProjBias && config.mlpBias && config.tieWordEmbeddings);
  EXPECT_EQ(config.bosTokenId, TokenId{1});
  EXPECT_EQ(config.eosTokenIds, (std::vector<TokenId>{TokenId{2}, TokenId{7}}));
  const auto parameters = read(kLlama, {{"rope_parameters", R"({"rope_type":"default","rope_theta":2e6})"}});
  ASSERT_TRUE(parameters.ok()) << parameters.error().message();
  EXPECT_EQ(parameters.value().ropeTheta, 2e6);
  EXPECT_EQ(read(kLlama, {{"eos_token_id", "3"}}).value().eosTokenIds, std::vector<TokenId>{TokenId{3}});
  EXPECT_EQ(read(kLlama, {{"max_position_embeddings", ""}}).value().maxPositionEmbeddings, 2048);
}

TEST(HfConfig, RotaryScaling) {
  const auto scaling = [](const Members& changes) {
    const auto config = read(kLlama, changes);
    EXPECT_TRUE(config.ok()) << config.error().message();
    return config.ok() ? config.value().ropeScaling : RopeScaling{};
  };
  const std::string llama3 =
      R"({"rope_type":"llama3","factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,)"
      R"("original_max_position_embeddings":8192,"rope_theta":500000.0})";
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    EXPECT_EQ(scaling({{key, R"({"rope_type":"default"})"}}).kind, RopeScaling::Kind::none);
    const RopeScaling linear = scaling({{key, R"({"type":"linear","factor":2.5})"}});
    EXPECT_EQ(linear.kind, RopeScaling::Kind::linear);
    EXPECT_EQ(linear.factor, 2.5);
    const RopeScaling stretched = scaling({{key, llama3}});
    EXPECT_EQ(stretched.kind, RopeScaling::Kind::llama3);
    EXPECT_EQ(stretched.factor, 32.0);
    EXPECT_EQ(stretched.lowFreqFactor, 1.0);
    EXPECT_EQ(stretched.highFreqFactor, 4.0);
    EXPECT_EQ(stretched.originalMaxPositionEmbeddings, 8192);
    EXPECT_EQ(read(kLlama, {{"rope_theta", "3"}, {key, llama3}}).value().ropeTheta, 500000.0);
  }
  EXPECT_EQ(failure(kLlama, {{"rope_scaling", llama3}, {"rope_parameters", llama3}}), "ok");
  EXPECT_EQ(
      failure(kLlama, {{"rope_scaling", llama3}, {"rope_parameters", R"({"type":"linear","factor":32})"}}),
      "rope_parameters: contradicts rope_scaling: found an object");
}

TEST(HfConfig, MistralAndQwen2) {
  const auto mistral = read(kLlama, {{"model_type", "\"mistral\""}, {"sliding_window", "null"}});
  ASSERT_TRUE(mistral.ok()) << mistral.error().message();
  EXPECT_FALSE(mistral.value().qkvBias);
  EXPECT_FALSE(mistral.value().tieWordEmbeddings);
  EXPECT_EQ(mistral.value().slidingWindow, 0);
  const auto windowOf = [](const char* key, const char* value) {
    return read(kLlama, {{"model_type", "\"mistral\""}, {key, value}}).value().slidingWindow;
  };
  EXPECT_EQ(windowOf("sliding_window", "31"), 31);
  EXPECT_EQ(windowOf("sliding_window", "32"), 0) << "as wide as the context: no window";
  EXPECT_EQ(windowOf("max_position_embeddings", "8192"), 4096) << "Transformers' default";
  EXPECT_EQ(failure(kLlama, {{"model_type", "\"mistral\""}, {"sliding_window", "0"}}),
            "sliding_window: out of range: found 0, allowed an integer from 1 to 9007199254740992");
  const auto qwen2 = read(kLlama, {{"model_type", "\"qwen2\""}, {"sliding_window", "16"}});
  ASSERT_TRUE(qwen2.ok()) << qwen2.error().message();
  EXPECT_TRUE(qwen2.value().qkvBias);
  EXPECT_FALSE(qwen2.value().oProjBias);
  EXPECT_EQ(qwen2.value().slidingWindow, 0) << "use_sliding_window is false unless told";
}

TEST(HfConfig, Qwen2sWindowIsThatOfAllLayersOrOfNone) {
  const auto qwen2 = [](Members changes) {
    changes.merge(
        Members{{"model_type", "\"qwen2\""}, {"sliding_window", "16"}, {"use_sliding_window", "true"}});
    return changes;
  };
  const auto window = [&](const Members& changes) {
    const auto config = read(kLlama, qwen2(changes));
    return config.ok() ? config.value().slidingWindow : -1;
  };
  EXPECT_EQ(window({}), 0) << "max_window_layers is 28 unless told: no layer lies behind it";
  EXPECT_EQ(window({{"max_window_layers", "0"}}), 16);
  EXPECT_EQ(window({{"max_window_layers", "2"}}), 0);
  EXPECT_EQ(window({{"max_window_layers", "1"}, {"sliding_window", "32"}}), 0);
  EXPECT_EQ(
      failure(kLlama, qwen2({{"max_window_layers", "1"}})),
      "max_window_layers: a sliding window in the later layers only is not supported: found 1, allowed 0, "
      "or at least num_hidden_layers (2)");
  EXPECT_EQ(failure(kLlama, qwen2({{"num_hidden_layers", "29"}})),
            "max_window_layers: missing, which means 28; a sliding window in the later layers only is not "
            "supported: allowed 0, or at least num_hidden_layers (29)");
  EXPECT_EQ(window({{"layer_types", R"(["sliding_attention","sliding_attention"])"}}), 16);
  EXPECT_EQ(window({{"layer_types", R"(["full_attention","full_attention"])"}, {"max_window_layers", "0"}}),
            0);
  EXPECT_EQ(failure(kLlama, qwen2({{"layer_types", R"(["full_attention","sliding_attention"])"}})),
            "layer_types[1]: a sliding window in some layers only is not supported: found "
            "\"sliding_attention\", allowed the same for all layers");
  EXPECT_EQ(failure(kLlama, qwen2({{"layer_types", R"(["linear_attention"])"}})),
            "layer_types[0]: kind of layer is not supported: found \"linear_attention\", allowed "
            "\"full_attention\", \"sliding_attention\"");
  const auto config = read(kLlama, qwen2({{"max_window_layers", "0"}}));
  ASSERT_TRUE(config.ok());
  const auto text = writeHfConfig(config.value(), "float32");
  ASSERT_TRUE(text.ok()) << text.error().message();
  EXPECT_EQ(readHfConfig(JsonDocument::parse(text.value(), "f").value()).value().slidingWindow, 16);
}

TEST(HfConfig, DeepseekV2) {
  const auto deepseek = [](Members changes) {
    changes.merge(Members{{"model_type", "\"deepseek_v2\""},
                          {"kv_lora_rank", "8"},
                          {"q_lora_rank", "null"},
                          {"qk_nope_head_dim", "6"},
                          {"qk_rope_head_dim", "4"},
                          {"v_head_dim", "5"},
                          {"n_routed_experts", "null"}});
    return changes;
  };
  const auto plain = read(kLlama, deepseek({}));
  ASSERT_TRUE(plain.ok()) << plain.error().message();
  const ModelConfig& config = plain.value();
  EXPECT_EQ(config.attention, AttentionKind::latent);
  EXPECT_EQ(config.rotaryLayout, RotaryLayout::interleaved);
  EXPECT_EQ(config.qLoraRank, 0);
  EXPECT_EQ(config.kvLoraRank, 8);
  EXPECT_EQ(config.headDim, 10);
  EXPECT_EQ(config.rotaryDim(), 4);
  EXPECT_EQ(config.contextWidth(), 5 * config.numAttentionHeads);
  EXPECT_EQ(config.numKeyValueHeads, config.numAttentionHeads);
  EXPECT_EQ(read(kLlama, deepseek({{"q_lora_rank", "7"}})).value().qLoraRank, 7);
  EXPECT_EQ(failure(kLlama, deepseek({{"n_routed_experts", "64"}})),
            "n_routed_experts: mixtures of experts are not supported: found 64, allowed null");
  EXPECT_EQ(failure(kLlama, deepseek({{"n_routed_experts", "64"}, {"first_k_dense_replace", "99"}})), "ok");
  EXPECT_EQ(failure(kLlama, deepseek({{"qk_rope_head_dim", "3"}})),
            "qk_rope_head_dim: odd under rotary positions: found 3, allowed an even number");
  EXPECT_EQ(failure(kLlama, deepseek({{"attention_bias", "true"}})),
            "attention_bias: setting is not supported: found true, allowed false");
  ModelConfig written = config;
  const auto text = writeHfConfig(written, "float32");
  ASSERT_TRUE(text.ok()) << text.error().message();
  const auto document = JsonDocument::parse(text.value(), "config.json");
  const auto again = readHfConfig(document.value());
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again.value().kvLoraRank, 8);
  EXPECT_EQ(again.value().attentionName(), "MLA");
}

TEST(HfConfig, Gpt2) {
  const auto plain = read(kGpt2);
  ASSERT_TRUE(plain.ok()) << plain.error().message();
  const ModelConfig& config = plain.value();
  EXPECT_EQ(config.intermediateSize, 48);
  EXPECT_EQ(config.numKeyValueHeads, 3);
  EXPECT_EQ(config.headDim, 4);
  EXPECT_EQ(config.normEps, 1e-5f);
  EXPECT_EQ(config.norm, NormKind::layerNorm);
  EXPECT_EQ(config.position, PositionKind::learned);
  EXPECT_EQ(config.positionOffset, 0);
  EXPECT_EQ(config.activation, Activation::geluTanh);
  EXPECT_FALSE(config.gatedMlp);
  EXPECT_TRUE(config.qkvBias && config.oProjBias && config.mlpBias && config.tieWordEmbeddings &&
              config.finalNorm);
  const auto set =
      read(kGpt2, {{"n_inner", "20"}, {"activation_function", "\"relu\""}, {"layer_norm_epsilon", "1e-12"}});
  EXPECT_EQ(set.value().intermediateSize, 20);
  EXPECT_EQ(set.value().activation, Activation::relu);
  EXPECT_EQ(set.value().normEps, 1e-12f);
  EXPECT_EQ(failure(kGpt2, {{"n_inner", "null"}, {"activation_function", "\"gelu\""}}), "ok");
  const auto defaults = read(kGpt2, {{"bos_token_id", "50256"}, {"eos_token_id", "50256"}});
  ASSERT_TRUE(defaults.ok()) << "what Transformers writes for a small vocabulary";
  EXPECT_FALSE(defaults.value().bosTokenId);
  EXPECT_TRUE(defaults.value().eosTokenIds.empty());
  EXPECT_EQ(read(kGpt2, {{"vocab_size", "50257"}, {"eos_token_id", "50256"}}).value().eosTokenIds,
            std::vector<TokenId>{TokenId{50256}});
  EXPECT_EQ(failure(kGpt2, {{"bos_token_id", "50255"}}),
            "bos_token_id: out of range: found 50255, allowed an integer from 0 to 23");
  EXPECT_EQ(failure(kGpt2, {{"n_embd", "13"}}),
            "n_embd: not a multiple of n_head: found 13, allowed a multiple of 3");
  EXPECT_EQ(failure(kGpt2, {{"n_head", ""}}), "n_head: missing");
  EXPECT_EQ(failure(kGpt2, {{"scale_attn_weights", "false"}}),
            "scale_attn_weights: setting is not supported: found false, allowed true");
  EXPECT_EQ(failure(kGpt2, {{"scale_attn_by_inverse_layer_idx", "true"}}),
            "scale_attn_by_inverse_layer_idx: setting is not supported: found true, allowed false");
  EXPECT_EQ(failure(kGpt2, {{"add_cross_attention", "true"}}),
            "add_cross_attention: setting is not supported: found true, allowed false");
}

TEST(HfConfig, Opt) {
  const auto plain = read(kOpt);
  ASSERT_TRUE(plain.ok()) << plain.error().message();
  EXPECT_EQ(plain.value().normPlacement, NormPlacement::preNorm);
  EXPECT_TRUE(plain.value().finalNorm);
  EXPECT_EQ(plain.value().positionOffset, 2);
  EXPECT_EQ(plain.value().activation, Activation::relu);
  EXPECT_TRUE(plain.value().qkvBias && plain.value().oProjBias && plain.value().mlpBias);
  EXPECT_TRUE(plain.value().tieWordEmbeddings);
  EXPECT_FALSE(plain.value().sinusoidalTable);
  const auto vanilla = read(kOpt, {{"do_layer_norm_before", "false"},
                                   {"position_embedding_type", "\"sinusoidal\""},
                                   {"word_embed_proj_dim", "12"},
                                   {"enable_bias", "false"}});
  ASSERT_TRUE(vanilla.ok()) << vanilla.error().message();
  EXPECT_EQ(vanilla.value().normPlacement, NormPlacement::postNorm);
  EXPECT_FALSE(vanilla.value().finalNorm);
  EXPECT_EQ(vanilla.value().position, PositionKind::learned);
  EXPECT_TRUE(vanilla.value().sinusoidalTable);
  EXPECT_FALSE(vanilla.value().qkvBias || vanilla.value().oProjBias || vanilla.value().mlpBias);
  EXPECT_FALSE(read(kOpt, {{"_remove_final_layer_norm", "true"}}).value().finalNorm);
  EXPECT_EQ(failure(kOpt, {{"word_embed_proj_dim", "8"}}),
            "word_embed_proj_dim: projected embeddings are not supported: found 8, allowed hidden_size (12)");
  EXPECT_EQ(failure(kOpt, {{"layer_norm_elementwise_affine", "false"}}),
            "layer_norm_elementwise_affine: setting is not supported: found false, allowed true");
  EXPECT_EQ(failure(kOpt, {{"position_embedding_type", "\"alibi\""}}),
            "position_embedding_type: unknown kind of positions: found \"alibi\", allowed \"learned\", "
            "\"sinusoidal\"");
}

TEST(HfConfig, BadValuesAreNamed) {
  struct Case {
    const char* key;
    const char* value;
    const char* message;
  };
  const Case cases[] = {
      {"model_type", "", "model_type: missing"},
      {"model_type", "3", "model_type: wrong type: found 3, allowed a string"},
      {"model_type", "\"bert\"",
       "model_type: architecture is not supported: found \"bert\", allowed llama, mistral, qwen2, "
       "deepseek_v2, gpt2, opt"},
      {"vocab_size", "", "vocab_size: missing"},
      {"vocab_size", "null", "vocab_size: wrong type: found null, allowed an integer from 1 to 16777216"},
      {"vocab_size", "\"24\"", "vocab_size: wrong type: found \"24\", allowed an integer from 1 to 16777216"},
      {"vocab_size", "24.5",
       "vocab_size: not an integer in range: found 24.5, allowed an integer from 1 to 16777216"},
      {"vocab_size", "0", "vocab_size: out of range: found 0, allowed an integer from 1 to 16777216"},
      {"vocab_size", "-3", "vocab_size: out of range: found -3, allowed an integer from 1 to 16777216"},
      {"vocab_size", "9007199254740993",
       "vocab_size: out of range: found 9007199254740993, allowed an integer from 1 to 16777216"},
      {"hidden_size", "1e400", "not valid JSON: number overflow parsing '1e400' (at byte 19)"},
      {"hidden_size", "13",
       "hidden_size: not a multiple of num_attention_heads: found 13, allowed a multiple of 3"},
      {"intermediate_size", "true",
       "intermediate_size: wrong type: found true, allowed an integer from 1 to 1048576"},
      {"num_hidden_layers", "1025",
       "num_hidden_layers: out of range: found 1025, allowed an integer from 1 to 1024"},
      {"num_attention_heads", "0",
       "num_attention_heads: out of range: found 0, allowed an integer from 1 to 4096"},
      {"num_key_value_heads", "2",
       "num_key_value_heads: does not divide num_attention_heads: found 2, allowed a divisor of 3"},
      {"num_key_value_heads", "4",
       "num_key_value_heads: out of range: found 4, allowed an integer from 1 to 3"},
      {"head_dim", "5", "head_dim: odd under rotary positions: found 5, allowed an even number"},
      {"head_dim", "[4]", "head_dim: wrong type: found an array, allowed an integer from 1 to 16384"},
      {"max_position_embeddings", "0",
       "max_position_embeddings: out of range: found 0, allowed an integer from 1 to 16777216"},
      {"rms_norm_eps", "0", "rms_norm_eps: out of range: found 0, allowed a number above 0"},
      {"rms_norm_eps", "-1e-6", "rms_norm_eps: out of range: found -1e-06, allowed a number above 0"},
      {"rms_norm_eps", "1e-60",
       "rms_norm_eps: out of range: found 1e-60, allowed a number above 0, at most 1"},
      {"rms_norm_eps", "\"1e-6\"", "rms_norm_eps: wrong type: found \"1e-6\", allowed a number"},
      {"rope_theta", "-1", "rope_theta: out of range: found -1, allowed a number above 0"},
      {"rope_scaling", R"({"type":"linear"})", "rope_scaling.factor: missing"},
      {"rope_scaling", R"({"type":"linear","factor":0})",
       "rope_scaling.factor: out of range: found 0, allowed a number above 0"},
      {"rope_scaling", R"({"type":"linear","factor":"2"})",
       "rope_scaling.factor: wrong type: found \"2\", allowed a number"},
      {"rope_scaling", R"({"type":"dynamic","factor":2.0})",
       "rope_scaling.type: rotary scaling is not supported: found \"dynamic\", allowed \"default\", "
       "\"linear\", \"llama3\""},
      {"rope_scaling", R"({"type":"linear","rope_type":"llama3","factor":2.0})",
       "rope_scaling.type: contradicts rope_type: found \"linear\", allowed \"llama3\""},
      {"rope_scaling", R"({"rope_type":"llama3","factor":8})", "rope_scaling.low_freq_factor: missing"},
      {"rope_scaling", R"({"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4})",
       "rope_scaling.high_freq_factor: out of range: found 4, allowed more than low_freq_factor"},
      {"rope_scaling", R"({"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4})",
       "rope_scaling.original_max_position_embeddings: missing"},
      {"rope_scaling",
       R"({"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,)"
       R"("original_max_position_embeddings":8192.5})",
       "rope_scaling.original_max_position_embeddings: not an integer in range: found 8192.5, allowed an "
       "integer from 1 to 16777216"},
      {"rope_scaling", R"({"rope_type":3})", "rope_scaling.rope_type: wrong type: found 3, allowed a string"},
      {"rope_parameters", R"({"full_attention":{"rope_type":"default"}})",
       "rope_parameters.full_attention: rotary settings of their own for a kind of layer are not supported: "
       "found an object"},
      {"rope_parameters", R"({"partial_rotary_factor":0.25})",
       "rope_parameters.partial_rotary_factor: setting is not supported: found 0.25, allowed 1"},
      {"rope_scaling", "2", "rope_scaling: wrong type: found 2, allowed an object"},
      {"rope_parameters", R"({"rope_type":"yarn","rope_theta":10000})",
       "rope_parameters.rope_type: rotary scaling is not supported: found \"yarn\", allowed \"default\", "
       "\"linear\", \"llama3\""},
      {"rope_parameters", R"({"rope_theta":"x"})",
       "rope_parameters.rope_theta: wrong type: found \"x\", allowed a number"},
      {"partial_rotary_factor", "0.5",
       "partial_rotary_factor: setting is not supported: found 0.5, allowed 1"},
      {"hidden_act", "\"mish\"",
       "hidden_act: unknown activation: found \"mish\", allowed silu, swish, relu, gelu, gelu_new, "
       "gelu_pytorch_tanh, gelu_fast"},
      {"attention_bias", "1", "attention_bias: wrong type: found 1, allowed true or false"},
      {"tie_word_embeddings", "\"no\"",
       "tie_word_embeddings: wrong type: found \"no\", allowed true or false"},
      {"bos_token_id", "24", "bos_token_id: out of range: found 24, allowed an integer from 0 to 23"},
      {"eos_token_id", "-1", "eos_token_id: out of range: found -1, allowed an integer from 0 to 23"},
      {"eos_token_id", "[2, 99]", "eos_token_id[1]: out of range: found 99, allowed an integer from 0 to 23"},
      {"eos_token_id", "\"</s>\"",
       "eos_token_id: wrong type: found \"</s>\", allowed an integer from 0 to 23"},
      {"quantization_config", "{}",
       "quantization_config: quantised weights are not supported: found an object"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(failure(kLlama, {{c.key, c.value}}), c.message) << c.key << " " << c.value;
  const auto list = JsonDocument::parse("[]", "config.json");
  EXPECT_EQ(readHfConfig(list.value()).error().message(),
            "config.json: wrong type: found an array, allowed an object");
  EXPECT_EQ(failure(kLlama, {{"vocab_size", "16777216"}, {"hidden_size", "131070"}, {"head_dim", "4"}}),
            "config: describes a model that is too large: found 4398016102864.000000 parameters, allowed at "
            "most 2^40");
}

TEST(HfConfig, WhatIsWrittenReadsBack) {
  ModelConfig llama = smallLlama();
  llama.normEps = 1e-6f;
  llama.ropeTheta = 500000.0;
  llama.qkvBias = llama.oProjBias = true;
  llama.activation = Activation::gelu;
  ModelConfig opt = smallOpt();
  opt.normPlacement = NormPlacement::postNorm;
  opt.finalNorm = false;
  opt.sinusoidalTable = true;
  opt.bosTokenId.reset();
  opt.eosTokenIds = {TokenId{2}, TokenId{3}};
  ModelConfig linear = llama, llama3 = llama;
  linear.ropeScaling = {.kind = RopeScaling::Kind::linear, .factor = 2.5};
  llama3.ropeScaling = {.kind = RopeScaling::Kind::llama3, .factor = 8, .originalMaxPositionEmbeddings = 16};
  for (const ModelConfig& config : {llama, opt, linear, llama3}) {
    const auto text = writeHfConfig(config, "bfloat16");
    ASSERT_TRUE(text.ok()) << text.error().message();
    const auto document = JsonDocument::parse(text.value(), "config.json");
    const auto back = readHfConfig(document.value());
    ASSERT_TRUE(back.ok()) << back.error().message();
    const auto again = writeHfConfig(back.value(), "bfloat16");
    EXPECT_EQ(again.value(), text.value());
    EXPECT_EQ(back.value().normEps, config.normEps);
    EXPECT_EQ(back.value().ropeTheta, config.ropeTheta);
    EXPECT_EQ(back.value().ropeScaling.kind, config.ropeScaling.kind);
    EXPECT_EQ(back.value().ropeScaling.factor, config.ropeScaling.factor);
    EXPECT_EQ(back.value().activation, config.activation);
    EXPECT_EQ(back.value().qkvBias, config.qkvBias);
    EXPECT_EQ(back.value().normPlacement, config.normPlacement);
    EXPECT_EQ(back.value().sinusoidalTable, config.sinusoidalTable);
    EXPECT_EQ(back.value().bosTokenId, config.bosTokenId);
    EXPECT_EQ(back.value().eosTokenIds, config.eosTokenIds);
  }
}

TEST(HfConfig, WhatATypeCannotExpressIsNotWritten) {
  const auto failureOf = [](const ModelConfig& config) {
    const auto text = writeHfConfig(config, "float32");
    return text.ok() ? "ok" : text.error().message();
  };
  ModelConfig config = smallLlama();
  config.rotaryLayout = RotaryLayout::interleaved;
  EXPECT_EQ(failureOf(config),
            "config.json: rotary layout: cannot be written as model_type llama: allowed rotate-half");
  config = smallLlama();
  config.qkvBias = true;
  EXPECT_EQ(failureOf(config),
            "config.json: attention_bias: cannot be written as model_type llama: allowed biases of q_proj, "
            "k_proj, v_proj "
            "and o_proj together");
  config = smallOpt();
  config.positionOffset = 0;
  EXPECT_EQ(failureOf(config),
            "config.json: position: cannot be written as model_type opt: allowed a learned table with an "
            "offset of 2");
  config = smallOpt();
  config.normEps = 1e-6f;
  EXPECT_EQ(
      failureOf(config),
      "config.json: norm: cannot be written as model_type opt: allowed LayerNorm with an epsilon of 1e-05");
  EXPECT_EQ(failureOf(smallGpt2()),
            "config.json: model_type: cannot be written as model_type gpt2: allowed llama, mistral, qwen2, "
            "deepseek_v2, opt");
}

TEST(HfConfig, EveryFlippedBitIsReadOrRefused) {
  for (const ModelConfig& config : {smallLlama(), smallOpt()}) {
    const std::string text = writeHfConfig(config, "bfloat16").value();
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      const auto document = JsonDocument::parse(changed, "config.json");
      const auto read =
          document.ok() ? readHfConfig(document.value()) : Result<ModelConfig>(document.error());
      if (read.ok()) {
        EXPECT_TRUE(read.value().validate().ok()) << bit;
      } else {
        EXPECT_TRUE(read.error().message().starts_with("config.json: ")) << read.error().message();
      }
    }
  }
}

}  // namespace
}  // namespace decodescope
