#include "core/attention/attend.h"

#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

constexpr int kRowsPerBlock = 16;

/// One query row over its visible keys. weights: scratch (H · visible).
void attendRow(const AttendCall& call, int r, float* weights) {
  const ModelConfig& config = call.config;
  const int visible = visibleKeys(call.rules, call.cachedRows, call.q.rows, r);
  const int d = config.headDim;
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  const Position position{call.cachedRows + r};
  const MatrixSpan rows{weights, config.numAttentionHeads, visible};

  for (int h = 0; h < config.numAttentionHeads; ++h) {
    const KvHeadIndex g = config.keyValueHeadOf(HeadIndex{h});
    kernels().attentionScores(call.q.row(r) + h * d, call.cache.keys(call.layer, g), visible, scale,
                              rows.row(h));
    if (call.rules) hideStruckKeys(*call.rules, call.layer, g, position, rows.rowSpan(h));
  }
  if (call.sink && call.sink->wants(Site::scores, call.layer))
    call.sink->record(Site::scores, call.layer, position, rows);
  for (int h = 0; h < config.numAttentionHeads; ++h) {
    const KvHeadIndex g = config.keyValueHeadOf(HeadIndex{h});
    kernels().softmax(rows.row(h), visible);
    float* context = call.context.row(r) + h * d;
    kernels().attentionContext(rows.row(h), call.cache.values(call.layer, g), visible, context);
    if (call.rules && call.rules->strikes(call.layer, HeadIndex{h}, position)) std::fill_n(context, d, 0.0f);
  }
  if (call.sink && call.sink->wants(Site::weights, call.layer))
    call.sink->record(Site::weights, call.layer, position, rows);
}

void count(const AttendCall& call) {
  const ModelConfig& config = call.config;
  for (int r = 0; r < call.q.rows; ++r) {
    const auto visible = static_cast<std::uint64_t>(visibleKeys(call.rules, call.cachedRows, call.q.rows, r));
    call.counters->attentionMacs += 2 * visible * static_cast<std::uint64_t>(config.queryWidth());
    call.counters->kvBytesRead +=
        2 * sizeof(float) * visible * static_cast<std::uint64_t>(config.keyValueWidth());
  }
}

}  // namespace

int visibleKeys(const AttentionRules* rules, int cachedRows, int newRows, int row) {
  return rules && !rules->causalMask ? cachedRows + newRows : cachedRows + row + 1;
}

void hideStruckKeys(const AttentionRules& rules, LayerIndex layer, KvHeadIndex head, Position query,
                    std::span<float> scores) {
  if (rules.struckRows.empty()) return;
  for (std::size_t j = 0; j < scores.size(); ++j) {
    if (rules.hides(layer, head, Position{static_cast<int>(j)}, query)) {
      scores[j] = -std::numeric_limits<float>::infinity();
    }
  }
}

int attendScratchRows(int newRows) {
  return (newRows + kRowsPerBlock - 1) / kRowsPerBlock;
}

void attendFull(const AttendCall& call) {
  if (call.counters) count(call);
  const int rows = call.q.rows;
  const auto block = [&](int b) {
    const int last = std::min(rows, (b + 1) * kRowsPerBlock);
    for (int r = b * kRowsPerBlock; r < last; ++r) attendRow(call, r, call.scratch.row(b));
  };
  // A sink is called on this thread only, so rows that it wants to see are made here.
  const bool watched = call.sink && (call.sink->wants(Site::scores, call.layer) ||
                                     call.sink->wants(Site::weights, call.layer));
  const int blocks = attendScratchRows(rows);
  if (call.pool && !watched) {
    call.pool->run(blocks, block);
  } else {
    for (int b = 0; b < blocks; ++b) block(b);
  }
}

}  // namespace decodescope
