#pragma once

#include "core/attention/kv_cache.h"
#include "core/base/result.h"
#include "core/base/thread_pool.h"
#include "core/model/model.h"
#include "core/trace/attention_rules.h"
#include "core/trace/counters.h"
#include "core/trace/trace_sink.h"

#include <span>
#include <stop_token>
#include <vector>

namespace decodescope {

/// What a forward call may use besides its operands. Everything may be left out.
struct ForwardOptions {
  TraceSink* sink = nullptr;              ///< sees the rows it wants
  const AttentionRules* rules = nullptr;  ///< a what-if; without a mask only on an empty cache
  Counters* counters = nullptr;           ///< the call's work is added
  ThreadPool* pool = nullptr;             ///< nullptr: the calling thread alone
  std::stop_token stop = {};              ///< looked at before every layer
  bool logitsOfAllRows =
      false;                  ///< also without a sink that wants Site::logits; the extra rows are not counted
  bool computeLogits = true;  ///< false leaves the output layer out
};

struct ForwardResult {
  bool stopped = false;  ///< the stop token was set; the cache is as before the call
  /// (n, V) when all rows' logits were computed, else (1, V): the last row's. Valid until the next call on
  /// the workspace.
  ConstMatrixSpan logits;
};

/// Scratch of forward(), kept between calls so that a step allocates nothing. Not shared between threads.
class ForwardWorkspace {
 public:
  /// A (rows, cols) matrix in slot `slot`, contents undefined; grows when needed.
  MatrixSpan matrix(int slot, int rows, int cols);

 private:
  std::vector<AlignedBuffer> m_slots;
};

/// The one forward pass: the tokens at positions cache.length() … attend to the cached rows and, causally, to
/// each other; their keys and values are appended to the cache. Prefill is n new rows on none, a cached step
/// one row on m, an uncached step all rows on an empty cache. Needs 1 ≤ n, cache.length() + n ≤
/// maxPositionEmbeddings, ids inside the vocabulary (callers check input first), and a cache made for the
/// same configuration.
ForwardResult forward(const Model& model, std::span<const TokenId> newTokens, KvCache& cache,
                      ForwardWorkspace& workspace, const ForwardOptions& options = {});

/// How many threads decode this model fastest here: one below a million parameters, where they would meet
/// more often than they compute; the number of cores above.
int fastestThreads(const Model& model);

}  // namespace decodescope
