#pragma once

#include "core/attention/attend.h"
#include "core/base/aligned_buffer.h"
#include "core/base/ids.h"
#include "core/base/matrix_span.h"
#include "core/model/model_config.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace decodescope {

/// What attention keeps of every position so far, float32.
///   MHA, GQA, MQA   keys (after RoPE) and values, by layer and key/value head
///   sliding window  the same of the last W positions
///   MLA             the latent (C) and the rotary key (r) that all heads share, by layer
///   linear          no rows: a state (G, d+1, d) a layer, of one size whatever the length
/// One head's rows lie together: (capacity, width) row-major, so that a query reads one stream. Grows by
/// doubling, up to the context limit or twice the window.
class KvCache {
 public:
  explicit KvCache(const ModelConfig& config);

  /// Positions fed so far.
  int length() const { return m_length; }
  /// The oldest position whose rows are held: 0, or length() − W.
  int firstHeld() const { return m_firstHeld; }
  int capacity() const { return m_capacity; }
  /// Makes room for `rows` positions in all; what is held stays. Begins a call: what a call that was not
  /// committed has written is forgotten.
  void reserve(int rows);
  /// Copies the new rows of one layer behind the cached ones. keys (n, G·d) or latents (n, C), values (n,
  /// G·d) or rotary keys (n, r). Needs reserve(length() + n).
  void write(LayerIndex layer, ConstMatrixSpan keys, ConstMatrixSpan values);
  /// A layer's state, to be worked on: (G·(d+1), d), a head's Σ φ(k) vᵀ with Σ φ(k) below. Linear attention.
  MatrixSpan state(LayerIndex layer);
  /// Counts n rows as cached, once all layers are written; drops those before the window.
  void commit(int n);
  /// Forgets every position from `length` on. Needs 0 ≤ length ≤ length(); 0 or length() where rows before a
  /// window have been dropped, and for linear attention.
  void truncate(int length);

  /// Rows of the positions firstHeld() …; those up to length(), and those just written, are valid.
  HeadRows keyRows(LayerIndex layer) const;    ///< MLA: the latents, one head
  HeadRows valueRows(LayerIndex layer) const;  ///< MLA: the rotary keys, one head
  ConstMatrixSpan keys(LayerIndex layer, KvHeadIndex head) const { return keyRows(layer).head(head); }
  ConstMatrixSpan values(LayerIndex layer, KvHeadIndex head) const { return valueRows(layer).head(head); }

  /// What is held takes: 4 · L · 2·G·d · rows; MLA 4 · L · (C + r) · rows; linear 4 · L · G·d·(d+1), once
  /// anything has been fed.
  std::uint64_t bytes() const;

 private:
  HeadRows rowsOf(const AlignedBuffer& buffer, LayerIndex layer, int width) const;
  /// Into new buffers of this many rows a head, the held ones first.
  void moveTo(int capacity);

  int m_layers, m_heads, m_keyWidth, m_valueWidth;
  int m_limit;   ///< rows, beyond which doubling does not go
  int m_window;  ///< W, 0: none
  int m_length = 0;
  int m_firstHeld = 0;
  int m_start = 0;  ///< row of the buffers where position m_firstHeld lies
  int m_capacity = 0;
  AlignedBuffer m_keys, m_values;  ///< (L, heads, capacity, width)
  int m_stateRows, m_stateCols;    ///< of a layer; 0 where there is none
  AlignedBuffer m_state, m_nextState;
};

}  // namespace decodescope
