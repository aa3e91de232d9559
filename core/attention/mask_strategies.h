#pragma once

#include "core/attention/attention_rows.h"

#include <cstdint>
#include <vector>

namespace decodescope {

/// q_i·k_j/√d of every query with every key of the first `tokens` positions, also of those later than the
/// query, which no causal run computes: (tokens, tokens) row-major, by the decoder's own kernel from the
/// traced rows. On and below the diagonal the same numbers as attentionRow(). −∞ where a
/// what-if struck the key. Empty when a needed trace is missing, and for linear attention.
std::vector<float> unmaskedScores(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                  LayerIndex layer, HeadIndex head, int tokens);

/// Two ways from scores to causal weights. All matrices (T, T) row-major.
struct MaskStrategies {
  int tokens = 0;                   ///< T
  std::vector<float> scores;        ///< S, above the diagonal too
  std::vector<float> softmaxAll;    ///< (1) softmax of whole rows: a query sees later tokens
  std::vector<float> zeroed;        ///< (1) the same, 0 above the diagonal: rows sum to less than 1
  std::vector<float> renormalised;  ///< (1) each row divided by its sum
  std::vector<float> masked;        ///< (2) S, −∞ above the diagonal
  std::vector<float> weights;       ///< (2) softmax of that
  /// Largest |renormalised − weights|. A row whose visible part vanished in `softmaxAll` (a later score is
  /// larger by 88 or more) sums to 0 and cannot be renormalised: it holds NaN, is left out here and counted.
  double maxDifference = 0;
  int vanishedRows = 0;

  /// Sum of one row of a (T, T) matrix, in double.
  double rowSum(const std::vector<float>& matrix, int row) const;
};

/// scores (T, T), each row's first ones finite or −∞ and one of them finite. Softmax by the decoder's own
/// kernel. Under a sliding window (`window` keys, 0: none) "above the diagonal" means also the keys before
/// the window.
MaskStrategies maskStrategies(std::vector<float> scores, int tokens, int window = 0);

/// Attention dropout of training (Vaswani et al. 2017, §5.4; inverted): each cell on or below the diagonal is
/// kept with probability 1 − p and divided by 1 − p, else 0. weights (T, T). 0 ≤ p < 1. Cells are drawn in
/// order, so a longer sequence drops the same ones of its first rows.
std::vector<float> droppedOut(const std::vector<float>& weights, int tokens, double p, std::uint64_t seed);

}  // namespace decodescope
