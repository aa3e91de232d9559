#pragma once

#include "core/base/matrix_span.h"
#include "core/base/thread_pool.h"
#include "core/model/model_config.h"
#include "core/trace/attention_rules.h"
#include "core/trace/counters.h"
#include "core/trace/trace_sink.h"

#include <cstddef>

namespace decodescope {

/// One layer's keys or values, head by head: rows of `width` numbers that somebody else owns.
struct HeadRows {
  const float* data = nullptr;
  std::ptrdiff_t headStride = 0;  ///< floats from head to head
  std::ptrdiff_t rowStride = 0;   ///< floats from row to row
  int rows = 0;
  int width = 0;

  ConstMatrixSpan head(KvHeadIndex g) const { return {data + g.value * headStride, rows, width, rowStride}; }
};

/// What one layer's attention works on.
struct AttendCall {
  const ModelConfig& config;
  LayerIndex layer;
  int cachedRows = 0;      ///< m: the position of the first new row
  ConstMatrixSpan q = {};  ///< (n, H·d), after RoPE; φ(q) for linear attention
  HeadRows keys = {},
           values =
               {};  ///< of the positions firstKey … m + n − 1; for linear attention φ(k) and v of the new
  int firstKey = 0;       ///< rows alone
  int readPerKey = 0;     ///< cached numbers that a query row reads of each key it sees, for the counters
  MatrixSpan state = {};  ///< (G·(d+1), d), linear attention: before the first new row, then after the last
  MatrixSpan context = {};                ///< out: (n, H·v)
  MatrixSpan scratch = {};                ///< (≥ attendScratchRows(n), H · (m + n))
  const AttentionRules* rules = nullptr;  ///< a what-if; nullptr for a plain run
  TraceSink* sink = nullptr;
  Counters* counters = nullptr;
  ThreadPool* pool = nullptr;
};

/// The positions first … end − 1 that a query sees.
struct VisibleKeys {
  int first = 0;
  int end = 0;
};

/// Keys that new row r is compared with: under the causal mask its own and those before it, no more than the
/// window; all m + n without a mask.
VisibleKeys visibleKeys(const ModelConfig& config, const AttentionRules* rules, int cachedRows, int newRows,
                        int row);

/// Takes the keys that the rules hide from this query out of a head's scores: −∞, so that their weight is
/// exactly 0. scores: of the positions `first` ….
void hideStruckKeys(const AttentionRules& rules, LayerIndex layer, KvHeadIndex head, Position query,
                    int first, std::span<float> scores);

/// Rows of scratch that attendSoftmax needs for n new rows.
int attendScratchRows(int newRows);

/// Softmax attention; query head h reads key/value head h / (H/G): MHA, GQA, MQA, with or without a window,
/// and MLA on its rebuilt keys and values in one kernel.
///   a = softmax(q·Kᵀ/√d) over the visible keys, context = a·V.
/// Vaswani et al. 2017, §3.2; Shazeer 2019 (MQA); Ainslie et al. 2023 (GQA); Beltagy et al. 2020 (window).
void attendSoftmax(const AttendCall& call);

/// Linear attention, row by row through a state of fixed size a key/value head; φ = elu + 1 has been applied.
///   S ← S + φ(k) vᵀ,  z ← z + φ(k),  context = φ(q)ᵀ S / (φ(q)·z)
/// All new rows first when the rules have no mask. A struck row cannot be taken out of a sum: struckRows are
/// left alone (a Lane drops them from its settings). Katharopoulos et al. 2020, §3.3, eq. 16–20.
void attendLinear(const AttendCall& call);

}  // namespace decodescope
