#pragma once

#include "core/model/model_config.h"

#include <cstdint>

namespace decodescope {

/// What fixes the size of a decoder's cache and the traffic of its attention. Letters as in core/README.md.
struct CacheShape {
  int layers = 1;         ///< L
  int hiddenSize = 1;     ///< D
  int heads = 1;          ///< H
  int keyValueHeads = 1;  ///< G; H for MHA, 1 for MQA. Not used with a latent
  int headDim = 1;        ///< d, of queries and keys; with a latent n, without the rotary part
  int valueDim = 0;       ///< v, of a head's values; 0: as headDim
  int latentRank = 0;     ///< C; above 0: multi-head latent attention, which caches C + r numbers
  int rotaryDim = 0;      ///< r, width of the rotary key that all heads share; with a latent only
  int queryRank = 0;      ///< rank of the queries' own compression; 0: none. With a latent only
  int window = 0;         ///< positions that are kept at most; 0: all
  /// Linear attention: a state of d rows and their normaliser, d numbers each, in place of any position.
  bool isLinear = false;

  bool isLatent() const { return latentRank > 0; }
  int valueWidth() const { return valueDim > 0 ? valueDim : headDim; }
};

/// The configuration's.
CacheShape cacheShapeOf(const ModelConfig& config);

/// Numbers kept for one token in one layer: G·(d + v), or C + r. Linear attention: of the state, G·d·(d + 1).
std::uint64_t cachedNumbers(const CacheShape& shape);

/// Positions that are kept of `tokens`: all, or the window. Linear attention: 1, the state, once there are
/// any.
std::uint64_t cachedPositions(const CacheShape& shape, std::uint64_t tokens);

/// batch · L · cachedNumbers · cachedPositions · bytes a number.
std::uint64_t cacheBytes(const CacheShape& shape, std::uint64_t batch, std::uint64_t tokens,
                         std::uint64_t bytesPerNumber);

/// The same decoder with G key/value heads, keys and values cached head by head. Needs 1 ≤ G ≤ H.
CacheShape withKeyValueHeads(CacheShape shape, int keyValueHeads);

/// The same decoder with linear attention, a state for each of G heads: its own, H with a latent.
CacheShape withState(CacheShape shape);

/// The same decoder with latent attention of DeepSeek-V2's proportions: C = 4·d and r = d/2 (DeepSeek-AI
/// 2024, §2.1.4). As it is when it has latent attention already.
CacheShape withLatent(CacheShape shape);

}  // namespace decodescope
