#include "core/cost/cache_size.h"

#include <algorithm>

namespace decodescope {

CacheShape cacheShapeOf(const ModelConfig& config) {
  return {.layers = config.numHiddenLayers,
          .hiddenSize = config.hiddenSize,
          .heads = config.numAttentionHeads,
          .keyValueHeads = config.numKeyValueHeads,
          .headDim = config.headDim};
}

std::uint64_t cachedNumbers(const CacheShape& shape) {
  if (shape.isLatent())
    return static_cast<std::uint64_t>(shape.latentRank) + static_cast<std::uint64_t>(shape.rotaryDim);
  return std::uint64_t{2} * static_cast<std::uint64_t>(shape.keyValueHeads) *
         static_cast<std::uint64_t>(shape.headDim);
}

std::uint64_t cachedPositions(const CacheShape& shape, std::uint64_t tokens) {
  return shape.window > 0 ? std::min(tokens, static_cast<std::uint64_t>(shape.window)) : tokens;
}

std::uint64_t cacheBytes(const CacheShape& shape, std::uint64_t batch, std::uint64_t tokens,
                         std::uint64_t bytesPerNumber) {
  return batch * static_cast<std::uint64_t>(shape.layers) * cachedNumbers(shape) *
         cachedPositions(shape, tokens) * bytesPerNumber;
}

CacheShape withKeyValueHeads(CacheShape shape, int keyValueHeads) {
  shape.keyValueHeads = keyValueHeads;
  shape.latentRank = shape.rotaryDim = shape.queryRank = 0;
  return shape;
}

CacheShape withLatent(CacheShape shape) {
  if (shape.isLatent()) return shape;
  shape.latentRank = 4 * shape.headDim;
  shape.rotaryDim = std::max(1, shape.headDim / 2);
  return shape;
}

}  // namespace decodescope
