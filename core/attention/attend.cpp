#include "core/attention/attend.h"

#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

constexpr int kRowsPerBlock = 16;

bool isWatched(const AttendCall& call) {
  return call.sink &&
         (call.sink->wants(Site::scores, call.layer) || call.sink->wants(Site::weights, call.layer));
}

/// One query row over its visible keys. scratch (H · (visible + 1)).
void attendRow(const AttendCall& call, int r, float* scratch, bool watched) {
  const ModelConfig& config = call.config;
  const VisibleKeys keys = visibleKeys(config, call.rules, call.cachedRows, call.q.rows, r);
  const int d = config.headDim, v = call.values.width;
  const int visible = keys.end - keys.first, firstRow = keys.first - call.firstKey;
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  const Position position{call.cachedRows + r};
  // A sink sees the row from position 0 on, also where the window leaves keys out.
  const int left = watched ? keys.first : 0;
  const MatrixSpan rows{scratch, config.numAttentionHeads, left + visible};

  for (int h = 0; h < config.numAttentionHeads; ++h) {
    const KvHeadIndex g = config.keyValueHeadOf(HeadIndex{h});
    float* const scores = rows.row(h) + left;
    std::fill_n(rows.row(h), left, -std::numeric_limits<float>::infinity());
    kernels().attentionScores(call.q.row(r) + h * d, call.keys.head(g).middleRows(firstRow, visible), visible,
                              scale, scores);
    if (call.rules) {
      hideStruckKeys(*call.rules, call.layer, g, position, keys.first,
                     {scores, static_cast<std::size_t>(visible)});
    }
  }
  if (watched && call.sink->wants(Site::scores, call.layer))
    call.sink->record(Site::scores, call.layer, position, rows);
  for (int h = 0; h < config.numAttentionHeads; ++h) {
    const KvHeadIndex g = config.keyValueHeadOf(HeadIndex{h});
    float* const weights = rows.row(h) + left;
    std::fill_n(rows.row(h), left, 0.0f);
    kernels().softmax(weights, visible);
    float* context = call.context.row(r) + h * v;
    kernels().attentionContext(weights, call.values.head(g).middleRows(firstRow, visible), visible, context);
    if (call.rules && call.rules->strikes(call.layer, HeadIndex{h}, position)) std::fill_n(context, v, 0.0f);
  }
  if (watched && call.sink->wants(Site::weights, call.layer))
    call.sink->record(Site::weights, call.layer, position, rows);
}

void count(const AttendCall& call) {
  const ModelConfig& config = call.config;
  const auto perCell = static_cast<std::uint64_t>(config.numAttentionHeads) *
                       static_cast<std::uint64_t>(config.headDim + call.values.width);
  for (int r = 0; r < call.q.rows; ++r) {
    const VisibleKeys keys = visibleKeys(config, call.rules, call.cachedRows, call.q.rows, r);
    const auto visible = static_cast<std::uint64_t>(keys.end - keys.first);
    call.counters->attentionMacs += visible * perCell;
    call.counters->kvBytesRead += sizeof(float) * visible * static_cast<std::uint64_t>(call.readPerKey);
  }
}

/// S += φ(k) vᵀ, z += φ(k) of every head, for new row r.
void addToState(const AttendCall& call, int r) {
  const int d = call.config.headDim;
  for (int g = 0; g < call.config.numKeyValueHeads; ++g) {
    const float* const k = call.keys.head(KvHeadIndex{g}).row(r);
    const float* const v = call.values.head(KvHeadIndex{g}).row(r);
    const MatrixSpan state = call.state.middleRows(g * (d + 1), d + 1);
    for (int i = 0; i < d; ++i) {
      for (int c = 0; c < d; ++c) state(i, c) += k[i] * v[c];
      state(d, i) += k[i];
    }
  }
}

/// context = φ(q)ᵀ S / (φ(q)·z) of every query head, for new row r.
void readState(const AttendCall& call, int r) {
  const int d = call.config.headDim;
  for (int h = 0; h < call.config.numAttentionHeads; ++h) {
    const int g = call.config.keyValueHeadOf(HeadIndex{h}).value;
    const ConstMatrixSpan state = call.state.middleRows(g * (d + 1), d + 1);
    const float* const q = call.q.row(r) + h * d;
    float* const context = call.context.row(r) + h * d;
    kernels().attentionContext(q, state, d, context);
    const float whole = kernels().dot(q, state.row(d), d);
    for (int c = 0; c < d; ++c) context[c] /= whole;
    if (call.rules && call.rules->strikes(call.layer, HeadIndex{h}, Position{call.cachedRows + r}))
      std::fill_n(context, d, 0.0f);
  }
}

void countLinear(const AttendCall& call) {
  using U = std::uint64_t;
  const U d = static_cast<U>(call.config.headDim), rows = static_cast<U>(call.q.rows);
  const U heads = static_cast<U>(call.config.numAttentionHeads),
          groups = static_cast<U>(call.config.numKeyValueHeads);
  call.counters->attentionMacs += rows * (groups * d * d + heads * (d * d + d));
  call.counters->kvBytesRead += rows * sizeof(float) * groups * d * (d + 1);
}

}  // namespace

VisibleKeys visibleKeys(const ModelConfig& config, const AttentionRules* rules, int cachedRows, int newRows,
                        int row) {
  if (rules && !rules->causalMask) return {0, cachedRows + newRows};
  return {config.firstVisible(cachedRows + row), cachedRows + row + 1};
}

void hideStruckKeys(const AttentionRules& rules, LayerIndex layer, KvHeadIndex head, Position query,
                    int first, std::span<float> scores) {
  if (rules.struckRows.empty()) return;
  for (std::size_t j = 0; j < scores.size(); ++j) {
    if (rules.hides(layer, head, Position{first + static_cast<int>(j)}, query)) {
      scores[j] = -std::numeric_limits<float>::infinity();
    }
  }
}

int attendScratchRows(int newRows) {
  return (newRows + kRowsPerBlock - 1) / kRowsPerBlock;
}

void attendSoftmax(const AttendCall& call) {
  if (call.counters) count(call);
  const int rows = call.q.rows;
  // A sink is called on this thread only, so rows that it wants to see are made here.
  const bool watched = isWatched(call);
  const auto block = [&](int b) {
    const int last = std::min(rows, (b + 1) * kRowsPerBlock);
    for (int r = b * kRowsPerBlock; r < last; ++r) attendRow(call, r, call.scratch.row(b), watched);
  };
  const int blocks = attendScratchRows(rows);
  if (call.pool && !watched) {
    call.pool->run(blocks, block);
  } else {
    for (int b = 0; b < blocks; ++b) block(b);
  }
}

void attendLinear(const AttendCall& call) {
  if (call.counters) countLinear(call);
  const bool causal = !call.rules || call.rules->causalMask;
  const bool watched = call.sink && call.sink->wants(Site::state, call.layer);
  for (int r = 0; !causal && r < call.q.rows; ++r) addToState(call, r);
  for (int r = 0; r < call.q.rows; ++r) {
    if (causal) addToState(call, r);
    readState(call, r);
    if (watched) {
      call.sink->record(Site::state, call.layer, Position{call.cachedRows + r},
                        {call.state.data, 1, call.state.rows * call.state.cols});
    }
  }
}

}  // namespace decodescope
