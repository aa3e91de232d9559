#include "tests/bench/speed/shapes.h"

namespace decodescope::bench {
namespace {

Shape shape(const char* name, int dim, int layers, int heads, int kvHeads, int hidden, int vocab,
            int context) {
  ModelConfig c;
  c.hiddenSize = dim;
  c.numHiddenLayers = layers;
  c.numAttentionHeads = heads;
  c.numKeyValueHeads = kvHeads;
  c.headDim = dim / heads;
  c.intermediateSize = hidden;
  c.vocabSize = vocab;
  c.maxPositionEmbeddings = context;
  c.rotaryLayout = RotaryLayout::interleaved;
  return {name, c};
}

}  // namespace

std::uint64_t Shape::parameters() const {
  return ParameterLayout(config).parameterCount();
}

std::uint64_t Shape::bytesPerStep() const {
  const std::uint64_t table =
      static_cast<std::uint64_t>(config.vocabSize) * static_cast<std::uint64_t>(config.hiddenSize);
  const std::uint64_t read = parameters() - (config.tieWordEmbeddings ? 0 : table);
  return read * sizeof(float);
}

std::vector<Shape> shapes() {
  return {shape("260K", 64, 5, 8, 4, 172, 512, 512), shape("15M", 288, 6, 6, 6, 768, 32000, 256),
          shape("42M", 512, 8, 8, 8, 1376, 32000, 1024), shape("110M", 768, 12, 12, 12, 2048, 32000, 1024)};
}

}  // namespace decodescope::bench
