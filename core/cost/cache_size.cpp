#include "core/cost/cache_size.h"

#include <algorithm>

namespace decodescope {

CacheShape cacheShapeOf(const ModelConfig& config) {
  const bool latent = config.attention == AttentionKind::latent;
  return {.layers = config.numHiddenLayers,
          .hiddenSize = config.hiddenSize,
          .heads = config.numAttentionHeads,
          .keyValueHeads = config.numKeyValueHeads,
          .headDim = latent ? config.qkNopeHeadDim : config.headDim,
          .valueDim = config.valueHeadDim(),
          .latentRank = latent ? config.kvLoraRank : 0,
          .rotaryDim = latent ? config.qkRopeHeadDim : 0,
          .queryRank = latent ? config.qLoraRank : 0,
          .window = config.slidingWindow,
          .isLinear = config.attention == AttentionKind::linear};
}

std::uint64_t cachedNumbers(const CacheShape& shape) {
  if (shape.isLatent())
    return static_cast<std::uint64_t>(shape.latentRank) + static_cast<std::uint64_t>(shape.rotaryDim);
  const std::uint64_t d = static_cast<std::uint64_t>(shape.headDim),
                      heads = static_cast<std::uint64_t>(shape.keyValueHeads);
  return heads * (shape.isLinear ? d * (d + 1) : d + static_cast<std::uint64_t>(shape.valueWidth()));
}

std::uint64_t cachedPositions(const CacheShape& shape, std::uint64_t tokens) {
  if (shape.isLinear) return std::min<std::uint64_t>(tokens, 1);
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
  shape.isLinear = false;
  return shape;
}

CacheShape withState(CacheShape shape) {
  if (shape.isLatent()) shape = withKeyValueHeads(shape, shape.heads);
  shape.isLinear = true;
  shape.window = 0;
  return shape;
}

CacheShape withLatent(CacheShape shape) {
  if (shape.isLatent()) return shape;
  shape.isLinear = false;
  shape.latentRank = 4 * shape.headDim;
  shape.rotaryDim = std::max(1, shape.headDim / 2);
  return shape;
}

}  // namespace decodescope
