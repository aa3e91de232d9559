#pragma once

#include "core/base/aligned_buffer.h"
#include "core/base/ids.h"
#include "core/base/matrix_span.h"
#include "core/model/model_config.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace decodescope {

/// The keys (after RoPE) and values of every position so far, by layer and key/value head, float32.
/// One head's keys lie together: (capacity, d) row-major, so that a query reads one stream.
/// Grows by doubling, up to the context limit.
class KvCache {
 public:
  explicit KvCache(const ModelConfig& config);

  /// Positions held by every layer.
  int length() const { return m_length; }
  int capacity() const { return m_capacity; }
  /// Makes room for `rows` positions in all. Contents stay.
  void reserve(int rows);
  /// Copies the new rows' keys and values of one layer behind the cached ones. k, v (n, G·d). Needs
  /// reserve(length() + n).
  void write(LayerIndex layer, ConstMatrixSpan k, ConstMatrixSpan v);
  /// Counts n rows as cached, once all layers are written.
  void commit(int n) { m_length += n; }
  /// Forgets every position from `length` on. Needs 0 ≤ length ≤ length().
  void truncate(int length);

  /// (capacity, d); rows up to length(), and those just written, are valid.
  ConstMatrixSpan keys(LayerIndex layer, KvHeadIndex head) const;
  ConstMatrixSpan values(LayerIndex layer, KvHeadIndex head) const;

  /// 2 · L · G · d · length · 4: what the cached rows take.
  std::uint64_t bytes() const;

 private:
  std::size_t offset(LayerIndex layer, KvHeadIndex head) const;

  int m_layers, m_heads, m_headDim;
  int m_limit;  ///< the context, beyond which doubling does not go
  int m_length = 0;
  int m_capacity = 0;
  AlignedBuffer m_keys, m_values;  ///< (L, G, capacity, d)
};

}  // namespace decodescope
