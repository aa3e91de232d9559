#pragma once

#include "core/base/aligned_buffer.h"
#include "core/trace/trace_sink.h"

#include <vector>

namespace decodescope {

/// Keeps what the backward pass needs of one forward pass over an empty cache, as T-row matrices.
/// Buffers are made once for `maxRows` and used again for every sequence. Not shared between threads.
class TrainingSink : public TraceSink {
 public:
  TrainingSink(const ModelConfig& config, int maxRows);

  /// Forgets the last sequence; the next has `rows` tokens. Needs 1 ≤ rows ≤ maxRows.
  void begin(int rows);
  int rows() const { return m_rows; }

  bool wants(Site site, LayerIndex layer) const override;
  void record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) override;

  /// (T, width) of a site that wants() says yes to.
  ConstMatrixSpan rowsOf(Site site, LayerIndex layer = kNoLayer) const;
  /// (T, T) of one head: softmax weights, 0 above the diagonal.
  ConstMatrixSpan weightsOf(LayerIndex layer, HeadIndex head) const;

 private:
  std::size_t index(Site site, LayerIndex layer) const;

  const ModelConfig m_config;
  const int m_maxRows;
  int m_rows = 0;
  std::vector<AlignedBuffer> m_sites;  ///< [(layer + 1) · kSiteCount + site], empty where not wanted
  std::vector<AlignedBuffer>
      m_weights;  ///< [layer · H + head], (maxRows, maxRows); cells above the diagonal stay 0
};

}  // namespace decodescope
