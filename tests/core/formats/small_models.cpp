#include "tests/core/formats/small_models.h"

#include "core/formats/tokenizer_json.h"

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

}  // namespace decodescope
