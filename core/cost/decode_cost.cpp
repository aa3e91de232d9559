#include "core/cost/decode_cost.h"

namespace decodescope {

Counters forwardCost(const ModelConfig& config, int newRows, int cachedRows) {
  using U = std::uint64_t;
  const U n = static_cast<U>(newRows), m = static_cast<U>(cachedRows);
  const U layers = static_cast<U>(config.numHiddenLayers), width = static_cast<U>(config.hiddenSize);
  const U query = static_cast<U>(config.queryWidth()), keyValue = static_cast<U>(config.keyValueWidth());
  const U inner = static_cast<U>(config.intermediateSize), vocabulary = static_cast<U>(config.vocabSize);
  const U products = config.gatedMlp ? 3 : 2;
  const U matrices = 2 * width * query + 2 * width * keyValue + products * width * inner;
  const U visibleCells = n * m + n * (n + 1) / 2;

  Counters cost;
  cost.projectionMacs = n * layers * matrices;
  cost.attentionMacs = layers * 2 * query * visibleCells;
  cost.logitMacs = vocabulary * width;

  const U normNumbers = width * (config.norm == NormKind::layerNorm ? 2 : 1);
  U layerBiases = 0;
  if (config.qkvBias) layerBiases += query + 2 * keyValue;
  if (config.oProjBias) layerBiases += width;
  if (config.mlpBias) layerBiases += (products - 1) * inner + width;
  const U embeddingRows = n * width * (config.position == PositionKind::learned ? 2 : 1);
  const U head = vocabulary * (width + (config.lmHeadBias ? 1 : 0));
  cost.weightBytesRead =
      sizeof(float) * (embeddingRows + layers * (matrices + layerBiases + 2 * normNumbers) +
                       (config.finalNorm ? normNumbers : 0) + head);
  cost.kvBytesRead = sizeof(float) * layers * 2 * keyValue * visibleCells;
  cost.kvBytesWritten = sizeof(float) * layers * 2 * keyValue * n;
  return cost;
}

std::uint64_t kvCacheBytes(const ModelConfig& config, int tokens) {
  return std::uint64_t{2} * static_cast<std::uint64_t>(config.numHiddenLayers) *
         static_cast<std::uint64_t>(config.keyValueWidth()) * static_cast<std::uint64_t>(tokens) *
         sizeof(float);
}

}  // namespace decodescope
