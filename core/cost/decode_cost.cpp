#include "core/cost/decode_cost.h"

#include <algorithm>

namespace decodescope {
namespace {

using U = std::uint64_t;

/// One layer's attention matrices, and what stands beside them.
struct AttentionWeights {
  U matrices = 0;  ///< numbers in the matrices that every new row is multiplied with
  U others = 0;    ///< biases, and the norms within MLA
  U rebuild = 0;   ///< numbers of kv_b_proj, part of `matrices`: cached rows are multiplied with it too
};

AttentionWeights attentionWeights(const ModelConfig& config) {
  const U width = static_cast<U>(config.hiddenSize), query = static_cast<U>(config.queryWidth());
  const U context = static_cast<U>(config.contextWidth()), keyValue = static_cast<U>(config.keyValueWidth());
  AttentionWeights weights;
  weights.matrices = width * context;
  if (config.oProjBias) weights.others += width;
  if (config.attention != AttentionKind::latent) {
    weights.matrices += width * query + 2 * width * keyValue;
    if (config.qkvBias) weights.others += query + 2 * keyValue;
    return weights;
  }
  const U rank = static_cast<U>(config.kvLoraRank), queryRank = static_cast<U>(config.qLoraRank);
  const U heads = static_cast<U>(config.numAttentionHeads);
  weights.rebuild = rank * heads * static_cast<U>(config.qkNopeHeadDim + config.vHeadDim);
  weights.matrices += width * (rank + static_cast<U>(config.qkRopeHeadDim)) + weights.rebuild;
  weights.matrices += queryRank > 0 ? queryRank * (width + query) : width * query;
  weights.others += rank + queryRank;
  return weights;
}

/// Σ over the new rows of the keys that each sees: n·m + n(n+1)/2, no more than W a row.
U visibleCells(const ModelConfig& config, U newRows, U cachedRows) {
  const U all = newRows * cachedRows + newRows * (newRows + 1) / 2;
  const U window = static_cast<U>(config.slidingWindow);
  if (window == 0 || cachedRows + newRows <= window) return all;
  // The rows from `growing` on see W keys each, those before one more than the row above.
  const U growing = cachedRows >= window ? 0 : window - cachedRows;
  return growing * cachedRows + growing * (growing + 1) / 2 + (newRows - growing) * window;
}

void addAttention(Counters& cost, const ModelConfig& config, U n, U m) {
  const U layers = static_cast<U>(config.numHiddenLayers), cells = visibleCells(config, n, m);
  const U heads = static_cast<U>(config.numAttentionHeads), groups = static_cast<U>(config.numKeyValueHeads);
  const U d = static_cast<U>(config.headDim), keyValue = static_cast<U>(config.keyValueWidth());
  switch (config.attention) {
    case AttentionKind::softmax:
      cost.attentionMacs = layers * 2 * heads * d * cells;
      cost.kvBytesRead = sizeof(float) * layers * 2 * keyValue * cells;
      cost.kvBytesWritten = sizeof(float) * layers * 2 * keyValue * n;
      break;
    case AttentionKind::latent: {
      const U rank = static_cast<U>(config.kvLoraRank), rotary = static_cast<U>(config.qkRopeHeadDim);
      cost.rebuildMacs = m * layers * attentionWeights(config).rebuild;
      cost.attentionMacs = layers * heads * (d + static_cast<U>(config.vHeadDim)) * cells;
      cost.kvBytesRead = sizeof(float) * layers * (rank * (m + n) + rotary * cells);
      cost.kvBytesWritten = sizeof(float) * layers * (rank + rotary) * n;
      break;
    }
    case AttentionKind::linear:
      cost.attentionMacs = layers * n * (groups * d * d + heads * (d * d + d));
      cost.kvBytesRead = cost.kvBytesWritten = sizeof(float) * layers * n * groups * d * (d + 1);
      break;
  }
}

}  // namespace

Counters forwardCost(const ModelConfig& config, int newRows, int cachedRows) {
  const U n = static_cast<U>(newRows), m = static_cast<U>(cachedRows);
  const U layers = static_cast<U>(config.numHiddenLayers), width = static_cast<U>(config.hiddenSize);
  const U inner = static_cast<U>(config.intermediateSize), vocabulary = static_cast<U>(config.vocabSize);
  const U products = config.gatedMlp ? 3 : 2;
  const AttentionWeights attention = attentionWeights(config);
  const U matrices = attention.matrices + products * width * inner;

  Counters cost;
  cost.projectionMacs = n * layers * matrices;
  addAttention(cost, config, n, m);
  cost.logitMacs = vocabulary * width;

  const U normNumbers = width * (config.norm == NormKind::layerNorm ? 2 : 1);
  U layerOthers = attention.others;
  if (config.mlpBias) layerOthers += (products - 1) * inner + width;
  const U embeddingRows = n * width * (config.position == PositionKind::learned ? 2 : 1);
  const U head = vocabulary * (width + (config.lmHeadBias ? 1 : 0));
  cost.weightBytesRead =
      sizeof(float) * (embeddingRows + layers * (matrices + layerOthers + 2 * normNumbers) +
                       (config.finalNorm ? normNumbers : 0) + head);
  return cost;
}

Counters forwardCost(const Model& model, int newRows, int cachedRows) {
  Counters cost = forwardCost(model.config(), newRows, cachedRows);
  cost.weightBytesRead = model.lmHead().weight.bytes();
  for (const Parameter& p : model.layout().parameters()) {
    const WeightSpan weights = model.weights(p);
    if (p.role == ParameterRole::lmHeadWeight) continue;
    const bool byRow = p.role == ParameterRole::embedTokens || p.role == ParameterRole::embedPositions;
    cost.weightBytesRead +=
        byRow ? static_cast<U>(newRows) * weights.middleRows(0, 1).bytes() : weights.bytes();
  }
  return cost;
}

std::uint64_t kvCacheBytes(const ModelConfig& config, int tokens) {
  const U layers = static_cast<U>(config.numHiddenLayers), held = static_cast<U>(tokens);
  const U keyValue = static_cast<U>(config.keyValueWidth());
  U numbers = 0;
  switch (config.attention) {
    case AttentionKind::softmax:
      numbers = 2 * keyValue *
                (config.slidingWindow > 0 ? std::min(held, static_cast<U>(config.slidingWindow)) : held);
      break;
    case AttentionKind::latent:
      numbers = static_cast<U>(config.kvLoraRank + config.qkRopeHeadDim) * held;
      break;
    case AttentionKind::linear:
      numbers = tokens > 0 ? keyValue * static_cast<U>(config.headDim + 1) : 0;
      break;
  }
  return sizeof(float) * layers * numbers;
}

}  // namespace decodescope
