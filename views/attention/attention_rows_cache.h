#pragma once

#include "core/attention/attention_rows.h"
#include "core/decode/run_snapshot.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace decodescope {

/// Derived attention rows of the layers and stages looked at lately, kept between frames: a step derives its
/// new rows only. Causal rows never change later, so what was derived for a run stays right until another run
/// is shown.
class AttentionRowsCache {
 public:
  /// Derives what is missing of rows 0 … tokens−1 of every head of the layer. Rows whose traces are not
  /// stored stay empty and are tried again next time.
  void prepare(const RunSnapshot& run, LayerIndex layer, ScoreStage stage, int tokens);

  /// The row of the layer prepared last: a value for each key that the query sees (NaN where a what-if
  /// strikes the key out), or empty when its trace is missing.
  std::span<const float> row(HeadIndex head, int query) const;
  /// Largest magnitude of that row, 0 when it is missing.
  float rowMax(HeadIndex head, int query) const;

  /// Rows derived since construction, for tests.
  std::uint64_t derivedRows() const { return m_derivedRows; }

 private:
  struct Head {
    std::vector<std::vector<float>> rows;
    std::vector<float> max;
  };
  struct Layer {
    LayerIndex layer;
    ScoreStage stage = ScoreStage::weight;
    std::vector<Head> heads;
    int unmaskedTokens = 0;  ///< of a run without a mask: what its rows were derived for
    std::weak_ptr<const PositionTrace> unmaskedTrace;
  };
  Layer& take(LayerIndex layer, ScoreStage stage);

  std::uint64_t m_runId = 0;
  const void* m_model = nullptr;
  std::vector<Layer> m_layers;  ///< the one used last stands last
  std::uint64_t m_derivedRows = 0;
};

/// Whether the stored rows were computed under the causal mask: not so in a what-if run without one.
bool hasCausalMask(const RunSnapshot& run, int tokens);

}  // namespace decodescope
