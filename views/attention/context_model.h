#pragma once

#include "views/attention/attention_model.h"

#include <QString>

#include <span>
#include <vector>

namespace decodescope {

/// One query's context as the sum of its keys' V rows times their weights, and as the run traced it.
struct ContextNumbers {
  struct Row {
    int key = 0;
    float weight = 0;
    std::span<const float> value;  ///< v (d)
    std::vector<float> product;    ///< weight · v (d)
  };
  int headDim = 0;
  std::vector<Row> rows;  ///< the heaviest keys, from the heaviest down
  int others = 0;         ///< keys that are summed up in one line
  double otherWeight = 0;
  std::vector<float> otherSum;  ///< Σ of their products (d)
  std::vector<float> sum;       ///< Σ of all products (d), by the decoder's own kernel, in its order
  std::vector<float> traced;    ///< the run's context of this head (d); zeros for a struck head
  double maxDifference = 0;     ///< max |sum − traced|
  bool headStruck = false;      ///< a what-if makes the context zero
  bool ready() const { return !sum.empty(); }
};

/// At most `rowsShown` keys by themselves. Nothing is ready when a needed trace is not stored.
ContextNumbers contextNumbers(const AttentionModel& model, int rowsShown);

}  // namespace decodescope
