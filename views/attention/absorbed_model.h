#pragma once

#include "views/attention/attention_model.h"

#include <vector>

namespace decodescope {

/// One query of an MLA head worked out in both forms: with the keys and values that the run rebuilds from the
/// cached latents, and on the latents themselves, W_K absorbed into the query and W_V into the output
/// (core/attention/absorbed.h).
struct AbsorbedNumbers {
  struct Row {
    int key = 0;
    float rebuilt = 0;   ///< q·k_j / √d, k_j = [W_K c_j; kᴿ_j]
    float absorbed = 0;  ///< ((W_Kᵀ q_n)·c_j + q_r·kᴿ_j) / √d
    float weight = 0;    ///< softmax of the absorbed scores
    double difference() const { return static_cast<double>(absorbed) - static_cast<double>(rebuilt); }
  };
  std::vector<Row> rows;               ///< the keys 0 … query
  std::vector<float> query;            ///< W_Kᵀ q_n: (C)
  std::vector<float> rebuiltContext;   ///< the run's: Σ a_j W_V c_j, (v)
  std::vector<float> absorbedContext;  ///< W_V Σ a_j c_j, (v)
  double maxScoreDifference = 0;
  double maxContextDifference = 0;
  bool ready() const { return !rows.empty(); }
};

/// Of the selected layer, head and query. Nothing is ready where the architecture has no latent, or a needed
/// trace is not stored.
AbsorbedNumbers absorbedNumbers(const AttentionModel& model);

}  // namespace decodescope
