#include "tests/support/llama2c_file.h"

#include "tests/support/byte_writer.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>

namespace decodescope::test {
namespace {

void put(ByteWriter& out, const WeightSpan& matrix) {
  for (int row = 0; row < matrix.rows; ++row) {
    for (const float number : matrix.row(row)) out.put(number);
  }
}

void putVector(ByteWriter& out, const float* numbers, int count) {
  put(out, WeightSpan(ConstMatrixSpan(numbers, 1, count)));
}

}  // namespace

std::string llama2cBytes(const Model& model, int version) {
  const ModelConfig& c = model.config();
  ByteWriter out;
  if (version == 1) out.put<std::uint32_t>(0x616b3432).put<std::int32_t>(1);
  const int vocab = version == 0 && !c.tieWordEmbeddings ? -c.vocabSize : c.vocabSize;
  for (const int number : {c.hiddenSize, c.intermediateSize, c.numHiddenLayers, c.numAttentionHeads,
                           c.numKeyValueHeads, vocab, c.maxPositionEmbeddings}) {
    out.put<std::int32_t>(number);
  }
  if (version == 1) out.put<std::uint8_t>(c.tieWordEmbeddings ? 1 : 0).padTo(256);
  const auto layers = [&](const std::function<void(const LayerWeights&)>& each) {
    for (int i = 0; i < c.numHiddenLayers; ++i) each(model.layer(LayerIndex{i}));
  };
  const auto attentionNorms = [&] {
    layers([&](const LayerWeights& layer) { putVector(out, layer.inputNorm.weight, c.hiddenSize); });
  };
  const auto mlpNorms = [&] {
    layers([&](const LayerWeights& layer) { putVector(out, layer.postAttentionNorm.weight, c.hiddenSize); });
  };
  const auto attention = [&] {
    layers([&](const LayerWeights& layer) { put(out, layer.qProj.weight); });
    layers([&](const LayerWeights& layer) { put(out, layer.kProj.weight); });
    layers([&](const LayerWeights& layer) { put(out, layer.vProj.weight); });
    layers([&](const LayerWeights& layer) { put(out, layer.oProj.weight); });
  };
  const auto mlp = [&] {
    layers([&](const LayerWeights& layer) { put(out, layer.gateProj.weight); });
    layers([&](const LayerWeights& layer) { put(out, layer.downProj.weight); });
    layers([&](const LayerWeights& layer) { put(out, layer.upProj.weight); });
  };
  if (version == 1) {
    attentionNorms();
    mlpNorms();
    putVector(out, model.finalNorm().weight, c.hiddenSize);
    put(out, model.embedTokens());
    attention();
    mlp();
  } else {
    put(out, model.embedTokens());
    attentionNorms();
    attention();
    mlpNorms();
    mlp();
    putVector(out, model.finalNorm().weight, c.hiddenSize);
    for (const bool sine : {false, true}) {
      for (int position = 0; position < c.maxPositionEmbeddings; ++position) {
        for (int pair = 0; pair < c.headDim / 2; ++pair) {
          const double angle = position * std::pow(10000.0, -2.0 * pair / c.headDim);
          out.put(static_cast<float>(sine ? std::sin(angle) : std::cos(angle)));
        }
      }
    }
  }
  if (!c.tieWordEmbeddings) put(out, model.lmHead().weight);
  return out.bytes();
}

ModelConfig hugeConfig() {
  ModelConfig config = smallConfig();
  config.hiddenSize = 8192;
  config.numAttentionHeads = config.numKeyValueHeads = 64;
  config.headDim = 128;
  config.intermediateSize = 28672;
  config.numHiddenLayers = 256;
  config.vocabSize = 32000;
  config.maxPositionEmbeddings = 128;
  return config;
}

std::string writeHugeCheckpoint(const TemporaryDir& folder, const std::string& name) {
  const std::int32_t header[] = {8192, 28672, 256, 64, 64, 32000, 128};
  const std::string path = folder.write(name, {reinterpret_cast<const char*>(header), sizeof header});
  std::filesystem::resize_file(
      path, sizeof header + 4 * ParameterLayout(hugeConfig()).parameterCount() + 4ull * 128 * 128);
  return path;
}

std::string llama2cTokenizerBytes(const std::vector<Llama2cToken>& tokens) {
  std::size_t longest = 0;
  for (const Llama2cToken& token : tokens) longest = std::max(longest, token.piece.size());
  ByteWriter out;
  out.put(static_cast<std::int32_t>(longest));
  for (const Llama2cToken& token : tokens) {
    out.put(token.score).put(static_cast<std::int32_t>(token.piece.size())).raw(token.piece);
  }
  return out.bytes();
}

std::vector<Llama2cToken> sentencePieceTokens(const std::vector<std::string>& more) {
  std::vector<Llama2cToken> tokens = {{"<unk>"}, {"\n<s>\n"}, {"\n</s>\n"}};
  for (int byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", static_cast<unsigned>(byte));
    tokens.push_back({piece});
  }
  float score = 0.0f;
  for (const std::string& piece : more) tokens.push_back({piece, score--});
  return tokens;
}

}  // namespace decodescope::test
