#include "core/attention/mask_strategies.h"

#include "core/base/random.h"
#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

std::size_t at(int tokens, int row, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(column);
}

}  // namespace

std::vector<float> unmaskedScores(const ModelConfig& config, std::span<const PositionTracePtr> positions,
                                  LayerIndex layer, HeadIndex head, int tokens) {
  if (config.attention == AttentionKind::linear || tokens < 1 || tokens > static_cast<int>(positions.size()))
    return {};
  const KvHeadIndex kvHead = config.keyValueHeadOf(head);
  const float scale = 1.0f / std::sqrt(static_cast<float>(config.headDim));
  for (const PositionTracePtr& trace : positions.first(static_cast<std::size_t>(tokens))) {
    if (!trace) return {};
  }
  std::vector<float> scores(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(tokens));
  for (int i = 0; i < tokens; ++i) {
    const std::span<const float> q =
        attentionQuery(config, *positions[static_cast<std::size_t>(i)], layer, head);
    for (int j = 0; j < tokens; ++j) {
      // One key at a time, in the kernel's own order of additions.
      const std::span<const float> k =
          attentionKey(config, *positions[static_cast<std::size_t>(j)], layer, kvHead);
      kernels().attentionScores(q.data(), {k.data(), 1, config.headDim}, 1, scale, &scores[at(tokens, i, j)]);
      const AttentionRules* rules = positions[static_cast<std::size_t>(i)]->rules();
      if (rules && rules->hides(layer, kvHead, Position{j}, Position{i}))
        scores[at(tokens, i, j)] = -std::numeric_limits<float>::infinity();
    }
  }
  return scores;
}

double MaskStrategies::rowSum(const std::vector<float>& matrix, int row) const {
  double sum = 0;
  for (int j = 0; j < tokens; ++j) sum += static_cast<double>(matrix[at(tokens, row, j)]);
  return sum;
}

MaskStrategies maskStrategies(std::vector<float> scores, int tokens, int window) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto hidden = [window](int i, int j) { return j > i || (window > 0 && j <= i - window); };
  MaskStrategies m;
  m.tokens = tokens;
  m.scores = std::move(scores);
  m.softmaxAll = m.masked = m.scores;
  for (int i = 0; i < tokens; ++i) {
    kernels().softmax(&m.softmaxAll[at(tokens, i, 0)], tokens);
    for (int j = 0; j < tokens; ++j) {
      if (hidden(i, j)) m.masked[at(tokens, i, j)] = -kInfinity;
    }
  }
  m.zeroed = m.softmaxAll;
  m.weights = m.masked;
  for (int i = 0; i < tokens; ++i) {
    for (int j = 0; j < tokens; ++j) {
      if (hidden(i, j)) m.zeroed[at(tokens, i, j)] = 0;
    }
    kernels().softmax(&m.weights[at(tokens, i, 0)], tokens);
  }
  m.renormalised = m.zeroed;
  for (int i = 0; i < tokens; ++i) {
    const double sum = m.rowSum(m.zeroed, i);
    if (sum <= 0) ++m.vanishedRows;
    for (int j = 0; j < tokens; ++j) {
      float& a = m.renormalised[at(tokens, i, j)];
      if (sum <= 0) {
        a = std::numeric_limits<float>::quiet_NaN();
        continue;
      }
      a = static_cast<float>(static_cast<double>(a) / sum);
      m.maxDifference = std::max(m.maxDifference, std::abs(static_cast<double>(a) -
                                                           static_cast<double>(m.weights[at(tokens, i, j)])));
    }
  }
  return m;
}

std::vector<float> droppedOut(const std::vector<float>& weights, int tokens, double p, std::uint64_t seed) {
  std::vector<float> dropped = weights;
  Random random(seed);
  for (int i = 0; i < tokens; ++i) {
    for (int j = 0; j <= i; ++j) {
      float& a = dropped[at(tokens, i, j)];
      a = random.uniform() < p ? 0.0f : static_cast<float>(static_cast<double>(a) / (1 - p));
    }
  }
  return dropped;
}

}  // namespace decodescope
