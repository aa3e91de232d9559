#pragma once

#include "views/colormap.h"

namespace decodescope {

/// How the view is laid out.
enum class AttentionArrangement {
  matrix,      ///< one head's matrix, all heads of its layer as thumbnails
  stages,      ///< four matrices: q·k, ÷√d, masked, softmax
  grid,        ///< all layers × heads as thumbnails
  row,         ///< one query's row as bars
  context,     ///< weights times rows of V, and their sum
  scaling,     ///< why √d: the row's softmax under other divisors
  embeddings,  ///< q·k beside the embeddings' own inner product
  absorbed,    ///< MLA: scores of rebuilt keys beside those worked out on the latents
};

/// From q·k to weights.
enum class AttentionStage {
  raw,      ///< q·k, also with later keys, which the run never computes
  scaled,   ///< the same divided by √d
  masked,   ///< without the keys that the query does not see
  weights,  ///< softmax
};

/// How numbers become colours.
enum class AttentionScale { linear, logarithmic, perRow, withoutFirst };

/// What the user chose in the view's tool bar.
struct AttentionSettings {
  AttentionArrangement arrangement = AttentionArrangement::matrix;
  AttentionStage stage = AttentionStage::weights;
  AttentionScale scale = AttentionScale::linear;
  bool lockedRange = true;           ///< one range of colours for all heads, else each head its own
  Colormap map = Colormap::viridis;  ///< of weights; signed scores always use the diverging map
  bool allHeads = true;              ///< thumbnails of the layer's heads

  friend bool operator==(const AttentionSettings&, const AttentionSettings&) = default;
};

}  // namespace decodescope
