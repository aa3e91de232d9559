#pragma once

#include "core/attention/kv_cache.h"
#include "core/base/matrix_span.h"
#include "core/base/thread_pool.h"
#include "core/model/model_config.h"
#include "core/trace/attention_rules.h"
#include "core/trace/counters.h"
#include "core/trace/trace_sink.h"

namespace decodescope {

/// What one layer's attention works on. The new rows' keys and values stand in the cache behind `cachedRows`.
struct AttendCall {
  const ModelConfig& config;
  LayerIndex layer;
  int cachedRows = 0;  ///< m
  ConstMatrixSpan q;   ///< (n, H·d), after RoPE
  const KvCache& cache;
  MatrixSpan context;                     ///< out: (n, H·d)
  MatrixSpan scratch;                     ///< (≥ attendScratchRows(n), H · (m + n))
  const AttentionRules* rules = nullptr;  ///< a what-if; nullptr for a plain run
  TraceSink* sink = nullptr;
  Counters* counters = nullptr;
  ThreadPool* pool = nullptr;
};

/// Keys that new row r is compared with.
int visibleKeys(const AttentionRules* rules, int cachedRows, int newRows, int row);

/// Takes the keys that the rules hide from this query out of a head's scores: −∞, so that their weight is
/// exactly 0.
void hideStruckKeys(const AttentionRules& rules, LayerIndex layer, KvHeadIndex head, Position query,
                    std::span<float> scores);

/// Rows of scratch that attendFull needs for n new rows.
int attendScratchRows(int newRows);

/// Causal softmax attention; query head h reads key/value head h / (H/G): MHA, GQA and MQA in one kernel.
///   a = softmax(q·Kᵀ/√d) over keys 0 … m + r for new row r (all m + n under rules without a mask), context =
///   a·V.
/// Vaswani et al. 2017, §3.2; Shazeer 2019 (MQA); Ainslie et al. 2023 (GQA).
void attendFull(const AttendCall& call);

}  // namespace decodescope
