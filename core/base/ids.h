#pragma once

#include <compare>

namespace decodescope {

/// A small index that cannot be mixed up with another kind of index.
/// Interfaces use these; kernels use int.
template <class Tag>
struct StrongIndex {
  int value = 0;

  constexpr StrongIndex() = default;
  constexpr explicit StrongIndex(int v) : value(v) {}
  friend constexpr auto operator<=>(StrongIndex, StrongIndex) = default;
};

using LayerIndex = StrongIndex<struct LayerTag>;    ///< 0 … L−1
using HeadIndex = StrongIndex<struct HeadTag>;      ///< query head, 0 … H−1
using KvHeadIndex = StrongIndex<struct KvHeadTag>;  ///< key/value head, 0 … G−1
using Position = StrongIndex<struct PositionTag>;   ///< token position in the sequence, 0 … T−1
using TokenId = StrongIndex<struct TokenIdTag>;     ///< row of the embedding, 0 … V−1
using StepIndex = StrongIndex<struct StepTag>;      ///< forward call of a run, counted from 1

/// The layer index of tensors that belong to no layer (embeddings, final norm, logits).
inline constexpr LayerIndex kNoLayer{-1};

}  // namespace decodescope
