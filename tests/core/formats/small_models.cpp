#include "tests/core/formats/small_models.h"

#include "core/formats/hf_names.h"
#include "core/formats/tokenizer_json.h"

#include <algorithm>

namespace decodescope {

ModelConfig smallLlama() {
  ModelConfig config;
  config.modelType = "llama";
  config.vocabSize = 24;
  config.hiddenSize = 12;
  config.intermediateSize = 20;
  config.numHiddenLayers = 2;
  config.numAttentionHeads = 3;
  config.numKeyValueHeads = 1;
  config.headDim = 6;
  config.maxPositionEmbeddings = 32;
  config.tieWordEmbeddings = false;
  config.bosTokenId = TokenId{1};
  config.eosTokenIds = {TokenId{2}};
  return config;
}

ModelConfig smallOpt() {
  ModelConfig config = smallLlama();
  config.modelType = "opt";
  config.numKeyValueHeads = 3;
  config.headDim = 4;
  config.norm = NormKind::layerNorm;
  config.position = PositionKind::learned;
  config.positionOffset = 2;
  config.activation = Activation::relu;
  config.gatedMlp = false;
  config.qkvBias = config.oProjBias = config.mlpBias = true;
  config.tieWordEmbeddings = true;
  return config;
}

ModelConfig smallGpt2() {
  ModelConfig config = smallOpt();
  config.modelType = "gpt2";
  config.positionOffset = 0;
  config.activation = Activation::geluTanh;
  return config;
}

Model numberedModel(const ModelConfig& config) {
  Model model(config);
  int next = 0;
  for (const Parameter& parameter : model.layout().parameters()) {
    const MatrixSpan matrix = model.parameter(parameter);
    for (int row = 0; row < matrix.rows; ++row) {
      for (float& number : matrix.rowSpan(row)) {
        // Seven bits and a power of two: exact in bfloat16.
        number = static_cast<float>(64 + next % 64) * (next / 64 % 2 == 0 ? 0x1p-6f : -0x1p-9f);
        ++next;
      }
    }
  }
  return model;
}

Model withPairsInHalves(const Model& model) {
  ModelConfig config = model.config();
  const bool interleaved = config.rotaryLayout == RotaryLayout::interleaved;
  config.rotaryLayout = RotaryLayout::rotateHalf;
  Model halves(config);
  for (const Parameter& parameter : model.layout().parameters()) {
    const ConstMatrixSpan from = model.parameter(parameter);
    const MatrixSpan to = halves.parameter(parameter);
    const bool turned = interleaved && (parameter.role == ParameterRole::qProjWeight ||
                                        parameter.role == ParameterRole::kProjWeight);
    for (int row = 0; row < from.rows; ++row) {
      const int inHead = row % config.headDim;
      const int place = row - inHead + inHead / 2 + inHead % 2 * config.headDim / 2;
      std::copy_n(from.row(row), from.cols, to.row(turned ? place : row));
    }
  }
  return halves;
}

std::string smallTokenizerJson() {
  TokenizerSpec spec;
  spec.pieces = {"[UNK]", "[SOS]", "[EOS]", "the", "cat", "sat"};
  spec.specials = {"[UNK]", "[SOS]", "[EOS]"};
  spec.unknown = "[UNK]";
  spec.before = "[SOS]";
  return writeWordLevelTokenizerJson(spec);
}

std::string safetensorsBytes(const std::string& header, const std::string& data) {
  std::string bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes + header + data;
}

std::string safetensorsBytes(const std::vector<TestTensor>& tensors) {
  std::string header = "{";
  std::string data;
  for (const TestTensor& tensor : tensors) {
    std::string shape;
    for (const int size : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(size);
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.numbers.data()), 4 * tensor.numbers.size());
    header += (header.size() > 1 ? ",\"" : "\"") + tensor.name + "\":{\"dtype\":\"F32\",\"shape\":[" + shape +
              "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
  }
  return safetensorsBytes(header + "}", data);
}

std::vector<TestTensor> storedTensors(const Model& model) {
  std::vector<TestTensor> tensors;
  for (const Parameter& parameter : model.layout().parameters()) {
    const ConstMatrixSpan matrix = model.parameter(parameter);
    TestTensor tensor{hfFullName(model.config(), parameter), {matrix.rows, matrix.cols}, {}};
    if (hfStoredPart(model.config(), parameter).isVector) tensor.shape = {matrix.cols};
    tensor.numbers.assign(matrix.data, matrix.data + parameter.size());
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::vector<TestTensor> storedGpt2Tensors(const Model& model) {
  std::vector<TestTensor> tensors;
  const auto addVector = [&](const std::string& name, std::vector<const float*> parts, int each) {
    TestTensor tensor{name, {each * static_cast<int>(parts.size())}, {}};
    for (const float* part : parts) tensor.numbers.insert(tensor.numbers.end(), part, part + each);
    tensors.push_back(std::move(tensor));
  };
  const auto addPlain = [&](const std::string& name, ConstMatrixSpan matrix) {
    tensors.push_back(
        {name, {matrix.rows, matrix.cols}, {matrix.data, matrix.data + matrix.rows * matrix.cols}});
  };
  const auto addConv = [&](const std::string& name, std::vector<LinearWeights> parts) {
    const int in = parts.front().weight.cols;
    const int out = parts.front().weight.rows;
    TestTensor tensor{name + ".weight", {in, out * static_cast<int>(parts.size())}, {}};
    std::vector<const float*> biases;
    for (int i = 0; i < in; ++i) {
      for (const LinearWeights& part : parts) {
        for (int o = 0; o < out; ++o) tensor.numbers.push_back(part.weight(o, i));
      }
    }
    tensors.push_back(std::move(tensor));
    for (const LinearWeights& part : parts) biases.push_back(part.bias);
    addVector(name + ".bias", biases, out);
  };
  const auto addNorm = [&](const std::string& name, NormWeights norm) {
    addVector(name + ".weight", {norm.weight}, model.config().hiddenSize);
    addVector(name + ".bias", {norm.bias}, model.config().hiddenSize);
  };
  addPlain("transformer.wte.weight", model.embedTokens().floats());
  addPlain("transformer.wpe.weight", model.embedPositions());
  for (int i = 0; i < model.config().numHiddenLayers; ++i) {
    const LayerWeights& layer = model.layer(LayerIndex{i});
    const std::string prefix = "transformer.h." + std::to_string(i) + ".";
    addNorm(prefix + "ln_1", layer.inputNorm);
    addConv(prefix + "attn.c_attn", {layer.qProj, layer.kProj, layer.vProj});
    addConv(prefix + "attn.c_proj", {layer.oProj});
    addNorm(prefix + "ln_2", layer.postAttentionNorm);
    addConv(prefix + "mlp.c_fc", {layer.upProj});
    addConv(prefix + "mlp.c_proj", {layer.downProj});
  }
  addNorm("transformer.ln_f", model.finalNorm());
  return tensors;
}

}  // namespace decodescope
